package tenancytest

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// affecting is a trick whose statement changes rows of tenant B.
func affecting(id, title, sql string) trick {
	return trick{rule: rule(id, title, guardRemedy), run: func(h *hand) (string, error) {
		col, ok := h.plain()
		if strings.Contains(sql, "{col}") && !ok {
			return "", skipped{"it has no column but the tenant's that could be updated"}
		}
		q, err := h.fill(strings.ReplaceAll(sql, "{col}", col.Ident))
		if err != nil {
			return "", err
		}
		n, err := h.exec(q)
		return changed(n, err)
	}}
}

// changed judges a write that ought to reach no row: one that a constraint stopped had got past the guard.
func changed(n int64, err error) (string, error) {
	switch s := state(err); {
	case s == "23505" || s == "23503" || s == "23P01":
		return "the guard let it through; only a constraint (" + s + ") stopped it", nil
	case err == nil:
		return rowsSeen(n), nil
	}
	return "", err
}

// plain returns a column that may be updated and matters to no constraint, or else any.
func (h *hand) plain() (column, bool) {
	some := slices.ContainsFunc(h.t.Columns, func(c column) bool { return c.Update }) // if none, be refused
	may := slices.DeleteFunc(slices.Clone(h.t.Columns), func(c column) bool {
		return !c.Update && some || c.Fixed || c.Name == h.t.tenant.Name
	})
	if len(may) == 0 {
		return column{}, false
	}
	slices.SortStableFunc(may, func(a, b column) int { return h.weight(a) - h.weight(b) })
	return may[0], true
}

func (h *hand) weight(c column) (n int) {
	if h.t.unique(c.Name) {
		n += 4
	}
	if h.t.linked(c.Name) {
		n += 2
	}
	if slices.ContainsFunc(h.t.Checks, func(k check) bool { return slices.Contains(k.Columns, c.Name) }) {
		n++
	}
	return n
}

// writeTricks change rows of tenant B as tenant A, or make some.
var writeTricks = []trick{
	{rule: rule("write.insert", "a row can be inserted into another tenant", guardRemedy), run: func(h *hand) (string, error) {
		r, err := h.sample(h.A)
		if err != nil {
			return "", err
		}
		// A trigger may put the row where it belongs: then A sees one row more.
		before, err := h.number("SELECT count(*) FROM " + h.t.Name)
		if err != nil && !refused(err) {
			return "", err
		}
		seen, err := changed(h.exec(h.t.insert(with(r, h.t.tenant.Name, h.B.String()))))
		if err == nil && seen != "" {
			if after, cerr := h.number("SELECT count(*) FROM " + h.t.Name + " x WHERE x." + h.t.tenant.Ident + "::text = " + lit(h.A.String())); cerr == nil && after > before {
				return "", nil
			}
			return "1 row with the other tenant's id was accepted", nil
		}
		return seen, err
	}},
	{rule: rule("write.insert.again", "another tenant's own row can be inserted again", guardRemedy), run: func(h *hand) (string, error) {
		rows := h.t.rows[h.B.String()]
		if len(rows) == 0 {
			return "", skipped{"no row of tenant B is known"}
		}
		return changed(h.exec(h.t.insert(rows[0])))
	}},
	{rule: rule("write.upsert", "ON CONFLICT DO UPDATE changes a row of another tenant", guardRemedy), run: func(h *hand) (string, error) {
		rows := h.t.rows[h.B.String()]
		col, ok := h.plain()
		i := slices.IndexFunc(h.t.Uniques, func(u unique) bool { return !u.Exclusion && u.Primary })
		if len(rows) == 0 || !ok || i < 0 {
			return "", skipped{"no row of tenant B, or no primary key, or no column to update"}
		}
		var target []string
		for _, c := range h.t.Uniques[i].Columns {
			target = append(target, ident(c))
		}
		for _, r := range []row{rows[0], with(rows[0], h.t.tenant.Name, h.A.String())} {
			var n int64
			err := h.sub(func() (err error) {
				n, err = h.exec(fmt.Sprintf("INSERT INTO %s AS x %s ON CONFLICT (%s) DO UPDATE SET %s = EXCLUDED.%s WHERE x.%s::text = %s",
					h.t.Name, strings.TrimPrefix(h.t.insert(r), "INSERT INTO "+h.t.Name), strings.Join(target, ", "), col.Ident, col.Ident, h.t.tenant.Ident, lit(h.B.String())))
				return err
			})
			if err == nil && n > 0 && r[h.t.tenant.Name].String == h.B.String() {
				return rowsSeen(n), nil
			}
			if err != nil && !refused(err) && state(err) != "23505" && state(err) != "23503" {
				return "", err
			}
		}
		return "", nil
	}},
	affecting("write.update", "UPDATE changes rows of another tenant", `UPDATE {t} x SET {col} = x.{col} WHERE x.{c}::text = {b}`),
	affecting("write.update.key", "UPDATE by key changes a row of another tenant", `UPDATE {t} x SET {col} = x.{col} WHERE {key}`),
	{rule: rule("write.update.blind", "UPDATE without a condition changes rows of another tenant", guardRemedy), run: func(h *hand) (string, error) {
		// Neither condition nor expression reads a column: policies FOR SELECT have no say in it.
		col, ok := h.plain()
		own := h.t.rows[h.A.String()]
		if !ok || len(own) == 0 {
			return "", skipped{"no row of tenant A, or no column to update"}
		}
		n, err := h.exec("UPDATE " + h.t.Name + " SET " + col.Ident + " = " + h.t.value(col, own[0][col.Name]))
		if err != nil {
			return "", err
		}
		return rowsSeen(n - h.t.count[h.A.String()]), nil
	}},
	affecting("write.delete", "DELETE removes rows of another tenant", `DELETE FROM {t} x WHERE x.{c}::text = {b}`),
	affecting("write.delete.key", "DELETE by key removes a row of another tenant", `DELETE FROM {t} x WHERE {key}`),
	{rule: rule("write.merge", "MERGE changes rows of another tenant", guardRemedy), run: func(h *hand) (string, error) {
		col, ok := h.plain()
		if v, err := h.number("SELECT pg_catalog.current_setting('server_version_num')::int"); err != nil || v < 150000 || !ok {
			return "", skipped{"MERGE needs Postgres 15 and a column to update"}
		}
		q, err := h.fill(`MERGE INTO {t} x USING (VALUES ({b})) v (id) ON x.{c}::text = v.id WHEN MATCHED THEN UPDATE SET ` + col.Ident + ` = x.` + col.Ident)
		if err != nil {
			return "", err
		}
		return changed(h.exec(q))
	}},
	affecting("write.move.out", "a tenant's own row can be moved into another tenant", `UPDATE {t} x SET {c} = {b}::{type} WHERE x.{c}::text = {a}`),
	affecting("write.move.blind", "UPDATE without a condition moves rows into another tenant", `UPDATE {t} SET {c} = {b}::{type}`),
	affecting("write.move.in", "a row of another tenant can be taken over", `UPDATE {t} x SET {c} = {a}::{type} WHERE x.{c}::text = {b}`),
	returning("write.returning", "UPDATE RETURNING shows rows of another tenant", "", `UPDATE {t} x SET {c} = x.{c} WHERE x.{c}::text = {b} RETURNING 1`),
	returning("write.delete.returning", "DELETE RETURNING shows rows of another tenant", "", `DELETE FROM {t} x WHERE x.{c}::text = {b} RETURNING 1`),
	{rule: rule("write.truncate", "TRUNCATE empties the table of all tenants", "REVOKE TRUNCATE: row-level security does not apply to it."), run: func(h *hand) (string, error) {
		_, err := h.exec("TRUNCATE " + h.t.Name)
		if s := state(err); err == nil || s == "0A000" { // after the privilege came the question who refers to it
			return "the application's role may TRUNCATE it", nil
		}
		return "", err
	}},
	ddl("alter.security", "the application can switch row-level security off", "ALTER TABLE {t} DISABLE ROW LEVEL SECURITY", "ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY"),
	ddl("alter.policy", "the application can add policies", "CREATE POLICY tenancytest_p ON {t} USING (true)"),
	ddl("alter.trigger", "the application can put triggers on the table, which then run for every tenant",
		"CREATE TRIGGER tenancytest_t BEFORE UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()",
		"ALTER TABLE {t} DISABLE TRIGGER USER"),
	ddl("alter.rule", "the application can put rules on the table", "CREATE RULE tenancytest_r AS ON UPDATE TO {t} DO ALSO NOTHING"),
	ddl("alter.table", "the application can change the table of all tenants", "COMMENT ON TABLE {t} IS 'x'", "ALTER TABLE {t} ADD COLUMN tenancytest_c int"),
	{rule: rule("write.sequence", "a tenant can set the sequence that numbers all tenants' rows", "GRANT no more than USAGE on the sequence, or give each tenant its own numbers."), run: func(h *hand) (string, error) {
		for _, c := range h.t.Columns {
			if c.Sequence == "" {
				continue
			}
			// setval is not undone with its transaction, so the right to it is asked for instead.
			n, err := h.number("SELECT pg_catalog.has_sequence_privilege(" + lit(c.Sequence) + ", 'UPDATE')::int")
			if n > 0 {
				return "the role holds UPDATE on " + c.Sequence, nil
			}
			return "", err
		}
		return "", skipped{"it has no sequence"}
	}},
}

// ddl is a trick that changes the schema.
func ddl(id, title string, statements ...string) trick {
	return trick{rule: rule(id, title, "Let the application's role own nothing, be member of no owner, and hold neither TRIGGER nor CREATE."), run: func(h *hand) (string, error) {
		for _, s := range statements {
			q, err := h.fill(s)
			if err != nil {
				return "", err
			}
			_, err = h.alone(q)
			if err == nil {
				return "the statement was accepted", nil
			}
			if !refused(err) {
				return "", err
			}
		}
		return "", nil
	}}
}

// sample returns a new row of tenant id, or one that is there if there can be but one.
func (h *hand) sample(id interface{ String() string }) (row, error) {
	rows := h.t.rows[id.String()]
	if len(rows) == 0 {
		return nil, skipped{"no row of the tenant is known"}
	}
	m := &maker{ctx: h.ctx, tx: h.tx, cat: h.cat, id: h.A}
	r, err := m.fresh(h.t, rows[0], nil, 0)
	if err != nil {
		r = maps.Clone(rows[0])
	}
	return r, nil
}

func with(r row, column, value string) row {
	r = maps.Clone(r)
	r[column] = sql.NullString{String: value, Valid: true}
	return r
}
