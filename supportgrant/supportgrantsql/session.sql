-- Sessions of the support staff, as package supportgrantsql prints them.

-- +goose StatementBegin
DO $sessions$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {role_text} AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication))
    OR EXISTS (SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.member WHERE r.rolname = {role_text}) THEN
    RAISE EXCEPTION 'supportgrant: the role of sessions has attributes, or is a member of another';
  END IF;
  EXECUTE pg_catalog.format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC, {role}', pg_catalog.current_database());
END $sessions$;
-- +goose StatementEnd

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role};
REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role};
GRANT USAGE ON SCHEMA public TO {role};
GRANT USAGE ON SCHEMA tenancy TO {role};
GRANT EXECUTE ON FUNCTION tenancy.id() TO {role};

CREATE SCHEMA IF NOT EXISTS supportgrant;
REVOKE ALL ON SCHEMA supportgrant FROM PUBLIC, {role};
GRANT USAGE ON SCHEMA supportgrant TO {role}, {users};

-- Row-level security is not forced on it: its owner's functions look a session up by its backend, for each row that comes out.
CREATE TABLE IF NOT EXISTS supportgrant.session (
    tenant_id text COLLATE "C" NOT NULL DEFAULT tenancy.claimed(),
    digest    bytea NOT NULL PRIMARY KEY CHECK (length(digest) = 32), -- SHA-256 of the token
    grant_id  uuid NOT NULL,
    scope     text NOT NULL,
    care      boolean NOT NULL,
    issued    bigint NOT NULL,
    until     bigint NOT NULL CHECK (until <= issued + 60000000), -- to be bound
    expires   bigint NOT NULL,
    pid       integer, -- NULL: not bound yet
    started   timestamptz,
    FOREIGN KEY (tenant_id, grant_id) REFERENCES public.supportgrant_grant ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS session_of ON supportgrant.session (tenant_id, grant_id);
CREATE INDEX IF NOT EXISTS session_at ON supportgrant.session (pid);
REVOKE ALL ON TABLE supportgrant.session FROM PUBLIC, {role}, {users};
GRANT SELECT, INSERT, DELETE ON TABLE supportgrant.session TO {users};
ALTER TABLE supportgrant.session ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenancy_guard ON supportgrant.session;
CREATE POLICY tenancy_guard ON supportgrant.session AS RESTRICTIVE FOR ALL TO PUBLIC USING (tenant_id = (SELECT tenancy.id())) WITH CHECK (tenant_id = (SELECT tenancy.id()));
DROP POLICY IF EXISTS tenancy_allow ON supportgrant.session;
CREATE POLICY tenancy_allow ON supportgrant.session FOR ALL TO {app} USING (true) WITH CHECK (pid IS NULL AND started IS NULL);

-- The end of a grant is that of its sessions, in one transaction. It runs with the rights of who ends it.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION supportgrant.follow() RETURNS trigger LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.state <> 'approved' OR NEW.expires < OLD.expires THEN
        DELETE FROM supportgrant.session s WHERE s.tenant_id = NEW.tenant_id AND s.grant_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE OR REPLACE TRIGGER supportgrant_sessions AFTER UPDATE ON public.supportgrant_grant FOR EACH ROW EXECUTE FUNCTION supportgrant.follow();

-- +goose StatementBegin
-- started is when this backend began: with its number it is one of its kind. It runs as who asks, for nobody else is told.
CREATE OR REPLACE FUNCTION supportgrant.started() RETURNS timestamptz LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.backend_start FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) a
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- bind opens the session of a token, once, in this backend, and returns when it ends. Nothing is read in the transaction that binds.
CREATE OR REPLACE FUNCTION supportgrant.bind(token text, began timestamptz DEFAULT supportgrant.started()) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now bigint := (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint;
    s supportgrant.session;
    k tenancy.key;
    scope text;
BEGIN
    DELETE FROM supportgrant.session o WHERE o.pid = pg_backend_pid() OR o.expires <= now OR o.pid IS NULL AND o.until <= now;
    UPDATE supportgrant.session o SET pid = pg_backend_pid(), started = began
        WHERE o.digest = sha256(convert_to(token, 'UTF8')) AND o.pid IS NULL AND began IS NOT NULL AND o.issued - 1000000 <= now AND now < o.until AND now < o.expires
        RETURNING o.* INTO s;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'supportgrant: the token is not known, was used, or is too old' USING ERRCODE = '28000';
    END IF;
    SELECT x.* INTO STRICT k FROM tenancy.key x ORDER BY x.installed_at DESC, x.tag DESC LIMIT 1;
    s.expires := least(s.expires, now + 3600000000);
    UPDATE supportgrant.session o SET expires = s.expires WHERE o.digest = s.digest;
    scope := k.tag || lpad((s.expires / 1000000)::text, 10, '0') || '000000000000' || s.tenant_id;
    PERFORM set_config('tenancy.scope', encode(sha256(k.opad || sha256(k.ipad || convert_to(scope, 'UTF8'))), 'hex') || scope, false);
    RETURN to_timestamp(s.expires / 1000000.0);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION supportgrant.session(began timestamptz) RETURNS bytea LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.digest FROM supportgrant.session s WHERE s.pid = pg_backend_pid() AND s.started = began
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION supportgrant.tenant(began timestamptz) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.tenant_id FROM supportgrant.session s WHERE s.pid = pg_backend_pid() AND s.started = began
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- live tells of a row whether it may come out now. VOLATILE: it sees what was committed since the statement began.
CREATE OR REPLACE FUNCTION supportgrant.live(of_session bytea, category text, careful boolean) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 1000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now bigint := (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint;
BEGIN
    IF pg_is_in_recovery() OR current_setting('transaction_isolation') <> 'read committed' OR pg_current_xact_id_if_assigned() IS NOT NULL THEN
        RAISE EXCEPTION 'supportgrant: rows are read at READ COMMITTED, on the primary, and not in a transaction that writes or binds' USING ERRCODE = '25001';
    END IF;
    PERFORM FROM supportgrant.session s WHERE s.digest = of_session AND s.pid = pg_backend_pid()
        AND s.issued - 1000000 <= now AND now < s.expires AND s.scope::jsonb ? category AND (s.care OR careful IS FALSE);
    RETURN FOUND;
END $$;
-- +goose StatementEnd

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA supportgrant FROM PUBLIC, {role}, {users};
GRANT EXECUTE ON FUNCTION supportgrant.started(), supportgrant.bind(text, timestamptz), supportgrant.session(timestamptz), supportgrant.tenant(timestamptz),
    supportgrant.live(bytea, text, boolean) TO {role};
