-- The part of row-level security that lives in the database: which tenants live here, which keys may sign
-- for them, and the two functions that policies and triggers of every tenant table call.
--
-- id() and fence() run with their owner's rights. Every function, operator, type and table in them is named with its schema, and
-- yet they set the search_path: Postgres plans the statements of a function anew whenever it is called under another one than
-- the last time, which costs several times what a check does, and each function with a SET clause of its own that touches a
-- tenant's table is such a change.

-- +goose Up

-- This database: one row.
CREATE TABLE tenancy.shard (
    one    bool PRIMARY KEY DEFAULT true CHECK (one),
    name   text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL UNIQUE
);

-- The tenants that live here, and tombstones of those that did. region is NULL for one that may live anywhere;
-- the foreign key refuses any other region than the database's own.
CREATE TABLE tenancy.tenant (
    id         text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    state      text COLLATE "C" NOT NULL CONSTRAINT tenancy_state CHECK (state IN
                   ('provisioning', 'active', 'suspended', 'exporting', 'moving', 'moved', 'purging', 'purged')),
    region     text COLLATE "C" CONSTRAINT tenancy_region REFERENCES tenancy.shard (region),
    epoch      bigint NOT NULL CHECK (epoch BETWEEN 1 AND 999999999999),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_at timestamptz, -- the directory's clock: an older decision than this one is refused
    erased     jsonb NOT NULL DEFAULT '{}' -- rows a table, counted while it is purged
) WITH (fillfactor = 80);

-- Postgres reads a UUID with and without hyphens. Two ids that a tenant column of type uuid would take for one tenant
-- do not live in one database.
CREATE UNIQUE INDEX tenancy_one_uuid ON tenancy.tenant (replace(id, '-', '')) WHERE id ~ '^[0-9a-f]{4}(-?[0-9a-f]{4}){7}$';

-- It makes a key of what fence() looks at, so that FOR KEY SHARE, which lets the row be locked, notices a change.
CREATE UNIQUE INDEX tenancy_fenced ON tenancy.tenant (id, state, epoch);

-- The live signing keys, at most two, as the two padded blocks of HMAC (RFC 2104). tag is the version of the
-- scope's format and the key's id.
CREATE TABLE tenancy.key (
    tag          text COLLATE "C" PRIMARY KEY CHECK (tag ~ '^1[a-z0-9]{2}$'),
    ipad         bytea NOT NULL CHECK (length(ipad) = 64),
    opad         bytea NOT NULL CHECK (length(opad) = 64),
    installed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Nobody but the owner reads these through a grant given by mistake; the system role bypasses policies.
ALTER TABLE tenancy.shard  ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy.shard  FORCE  ROW LEVEL SECURITY;
ALTER TABLE tenancy.tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy.tenant FORCE  ROW LEVEL SECURITY;
ALTER TABLE tenancy.key    ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy.key    FORCE  ROW LEVEL SECURITY;
CREATE POLICY tenancy_owner ON tenancy.shard  TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenancy_owner ON tenancy.tenant TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenancy_owner ON tenancy.key    TO CURRENT_USER USING (true) WITH CHECK (true);

-- +goose StatementBegin
-- id is the tenant of the transaction, or NULL if it has none. It raises 42501 unless the scope is validly
-- signed, unexpired, and of a tenant that may be read here. The signature comes first: to whoever cannot sign,
-- every tenant looks the same, whether it exists or not.
CREATE FUNCTION tenancy.id() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    s     pg_catalog.text := pg_catalog.current_setting('tenancy.scope', true);
    mac   pg_catalog.text;
    ten   pg_catalog.text;
    st    pg_catalog.text;
    ep    pg_catalog.int8;
BEGIN
    IF s IS NULL OR s OPERATOR(pg_catalog.=) '' THEN
        RETURN NULL;
    END IF;
    SELECT pg_catalog.encode(pg_catalog.sha256(k.opad OPERATOR(pg_catalog.||) pg_catalog.sha256(
               k.ipad OPERATOR(pg_catalog.||) pg_catalog.convert_to(pg_catalog.substr(s, 65), 'UTF8'))), 'hex')
      INTO mac FROM tenancy.key k WHERE k.tag OPERATOR(pg_catalog.=) pg_catalog.substr(s, 65, 3);
    IF mac IS NULL OR mac OPERATOR(pg_catalog.<>) pg_catalog.left(s, 64) THEN
        RAISE EXCEPTION 'tenant scope is not validly signed'
            USING ERRCODE = '42501', CONSTRAINT = 'tenancy_forged';
    END IF;
    IF pg_catalog.substr(s, 68, 10)::pg_catalog.float8 OPERATOR(pg_catalog.<)
       pg_catalog.date_part('epoch', pg_catalog.now()) THEN
        RAISE EXCEPTION 'tenant scope has expired'
            USING ERRCODE = '42501', CONSTRAINT = 'tenancy_expired';
    END IF;
    ten := pg_catalog.substr(s, 90);
    SELECT t.state, t.epoch INTO st, ep FROM tenancy.tenant t WHERE t.id OPERATOR(pg_catalog.=) ten;
    IF st OPERATOR(pg_catalog.=) 'active' AND pg_catalog.substr(s, 78, 12) OPERATOR(pg_catalog.=) '000000000000' THEN
        RETURN ten;
    ELSIF st IS NULL THEN
        RAISE EXCEPTION 'tenant does not live in this database'
            USING ERRCODE = '42501', CONSTRAINT = 'tenancy_unknown';
    ELSIF st OPERATOR(pg_catalog.=) 'purging' OR st OPERATOR(pg_catalog.=) 'purged' THEN
        RAISE EXCEPTION 'tenant is purged'
            USING ERRCODE = '42501', CONSTRAINT = 'tenancy_purged';
    ELSIF st OPERATOR(pg_catalog.=) 'moved' OR
          pg_catalog.substr(s, 78, 12)::pg_catalog.int8 OPERATOR(pg_catalog.<>) 0 AND
          pg_catalog.substr(s, 78, 12)::pg_catalog.int8 OPERATOR(pg_catalog.<>) ep THEN
        RAISE EXCEPTION 'tenant was placed elsewhere'
            USING ERRCODE = '42501', CONSTRAINT = 'tenancy_stale';
    ELSIF st OPERATOR(pg_catalog.=) 'active' OR st OPERATOR(pg_catalog.=) 'exporting' OR
          st OPERATOR(pg_catalog.=) 'moving' THEN
        RETURN ten;
    END IF;
    RAISE EXCEPTION 'tenant is not active'
        USING ERRCODE = '42501', CONSTRAINT = 'tenancy_not_active';
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- claimed is the tenant that the scope names, unverified: for column defaults, which Postgres evaluates once a
-- row. It decides nothing, since the guard of the row compares what it yields with id().
CREATE FUNCTION tenancy.claimed() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT NULLIF(pg_catalog.substr(pg_catalog.current_setting('tenancy.scope', true), 90), '')
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- fence_key is the advisory lock that a tenant's writers share, and that whoever must wait for them takes. Any
-- session can take it: it may hold up who waits for writers, such as a move, and never the writers themselves.
CREATE FUNCTION tenancy.fence_key(id text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.hashtextextended(id, 7233150837425263457)
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- fence keeps writes out of a tenant that is read-only or has left. Who must keep writers out locks the tenant's row,
-- which the application's role cannot, and then takes the advisory lock. Writers share the advisory lock, which writes
-- nothing, and never wait for it: who does not get it at once, because of one who keeps writers out or of an
-- attacker, shares the row's instead, and waits for the former only.
CREATE FUNCTION tenancy.fence() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ten pg_catalog.text := tenancy.id();
    st  pg_catalog.text;
    ep  pg_catalog.int8;
BEGIN
    IF ten IS NULL THEN
        -- The owner, and roles for which policies do not hold, write without a scope. Everybody else would
        -- write nothing, in silence: say so.
        IF EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) SESSION_USER
                      AND (r.rolsuper OR r.rolbypassrls)) OR
           EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) TG_RELID
                      AND pg_catalog.pg_has_role(SESSION_USER, c.relowner, 'MEMBER')) THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION 'no tenant scope is set'
            USING ERRCODE = '42501', CONSTRAINT = 'tenancy_no_scope';
    END IF;
    IF NOT pg_catalog.pg_try_advisory_xact_lock_shared(tenancy.fence_key(ten)) THEN
        SELECT t.state, t.epoch INTO st, ep FROM tenancy.tenant t WHERE t.id OPERATOR(pg_catalog.=) ten FOR SHARE;
    ELSIF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) 'read committed' THEN
        SELECT t.state, t.epoch INTO st, ep FROM tenancy.tenant t WHERE t.id OPERATOR(pg_catalog.=) ten;
    ELSE
        -- The snapshot is as old as the transaction: lock the row, so that a change since then raises 40001. Who has the
        -- advisory lock must not wait for the row.
        SELECT t.state, t.epoch INTO st, ep FROM tenancy.tenant t WHERE t.id OPERATOR(pg_catalog.=) ten FOR KEY SHARE;
    END IF;
    IF st OPERATOR(pg_catalog.=) 'active' AND
       (pg_catalog.substr(pg_catalog.current_setting('tenancy.scope'), 78, 12) OPERATOR(pg_catalog.=) '000000000000' OR
        pg_catalog.substr(pg_catalog.current_setting('tenancy.scope'), 78, 12)::pg_catalog.int8 OPERATOR(pg_catalog.=) ep) THEN
        RETURN NULL;
    ELSIF st OPERATOR(pg_catalog.=) 'exporting' OR st OPERATOR(pg_catalog.=) 'moving' THEN
        RAISE EXCEPTION 'tenant is read-only'
            USING ERRCODE = '42501', CONSTRAINT = 'tenancy_read_only';
    ELSIF st OPERATOR(pg_catalog.=) 'suspended' OR st OPERATOR(pg_catalog.=) 'provisioning' THEN
        RAISE EXCEPTION 'tenant is not active'
            USING ERRCODE = '42501', CONSTRAINT = 'tenancy_not_active';
    ELSIF st OPERATOR(pg_catalog.=) 'purging' OR st OPERATOR(pg_catalog.=) 'purged' THEN
        RAISE EXCEPTION 'tenant is purged'
            USING ERRCODE = '42501', CONSTRAINT = 'tenancy_purged';
    END IF;
    RAISE EXCEPTION 'tenant was placed elsewhere'
        USING ERRCODE = '42501', CONSTRAINT = 'tenancy_stale';
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- leaving is true for the role that moves and purges tenants, of a tenant that is arriving or leaving: what triggers of the library's tables
-- refuse to everybody else they let pass.
CREATE FUNCTION tenancy.leaving(tenant text) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT has_table_privilege('tenancy.tenant', 'SELECT') THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT FROM tenancy.tenant t WHERE t.id = tenant AND t.state IN ('provisioning', 'moved', 'purging', 'purged'));
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- stays refuses a change, with the SQLSTATE that it is made with, but of a row whose tenant is arriving or leaving. It runs with the caller's
-- own rights.
CREATE FUNCTION tenancy.stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_LEVEL = 'ROW' THEN
        IF TG_OP = 'DELETE' THEN
            IF tenancy.leaving(to_jsonb(OLD)->>'tenant_id') THEN
                RETURN OLD;
            END IF;
        ELSIF tenancy.leaving(to_jsonb(NEW)->>'tenant_id') THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = TG_ARGV[0], CONSTRAINT = TG_NAME;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- about tells any role that may connect which schema, shard and region this is.
CREATE FUNCTION tenancy.about(OUT version bigint, OUT shard text, OUT region text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT (SELECT max(v.version_id) FROM tenancy.goose_db_version v WHERE v.is_applied), s.name, s.region
      FROM tenancy.shard s
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- install_keys makes these the live keys, all at once: who may call it can replace keys but not read one.
CREATE FUNCTION tenancy.install_keys(tags text[], ipads bytea[], opads bytea[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF cardinality(tags) NOT BETWEEN 1 AND 2 THEN
        RAISE EXCEPTION 'one or two keys are live at a time' USING ERRCODE = '22023';
    END IF;
    LOCK TABLE tenancy.key IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM tenancy.key k WHERE k.tag <> ALL (tags);
    INSERT INTO tenancy.key (tag, ipad, opad)
        SELECT u.tag, u.ipad, u.opad FROM unnest(tags, ipads, opads) u(tag, ipad, opad)
        ON CONFLICT (tag) DO UPDATE SET ipad = excluded.ipad, opad = excluded.opad, installed_at = clock_timestamp()
            WHERE (key.ipad, key.opad) IS DISTINCT FROM (excluded.ipad, excluded.opad);
END $$;
-- +goose StatementEnd
