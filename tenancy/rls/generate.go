package rls

import (
	"fmt"
	"slices"
	"strings"
)

// SQL returns the statements that keep tenants apart in the tables of cfg: forced row-level security
// with a restrictive guard, the write fence, and exactly the privileges the app role needs. Run them
// as the owner of the tables, after the tables exist and package tenantdb/postgres has set up the schema
// tenancy. They may be run again: each table's are one statement, so that none is ever half guarded,
// and whatever privileges the app role or PUBLIC had on it before are taken back.
//
// Statements that a migration tool must not split at semicolons are marked for goose.
func SQL(cfg Config) (string, error) {
	c, err := cfg.parse()
	if err != nil {
		return "", err
	}
	return c.print(func(step) bool { return true }), nil
}

// step is one statement and how to see in a catalogue that it is not needed.
type step struct {
	sql  string
	done func(*catalogue) bool
}

// print writes the steps that are needed, a table's as one block.
func (c *config) print(needed func(step) bool) string {
	var b strings.Builder
	for _, s := range c.databaseSteps() {
		if needed(s) {
			b.WriteString(s.sql + "\n")
		}
	}
	for _, t := range c.tables {
		var lines []string
		for _, s := range c.tableSteps(t) {
			if needed(s) {
				lines = append(lines, s.sql)
			}
		}
		if lines != nil {
			b.WriteString("\n" + block(fmt.Sprintf("-- %v", t.name), lines))
		}
	}
	for _, n := range c.shared {
		if s := c.sharedStep(n); needed(s) {
			b.WriteString("\n" + s.sql + "\n")
		}
	}
	return b.String()
}

// block wraps statements into one that happens as a whole.
func block(comment string, lines []string) string {
	body := strings.Join(lines, "\n")
	tag := "$tenancy$"
	for i := 1; strings.Contains(body, tag); i++ {
		tag = fmt.Sprintf("$tenancy%d$", i)
	}
	return fmt.Sprintf("%s\n-- +goose StatementBegin\nDO %s\nBEGIN\n  %s\nEND\n%s;\n-- +goose StatementEnd\n",
		strings.ReplaceAll(comment, "\n", " "), tag, strings.ReplaceAll(body, "\n", "\n  "), tag)
}

func (c *config) databaseSteps() []step {
	app := quote(c.app)
	steps := []step{
		{strings.TrimRight(block("-- the database", []string{
			fmt.Sprintf("EXECUTE pg_catalog.format(%s, pg_catalog.current_database());",
				literal("REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC, "+strings.ReplaceAll(app, "%", "%%")))}), "\n"),
			func(k *catalogue) bool { return !k.server.Temporary && !k.server.Create }},
		{fmt.Sprintf("GRANT USAGE ON SCHEMA tenancy TO %s;\nGRANT EXECUTE ON FUNCTION tenancy.id(), tenancy.claimed() TO %s;", app, app),
			func(k *catalogue) bool { return k.usable["tenancy"] && k.callable("id") && k.callable("claimed") }},
	}
	var schemas []string
	for _, t := range c.tables {
		schemas = append(schemas, t.schema)
	}
	for _, n := range c.shared {
		schemas = append(schemas, n.schema)
	}
	slices.Sort(schemas)
	for _, s := range slices.Compact(schemas) {
		q := quote(s)
		steps = append(steps,
			step{fmt.Sprintf("REVOKE CREATE ON SCHEMA %s FROM PUBLIC, %s;\nGRANT USAGE ON SCHEMA %s TO %s;", q, app, q, c.users()),
				func(k *catalogue) bool { return !k.mayCreateIn(s) && k.usable[s] }},
			step{fmt.Sprintf("ALTER DEFAULT PRIVILEGES IN SCHEMA %s REVOKE ALL ON TABLES FROM PUBLIC, %s;\n"+
				"ALTER DEFAULT PRIVILEGES IN SCHEMA %s REVOKE ALL ON SEQUENCES FROM PUBLIC, %s;", q, app, q, app),
				func(k *catalogue) bool { return !k.handsOut(s) }})
	}
	return steps
}

// users are the roles that use tables.
func (c *config) users() string {
	if c.system == "" {
		return quote(c.app)
	}
	return quote(c.app) + ", " + quote(c.system)
}

// scope is the expression a tenant column is compared with.
func (t Type) scope() string {
	if t == UUID {
		return "(SELECT tenancy.id())::uuid"
	}
	return "(SELECT tenancy.id())"
}

// initial is the default of a tenant column: what the scope claims to be. It is evaluated once a row and
// verifies nothing; the guard does.
func (t Type) initial() string {
	if t == UUID {
		return "tenancy.claimed()::uuid"
	}
	return "tenancy.claimed()"
}

func (c *config) tableSteps(t table) []step {
	app, tbl, col := quote(c.app), t.String(), quote(t.column)
	rule := fmt.Sprintf("%s = %s", col, t.typ.scope())
	return []step{
		{fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;", tbl, col),
			func(k *catalogue) bool { x := k.column(t); return x != nil && x.NotNull }},
		{fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s;", tbl, col, t.typ.initial()),
			func(k *catalogue) bool { x := k.column(t); return x != nil && isScopeDefault(x.Default) }},
		{fmt.Sprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY;", tbl),
			func(k *catalogue) bool { return k.relation(t.name).Enabled }},
		{fmt.Sprintf("ALTER TABLE %s FORCE ROW LEVEL SECURITY;", tbl),
			func(k *catalogue) bool { return k.relation(t.name).Forced }},
		{fmt.Sprintf("DROP POLICY IF EXISTS tenancy_guard ON %s;\nCREATE POLICY tenancy_guard ON %s AS RESTRICTIVE FOR ALL TO PUBLIC\n  USING (%s)\n  WITH CHECK (%s);", tbl, tbl, rule, rule),
			func(k *catalogue) bool { return k.hasGuard(t) }},
		{fmt.Sprintf("DROP POLICY IF EXISTS tenancy_allow ON %s;\nCREATE POLICY tenancy_allow ON %s AS PERMISSIVE FOR ALL TO %s\n  USING (true) WITH CHECK (true);", tbl, tbl, app),
			func(k *catalogue) bool { return k.hasAllow(t) }},
		{fmt.Sprintf("CREATE OR REPLACE TRIGGER tenancy_fence BEFORE INSERT OR UPDATE OR DELETE ON %s\n  FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence();\nALTER TABLE %s ENABLE TRIGGER tenancy_fence;", tbl, tbl),
			func(k *catalogue) bool { return k.fence(k.relation(t.name).OID) == fenceSound }},
		{c.grants(t), func(k *catalogue) bool { return k.grantsAreExactly(c, t) }},
	}
}

// grants gives the app role what t.privileges say and nothing else.
func (c *config) grants(t table) string {
	app, tbl := quote(c.app), t.String()
	lines := []string{fmt.Sprintf("REVOKE ALL ON TABLE %s FROM PUBLIC, %s;", tbl, app)}
	whole := slices.DeleteFunc(slices.Clone(t.privileges), func(p string) bool { return p == "UPDATE" })
	if len(whole) > 0 {
		lines = append(lines, fmt.Sprintf("GRANT %s ON TABLE %s TO %s;", strings.Join(whole, ", "), tbl, app))
	}
	if len(whole) < len(t.privileges) {
		lines = append(lines, fmt.Sprintf("EXECUTE coalesce((SELECT 'GRANT UPDATE (' || pg_catalog.string_agg(pg_catalog.quote_ident(attname), ', ' ORDER BY attnum)\n"+
			"    || %s\n"+
			"  FROM pg_catalog.pg_attribute WHERE attrelid = %s::pg_catalog.regclass\n"+
			"    AND attnum > 0 AND NOT attisdropped AND attname <> %s), '');",
			literal(fmt.Sprintf(") ON TABLE %s TO %s", tbl, app)), literal(tbl), literal(t.column)))
	}
	lines = append(lines, c.systemGrants(t)...)
	return strings.Join(lines, "\n")
}

// systemGrants gives the system role what it needs to move and purge a tenant's rows.
func (c *config) systemGrants(t table) []string {
	if c.system == "" {
		return nil
	}
	tbl := t.String()
	return []string{
		fmt.Sprintf("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %s TO %s;", tbl, quote(c.system)),
		// A tenant that moves in brings values that the table's own sequences have to pass.
		fmt.Sprintf("EXECUTE coalesce((SELECT pg_catalog.string_agg('GRANT USAGE, SELECT, UPDATE ON SEQUENCE ' || d.objid::pg_catalog.regclass || %s, '; ')\n"+
			"  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'\n"+
			"  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = %s::pg_catalog.regclass AND d.deptype IN ('a', 'i')), '');",
			literal(" TO "+quote(c.system)), literal(tbl)),
	}
}

func (c *config) sharedStep(n name) step {
	sql := fmt.Sprintf("REVOKE ALL ON TABLE %v FROM PUBLIC, %s;\nGRANT SELECT ON TABLE %v TO %s;", n, quote(c.app), n, quote(c.app))
	if c.system != "" {
		sql += fmt.Sprintf("\nGRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %v TO %s;", n, quote(c.system))
	}
	return step{sql, func(k *catalogue) bool { return k.onlyReadable(n) }}
}
