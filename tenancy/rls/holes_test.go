package rls_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

// guardless replaces the guard of app.note by policies.
func guardless(policies string) string {
	return `DROP POLICY tenancy_guard ON app.note; DROP POLICY tenancy_allow ON app.note;` + policies
}

// holes are mutations of the guarded desk, one hole each, and the rule that must report it.
var holes = []struct{ name, rule, sql string }{
	// Whether policies hold at all.
	{"row-level security disabled", "RLS001", `ALTER TABLE app.note DISABLE ROW LEVEL SECURITY`},
	{"new tenant table without row-level security", "RLS001", `CREATE TABLE app.tag (tenant_id text, id int); GRANT SELECT ON app.tag TO $app`},
	{"partitioned parent without row-level security", "RLS001", `CREATE TABLE app.event (tenant_id text, id int) PARTITION BY HASH (tenant_id);
		CREATE TABLE app.event_0 PARTITION OF app.event FOR VALUES WITH (MODULUS 1, REMAINDER 0); GRANT SELECT ON app.event TO $app`},
	{"not forced", "RLS002", `ALTER TABLE app.note NO FORCE ROW LEVEL SECURITY`},
	{"no policy", "RLS003", `DROP POLICY tenancy_guard ON app.note; DROP POLICY tenancy_allow ON app.note`},
	{"permissive only", "RLS004", guardless(`CREATE POLICY p ON app.note USING (tenant_id = (SELECT tenancy.id()))`)},
	{"guard made permissive", "RLS010", `DROP POLICY tenancy_guard ON app.note;
		CREATE POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()))`},
	{"guard dropped", "RLS010", `DROP POLICY tenancy_guard ON app.note`},
	{"guard for SELECT only", "RLS010", `DROP POLICY tenancy_guard ON app.note;
		CREATE POLICY tenancy_guard ON app.note AS RESTRICTIVE FOR SELECT USING (tenant_id = (SELECT tenancy.id()))`},
	{"guard leaves out DELETE, which a permissive policy still narrows", "RLS005", guardless(`
		CREATE POLICY a ON app.note USING (tenant_id = (SELECT tenancy.id()));
		CREATE POLICY s ON app.note AS RESTRICTIVE FOR SELECT USING (tenant_id = (SELECT tenancy.id()));
		CREATE POLICY i ON app.note AS RESTRICTIVE FOR INSERT WITH CHECK (tenant_id = (SELECT tenancy.id()));
		CREATE POLICY u ON app.note AS RESTRICTIVE FOR UPDATE USING (tenant_id = (SELECT tenancy.id()))`)},
	{"guard to the app role only", "RLS006", `ALTER POLICY tenancy_guard ON app.note TO $app`},
	{"table without tenant, not shared", "RLS007", `CREATE TABLE app.misc (id int); GRANT SELECT ON app.misc TO $app`},
	{"shared table writable", "RLS008", `GRANT INSERT ON country TO $app`},
	{"shared table with a column writable", "RLS008", `GRANT UPDATE (name) ON country TO $app`},
	{"shared table that has a tenant", "RLS009", `ALTER TABLE country ADD tenant_id text; ALTER TABLE country ENABLE ROW LEVEL SECURITY`},
	{"declared table dropped", "RLS009", `DROP TABLE doc`},
	{"tenant column renamed", "RLS009", `ALTER TABLE doc RENAME tenant_id TO org_id`},
	{"tenant column of another type", "RLS009", `DROP TABLE doc; CREATE TABLE doc (tenant_id text)`},

	// What policies do.
	{"extra permissive policy over a permissive one", "RLS010", guardless(`CREATE POLICY a ON app.note USING (tenant_id = (SELECT tenancy.id()));
		CREATE POLICY b ON app.note FOR SELECT USING (true)`)},
	{"permissive policy of a role the app can become", "RLS010", guardless(`CREATE POLICY a ON app.note USING (tenant_id = (SELECT tenancy.id()));
		CREATE ROLE "$app_b" NOLOGIN; GRANT "$app_b" TO $app; CREATE POLICY b ON app.note TO "$app_b" USING (true)`)},
	{"compares a prefix", "RLS010", `ALTER POLICY tenancy_guard ON app.note USING (left(tenant_id, 8) = (SELECT left(tenancy.id(), 8)))`},
	{"compares by LIKE", "RLS010", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id LIKE (SELECT tenancy.id()) || '%')`},
	{"compares a truncating cast", "RLS010", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id::varchar(6) = (SELECT tenancy.id())::varchar(6))`},
	{"compares another way round", "RLS010", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id <> (SELECT tenancy.id()))`},
	{"compares the column with itself", "RLS010", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = tenant_id AND (SELECT tenancy.id()) IS NOT NULL)`},
	{"any tenant set will do", "RLS010", `ALTER POLICY tenancy_guard ON app.note USING ((SELECT tenancy.id()) IS NOT NULL)`},
	{"WITH CHECK (true)", "RLS011", `ALTER POLICY tenancy_guard ON app.note WITH CHECK (true)`},
	{"INSERT unguarded", "RLS011", guardless(`CREATE POLICY a ON app.note USING (true) WITH CHECK (true);
		CREATE POLICY s ON app.note AS RESTRICTIVE FOR SELECT USING (tenant_id = (SELECT tenancy.id()));
		CREATE POLICY u ON app.note AS RESTRICTIVE FOR UPDATE USING (tenant_id = (SELECT tenancy.id()));
		CREATE POLICY d ON app.note AS RESTRICTIVE FOR DELETE USING (tenant_id = (SELECT tenancy.id()))`)},
	{"UPDATE may move a row away", "RLS011", guardless(`CREATE POLICY a ON app.note USING (true) WITH CHECK (true);
		CREATE POLICY s ON app.note AS RESTRICTIVE FOR SELECT USING (tenant_id = (SELECT tenancy.id()));
		CREATE POLICY i ON app.note AS RESTRICTIVE FOR INSERT WITH CHECK (tenant_id = (SELECT tenancy.id()));
		CREATE POLICY u ON app.note AS RESTRICTIVE FOR UPDATE USING (tenant_id = (SELECT tenancy.id())) WITH CHECK (true);
		CREATE POLICY d ON app.note AS RESTRICTIVE FOR DELETE USING (tenant_id = (SELECT tenancy.id()))`)},
	{"open without scope", "RLS012", `ALTER POLICY tenancy_guard ON app.note USING ((SELECT tenancy.id()) IS NULL OR tenant_id = (SELECT tenancy.id()))`},
	{"coalesces the scope to the column", "RLS012", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = coalesce((SELECT tenancy.id()), tenant_id))`},
	{"open for an unset setting", "RLS012", guardless(`CREATE POLICY p ON app.note USING (current_setting('app.tenant', true) IS NULL OR tenant_id = current_setting('app.tenant', true))`)},
	{"open for an empty setting", "RLS013", guardless(`CREATE POLICY p ON app.note USING (current_setting('app.tenant', true) = '' OR tenant_id = current_setting('app.tenant', true))`)},
	{"open when the setting is no uuid", "RLS013", `ALTER POLICY tenancy_guard ON app.note USING (CASE WHEN current_setting('app.tenant', true) ~ '^[a-z]+-[a-z]+$' THEN true ELSE tenant_id = (SELECT tenancy.id()) END)`},
	{"bypass setting beside the scope", "RLS014", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR (SELECT current_setting('app.bypass_rls', true)) = 'on')`},
	{"bypass setting cast to bool", "RLS014", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR coalesce(nullif(current_setting('rls.is_admin', true), '')::bool, false))`},
	{"magic value of the setting", "RLS014", guardless(`CREATE POLICY p ON app.note USING (tenant_id = current_setting('app.tenant', true) OR current_setting('app.tenant', true) = 'workertenant')`)},
	{"magic scope", "RLS014", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR (SELECT tenancy.id()) = 'superadmin')`},
	{"bypass setting inside a function", "RLS014", `CREATE FUNCTION app.bypass() RETURNS bool LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN current_setting('app.worker', true) = 'w0rker'; END $$;
		REVOKE EXECUTE ON FUNCTION app.bypass() FROM PUBLIC; GRANT EXECUTE ON FUNCTION app.bypass() TO $app;
		ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR (SELECT app.bypass()))`},
	{"setting taken as a pattern", "RLS014", guardless(`CREATE POLICY p ON app.note USING (tenant_id LIKE current_setting('app.tenant', true))`)},
	{"rows of nobody", "RLS015", `ALTER TABLE app.note DROP CONSTRAINT note_pkey CASCADE; ALTER TABLE app.note ALTER tenant_id DROP NOT NULL;
		ALTER POLICY tenancy_guard ON app.note USING (tenant_id IS NULL OR tenant_id = (SELECT tenancy.id()))`},
	{"scope and row both NULL", "RLS015", `ALTER TABLE app.note DROP CONSTRAINT note_pkey CASCADE; ALTER TABLE app.note ALTER tenant_id DROP NOT NULL;
		ALTER POLICY tenancy_guard ON app.note USING (tenant_id IS NOT DISTINCT FROM (SELECT tenancy.id()))`},
	{"rows of a magic tenant", "RLS016", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id IN ((SELECT tenancy.id()), 'template'))`},
	{"rows with a flag", "RLS016", `ALTER POLICY tenancy_guard ON app.note USING (pinned OR tenant_id = (SELECT tenancy.id()))`},
	{"rows with two values", "RLS016", `ALTER POLICY tenancy_guard ON app.note USING (pinned AND author = 'robot' OR tenant_id = (SELECT tenancy.id()))`},
	{"rows whose column is NULL", "RLS016", `ALTER POLICY tenancy_guard ON app.note USING (body IS NULL AND pinned IS NULL OR tenant_id = (SELECT tenancy.id()))`},
	{"uuid rows of a magic tenant", "RLS016", `ALTER POLICY tenancy_guard ON doc USING (tenant_id = (SELECT tenancy.id())::uuid OR tenant_id = '11111111-1111-1111-1111-111111111111')`},
	{"forgeable setting", "RLS017", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT current_setting('app.tenant', true)))`},
	{"forgeable setting as uuid", "RLS017", `ALTER POLICY tenancy_guard ON doc USING (tenant_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid))`},
	{"forgeable setting in JSON", "RLS017", `ALTER POLICY tenancy_guard ON doc USING (tenant_id = (SELECT ((nullif(current_setting('request.jwt.claims', true), '')::jsonb -> 'app_metadata') ->> 'org')::uuid))`},
	{"forgeable setting inside a function", "RLS017", `CREATE FUNCTION app.tenant() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_setting(''app.t'', true)'; GRANT USAGE ON SCHEMA app TO $app;
		ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT app.tenant()))`},
	{"forgeable setting beside the scope", "RLS017", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT coalesce(nullif(current_setting('app.as', true), ''), tenancy.id())))`},
	{"scope taken apart, unverified", "RLS017", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT substr(current_setting('tenancy.scope', true), 90)))`},
	{"scope as it is claimed", "RLS017", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.claimed()))`},
	{"scope as it is claimed, inside a function", "RLS017", `CREATE FUNCTION app.tenant() RETURNS text LANGUAGE sql STABLE AS 'SELECT tenancy.claimed()'; ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT app.tenant()))`},
	{"tenant in a part of a setting", "RLS017", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT split_part(current_setting('app.who', true), ':', 2)))`},
	{"scope asked once per row", "RLS018", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = tenancy.id())`},
	{"setting read once per row", "RLS018", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) AND author = current_setting('app.user'))`},
	{"policy is a function of the row", "RLS019", `CREATE FUNCTION app.visible(t text) RETURNS bool LANGUAGE plpgsql STABLE AS 'BEGIN RETURN t = tenancy.id(); END';
		ALTER POLICY tenancy_guard ON app.note USING (app.visible(tenant_id))`},
	{"policy is a function of the whole row", "RLS019", `CREATE FUNCTION app.visible(n app.note) RETURNS bool LANGUAGE plpgsql STABLE AS 'BEGIN RETURN n.tenant_id = tenancy.id(); END';
		ALTER POLICY tenancy_guard ON app.note USING (app.visible(note))`},
	{"function of the whole row that lets all through", "RLS010", `CREATE FUNCTION app.visible(n app.note) RETURNS bool LANGUAGE plpgsql STABLE AS 'BEGIN RETURN n.tenant_id IS NOT NULL; END';
		ALTER POLICY tenancy_guard ON app.note USING (app.visible(note))`},
	{"scope hidden in a function", "RLS020", `CREATE FUNCTION app.tenant() RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN tenancy.id(); END';
		ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT app.tenant()))`},
	{"policy that fails", "RLS020", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id::int = (SELECT tenancy.id())::int / 0)`},
	{"tenant column cast", "RLS021", `ALTER POLICY tenancy_guard ON doc USING (tenant_id::text = (SELECT tenancy.id()))`},
	{"tenant column lowered", "RLS021", `ALTER POLICY tenancy_guard ON app.note USING (lower(tenant_id) = (SELECT tenancy.id()))`},

	{"rows that another table shares", "RLS023", `CREATE TABLE app.share (note_id bigint); GRANT SELECT ON app.share TO $app; ALTER TABLE app.share ADD tenant_id text;
		ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR EXISTS (SELECT FROM app.share s WHERE s.note_id = note.id))`},
	{"tenant looked up in a table of members", "RLS023", guardless(`CREATE POLICY p ON app.note USING (tenant_id IN (SELECT d.title FROM doc d))`)},
	{"rows that no table forbids", "RLS023", `ALTER POLICY tenancy_guard ON app.note USING (NOT EXISTS (SELECT FROM doc d WHERE d.title = note.body) OR tenant_id = (SELECT tenancy.id()));
		CREATE POLICY also ON app.note AS RESTRICTIVE USING (EXISTS (SELECT FROM doc) OR tenant_id = (SELECT tenancy.id()))`},
	{"who logged in", "RLS024", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR session_user = '$app')`},
	{"where the session comes from", "RLS024", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR inet_client_addr() <<= '10.0.0.0/8')`},
	{"what time it is", "RLS024", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR now() > '2090-01-01')`},
	{"chance", "RLS024", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR random() < 0.000001)`},
	{"what the statement says", "RLS024", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR current_query() LIKE '%/* admin */%')`},
	{"rows with three values", "RLS024", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR pinned AND author = 'robot' AND body = 'x')`},
	{"rows with a large number", "RLS024", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR id > 1000000)`},
	{"rows that look like something", "RLS024", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR body ~ '^shared[0-9]+')`},
	{"rows with a key in JSON", "RLS024", `ALTER TABLE app.note ADD meta jsonb; ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR meta @> '{"public": true}')`},
	{"rows that name the tenant elsewhere", "RLS024", `ALTER POLICY tenancy_guard ON app.note USING ((SELECT tenancy.id()) IN (tenant_id, author))`},
	{"scope taken as a pattern", "RLS024", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id LIKE (SELECT tenancy.id()))`},
	{"first part of the scope", "RLS024", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = split_part((SELECT tenancy.id()), '-', 1))`},
	{"scope cut to a length", "RLS024", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = left((SELECT tenancy.id()), 20))`},
	// The tenant column and keys.
	{"tenant column nullable", "RLS030", `ALTER TABLE app.note DROP CONSTRAINT note_pkey CASCADE; ALTER TABLE app.note ALTER tenant_id DROP NOT NULL`},
	{"no default", "RLS031", `ALTER TABLE app.note ALTER tenant_id DROP DEFAULT`},
	{"constant default", "RLS031", `ALTER TABLE app.note ALTER tenant_id SET DEFAULT 'main'`},
	{"default from a setting", "RLS031", `ALTER TABLE app.note ALTER tenant_id SET DEFAULT current_setting('app.tenant', true)`},
	{"UPDATE on the whole table", "RLS032", `GRANT UPDATE ON app.note TO $app`},
	{"UPDATE on the tenant column", "RLS033", `GRANT UPDATE (tenant_id) ON app.note TO $app`},
	{"primary key without tenant", "RLS034", `ALTER TABLE doc DROP CONSTRAINT doc_pkey, ADD PRIMARY KEY (id)`},
	{"unique constraint without tenant", "RLS035", `ALTER TABLE app.note ADD UNIQUE (body)`},
	{"unique index on an expression without tenant", "RLS035", `CREATE UNIQUE INDEX ON app.note (lower(body))`},
	{"unique index that only includes the tenant", "RLS035", `CREATE UNIQUE INDEX ON app.note (body) INCLUDE (tenant_id)`},
	{"exclusion without tenant", "RLS036", `ALTER TABLE app.note ADD EXCLUDE USING btree (body WITH =)`},
	{"exclusion with the tenant compared otherwise", "RLS036", `ALTER TABLE app.note ADD span int4range; ALTER TABLE app.note ADD k int4range; ALTER TABLE app.note ADD EXCLUDE USING gist (span WITH &&, k WITH &&)`},
	{"foreign key without tenant", "RLS037", `ALTER TABLE doc ADD UNIQUE (id); ALTER TABLE app.comment ADD doc_id uuid REFERENCES doc (id)`},
	{"foreign key that crosses the tenant over", "RLS037", `ALTER TABLE app.comment ADD other text; ALTER TABLE app.note ADD UNIQUE (author, tenant_id);
		ALTER TABLE app.comment ADD FOREIGN KEY (tenant_id, other) REFERENCES app.note (author, tenant_id)`},
	{"shared table that points at a tenant's row", "RLS037", `ALTER TABLE doc ADD UNIQUE (id); ALTER TABLE country ADD doc_id uuid REFERENCES doc (id)`},
	{"cascade without tenant", "RLS038", `ALTER TABLE doc ADD UNIQUE (id); ALTER TABLE app.comment ADD doc_id uuid REFERENCES doc (id) ON DELETE CASCADE`},
	{"SET NULL without tenant", "RLS038", `ALTER TABLE doc ADD UNIQUE (id); ALTER TABLE app.comment ADD doc_id uuid REFERENCES doc (id) ON DELETE SET NULL`},
	{"cascade between tables of one kind without tenant", "RLS038", `ALTER TABLE app.note ADD UNIQUE (id); ALTER TABLE app.note ADD parent bigint REFERENCES app.note (id) ON DELETE SET NULL`},
	{"no index that begins with the tenant", "RLS039", `ALTER TABLE doc DROP CONSTRAINT doc_pkey, ADD PRIMARY KEY (id, tenant_id)`},
	{"only a partial index begins with the tenant", "RLS039", `ALTER TABLE doc DROP CONSTRAINT doc_pkey; CREATE INDEX ON doc (tenant_id) WHERE title IS NOT NULL`},
	{"fence dropped", "RLS040", `DROP TRIGGER tenancy_fence ON app.note`},
	{"fence disabled", "RLS041", `ALTER TABLE app.note DISABLE TRIGGER tenancy_fence`},
	{"fence for replicas only", "RLS041", `ALTER TABLE app.note ENABLE REPLICA TRIGGER tenancy_fence`},
	{"fence without DELETE", "RLS041", `CREATE OR REPLACE TRIGGER tenancy_fence BEFORE INSERT OR UPDATE ON app.note FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence()`},
	{"fence after the write", "RLS041", `DROP TRIGGER tenancy_fence ON app.note; CREATE TRIGGER tenancy_fence AFTER INSERT OR UPDATE OR DELETE ON app.note FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence()`},
	{"fence that calls something else", "RLS040", `CREATE FUNCTION app.fence() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
		CREATE OR REPLACE TRIGGER tenancy_fence BEFORE INSERT OR UPDATE OR DELETE ON app.note FOR EACH STATEMENT EXECUTE FUNCTION app.fence()`},
	{"shared sequence", "RLS042", `CREATE SEQUENCE app.invoice_number; GRANT USAGE ON SEQUENCE app.invoice_number TO $app`},
	{"sequence of an identity column granted", "RLS042", `GRANT UPDATE ON SEQUENCE app.note_id_seq TO $app`},
	{"tenant column with a collation that ignores case", "RLS043", `CREATE COLLATION app.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE TABLE app.loose (tenant_id text COLLATE app.ci NOT NULL, id int); GRANT SELECT ON app.loose TO $app`},
	{"tenant table that nobody listed", "RLS044", `CREATE TABLE app.internal (id int, tenant_id text)`},

	// Privileges.
	{"TRUNCATE", "RLS050", `GRANT TRUNCATE ON app.note TO $app`},
	{"REFERENCES", "RLS050", `GRANT REFERENCES (id) ON app.note TO $app`},
	{"TRIGGER", "RLS050", `GRANT TRIGGER ON app.note TO $app`},
	{"TRUNCATE through a group", "RLS050", `CREATE ROLE "$app_g" NOLOGIN; GRANT "$app_g" TO $app; GRANT TRUNCATE ON app.note TO "$app_g"`},
	{"TRUNCATE on a shared table", "RLS050", `GRANT TRUNCATE ON country TO $app`},
	{"granted to PUBLIC", "RLS051", `GRANT SELECT ON app.note TO PUBLIC`},
	{"table owned by the app", "RLS052", `ALTER TABLE app.note OWNER TO $app`},
	{"app can become the owner", "RLS052", `GRANT $owner TO $app`},
	{"app can become the owner, without inheriting, in two steps", "RLS052", `ALTER ROLE $app NOINHERIT; CREATE ROLE "$app_m" NOINHERIT; GRANT "$app_m" TO $app; GRANT $owner TO "$app_m"`},
	{"schema owned by the app", "RLS052", `ALTER SCHEMA app OWNER TO $app`},
	{"function owned by the app", "RLS052", `CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION app.f() OWNER TO $app`},
	{"type owned by the app", "RLS052", `CREATE TYPE app.mood AS ENUM ('a'); ALTER TYPE app.mood OWNER TO $app`},
	{"app bypasses", "RLS053", `ALTER ROLE $app BYPASSRLS`},
	{"app is a superuser", "RLS053", `ALTER ROLE $app SUPERUSER`},
	{"app can become the system role", "RLS054", `GRANT $sys TO $app`},
	{"app can become a role that bypasses, in two steps", "RLS054", `CREATE ROLE "$app_1"; CREATE ROLE "$app_2" BYPASSRLS; GRANT "$app_1" TO $app; GRANT "$app_2" TO "$app_1"`},
	{"app can become a superuser", "RLS054", `CREATE ROLE "$app_s" SUPERUSER; GRANT "$app_s" TO $app`},
	{"app makes roles", "RLS055", `ALTER ROLE $app CREATEROLE`},
	{"app replicates", "RLS055", `ALTER ROLE $app REPLICATION`},
	{"app reads all data", "RLS056", `GRANT pg_read_all_data TO $app`},
	{"app runs programs", "RLS056", `GRANT pg_execute_server_program TO $app`},
	{"app monitors, through a group", "RLS056", `CREATE ROLE "$app_g"; GRANT "$app_g" TO $app; GRANT pg_monitor TO "$app_g"`},
	{"default privileges of a schema", "RLS057", `ALTER DEFAULT PRIVILEGES FOR ROLE $owner IN SCHEMA app GRANT SELECT ON TABLES TO $app`},
	{"default privileges everywhere to PUBLIC", "RLS057", `ALTER DEFAULT PRIVILEGES FOR ROLE $owner GRANT SELECT ON TABLES TO PUBLIC`},
	{"TEMPORARY", "RLS058", `GRANT TEMPORARY ON DATABASE $db TO PUBLIC`},
	{"CREATE on the database", "RLS059", `GRANT CREATE ON DATABASE $db TO $app`},
	{"CREATE on a schema", "RLS059", `GRANT CREATE ON SCHEMA public TO PUBLIC`},
	{"grant option", "RLS060", `GRANT SELECT ON app.note TO $app WITH GRANT OPTION`},
	{"role that starts as another", "RLS061", `ALTER ROLE $app SET row_security = off`},
	{"database with a standing bypass", "RLS061", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) AND (SELECT current_setting('app.region', true)) = 'eu'); ALTER DATABASE $db SET app.region = 'eu'`},
	{"standing scope", "RLS061", `ALTER ROLE $app IN DATABASE $db SET tenancy.scope = 'x'`},
	{"replica by default", "RLS061", `ALTER ROLE $app SET session_replication_role = replica`},
	{"may become a replica", "RLS062", `GRANT SET ON PARAMETER session_replication_role TO $app`},
	{"untrusted function", "RLS063", `CREATE FUNCTION app.slurp(text) RETURNS text LANGUAGE internal AS 'pg_read_file_all'`},
	{"untrusted language made trusted", "RLS063", `UPDATE pg_language SET lanpltrusted = true WHERE lanname = 'c'; GRANT USAGE ON LANGUAGE c TO $app`},
	{"reads files", "RLS064", `GRANT EXECUTE ON FUNCTION pg_read_file(text) TO $app`},
	{"writes files", "RLS064", `GRANT EXECUTE ON FUNCTION lo_export(oid, text) TO PUBLIC`},
	{"large object", "RLS065", `SELECT lo_create(4242); GRANT SELECT ON LARGE OBJECT 4242 TO $app`},
	{"user mapping", "RLS066", `CREATE EXTENSION postgres_fdw; CREATE SERVER back FOREIGN DATA WRAPPER postgres_fdw; CREATE USER MAPPING FOR PUBLIC SERVER back`},
	{"dblink", "RLS066", `CREATE EXTENSION dblink SCHEMA public`},
	{"statistics", "RLS067", `GRANT SELECT ON pg_statistic TO $app`},
	{"passwords", "RLS067", `GRANT SELECT (rolname, rolpassword) ON pg_authid TO $app`},
	{"system role cannot read a tenant table", "RLS068", `REVOKE SELECT ON app.note FROM $sys`},
	{"system role cannot set a sequence of a tenant table", "RLS068", `REVOKE UPDATE ON SEQUENCE app.note_id_seq FROM $sys`},

	// Other ways to the rows.
	{"view as its owner", "RLS070", `CREATE VIEW app.notes AS SELECT * FROM app.note; GRANT SELECT ON app.notes TO $app`},
	{"view as its owner behind an invoker view", "RLS070", `CREATE VIEW app.inner_notes AS SELECT * FROM app.note; CREATE VIEW app.notes WITH (security_invoker) AS SELECT * FROM app.inner_notes;
		GRANT SELECT ON app.notes, app.inner_notes TO $app`},
	{"plan that reaches the rows as another role", "RLS022", `CREATE VIEW app.inner_notes AS SELECT * FROM app.note; CREATE VIEW app.notes WITH (security_invoker) AS SELECT * FROM app.inner_notes;
		GRANT SELECT ON app.notes, app.inner_notes TO $app`},
	{"security_invoker switched off", "RLS070", `CREATE VIEW app.notes WITH (security_invoker = false, security_barrier = true) AS SELECT count(*) FROM app.note; GRANT SELECT ON app.notes TO PUBLIC`},
	{"materialized view", "RLS071", `CREATE MATERIALIZED VIEW app.totals AS SELECT tenant_id, count(*) FROM app.note GROUP BY 1; GRANT SELECT ON app.totals TO $app`},
	{"materialized view without the column, through a view", "RLS071", `CREATE VIEW app.v AS SELECT body FROM app.note; CREATE MATERIALIZED VIEW app.bodies AS SELECT * FROM app.v; GRANT SELECT ON app.bodies TO $app`},
	{"foreign table", "RLS072", `CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE app.remote (tenant_id text) SERVER files OPTIONS (filename '/dev/null'); GRANT SELECT ON app.remote TO $app`},
	{"definer function", "RLS073", `CREATE FUNCTION app.peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT count(*) FROM app.note'`},
	{"aggregate made of a definer function nobody may call", "RLS073", `CREATE FUNCTION app.step(text, int) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT max(body) FROM app.note'; REVOKE EXECUTE ON FUNCTION app.step(text, int) FROM PUBLIC; CREATE AGGREGATE app.leak(int) (SFUNC = app.step, STYPE = text)`},
	{"definer procedure", "RLS073", `CREATE PROCEDURE app.wipe() LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'DELETE FROM app.note'; GRANT EXECUTE ON PROCEDURE app.wipe() TO $app`},
	{"definer function without search_path", "RLS074", `CREATE FUNCTION app.peek() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`},
	{"definer trigger", "RLS075", `CREATE FUNCTION app.log() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER log BEFORE INSERT ON app.note FOR EACH ROW EXECUTE FUNCTION app.log()`},
	{"definer trigger on a view", "RLS075", `CREATE VIEW app.n WITH (security_invoker) AS SELECT * FROM app.note; GRANT INSERT ON app.n TO $app;
		CREATE FUNCTION app.ins() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER ins INSTEAD OF INSERT ON app.n FOR EACH ROW EXECUTE FUNCTION app.ins()`},
	{"leakproof function", "RLS076", `CREATE FUNCTION app.tell(text) RETURNS bool LANGUAGE plpgsql LEAKPROOF AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END'`},
	{"rewrite rule", "RLS077", `CREATE RULE keep AS ON DELETE TO app.note DO ALSO UPDATE app.note SET body = '' WHERE id = OLD.id`},
	{"event trigger", "RLS078", `CREATE FUNCTION app.ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION app.ddl()`},
	{"partition granted", "RLS080", `CREATE TABLE app.event (tenant_id text NOT NULL, id int, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
		CREATE TABLE app.event_0 PARTITION OF app.event FOR VALUES WITH (MODULUS 1, REMAINDER 0); GRANT SELECT ON app.event_0 TO $app`},
	{"inheritance child granted", "RLS080", `CREATE TABLE app.old_note () INHERITS (app.note); GRANT SELECT ON app.old_note TO $app`},
	{"parent of a tenant table", "RLS081", `CREATE TABLE app.base (body text); ALTER TABLE app.note INHERIT app.base; GRANT SELECT ON app.base TO $app`},
	{"publication", "RLS082", `CREATE PUBLICATION notes FOR TABLE app.note`},
	{"publication with a row filter that is not about tenants", "RLS082", `ALTER TABLE app.note REPLICA IDENTITY FULL; CREATE PUBLICATION p FOR TABLE app.note WHERE (body IS NOT NULL)`},
	{"publication of everything", "RLS082", `CREATE PUBLICATION everything FOR ALL TABLES`},
	{"statements", "RLS083", `CREATE EXTENSION pg_stat_statements SCHEMA public`},

	// The server and the library's own schema.
	{"one tenant dominates", "RLS091", `INSERT INTO app.note (tenant_id, body) SELECT CASE WHEN i % 3 = 0 THEN 'big' ELSE 't' || i END, i FROM generate_series(1, 12000) i; ANALYZE app.note`},
	{"tenancy.id() replaced", "RLS092", `CREATE OR REPLACE FUNCTION tenancy.id() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT current_setting(''tenancy.scope'', true)'`},
	{"tenancy.id() trusts a long scope", "RLS092", `CREATE OR REPLACE FUNCTION tenancy.id() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT nullif(substr(current_setting(''tenancy.scope'', true), 90), '''')'`},
	{"tenancy.id() no definer", "RLS092", `ALTER FUNCTION tenancy.id() SECURITY INVOKER`},
	{"tenancy.id() volatile", "RLS092", `ALTER FUNCTION tenancy.id() VOLATILE`},
	{"tenancy.id() owned by the app", "RLS092", `GRANT CREATE ON SCHEMA tenancy TO $app; ALTER FUNCTION tenancy.id() OWNER TO $app; REVOKE CREATE ON SCHEMA tenancy FROM $app`},
	{"tenancy.fence_key() never the same", "RLS093", `CREATE OR REPLACE FUNCTION tenancy.fence_key(id text) RETURNS bigint LANGUAGE sql AS 'SELECT (random() * 1e9)::bigint'`},
	{"tenancy.fence() emptied", "RLS093", `CREATE OR REPLACE FUNCTION tenancy.fence() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NULL; END'`},
	{"keys readable", "RLS094", `GRANT SELECT ON tenancy.key TO $app`},
	{"tenants writable", "RLS094", `GRANT UPDATE (state) ON tenancy.tenant TO PUBLIC`},
	{"keys replaceable", "RLS094", `GRANT EXECUTE ON FUNCTION tenancy.install_keys(text[], bytea[], bytea[]) TO $app`},
	{"library table no longer forced", "RLS094", `ALTER TABLE tenancy.key NO FORCE ROW LEVEL SECURITY`},
}

func TestEveryHoleIsReportedByItsRule(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	covered := map[string]bool{"RLS090": true} // tested on its own
	ran := 0
	for _, h := range holes {
		t.Run(h.name, func(t *testing.T) {
			r := d.inspectWith(t, h.sql, d.cfg)
			var got []string
			for _, f := range r.Findings {
				got = append(got, f.Rule)
			}
			require.Contains(t, got, h.rule, "%s", r)
			covered[h.rule] = true
			ran++
		})
	}
	if ran == len(holes) { // not under -run of one
		for _, r := range rls.Rules() {
			require.True(t, covered[r.ID], "no hole shows that %s is reported", r.ID)
		}
		require.GreaterOrEqual(t, len(holes), 45)
	}
}

func TestTheGuardedDeskHasNoFinding(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for name, db := range map[string]rls.DB{"owner": d.owner, "superuser": d.admin} {
		r, err := rls.Inspect(t.Context(), db, d.cfg)
		require.NoError(t, err)
		require.Empty(t, r.Findings, "%s: %s", name, r)
	}
}

// Takes a second inspection per hole, so only in soak runs.
func TestTheStatementsOfAFindingMendIt(t *testing.T) {
	t.Parallel()
	if os.Getenv("BAILIWICK_SOAK") == "" {
		t.Skip("set BAILIWICK_SOAK=1")
	}
	d := newDesk(t)
	for _, h := range holes {
		t.Run(h.name, func(t *testing.T) {
			tx, err := d.admin.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer tx.Rollback()
			exec(t, tx, d.roles(h.sql))
			r, err := rls.Inspect(t.Context(), tx, d.cfg)
			require.NoError(t, err)
			mended := map[string]bool{}
			for _, f := range r.Findings {
				if f.Rule == h.rule && f.Fix != "" {
					exec(t, tx, f.Fix)
					mended[f.Object] = true
				}
			}
			if len(mended) == 0 {
				t.Skip("a person must decide")
			}
			r, err = rls.Inspect(t.Context(), tx, d.cfg)
			require.NoError(t, err)
			for _, f := range r.Findings {
				require.False(t, f.Rule == h.rule && mended[f.Object], "%s", r)
			}
		})
	}
}
