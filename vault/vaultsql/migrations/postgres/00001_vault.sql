-- +goose Up
-- The wrapped keys and sealed secrets of all tenants. Row-level security and grants are printed by package tenancy/rls.
-- Times are microseconds since 1970, UTC, of this database's clock.

CREATE TABLE vault_key (
    tenant_id   text COLLATE "C" NOT NULL,
    id          bytea NOT NULL CHECK (length(id) = 16),
    seq         bigint GENERATED ALWAYS AS IDENTITY, -- the order in which keys came, and in which they are wrapped anew
    level       smallint NOT NULL CHECK (level BETWEEN 0 AND 2), -- of a tenant, a purpose, a person
    purpose     text COLLATE "C" NOT NULL,
    subject     bytea NOT NULL CHECK (length(subject) = 16),
    parent      bytea NOT NULL CHECK (length(parent) = 16),
    wrapped     bytea,
    commit_hash bytea NOT NULL CHECK (length(commit_hash) = 32),
    state       text COLLATE "C" NOT NULL CHECK (state IN ('a', 'r', 's')), -- active, retired, shredded: never back
    created     bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT vault_key_shredded CHECK ((wrapped IS NULL) = (state = 's'))
) WITH (fillfactor = 45);
COMMENT ON TABLE vault_key IS 'bailiwick vault 1'; -- the version of all these tables, for who may not read goose's
ALTER TABLE vault_key ALTER id SET STORAGE PLAIN, ALTER subject SET STORAGE PLAIN, ALTER parent SET STORAGE PLAIN,
    ALTER wrapped SET STORAGE EXTERNAL, ALTER commit_hash SET STORAGE PLAIN;
-- What wrapping anew changes is in no index, and a page has room for its rows twice, so that it writes into no index: parents are
-- looked for in order of seq.
CREATE UNIQUE INDEX vault_key_active ON vault_key (tenant_id, subject, purpose, level) WHERE state = 'a';
CREATE INDEX vault_key_retired ON vault_key (tenant_id, subject) WHERE state = 'r';
CREATE INDEX vault_key_order ON vault_key (tenant_id, seq);
CREATE INDEX vault_key_upper ON vault_key (tenant_id, seq) WHERE level < 2 AND state <> 's';

CREATE TABLE vault_epoch (
    tenant_id text COLLATE "C" NOT NULL PRIMARY KEY,
    epoch     bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE vault_secret (
    tenant_id    text COLLATE "C" NOT NULL,
    purpose      text COLLATE "C" NOT NULL,
    id           text COLLATE "C" NOT NULL,
    version      bigint NOT NULL CHECK (version > 0),
    subject      bytea NOT NULL CHECK (length(subject) = 16),
    key_id       bytea NOT NULL CHECK (length(key_id) = 16),
    sealed       bytea NOT NULL,
    fingerprint  bytea NOT NULL CHECK (length(fingerprint) = 8),
    closing      boolean NOT NULL,
    rotate_every bigint NOT NULL, -- nanoseconds
    expires      bigint,
    created      bigint NOT NULL,
    replaced     bigint NOT NULL,
    used         bigint,
    lease_by     text,
    lease_until  bigint,
    PRIMARY KEY (tenant_id, purpose, id),
    CONSTRAINT vault_secret_lease CHECK ((lease_by IS NULL) = (lease_until IS NULL))
) WITH (fillfactor = 80);
ALTER TABLE vault_secret ALTER sealed SET STORAGE EXTERNAL;
CREATE INDEX vault_secret_under ON vault_secret (tenant_id, key_id, purpose, id);

-- What follows holds for whoever may write. It runs with the caller's own rights.

-- +goose StatementBegin
-- vault_leaving is true for the role that moves and purges tenants, of a tenant that is arriving or leaving.
CREATE FUNCTION vault_leaving(tenant text) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT has_table_privilege('tenancy.tenant', 'SELECT') THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT FROM tenancy.tenant t WHERE t.id = tenant AND t.state IN ('provisioning', 'moved', 'purging', 'purged'));
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION vault_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_LEVEL = 'ROW' AND TG_OP = 'DELETE' AND to_jsonb(OLD) ? 'tenant_id' THEN
        IF public.vault_leaving(to_jsonb(OLD)->>'tenant_id') THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the vault refuses this % of %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'BWV01', CONSTRAINT = 'vault_' || lower(TG_OP);
END $$;
-- +goose StatementEnd

-- A key goes from active to retired to shredded, and stays what it is; a shredded one gets nothing back, and is not forgotten.
CREATE TRIGGER vault_key_goes_on AFTER UPDATE ON vault_key FOR EACH ROW -- before it, each row would be locked first
    WHEN (OLD.state = 's' OR NEW.state < OLD.state OR NEW.id <> OLD.id OR NEW.seq <> OLD.seq OR NEW.level <> OLD.level OR NEW.purpose <> OLD.purpose
        OR NEW.subject <> OLD.subject OR NEW.commit_hash <> OLD.commit_hash OR NEW.created <> OLD.created) EXECUTE FUNCTION vault_refuse();
CREATE TRIGGER vault_key_stays BEFORE DELETE ON vault_key FOR EACH ROW EXECUTE FUNCTION vault_refuse();
CREATE TRIGGER vault_epoch_grows BEFORE UPDATE ON vault_epoch FOR EACH ROW WHEN (NEW.epoch <= OLD.epoch) EXECUTE FUNCTION vault_refuse();
CREATE TRIGGER vault_epoch_stays BEFORE DELETE ON vault_epoch FOR EACH ROW EXECUTE FUNCTION vault_refuse();
-- Versions of a secret only grow. What is sealed changes with the version, or goes from a retired key to the one in its place.
CREATE TRIGGER vault_secret_goes_on BEFORE UPDATE ON vault_secret FOR EACH ROW
    WHEN (NEW.version < OLD.version OR NEW.created <> OLD.created OR NEW.purpose <> OLD.purpose OR NEW.id <> OLD.id
        OR (NEW.version = OLD.version AND (NEW.subject <> OLD.subject OR NEW.replaced <> OLD.replaced))) EXECUTE FUNCTION vault_refuse();
-- +goose StatementBegin
CREATE FUNCTION vault_resealed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.vault_key o JOIN public.vault_key n ON n.tenant_id = o.tenant_id AND n.level = o.level AND n.purpose = o.purpose
        AND n.subject = o.subject WHERE o.tenant_id = OLD.tenant_id AND o.id = OLD.key_id AND o.state = 'r' AND n.id = NEW.key_id AND n.state = 'a') THEN
        RAISE EXCEPTION 'the vault refuses another value of a version of %', TG_TABLE_NAME USING ERRCODE = 'BWV01', CONSTRAINT = 'vault_version';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER vault_secret_resealed BEFORE UPDATE ON vault_secret FOR EACH ROW
    WHEN (NEW.version = OLD.version AND (NEW.sealed <> OLD.sealed OR NEW.key_id <> OLD.key_id)) EXECUTE FUNCTION vault_resealed();

-- The roots are nobody's who belongs to a tenant: they are the system role's.
CREATE TABLE vault_roots.root (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          bytea NOT NULL UNIQUE CHECK (length(id) = 16),
    wrapped     bytea,
    commit_hash bytea NOT NULL CHECK (length(commit_hash) = 32),
    state       text COLLATE "C" NOT NULL CHECK (state IN ('a', 'r', 's')),
    created     bigint NOT NULL,
    CONSTRAINT root_shredded CHECK ((wrapped IS NULL) = (state = 's'))
);
CREATE UNIQUE INDEX root_active ON vault_roots.root (state) WHERE state = 'a';
CREATE TRIGGER root_goes_on BEFORE UPDATE ON vault_roots.root FOR EACH ROW
    WHEN (OLD.state = 's' OR NEW.state < OLD.state OR (OLD.state = 'a' AND NEW.state = 's') OR (NEW.state <> 's' AND NEW.wrapped <> OLD.wrapped)
        OR NEW.id <> OLD.id OR NEW.seq <> OLD.seq OR NEW.commit_hash <> OLD.commit_hash OR NEW.created <> OLD.created) EXECUTE FUNCTION vault_refuse();
CREATE TRIGGER root_stays BEFORE DELETE ON vault_roots.root FOR EACH ROW EXECUTE FUNCTION vault_refuse();
ALTER TABLE vault_roots.root ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- +goose StatementBegin
DO $$
DECLARE
    t text;
    g record;
BEGIN
    FOREACH t IN ARRAY ARRAY['vault_key', 'vault_epoch', 'vault_secret', 'vault_roots.root'] LOOP
        EXECUTE format('CREATE TRIGGER %1$s_whole BEFORE TRUNCATE ON %2$s FOR EACH STATEMENT EXECUTE FUNCTION vault_refuse()', replace(t, 'vault_roots.', ''), t);
        -- Also for sessions that replay: session_replication_role skips the others.
        FOR g IN SELECT tgname FROM pg_trigger WHERE tgrelid = t::regclass AND NOT tgisinternal LOOP
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t, g.tgname);
        END LOOP;
    END LOOP;
END $$;
-- +goose StatementEnd
