-- +goose Up
-- The ledgers of consent of all tenants. Row-level security and grants are printed by package tenancy/rls. Times are microseconds
-- since 1970, UTC, of this database's clock.

-- The lock of a tenant's row puts the writers of its ledger in order. Nothing is ever written to it.
CREATE TABLE consent_head (
    tenant_id text COLLATE "C" NOT NULL PRIMARY KEY,
    one       boolean NOT NULL DEFAULT true -- who may update a column may lock the row
);

CREATE TABLE consent_text (
    tenant_id text COLLATE "C" NOT NULL,
    hash      bytea NOT NULL CHECK (hash = sha256(body)),
    version   integer NOT NULL,
    language  text COLLATE "C" NOT NULL,
    body      bytea NOT NULL,
    PRIMARY KEY (tenant_id, hash)
);

CREATE TABLE consent_entry (
    tenant_id text COLLATE "C" NOT NULL,
    seq       bigint NOT NULL,
    key       bytea NOT NULL,
    subject   bytea NOT NULL, -- random: see consent_state
    browser   bytea,
    method    smallint NOT NULL,
    granted   integer NOT NULL, -- a bit for each category
    denied    integer NOT NULL,
    opt_out   boolean NOT NULL,
    signal    boolean NOT NULL,
    policy    integer NOT NULL,
    text      bytea,
    place     text COLLATE "C" NOT NULL,
    regimes   text COLLATE "C" NOT NULL,
    at        bigint NOT NULL,
    expires   bigint,
    given     bigint,
    hash      bytea NOT NULL, -- over all of it and the hash before
    PRIMARY KEY (tenant_id, seq),
    CONSTRAINT consent_entry_once UNIQUE (tenant_id, key)
);
COMMENT ON TABLE consent_entry IS 'bailiwick consent 1'; -- the version of all these tables, for who may not read goose's
ALTER TABLE consent_entry ALTER key SET STORAGE PLAIN, ALTER subject SET STORAGE PLAIN, ALTER browser SET STORAGE PLAIN, ALTER text SET STORAGE PLAIN,
    ALTER hash SET STORAGE PLAIN;
CREATE INDEX consent_entry_subject ON consent_entry (tenant_id, subject, seq);

-- What leads from a person to their entries.
CREATE TABLE consent_state (
    tenant_id text COLLATE "C" NOT NULL,
    who       bytea NOT NULL, -- a keyed hash
    data      bytea NOT NULL,
    PRIMARY KEY (tenant_id, who)
) WITH (fillfactor = 80);
ALTER TABLE consent_state ALTER who SET STORAGE PLAIN, ALTER data SET STORAGE PLAIN;

-- What follows keeps the ledger add-only for whoever may write. It runs with the caller's own rights.

-- +goose StatementBegin
-- consent_leaving is true for the role that moves and purges tenants, of a tenant that is arriving or leaving.
CREATE FUNCTION consent_leaving(tenant text) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT has_table_privilege('tenancy.tenant', 'SELECT') THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT FROM tenancy.tenant t WHERE t.id = tenant AND t.state IN ('provisioning', 'moved', 'purging', 'purged'));
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION consent_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_LEVEL = 'ROW' AND TG_OP = 'DELETE' THEN
        IF public.consent_leaving(OLD.tenant_id) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the ledger of consent is only added to: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'BWC01', CONSTRAINT = 'consent_add_only';
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Entries come after the last one, without a gap, on texts that are known.
CREATE FUNCTION consent_follows() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    g record;
BEGIN
    FOR g IN SELECT tenant_id, min(seq) AS first, max(seq) AS last, count(*) AS n FROM fresh GROUP BY tenant_id LOOP
        CONTINUE WHEN public.consent_leaving(g.tenant_id);
        IF g.first < 1 OR g.last - g.first + 1 <> g.n OR EXISTS (SELECT FROM public.consent_entry e WHERE e.tenant_id = g.tenant_id AND e.seq > g.last)
           OR g.first > 1 AND NOT EXISTS (SELECT FROM public.consent_entry e WHERE e.tenant_id = g.tenant_id AND e.seq = g.first - 1) THEN
            RAISE EXCEPTION 'an entry of the ledger of consent has the next number' USING ERRCODE = 'BWC01', CONSTRAINT = 'consent_follows';
        END IF;
    END LOOP;
    -- A scalar: each is looked up in the index.
    IF EXISTS (SELECT FROM (SELECT DISTINCT tenant_id, text FROM fresh WHERE text IS NOT NULL) f
               WHERE (SELECT t.hash FROM public.consent_text t WHERE t.tenant_id = f.tenant_id AND t.hash = f.text) IS NULL
               AND NOT public.consent_leaving(f.tenant_id)) THEN
        RAISE EXCEPTION 'an entry of the ledger of consent is on a text that is known' USING ERRCODE = 'BWC01', CONSTRAINT = 'consent_text_known';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- consent_end waits for the writers before, and returns the end of the ledger. It is VOLATILE: its last statement sees what was
-- committed while the first one waited, which the statement that calls it does not.
CREATE FUNCTION consent_end(OUT seq bigint, OUT hash bytea, OUT now bigint) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    LOOP
        PERFORM FROM public.consent_head FOR UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO public.consent_head DEFAULT VALUES ON CONFLICT DO NOTHING;
    END LOOP;
    SELECT e.seq, e.hash INTO seq, hash FROM public.consent_entry e ORDER BY e.seq DESC LIMIT 1;
    seq := COALESCE(seq, 0);
    now := (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint;
END $$;
-- +goose StatementEnd

CREATE TRIGGER consent_entry_unchanged BEFORE UPDATE OR DELETE ON consent_entry FOR EACH ROW EXECUTE FUNCTION consent_refuse();
CREATE TRIGGER consent_text_unchanged BEFORE UPDATE OR DELETE ON consent_text FOR EACH ROW EXECUTE FUNCTION consent_refuse();
CREATE TRIGGER consent_head_stays BEFORE UPDATE OR DELETE ON consent_head FOR EACH ROW EXECUTE FUNCTION consent_refuse();

-- +goose StatementBegin
DO $$
DECLARE
    t text;
    g record;
BEGIN
    FOREACH t IN ARRAY ARRAY['head', 'text', 'entry', 'state'] LOOP
        EXECUTE format('CREATE TRIGGER consent_%1$s_whole BEFORE TRUNCATE ON consent_%1$s FOR EACH STATEMENT EXECUTE FUNCTION consent_refuse()', t);
        -- Also for sessions that replay: session_replication_role skips the others.
        FOR g IN SELECT tgname FROM pg_trigger WHERE tgrelid = ('consent_' || t)::regclass AND NOT tgisinternal LOOP
            EXECUTE format('ALTER TABLE consent_%s ENABLE ALWAYS TRIGGER %I', t, g.tgname);
        END LOOP;
    END LOOP;
END $$;
-- +goose StatementEnd

-- This one is of those who add something, and a replica that copies rows has them in any order.
CREATE TRIGGER consent_entry_follows AFTER INSERT ON consent_entry REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION consent_follows();
