-- +goose Up
CREATE TABLE directory_tenant (
    id         TEXT    PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 63 AND id NOT GLOB '*[^a-z0-9_-]*'),
    state      TEXT    NOT NULL CHECK (state IN
        ('provisioning', 'active', 'suspended', 'exporting', 'moving', 'purging', 'purged')),
    prior      TEXT    NOT NULL DEFAULT '',
    region     TEXT    NOT NULL DEFAULT '',
    shard      TEXT    NOT NULL DEFAULT '',
    epoch      INTEGER NOT NULL DEFAULT 1 CHECK (epoch > 0),
    created_at INTEGER NOT NULL, -- microseconds since 1970
    changed_at INTEGER NOT NULL CHECK (changed_at >= created_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_tenant_state ON directory_tenant (state, id);
CREATE INDEX directory_tenant_shard ON directory_tenant (shard, id);
CREATE INDEX directory_tenant_region ON directory_tenant (region, id);

-- The id of a purged tenant is never used again, so its entry stays.
CREATE TRIGGER directory_tenant_stays BEFORE DELETE ON directory_tenant
BEGIN SELECT RAISE(ABORT, 'an entry of the directory is never deleted'); END;

CREATE TABLE directory_step (
    tenant TEXT    NOT NULL REFERENCES directory_tenant (id),
    op        TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    seq       INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    detail    TEXT    NOT NULL,
    PRIMARY KEY (tenant, op, name),
    UNIQUE (tenant, op, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE directory_version (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO directory_version (one, version) VALUES (1, 1);
