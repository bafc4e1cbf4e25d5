package tenancytest

import (
	"slices"
	"strings"
)

func (m *mutator) onViews() (out []mutation) {
	if !m.about.Bypass { // a view of a role for which the guard holds shows it nothing
		return nil
	}
	made := func(id, name, create, drop string) {
		if t := m.next(nil); t != nil {
			out = append(out, mutation{id, t.Name, m.fill(t, []string{create, "GRANT SELECT ON " + name + " TO {app}"}), m.fill(t, []string{drop}), []string{name}})
		}
	}
	const v = "public.tenancytest_view"
	made("view.definer", v, "CREATE VIEW "+v+" AS SELECT * FROM {t}", "DROP VIEW IF EXISTS "+v)
	made("view.barrier", v, "CREATE VIEW "+v+" WITH (security_barrier = true) AS SELECT * FROM {t} WHERE {c} IS NOT NULL", "DROP VIEW IF EXISTS "+v)
	made("view.count", v, "CREATE VIEW "+v+" AS SELECT count(*) AS n FROM {t}", "DROP VIEW IF EXISTS "+v)
	made("view.materialized", v, "CREATE MATERIALIZED VIEW "+v+" AS SELECT * FROM {t}", "DROP MATERIALIZED VIEW IF EXISTS "+v)
	if t := m.next(func(t *table) bool {
		return t.Kind == "r" && slices.ContainsFunc(t.Columns, func(c column) bool { return c.Update })
	}); t != nil {
		out = append(out, mutation{"view.writable", t.Name, m.fill(t, []string{"CREATE VIEW " + v + " AS SELECT * FROM {t}", "GRANT SELECT, DELETE ON " + v + " TO {app}"}),
			[]string{"DROP VIEW IF EXISTS " + v}, []string{v}})
	}
	for _, x := range m.about.Views[:min(1, len(m.about.Views))] {
		out = append(out, mutation{"view.invoker", x.Name,
			[]string{"ALTER VIEW " + x.Name + " SET (security_invoker = false)", "ALTER VIEW " + x.Name + " OWNER TO " + m.about.Me},
			[]string{"ALTER VIEW " + x.Name + " OWNER TO " + x.Definition, "ALTER VIEW " + x.Name + " SET (security_invoker = true)"}, []string{x.Name}})
	}
	return out
}

func (m *mutator) onFunctions() (out []mutation) {
	if !m.about.Bypass {
		return nil
	}
	// A column that finds a row, and one that does not.
	pick := func(t *table) (key, other column, ok bool) {
		for _, c := range t.Columns {
			switch {
			case c.Name == t.tenant.Name:
			case t.unique(c.Name) && key.Name == "" && (c.Base == "bigint" || c.Base == "uuid" || c.Base == "text"):
				key = c
			case !t.unique(c.Name) && (other.Name == "" || c.Category == "S"):
				other = c
			}
		}
		return key, other, key.Name != "" && other.Name != "" && t.Kind == "r"
	}
	made := func(id, name, args string, create func(t *table, key, other column) string) {
		if t := m.next(func(t *table) bool { _, _, ok := pick(t); return ok }); t != nil {
			key, other, _ := pick(t)
			sign := strings.ReplaceAll(args, "{key}", key.Type)
			out = append(out, mutation{id, t.Name,
				m.fill(t, []string{strings.ReplaceAll(create(t, key, other), "{key}", key.Type), "GRANT EXECUTE ON FUNCTION " + name + "(" + sign + ") TO {app}"}),
				[]string{"DROP FUNCTION IF EXISTS " + name + "(" + sign + ")"}, []string{name}})
		}
	}
	const f = "public.tenancytest_f"
	made("function.rows", f, "", func(*table, column, column) string {
		return "CREATE FUNCTION " + f + "() RETURNS SETOF {t} LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT * FROM {t}'"
	})
	made("function.key", f, "{key}", func(_ *table, key, other column) string {
		return "CREATE FUNCTION " + f + "(p_key {key}) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT " + other.Ident + "::text FROM {t} WHERE " + key.Ident + " = p_key'"
	})
	made("function.exists", f, "{key}", func(_ *table, key, _ column) string {
		return "CREATE FUNCTION " + f + "(" + ident(key.Name) + " {key}) RETURNS bool LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT EXISTS (SELECT FROM {t} x WHERE x." + key.Ident + " = $1)'"
	})
	made("function.count", f, "", func(*table, column, column) string {
		return "CREATE FUNCTION " + f + "() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT count(*) FROM {t}'"
	})
	made("function.tenant", f, "text", func(*table, column, column) string {
		return "CREATE FUNCTION " + f + "(tenant text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT count(*) FROM {t} WHERE {c}::text = tenant'"
	})
	made("function.write", f, "{key}", func(_ *table, key, other column) string {
		return "CREATE FUNCTION " + f + "(p_key {key}) RETURNS void LANGUAGE sql SECURITY DEFINER AS 'UPDATE {t} SET " + other.Ident + " = " + other.Ident + " WHERE " + key.Ident + " = p_key'"
	})
	made("function.run", f, "text", func(*table, column, column) string {
		return "CREATE FUNCTION " + f + "(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'DECLARE r text; BEGIN EXECUTE q INTO r; RETURN r; END'"
	})
	made("function.leakproof", f, "text", func(*table, column, column) string {
		return "CREATE FUNCTION " + f + "(v text) RETURNS bool LANGUAGE plpgsql IMMUTABLE LEAKPROOF COST 0.00001 AS 'BEGIN RAISE NOTICE ''%'', v; RETURN true; END'"
	})
	return out
}

func (m *mutator) onTables() (out []mutation) {
	const n = "public.tenancytest_new"
	t := m.next(nil)
	if t == nil {
		return nil
	}
	g, guarded := m.guard(t)
	create := "CREATE TABLE " + n + " ({c} {type} NOT NULL, id bigint NOT NULL, body text, PRIMARY KEY ({c}, id))"
	grant := "GRANT SELECT, INSERT, UPDATE (id, body), DELETE ON " + n + " TO {app}"
	drop := []string{"DROP TABLE IF EXISTS " + n}
	protect := []string{"ALTER TABLE " + n + " ENABLE ROW LEVEL SECURITY", "ALTER TABLE " + n + " FORCE ROW LEVEL SECURITY",
		"CREATE POLICY tenancy_allow ON " + n + " TO {app} USING (true) WITH CHECK (true)", strings.ReplaceAll(g.create(), "{t}", n)}
	add := func(id string, sql ...string) {
		out = append(out, mutation{id, n, m.fill(t, sql), m.fill(t, drop), []string{n}})
	}
	add("table.new", create, grant)
	add("table.nopolicy", create, grant, "ALTER TABLE "+n+" ENABLE ROW LEVEL SECURITY", "CREATE POLICY p ON "+n+" TO {app} USING (true)")
	if guarded {
		add("table.nullable", append([]string{strings.Replace(strings.Replace(create, "{type} NOT NULL", "{type}", 1), ", PRIMARY KEY ({c}, id)", ", UNIQUE ({c}, id)", 1), grant}, protect...)...)
		add("table.owner", append(append([]string{create, grant}, protect...), "ALTER TABLE "+n+" OWNER TO {app}")...)
		add("table.key", append([]string{strings.Replace(create, "PRIMARY KEY ({c}, id)", "PRIMARY KEY (id)", 1), grant}, protect...)...)
	}
	m.on(&out, "table.child", func(t *table) bool { return t.Kind == "r" },
		always("CREATE TABLE public.tenancytest_child () INHERITS ({t})", "GRANT SELECT, INSERT, DELETE ON public.tenancytest_child TO {app}"),
		always("DROP TABLE IF EXISTS public.tenancytest_child"))
	if len(out) > 0 {
		last := &out[len(out)-1]
		last.attack = append(last.attack, "public.tenancytest_child")
	}
	m.on(&out, "publication", nil, always("CREATE PUBLICATION tenancytest_p FOR TABLE {t}"), always("DROP PUBLICATION IF EXISTS tenancytest_p"))
	return out
}

func (m *mutator) onRoles() (out []mutation) {
	t := m.next(nil)
	if t == nil {
		return nil
	}
	add := func(id, object string, apply, undo []string) {
		out = append(out, mutation{id, object, m.fill(t, apply), m.fill(t, undo), []string{Session, t.Name}})
	}
	owner := m.about.Owners[t.Name]
	add("role.owner", "{app}", []string{"GRANT " + owner + " TO {app}"}, []string{"REVOKE " + owner + " FROM {app}"})
	other := ident(strings.Trim(m.about.App, `"`) + "_x")
	add("role.member", "{app}", []string{"CREATE ROLE " + other + " BYPASSRLS", "GRANT " + other + " TO {app}"}, []string{"REVOKE " + other + " FROM {app}", "DROP ROLE " + other})
	add("role.bypass", "{app}", []string{"ALTER ROLE {app} BYPASSRLS"}, []string{"ALTER ROLE {app} NOBYPASSRLS"})
	add("role.create", "{app}", []string{"ALTER ROLE {app} CREATEROLE"}, []string{"ALTER ROLE {app} NOCREATEROLE"})
	add("role.files", "{app}", []string{"GRANT pg_read_server_files TO {app}"}, []string{"REVOKE pg_read_server_files FROM {app}"})
	add("role.everything", "{app}", []string{"GRANT pg_read_all_data TO {app}"}, []string{"REVOKE pg_read_all_data FROM {app}"})
	add("schema.create", "public", []string{"GRANT CREATE ON SCHEMA public TO {app}"}, []string{"REVOKE CREATE ON SCHEMA public FROM {app}"})
	add("database.create", "{db}", []string{"GRANT CREATE ON DATABASE {db} TO PUBLIC"}, []string{"REVOKE CREATE ON DATABASE {db} FROM PUBLIC"})
	if !m.about.Temporary {
		add("database.temporary", "{db}", []string{"GRANT TEMPORARY ON DATABASE {db} TO {app}"}, []string{"REVOKE TEMPORARY ON DATABASE {db} FROM {app}"})
	}
	add("default.tables", "public", []string{"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {app}"},
		[]string{"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM {app}"})
	for _, l := range m.about.Library {
		add("library.grant", l, []string{"GRANT SELECT ON " + l + " TO {app}"}, []string{"REVOKE SELECT ON " + l + " FROM {app}"})
	}
	for i := range out {
		out[i].object = m.fill(t, []string{out[i].object})[0]
	}
	return out
}
