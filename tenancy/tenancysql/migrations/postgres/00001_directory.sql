-- +goose Up
CREATE TABLE tenancy_directory.tenant (
    id         text COLLATE "C" PRIMARY KEY,
    state      text        NOT NULL,
    prior      text        NOT NULL DEFAULT '',
    region     text        NOT NULL DEFAULT '',
    shard      text        NOT NULL DEFAULT '',
    epoch      bigint      NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT directory_id CHECK (id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    CONSTRAINT directory_state CHECK (state IN
        ('provisioning', 'active', 'suspended', 'exporting', 'moving', 'purging', 'purged')),
    CONSTRAINT directory_epoch CHECK (epoch > 0),
    CONSTRAINT directory_changed CHECK (changed_at >= created_at)
);
CREATE INDEX tenant_state ON tenancy_directory.tenant (state, id);
CREATE INDEX tenant_shard ON tenancy_directory.tenant (shard, id);
CREATE INDEX tenant_region ON tenancy_directory.tenant (region, id);

-- Its column is not called tenant_id: by that name databases know the tables that hold data of a tenant.
CREATE TABLE tenancy_directory.step (
    tenant text COLLATE "C" NOT NULL REFERENCES tenancy_directory.tenant (id),
    op        text        NOT NULL,
    name      text        NOT NULL,
    seq       bigint      NOT NULL,
    at        timestamptz NOT NULL,
    detail    text        NOT NULL,
    PRIMARY KEY (tenant, op, name),
    CONSTRAINT directory_step_order UNIQUE (tenant, op, seq)
);

CREATE TABLE tenancy_directory.version (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL
);
INSERT INTO tenancy_directory.version (version) VALUES (1);

-- The directory knows all tenants, so it is nobody's who belongs to one. A role that row-level security holds
-- for sees nothing here, whatever it may have been granted: there are no policies.
ALTER TABLE tenancy_directory.tenant ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_directory.step ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_directory.version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
