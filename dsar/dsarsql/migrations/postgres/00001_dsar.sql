-- +goose Up
-- What dsar writes down of all tenants. Row-level security and grants are printed by package tenancy/rls. Times are microseconds since 1970,
-- UTC, of this database's clock.

CREATE TABLE dsar_breach (
    tenant_id text COLLATE "C" NOT NULL,
    breach    text COLLATE "C" NOT NULL CHECK (breach <> ''),
    seq       bigint NOT NULL CHECK (seq > 0),
    key       text COLLATE "C" NOT NULL,
    prev      bytea NOT NULL CHECK (length(prev) = 32),
    hash      bytea NOT NULL CHECK (length(hash) = 32), -- over all of it and the hash before
    entry     text NOT NULL CHECK (entry::json IS NOT NULL),
    PRIMARY KEY (tenant_id, breach, seq),
    CONSTRAINT dsar_breach_once UNIQUE (tenant_id, breach, key)
);
COMMENT ON TABLE dsar_breach IS 'bailiwick dsar 1'; -- the version of all these tables, for who may not read goose's
CREATE INDEX dsar_breach_first ON dsar_breach (tenant_id, breach) WHERE seq = 1;

-- What follows holds for whoever may write. It runs with the caller's own rights. What tenancy.stays refuses it lets pass of a tenant that
-- arrives or leaves, for the role that moves and purges tenants.

-- +goose StatementBegin
-- Entries come after the last one of their breach. It is asked when the index has settled who of several is the next.
CREATE FUNCTION dsar_breach_follows() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.seq = 1 AND NEW.prev = decode(repeat('00', 32), 'hex') OR EXISTS (SELECT FROM public.dsar_breach b
            WHERE b.tenant_id = NEW.tenant_id AND b.breach = NEW.breach AND b.seq = NEW.seq - 1 AND b.hash = NEW.prev)
        OR tenancy.leaving(NEW.tenant_id) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'an entry of a breach follows the one before it' USING ERRCODE = 'BWD01', CONSTRAINT = 'dsar_breach_follows';
END $$;
-- +goose StatementEnd

CREATE TRIGGER dsar_breach_stays BEFORE UPDATE OR DELETE ON dsar_breach FOR EACH ROW EXECUTE FUNCTION tenancy.stays('BWD01');
CREATE TRIGGER dsar_breach_whole BEFORE TRUNCATE ON dsar_breach FOR EACH STATEMENT EXECUTE FUNCTION tenancy.stays('BWD01');
-- Also for sessions that replay: session_replication_role skips the others.
ALTER TABLE dsar_breach ENABLE ALWAYS TRIGGER dsar_breach_stays, ENABLE ALWAYS TRIGGER dsar_breach_whole;

-- This one is of those who add something, and a replica that copies rows has them in any order.
CREATE TRIGGER dsar_breach_follows AFTER INSERT ON dsar_breach FOR EACH ROW EXECUTE FUNCTION dsar_breach_follows();
