package rls_test

import (
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

func g(x string) string {
	return `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) OR ` + x + `)`
}
func gg(x string) string { return `ALTER POLICY tenancy_guard ON app.note USING (` + x + `)` }

var zz = []struct{ name, sql string }{
	{"definer in tenancy schema", `CREATE FUNCTION tenancy.leak() RETURNS SETOF app.note LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM app.note'; GRANT EXECUTE ON FUNCTION tenancy.leak() TO $app`},
	{"overload of id in tenancy", `CREATE FUNCTION tenancy.id(x int) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT id FROM tenancy.tenant LIMIT 1'; GRANT EXECUTE ON FUNCTION tenancy.id(int) TO $app`},
	{"fence_key random", `CREATE OR REPLACE FUNCTION tenancy.fence_key(id text) RETURNS bigint LANGUAGE sql AS 'SELECT (random()*1e9)::bigint'`},
	{"claimed is a definer leak", `CREATE OR REPLACE FUNCTION tenancy.claimed() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT body FROM app.note LIMIT 1'`},
	{"install_keys to PUBLIC", `GRANT EXECUTE ON FUNCTION tenancy.install_keys(text[], bytea[], bytea[]) TO PUBLIC`},
	{"aggregate with definer sfunc", `CREATE FUNCTION app.sf(text, int) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT string_agg(body, '','') FROM app.note'; REVOKE EXECUTE ON FUNCTION app.sf(text, int) FROM PUBLIC; CREATE AGGREGATE app.leak(int) (SFUNC = app.sf, STYPE = text); GRANT USAGE ON SCHEMA app TO $app`},
	{"publication filter not tenant", `ALTER TABLE app.note REPLICA IDENTITY FULL; CREATE PUBLICATION p FOR TABLE app.note WHERE (body IS NOT NULL)`},
	{"publication of schema", `CREATE PUBLICATION p FOR TABLES IN SCHEMA app`},
	{"fence UPDATE OF column", `DROP TRIGGER tenancy_fence ON app.note; CREATE TRIGGER tenancy_fence BEFORE INSERT OR DELETE OR UPDATE OF body ON app.note FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence()`},
	{"fence WHEN false", `DROP TRIGGER tenancy_fence ON app.note; CREATE TRIGGER tenancy_fence BEFORE INSERT OR DELETE OR UPDATE ON app.note FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION tenancy.fence()`},
	{"fence per row", `DROP TRIGGER tenancy_fence ON app.note; CREATE TRIGGER tenancy_fence BEFORE INSERT OR DELETE OR UPDATE ON app.note FOR EACH ROW EXECUTE FUNCTION tenancy.fence()`},
	{"session_user", g(`session_user = '$app'`)},
	{"session_user ne", g(`session_user <> 'postgres'`)},
	{"current_user", g(`current_user = '$app'`)},
	{"time", g(`now() > '2030-01-01'`)},
	{"current_date", g(`CURRENT_DATE > '2030-01-01'`)},
	{"client addr", g(`inet_client_addr() = '10.0.0.1'`)},
	{"client addr null", g(`inet_client_addr() IS NOT NULL AND inet_client_addr() << '10.0.0.0/8'`)},
	{"random", g(`random() < 0.00001`)},
	{"backend pid", g(`pg_backend_pid() % 100 = 3`)},
	{"hour", g(`extract(hour from clock_timestamp()) = 3 AND extract(minute from clock_timestamp()) = 61`)},
	{"three columns", g(`(pinned AND author = 'robot' AND body = 'x')`)},
	{"number greater", g(`id > 1000000`)},
	{"number modulo", g(`id % 7 = 3`)},
	{"length", g(`length(body) > 20`)},
	{"regex", g(`body ~ '^shared[0-9]+'`)},
	{"like middle", g(`body LIKE '%#public#%'`)},
	{"not equal", g(`author <> 'someone'`)},
	{"jsonb flag", `ALTER TABLE app.note ADD meta jsonb; ` + g(`meta ->> 'public' = 'yes'`)},
	{"jsonb contains", `ALTER TABLE app.note ADD meta jsonb; ` + g(`meta @> '{"public": true}'`)},
	{"jsonb has key", `ALTER TABLE app.note ADD meta jsonb; ` + g(`meta ? 'public'`)},
	{"array contains", `ALTER TABLE app.note ADD tags text[]; ` + g(`tags @> ARRAY['public']`)},
	{"array any", `ALTER TABLE app.note ADD tags text[]; ` + g(`'public' = ANY (tags)`)},
	{"array of ints", `ALTER TABLE app.note ADD levels int[]; ` + g(`5 = ANY (levels)`)},
	{"array of tenants", `ALTER TABLE app.note ADD also text[]; ` + g(`(SELECT tenancy.id()) = ANY (also)`)},
	{"other column names tenant", g(`author = (SELECT tenancy.id())`)},
	{"date past", `ALTER TABLE app.note ADD pub timestamptz; ` + g(`pub < now()`)},
	{"date literal", `ALTER TABLE app.note ADD pub timestamptz; ` + g(`pub > '2999-12-31'`)},
	{"range", `ALTER TABLE app.note ADD span int4range; ` + g(`span @> 5`)},
	{"bytea", `ALTER TABLE app.note ADD h bytea; ` + g(`h = '\x01'`)},
	{"inet col", `ALTER TABLE app.note ADD ip inet; ` + g(`ip << '10.0.0.0/8'`)},
	{"bit", `ALTER TABLE app.note ADD b bit(3); ` + g(`b & B'100' = B'100'`)},
	{"bitmask", `ALTER TABLE app.note ADD flags int NOT NULL DEFAULT 0; ` + g(`flags & 8 = 8`)},
	{"greater", gg(`tenant_id >= (SELECT tenancy.id())`)},
	{"less", gg(`tenant_id <= (SELECT tenancy.id())`)},
	{"reverse prefix", gg(`(SELECT tenancy.id()) LIKE tenant_id || '%'`)},
	{"like id", gg(`tenant_id LIKE (SELECT tenancy.id())`)},
	{"regex id", gg(`tenant_id ~ (SELECT tenancy.id())`)},
	{"position", gg(`position((SELECT tenancy.id()) in tenant_id) > 0`)},
	{"reverse position", gg(`strpos((SELECT tenancy.id()), tenant_id) > 0`)},
	{"split dash", gg(`tenant_id = split_part((SELECT tenancy.id()), '-', 1)`)},
	{"split dash of column", gg(`split_part(tenant_id, '-', 1) = split_part((SELECT tenancy.id()), '-', 1)`)},
	{"left id 20", gg(`tenant_id = left((SELECT tenancy.id()), 20)`)},
	{"right", gg(`right(tenant_id, 4) = right((SELECT tenancy.id()), 4)`)},
	{"translate", gg(`translate(tenant_id, '-_', '') = translate((SELECT tenancy.id()), '-_', '')`)},
	{"hash bucket", gg(`hashtext(tenant_id) % 16 = hashtext((SELECT tenancy.id())) % 16`)},
	{"length eq", gg(`length(tenant_id) = length((SELECT tenancy.id()))`)},
	{"rtrim digits", gg(`rtrim(tenant_id, '0123456789') = rtrim((SELECT tenancy.id()), '0123456789')`)},
	{"ltrim zero", gg(`ltrim(tenant_id, '0') = ltrim((SELECT tenancy.id()), '0')`)},
	{"char cast", gg(`tenant_id::char(10) = (SELECT tenancy.id())::char(10)`)},
	{"name cast", gg(`tenant_id::name = (SELECT tenancy.id())::name`)},
	{"matview shared", `CREATE MATERIALIZED VIEW app.mv AS SELECT * FROM app.note; GRANT SELECT ON app.mv TO $app`},
	{"view shared owner", `CREATE VIEW app.vw AS SELECT * FROM app.note; GRANT SELECT ON app.vw TO $app`},
	{"pg_signal_backend", `GRANT pg_signal_backend TO $app`},
	{"pg_checkpoint", `GRANT pg_checkpoint TO $app`},
	{"fdw usage", `CREATE EXTENSION postgres_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO $app`},
	{"pg_subscription", `GRANT SELECT ON pg_subscription TO $app`},
	{"pg_user_mapping", `GRANT SELECT ON pg_user_mapping TO $app`},
	{"pg_largeobject", `GRANT SELECT ON pg_largeobject TO $app`},
	{"pg_ls_dir", `GRANT EXECUTE ON FUNCTION pg_ls_dir(text) TO $app`},
	{"pg_reload_conf", `GRANT EXECUTE ON FUNCTION pg_reload_conf() TO $app`},
	{"lo_export", `GRANT EXECUTE ON FUNCTION lo_export(oid, text) TO $app`},
	{"walinspect", `CREATE EXTENSION pg_walinspect; GRANT EXECUTE ON FUNCTION pg_get_wal_records_info(pg_lsn, pg_lsn) TO $app`},
	{"pgrowlocks", `CREATE EXTENSION pgrowlocks; GRANT EXECUTE ON FUNCTION pgrowlocks(text) TO $app; GRANT pg_stat_scan_tables TO $app`},
	{"database row_security off", `ALTER DATABASE $db SET row_security = off`},
	{"view column of definer function", `CREATE FUNCTION app.peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM app.note'; REVOKE EXECUTE ON FUNCTION app.peek() FROM PUBLIC; CREATE VIEW app.pv WITH (security_invoker) AS SELECT app.peek(); GRANT SELECT ON app.pv TO $app`},
	{"citext tenant", `CREATE EXTENSION citext SCHEMA public; CREATE TABLE app.ct (tenant_id citext NOT NULL DEFAULT tenancy.claimed(), id int, PRIMARY KEY (tenant_id, id)); ALTER TABLE app.ct ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY a ON app.ct USING (true); CREATE POLICY tenancy_guard ON app.ct AS RESTRICTIVE USING (tenant_id = (SELECT tenancy.id())::citext); GRANT SELECT ON app.ct TO $app`},
	{"char tenant", `CREATE TABLE app.ct (tenant_id char(10) NOT NULL DEFAULT tenancy.claimed(), id int, PRIMARY KEY (tenant_id, id)); ALTER TABLE app.ct ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY a ON app.ct USING (true); CREATE POLICY tenancy_guard ON app.ct AS RESTRICTIVE USING (tenant_id = (SELECT tenancy.id())::char(10)); GRANT SELECT ON app.ct TO $app`},
	{"varchar tenant cut", `CREATE TABLE app.ct (tenant_id varchar(10) NOT NULL DEFAULT tenancy.claimed(), id int, PRIMARY KEY (tenant_id, id)); ALTER TABLE app.ct ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY a ON app.ct USING (true); CREATE POLICY tenancy_guard ON app.ct AS RESTRICTIVE USING (tenant_id = (SELECT tenancy.id())::varchar(10)); GRANT SELECT ON app.ct TO $app`},
	{"temp-like sequence in default", `CREATE SEQUENCE app.s; GRANT USAGE ON app.s TO PUBLIC`},
	{"identity to PUBLIC select", `GRANT SELECT (body) ON app.note TO PUBLIC`},
	{"xml query", g(`query_to_xml('SELECT 1 FROM country', true, true, '')::text LIKE '%row%'`)},
	{"catalog ask", g(`EXISTS (SELECT FROM pg_class WHERE relname = 'debug_on')`)},
	{"to_regclass", g(`to_regclass('app.debug_on') IS NOT NULL`)},
	{"advisory", g(`pg_try_advisory_xact_lock(1) IS NULL`)},
	{"application_name", g(`current_setting('application_name') = 'psql'`)},
	{"isolation", g(`current_setting('transaction_isolation') = 'serializable'`)},
	{"current_schema", g(`current_schema() = 'app'`)},
	{"current_schemas", g(`'app' = ANY (current_schemas(false))`)},
	{"current_query", g(`current_query() LIKE '%/* admin */%'`)},
	{"pg_conf_load_time", g(`pg_postmaster_start_time() < '2000-01-01'`)},
	{"has_table_privilege", g(`has_table_privilege('country', 'DELETE')`)},
	{"pg_has_role", g(`pg_has_role('$owner', 'MEMBER')`)},
	{"txid", g(`txid_current() % 1000 = 7`)},
	{"in_recovery", g(`pg_is_in_recovery()`)},
	{"getdatabaseencoding", g(`current_database() = 'other'`)},
	{"row to text", g(`note::text LIKE '%magic%'`)},
	{"ctid", g(`ctid = '(0,1)'`)},
	{"tableoid", g(`tableoid = 0`)},
	{"xmin", g(`xmin::text::bigint % 1000 = 3`)},
}

func TestZZ(t *testing.T) {
	d := newDesk(t)
	_ = rls.Error
	for _, c := range zz {
		func() {
			tx, err := d.admin.Begin()
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback()
			if _, err := tx.Exec(d.roles(c.sql)); err != nil {
				t.Logf("%-30s SQL %v", c.name, err)
				return
			}
			cfg := d.cfg
			if c.name == "matview shared" {
				cfg.Shared = append([]string{"app.mv"}, cfg.Shared...)
			}
			if c.name == "view shared owner" {
				cfg.Shared = append([]string{"app.vw"}, cfg.Shared...)
			}
			r, err := rls.Inspect(t.Context(), tx, cfg)
			if err != nil {
				t.Logf("%-30s INSPECT %v", c.name, err)
				return
			}
			var ids []string
			for _, f := range r.Findings {
				ids = append(ids, f.Rule+"/"+f.Severity.String()[:1])
			}
			mark := ""
			if len(ids) == 0 {
				mark = "  <<<<<<<< MISSED"
			}
			t.Logf("%-30s %s%s", c.name, strings.Join(ids, " "), mark)
		}()
	}
}
