package rls_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

// guarded is what SQL prints for one more table, for statements of tests.
const guarded = `ALTER TABLE $t ENABLE ROW LEVEL SECURITY; ALTER TABLE $t FORCE ROW LEVEL SECURITY;
	CREATE POLICY tenancy_allow ON $t TO $app USING (true) WITH CHECK (true);
	CREATE TRIGGER tenancy_fence BEFORE INSERT OR UPDATE OR DELETE ON $t FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence();
	GRANT SELECT, INSERT, DELETE ON $t TO $app; GRANT SELECT, INSERT, UPDATE, DELETE ON $t TO $sys;`

// clean are things that are right, however unusual they look, on top of the guarded desk.
var clean = []struct {
	name, sql string
	change    func(*rls.Config)
}{
	{"view as its invoker", `CREATE VIEW app.pinned WITH (security_invoker = true) AS SELECT * FROM app.note WHERE pinned; GRANT SELECT ON app.pinned TO $app`, nil},
	{"view as its invoker over another", `CREATE VIEW app.a WITH (security_invoker) AS SELECT * FROM app.note; CREATE VIEW app.b WITH (security_invoker = on) AS SELECT body FROM app.a; GRANT SELECT ON app.a, app.b TO $app`, nil},
	{"view as its owner that the app cannot reach", `CREATE VIEW app.totals AS SELECT tenant_id, count(*) FROM app.note GROUP BY 1`, nil},
	{"view as its owner over shared tables", `CREATE VIEW app.countries AS SELECT code FROM country; GRANT SELECT ON app.countries TO $app`, nil},
	{"materialized view the app cannot reach", `CREATE MATERIALIZED VIEW app.totals AS SELECT count(*) FROM app.note`, nil},
	{"hoisted guard with casts and nullif", `ALTER POLICY tenancy_guard ON doc USING (tenant_id = (SELECT nullif((tenancy.id())::text, '')::uuid)) WITH CHECK (tenant_id = (SELECT nullif(tenancy.id(), '')::uuid))`, nil},
	{"guard the other way round", `ALTER POLICY tenancy_guard ON app.note USING ((SELECT tenancy.id()) = tenant_id) WITH CHECK ((SELECT tenancy.id()) = tenant_id)`, nil},
	{"guard with ANY", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = ANY (ARRAY[(SELECT tenancy.id())]))`, nil},
	{"guard with IN", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id IN (SELECT tenancy.id())) WITH CHECK (tenant_id = ANY (SELECT tenancy.id()))`, nil},
	{"guard with NULLIF", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT nullif(tenancy.id(), '')))`, nil},
	{"guard with IS NOT DISTINCT FROM", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id IS NOT DISTINCT FROM (SELECT tenancy.id()))`, nil},
	{"guard among conditions", `ALTER POLICY tenancy_guard ON app.note USING (CASE WHEN pinned THEN true ELSE body IS NOT NULL END AND note.tenant_id = (SELECT tenancy.id()::varchar) AND (pinned OR author = 'x'))`, nil},
	{"guard in each branch", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT tenancy.id()) AND pinned OR tenant_id = (SELECT tenancy.id()) AND NOT pinned)`, nil},
	{"chance, time and login that only narrow", `CREATE POLICY odd ON app.note AS RESTRICTIVE USING (now() > '2000-01-01' AND session_user <> 'x' OR random() < 0.5)`, nil},
	{"aggregates of built-in and plain functions", `CREATE AGGREGATE app.product(int) (SFUNC = int4mul, STYPE = int); CREATE FUNCTION app.step(text, text) RETURNS text LANGUAGE sql AS 'SELECT $1 || $2'; CREATE AGGREGATE app.cat(text) (SFUNC = app.step, STYPE = text)`, nil},
	{"guard without WITH CHECK of its own", `DROP POLICY tenancy_guard ON app.note; CREATE POLICY tenancy_guard ON app.note AS RESTRICTIVE USING (tenant_id = (SELECT tenancy.id()))`, nil},
	{"guard through a wrapper in SQL", `CREATE FUNCTION app.tenant() RETURNS text LANGUAGE sql STABLE AS 'SELECT tenancy.id()'; ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))`, nil},
	{"guard through a wrapper in standard SQL", `CREATE FUNCTION app.tenant() RETURNS uuid LANGUAGE sql STABLE RETURN tenancy.id()::uuid; ALTER POLICY tenancy_guard ON doc USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))`, nil},
	{"guard that selects from the scope", `ALTER POLICY tenancy_guard ON app.note USING (tenant_id = (SELECT s.id FROM tenancy.id() s(id)))`, nil},
	{"permissive policies that ask tables, under the guard", `DROP POLICY tenancy_allow ON app.comment; CREATE POLICY a ON app.comment TO $app USING (note_id IN (SELECT n.id FROM app.note n WHERE NOT n.pinned) OR EXISTS (SELECT FROM doc))`, nil},
	{"one guard per command", `DROP POLICY tenancy_guard ON app.note;
		CREATE POLICY s ON app.note AS RESTRICTIVE FOR SELECT USING (tenant_id = (SELECT tenancy.id()));
		CREATE POLICY i ON app.note AS RESTRICTIVE FOR INSERT WITH CHECK (tenant_id = (SELECT tenancy.id()));
		CREATE POLICY u ON app.note AS RESTRICTIVE FOR UPDATE USING (tenant_id = (SELECT tenancy.id())) WITH CHECK (tenant_id = (SELECT tenancy.id()));
		CREATE POLICY d ON app.note AS RESTRICTIVE FOR DELETE USING (tenant_id = (SELECT tenancy.id()))`, nil},
	{"permissive policies per command, narrower than the guard", `DROP POLICY tenancy_allow ON app.note;
		CREATE POLICY r ON app.note FOR SELECT TO $app USING (true);
		CREATE POLICY w ON app.note FOR INSERT TO $app WITH CHECK (NOT pinned);
		CREATE POLICY u ON app.note FOR UPDATE TO $app USING (NOT pinned) WITH CHECK (body <> '');
		CREATE POLICY d ON app.note FOR DELETE TO $app USING (NOT pinned)`, nil},
	{"USING (true) for another role's reports", `CREATE ROLE "$app_r" NOLOGIN; CREATE POLICY report ON app.note FOR SELECT TO "$app_r" USING (true)`, nil},
	{"a second, narrower restriction by an unsigned setting", `CREATE POLICY mine ON app.note AS RESTRICTIVE TO $app USING (author IS NULL OR author = (SELECT current_setting('app.user', true)))`, nil},
	{"a literal that narrows", `CREATE POLICY live ON app.note AS RESTRICTIVE FOR SELECT USING (body <> 'deleted' AND NOT pinned)`, nil},
	{"extra permissive policy under the guard", `CREATE POLICY anyone ON app.note FOR SELECT USING (true)`, nil},
	{"partial unique index with tenant", `CREATE UNIQUE INDEX ON app.note (tenant_id, author) WHERE pinned`, nil},
	{"unique index with the tenant last", `CREATE UNIQUE INDEX ON app.note (author, tenant_id)`, nil},
	{"exclusion with tenant", `ALTER TABLE app.note ADD EXCLUDE USING btree (tenant_id WITH =, author WITH =)`, nil},
	{"foreign key to a shared table", `ALTER TABLE app.note ADD country text REFERENCES country (code) ON DELETE SET NULL`, nil},
	{"foreign key with the tenant second", `ALTER TABLE app.note ADD CONSTRAINT x UNIQUE (id, tenant_id); ALTER TABLE app.comment ADD FOREIGN KEY (note_id, tenant_id) REFERENCES app.note (id, tenant_id)`, nil},
	{"foreign key to the tenants", `ALTER TABLE app.note ADD FOREIGN KEY (tenant_id) REFERENCES tenancy.tenant (id)`, nil},
	{"definer function the app cannot call", `CREATE FUNCTION app.sweep() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM app.note'; REVOKE EXECUTE ON FUNCTION app.sweep() FROM PUBLIC; GRANT EXECUTE ON FUNCTION app.sweep() TO $sys`, nil},
	{"invoker trigger", `CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER touch BEFORE UPDATE ON app.note FOR EACH ROW EXECUTE FUNCTION app.touch()`, nil},
	{"fence in three triggers", `DROP TRIGGER tenancy_fence ON app.note; CREATE TRIGGER a BEFORE INSERT ON app.note EXECUTE FUNCTION tenancy.fence();
		CREATE TRIGGER b BEFORE UPDATE ON app.note EXECUTE FUNCTION tenancy.fence(); CREATE TRIGGER c BEFORE DELETE ON app.note EXECUTE FUNCTION tenancy.fence()`, nil},
	{"table the app cannot reach", `CREATE TABLE app.internal (id int, tenant text)`, nil},
	{"table of the system role", `CREATE TABLE app.job (id int PRIMARY KEY, tenant_id text); GRANT ALL ON app.job TO $sys`, nil},
	{"grants to an unrelated role", `CREATE ROLE "$app_o" NOLOGIN BYPASSRLS; GRANT ALL ON app.note TO "$app_o"; GRANT pg_read_all_data TO "$app_o"`, nil},
	{"app in a harmless group", `CREATE ROLE "$app_h" NOLOGIN; GRANT "$app_h" TO $app; GRANT SELECT ON app.note TO "$app_h"`, nil},
	{"the owner may become the app", `GRANT $app TO $owner`, nil},
	{"generated column", `ALTER TABLE app.note ADD size int GENERATED ALWAYS AS (length(body)) STORED`, nil},
	{"partitioned table", `CREATE TABLE app.event (tenant_id text NOT NULL DEFAULT tenancy.claimed(), id bigint GENERATED BY DEFAULT AS IDENTITY, at timestamptz, PRIMARY KEY (tenant_id, id, at)) PARTITION BY RANGE (at); GRANT ALL ON SEQUENCE app.event_id_seq TO $sys;
		CREATE TABLE app.event_1 PARTITION OF app.event DEFAULT;` + on("app.event") + `CREATE POLICY tenancy_guard ON app.event AS RESTRICTIVE USING (tenant_id = (SELECT tenancy.id()))`, nil},
	{"table partitioned by tenant", `CREATE TABLE app.event (tenant_id text NOT NULL DEFAULT tenancy.claimed(), id uuid, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
		CREATE TABLE app.event_0 PARTITION OF app.event FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE app.event_1 PARTITION OF app.event FOR VALUES WITH (MODULUS 2, REMAINDER 1);` +
		on("app.event") + `CREATE POLICY tenancy_guard ON app.event AS RESTRICTIVE USING (tenant_id = (SELECT tenancy.id()))`, nil},
	{"domain as tenant column", `CREATE DOMAIN app.tenant AS text CHECK (VALUE ~ '^t[0-9]+$'); CREATE TABLE app.d (tenant_id app.tenant NOT NULL DEFAULT tenancy.claimed(), id int, PRIMARY KEY (tenant_id, id));` +
		on("app.d") + `CREATE POLICY tenancy_guard ON app.d AS RESTRICTIVE USING (tenant_id = (SELECT tenancy.id()))`, nil},
	{"domain that forbids NULL", `CREATE DOMAIN app.tenant AS uuid NOT NULL; CREATE TABLE app.d (tenant_id app.tenant DEFAULT tenancy.claimed()::uuid, id int, PRIMARY KEY (tenant_id, id));` +
		on("app.d") + `CREATE POLICY tenancy_guard ON app.d AS RESTRICTIVE USING (tenant_id = (SELECT tenancy.id())::uuid)`, nil},
	{"varchar as tenant column", `CREATE TABLE app.v (tenant_id varchar(63) NOT NULL DEFAULT tenancy.claimed(), id int, PRIMARY KEY (tenant_id, id));` +
		on("app.v") + `CREATE POLICY tenancy_guard ON app.v AS RESTRICTIVE USING (tenant_id = (SELECT tenancy.id()))`, nil},
	{"number as tenant column", `CREATE TABLE app.n (tenant_id bigint NOT NULL DEFAULT tenancy.claimed()::bigint, id int, PRIMARY KEY (tenant_id, id));` +
		on("app.n") + `CREATE POLICY tenancy_guard ON app.n AS RESTRICTIVE USING (tenant_id = (SELECT tenancy.id())::bigint)`, nil},
	{"names that need quotes", `CREATE SCHEMA "Weird schema"; CREATE TABLE "Weird schema"."select ""it""" ("Org id" text NOT NULL DEFAULT tenancy.claimed(), "order" int, PRIMARY KEY ("Org id", "order"));` +
		on(`"Weird schema"."select ""it"""`) + `CREATE POLICY tenancy_guard ON "Weird schema"."select ""it""" AS RESTRICTIVE USING ("Org id" = (SELECT tenancy.id()))`,
		func(c *rls.Config) {
			c.Tables = append(c.Tables, rls.Table{Name: `"Weird schema"."select ""it"""`, Column: `"Org id"`})
		}},
	{"a log that is only added to", `REVOKE ALL ON app.note FROM $app; GRANT SELECT, INSERT ON app.note TO $app; DROP POLICY tenancy_allow ON app.note;
		CREATE POLICY r ON app.note FOR SELECT TO $app USING (true); CREATE POLICY w ON app.note FOR INSERT TO $app WITH CHECK (true)`, nil},
	{"a table that is only read", `REVOKE ALL ON doc FROM $app; GRANT SELECT ON doc TO $app; ALTER TABLE doc ALTER tenant_id DROP DEFAULT; DROP TRIGGER tenancy_fence ON doc`, nil},
	{"publication with a row filter", `ALTER TABLE app.note REPLICA IDENTITY FULL; CREATE PUBLICATION one FOR TABLE app.note WHERE (tenant_id = 'acme')`, nil},
	{"publication of a shared table", `CREATE PUBLICATION countries FOR TABLE country`, nil},
	{"settings that do not matter", `ALTER ROLE $app SET statement_timeout = '5s'; ALTER ROLE $app SET search_path = app, public; ALTER DATABASE $db SET timezone = 'UTC'`, nil},
	{"default privileges for the system role", `ALTER DEFAULT PRIVILEGES FOR ROLE $owner GRANT ALL ON TABLES TO $sys`, nil},
	{"extensions", `CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION btree_gist SCHEMA public`, nil},
	{"guard next to a subquery on a tenant table", `CREATE POLICY seen ON app.comment AS RESTRICTIVE FOR SELECT USING (EXISTS (SELECT FROM app.note n WHERE n.tenant_id = comment.tenant_id AND n.id = comment.note_id))`, nil},
	{"constants that look like calls", `CREATE POLICY odd ON app.note AS RESTRICTIVE FOR SELECT USING (body IS DISTINCT FROM 'tenancy.id() OR current_setting(''app.x'')' AND body IS DISTINCT FROM E'\\'' OR true --')`, nil},
	{"shared table with row-level security", `ALTER TABLE country ENABLE ROW LEVEL SECURITY; CREATE POLICY r ON country FOR SELECT USING (true)`, nil},
	{"rule on a view", `CREATE VIEW app.n WITH (security_invoker) AS SELECT * FROM app.note; CREATE RULE r AS ON INSERT TO app.n DO INSTEAD NOTHING; GRANT SELECT, INSERT ON app.n TO $app`, nil},
}

// on returns what guards one more table, without its guard.
func on(table string) string { return replaceAll(guarded, "$t", table) }

func TestNothingThatIsRightIsAccused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	require.GreaterOrEqual(t, len(clean), 15)
	for _, c := range clean {
		t.Run(c.name, func(t *testing.T) {
			cfg := d.cfg
			if c.change != nil {
				c.change(&cfg)
			}
			r := d.inspectWith(t, c.sql, cfg)
			require.Empty(t, r.Findings, "%s", r)
		})
	}
}
