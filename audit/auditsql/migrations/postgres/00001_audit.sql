-- +goose Up
-- The logs of all tenants. Row-level security and grants are printed by package tenancy/rls. Times are microseconds
-- since 1970, UTC, of this database's clock. Nothing here refers to another table: what happens to a row of the
-- application's must not reach the log. What every event goes through has no CHECK: Postgres would parse it anew for each
-- statement, and it would keep nobody from anything. Who can insert a row that is no event of the log can insert one
-- that looks like one; the verifier finds both.

-- The lock of a tenant's row puts the writers of its log in order. Nothing is ever written to it.
CREATE TABLE audit_head (
    tenant_id text COLLATE "C" NOT NULL PRIMARY KEY,
    one       boolean NOT NULL DEFAULT true -- who may update a column may lock the row
);

CREATE TABLE audit_event (
    tenant_id text COLLATE "C" NOT NULL,
    seq       bigint NOT NULL,
    at        bigint NOT NULL,
    event_id  bytea NOT NULL,
    action    text COLLATE "C" NOT NULL,
    outcome   smallint NOT NULL,
    hash      bytea NOT NULL, -- of leaf: RFC 6962
    leaf      bytea NOT NULL,
    PRIMARY KEY (tenant_id, seq),
    CONSTRAINT audit_event_once UNIQUE (tenant_id, event_id)
);
COMMENT ON TABLE audit_event IS 'bailiwick audit 1'; -- the version of all these tables, for who may not read goose's
ALTER TABLE audit_event ALTER leaf SET STORAGE EXTERNAL, ALTER hash SET STORAGE PLAIN, ALTER event_id SET STORAGE PLAIN;
CREATE INDEX audit_event_action ON audit_event (tenant_id, action, seq);
-- Every 256th: the clock never goes back in a log, so these find any time.
CREATE INDEX audit_event_at ON audit_event (tenant_id, at) WHERE seq % 256 = 0;

-- What can be erased, by whom it is about. place is seq * 128 and which of the event's it is, stretch is place / 131072.
CREATE TABLE audit_open (
    tenant_id text COLLATE "C" NOT NULL,
    place     bigint NOT NULL,
    subject   bytea NOT NULL,
    data      bytea NOT NULL,
    stretch   bigint NOT NULL,
    PRIMARY KEY (tenant_id, place)
);
ALTER TABLE audit_open ALTER data SET STORAGE EXTERNAL, ALTER subject SET STORAGE PLAIN;
-- Subjects are random. In stretches of 1024 events, what is being added to stays a few pages, however long the log is; who
-- looks for a subject asks each stretch.
CREATE INDEX audit_open_subject ON audit_open (tenant_id, stretch, subject, place);

-- Events that committed with the transaction they were recorded in, and have no place yet.
CREATE TABLE audit_outbox (
    tenant_id text COLLATE "C" NOT NULL,
    id        bigint GENERATED ALWAYS AS IDENTITY,
    event_id  bytea NOT NULL,
    action    text COLLATE "C" NOT NULL,
    outcome   smallint NOT NULL,
    hash      bytea NOT NULL,
    leaf      bytea NOT NULL,
    subjects  bytea[] NOT NULL, -- of its openings, in order
    opens     bytea[] NOT NULL, -- and their data
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE audit_outbox ALTER leaf SET STORAGE EXTERNAL, ALTER subjects SET STORAGE EXTERNAL, ALTER opens SET STORAGE EXTERNAL;

-- The Merkle tree: full tiles, and how far it has grown.
CREATE TABLE audit_tile (
    tenant_id text COLLATE "C" NOT NULL,
    level     smallint NOT NULL,
    idx       bigint NOT NULL,
    data      bytea NOT NULL CHECK (length(data) = 8192),
    PRIMARY KEY (tenant_id, level, idx)
);
ALTER TABLE audit_tile ALTER data SET STORAGE EXTERNAL;
CREATE TABLE audit_tree (
    tenant_id text COLLATE "C" NOT NULL PRIMARY KEY,
    size      bigint NOT NULL,
    frontier  bytea NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE audit_checkpoint (
    tenant_id   text COLLATE "C" NOT NULL,
    size        bigint NOT NULL,
    note        bytea NOT NULL,
    heads_index bigint NOT NULL DEFAULT -1,
    PRIMARY KEY (tenant_id, size)
);

CREATE TABLE audit_hold (
    tenant_id text COLLATE "C" NOT NULL,
    id        text COLLATE "C" NOT NULL,
    subject   bytea CHECK (length(subject) = 16), -- NULL: everything
    reason    text NOT NULL,
    placed    bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE audit_pruned (
    tenant_id text COLLATE "C" NOT NULL,
    pruned_to bigint NOT NULL,
    event     bigint NOT NULL, -- the place of the audit.pruned event that names pruned_to
    PRIMARY KEY (tenant_id, pruned_to)
);

-- What follows keeps the tables add-only for whoever may write them. It runs with the caller's own rights.

-- +goose StatementBegin
-- audit_leaving is true for the role that moves and purges tenants, of a tenant that is arriving or leaving.
CREATE FUNCTION audit_leaving(tenant text) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT has_table_privilege('tenancy.tenant', 'SELECT') THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT FROM tenancy.tenant t WHERE t.id = tenant AND t.state IN ('provisioning', 'moved', 'purging', 'purged'));
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_LEVEL = 'ROW' AND to_jsonb(OLD) ? 'tenant_id' THEN
        IF public.audit_leaving(to_jsonb(OLD)->>'tenant_id') THEN
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is only added to: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'BWA01', CONSTRAINT = 'audit_add_only';
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Events go below a recorded pruning that no hold forbids.
CREATE FUNCTION audit_event_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    g record;
BEGIN
    FOR g IN SELECT tenant_id, min(seq) AS first, max(seq) AS last FROM gone GROUP BY tenant_id LOOP
        CONTINUE WHEN public.audit_leaving(g.tenant_id);
        IF g.last >= COALESCE((SELECT max(p.pruned_to) FROM public.audit_pruned p WHERE p.tenant_id = g.tenant_id), 0) THEN
            RAISE EXCEPTION 'the audit log is only added to: events go by pruning only'
                USING ERRCODE = 'BWA01', CONSTRAINT = 'audit_add_only';
        END IF;
        IF EXISTS (SELECT FROM public.audit_hold h WHERE h.tenant_id = g.tenant_id AND (h.subject IS NULL OR EXISTS (
                       SELECT FROM public.audit_open o WHERE o.tenant_id = g.tenant_id AND o.place >= g.first * 128
                       AND o.place < (g.last + 1) * 128 AND o.subject = h.subject))) THEN
            RAISE EXCEPTION 'a legal hold forbids the pruning' USING ERRCODE = 'BWA02', CONSTRAINT = 'audit_held';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Openings go, or get shorter, unless there is a hold.
CREATE FUNCTION audit_open_shrinks() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF public.audit_leaving(OLD.tenant_id) THEN
        RETURN NEW;
    END IF;
    IF (NEW.tenant_id, NEW.stretch, NEW.place, NEW.subject) IS DISTINCT FROM (OLD.tenant_id, OLD.stretch, OLD.place, OLD.subject) OR length(NEW.data) >= length(OLD.data) THEN
        RAISE EXCEPTION 'an opening of the audit log is never changed' USING ERRCODE = 'BWA01', CONSTRAINT = 'audit_add_only';
    END IF;
    IF EXISTS (SELECT FROM public.audit_hold h WHERE h.tenant_id = OLD.tenant_id AND (h.subject IS NULL OR h.subject = OLD.subject)) THEN
        RAISE EXCEPTION 'a legal hold forbids the erasure' USING ERRCODE = 'BWA02', CONSTRAINT = 'audit_held';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION audit_open_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.audit_hold h JOIN gone g ON g.tenant_id = h.tenant_id AND (h.subject IS NULL OR h.subject = g.subject)
               WHERE NOT public.audit_leaving(g.tenant_id)) THEN
        RAISE EXCEPTION 'a legal hold forbids the erasure' USING ERRCODE = 'BWA02', CONSTRAINT = 'audit_held';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- What waits for its place goes into the log and nowhere else.
CREATE FUNCTION audit_outbox_arrives() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    -- A scalar: each is looked up in the index. What Postgres makes of NOT EXISTS may read the log.
    IF EXISTS (SELECT FROM gone g WHERE (SELECT e.seq FROM public.audit_event e WHERE e.tenant_id = g.tenant_id AND e.event_id = g.event_id) IS NULL
               AND NOT public.audit_leaving(g.tenant_id)) THEN
        RAISE EXCEPTION 'a recorded event is not in the log yet' USING ERRCODE = 'BWA01', CONSTRAINT = 'audit_add_only';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION audit_pruned_is_recorded() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.audit_event e WHERE e.tenant_id = NEW.tenant_id AND e.seq = NEW.event AND e.action = 'audit.pruned'
                   AND e.seq >= NEW.pruned_to AND convert_from(e.leaf, 'UTF8')::json #>> '{data,to}' = NEW.pruned_to::text)
       AND NOT public.audit_leaving(NEW.tenant_id) THEN
        RAISE EXCEPTION 'no event of the log names this pruning' USING ERRCODE = 'BWA01', CONSTRAINT = 'audit_add_only';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER audit_event_unchanged BEFORE UPDATE ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_event_stays AFTER DELETE ON audit_event REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION audit_event_stays();
CREATE TRIGGER audit_open_shrinks BEFORE UPDATE ON audit_open FOR EACH ROW EXECUTE FUNCTION audit_open_shrinks();
CREATE TRIGGER audit_open_stays AFTER DELETE ON audit_open REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION audit_open_stays();
CREATE TRIGGER audit_outbox_unchanged BEFORE UPDATE ON audit_outbox FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_outbox_arrives AFTER DELETE ON audit_outbox REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION audit_outbox_arrives();
CREATE TRIGGER audit_pruned_is_recorded BEFORE INSERT ON audit_pruned FOR EACH ROW EXECUTE FUNCTION audit_pruned_is_recorded();
CREATE TRIGGER audit_pruned_unchanged BEFORE UPDATE OR DELETE ON audit_pruned FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_tile_unchanged BEFORE UPDATE OR DELETE ON audit_tile FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_head_stays BEFORE UPDATE OR DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_tree_stays BEFORE DELETE ON audit_tree FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_tree_grows BEFORE UPDATE ON audit_tree FOR EACH ROW WHEN (NEW.size < OLD.size) EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_checkpoint_stays BEFORE DELETE ON audit_checkpoint FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_checkpoint_unchanged BEFORE UPDATE ON audit_checkpoint FOR EACH ROW
    WHEN (NEW.size <> OLD.size OR NEW.note <> OLD.note OR OLD.heads_index <> -1) EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_hold_unchanged BEFORE UPDATE ON audit_hold FOR EACH ROW EXECUTE FUNCTION audit_refuse();

-- +goose StatementBegin
-- audit_next waits for the writers before, and returns the next place of the log and the time of what is recorded there, or
-- nothing if there is no row to lock yet. It is VOLATILE: its second statement sees what was committed while
-- the first one waited, which the statement that calls it does not.
CREATE FUNCTION audit_next(OUT seq bigint, OUT at bigint) RETURNS SETOF record LANGUAGE plpgsql VOLATILE ROWS 1 AS $$
BEGIN
    PERFORM FROM public.audit_head FOR UPDATE;
    IF FOUND THEN
        SELECT e.seq + 1, e.at INTO seq, at FROM public.audit_event e ORDER BY e.seq DESC LIMIT 1;
        seq := COALESCE(seq, 0);
        at := GREATEST(at, (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint);
        RETURN NEXT;
    END IF;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
DECLARE
    t text;
    g record;
BEGIN
    FOREACH t IN ARRAY ARRAY['head', 'event', 'open', 'outbox', 'tile', 'tree', 'checkpoint', 'hold', 'pruned'] LOOP
        EXECUTE format('CREATE TRIGGER audit_%1$s_whole BEFORE TRUNCATE ON audit_%1$s FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()', t);
        -- Also for sessions that replay: session_replication_role skips the others.
        FOR g IN SELECT tgname FROM pg_trigger WHERE tgrelid = ('audit_' || t)::regclass AND NOT tgisinternal LOOP
            EXECUTE format('ALTER TABLE audit_%s ENABLE ALWAYS TRIGGER %I', t, g.tgname);
        END LOOP;
    END LOOP;
END $$;
-- +goose StatementEnd

-- The log of the heads of all tenants, which is nobody's who belongs to one: it is the system role's.
CREATE TABLE audit_heads.head (
    one boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (one)
);
CREATE TABLE audit_heads.event (
    seq      bigint NOT NULL PRIMARY KEY CHECK (seq >= 0),
    at       bigint NOT NULL,
    event_id bytea NOT NULL UNIQUE CHECK (length(event_id) = 16),
    action   text COLLATE "C" NOT NULL,
    outcome  smallint NOT NULL,
    hash     bytea NOT NULL CHECK (length(hash) = 32),
    leaf     bytea NOT NULL CHECK (length(leaf) BETWEEN 1 AND 65535)
);
ALTER TABLE audit_heads.event ALTER leaf SET STORAGE EXTERNAL;
CREATE TABLE audit_heads.open (
    place   bigint NOT NULL PRIMARY KEY,
    subject bytea NOT NULL CHECK (length(subject) = 16),
    data    bytea NOT NULL,
    stretch bigint NOT NULL
);
CREATE TABLE audit_heads.tile (
    level smallint NOT NULL,
    idx   bigint NOT NULL,
    data  bytea NOT NULL CHECK (length(data) = 8192),
    PRIMARY KEY (level, idx)
);
CREATE TABLE audit_heads.tree (
    one      boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (one),
    size     bigint NOT NULL,
    frontier bytea NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE audit_heads.checkpoint (
    size        bigint NOT NULL PRIMARY KEY,
    note        bytea NOT NULL,
    heads_index bigint NOT NULL DEFAULT -1
);
CREATE TRIGGER head_stays BEFORE UPDATE OR DELETE ON audit_heads.head FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER event_unchanged BEFORE UPDATE OR DELETE ON audit_heads.event FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER open_unchanged BEFORE UPDATE OR DELETE ON audit_heads.open FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER tile_unchanged BEFORE UPDATE OR DELETE ON audit_heads.tile FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER tree_stays BEFORE DELETE ON audit_heads.tree FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER tree_grows BEFORE UPDATE ON audit_heads.tree FOR EACH ROW WHEN (NEW.size < OLD.size) EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER checkpoint_unchanged BEFORE UPDATE OR DELETE ON audit_heads.checkpoint FOR EACH ROW EXECUTE FUNCTION audit_refuse();

-- +goose StatementBegin
DO $$
DECLARE
    t text;
    g record;
BEGIN
    FOREACH t IN ARRAY ARRAY['head', 'event', 'open', 'tile', 'tree', 'checkpoint'] LOOP
        EXECUTE format('CREATE TRIGGER %1$s_whole BEFORE TRUNCATE ON audit_heads.%1$s FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()', t);
        EXECUTE format('ALTER TABLE audit_heads.%s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
        FOR g IN SELECT tgname FROM pg_trigger WHERE tgrelid = ('audit_heads.' || t)::regclass AND NOT tgisinternal LOOP
            EXECUTE format('ALTER TABLE audit_heads.%s ENABLE ALWAYS TRIGGER %I', t, g.tgname);
        END LOOP;
    END LOOP;
END $$;
-- +goose StatementEnd
