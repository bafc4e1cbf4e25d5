package rows_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/app"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

func TestMain(m *testing.M) { door.Main(m) }

// house is a database with the tables of a map.
type house struct {
	*door.World
	ctx  context.Context
	rows *rows.Rows
}

// made makes the tables of a map.
func made(m *dsar.Map) app.Tables {
	var pg, lite strings.Builder
	var a app.Tables
	schemas := map[string]bool{}
	for i := range m.Tables {
		t := &m.Tables[i]
		var pgCols, liteCols []string
		for _, c := range append(slices.Collect(func(yield func(string) bool) {
			for _, c := range t.Columns {
				if !yield(c.Name) {
					return
				}
			}
		}), t.Plain...) {
			p, l, both := strings.Cut(c, " | ")
			if !both {
				l = p
			} else {
				name, _, _ := strings.Cut(p, " ")
				if strings.HasPrefix(p, `"`) {
					name = p[:strings.LastIndex(p, `"`)+1]
				}
				l = name + " " + l
			}
			pgCols, liteCols = append(pgCols, quoteFirst(p)), append(liteCols, quoteFirst(l))
		}
		key := ""
		if len(t.Key) > 0 {
			columns := t.Key
			if m.Tenant != "" && t.Tenant == "" && !slices.Contains(columns, m.Tenant) {
				columns = append([]string{m.Tenant}, columns...)
			}
			key = `, PRIMARY KEY ("` + strings.Join(columns, `", "`) + `")`
		}
		pgName := `"` + t.Name + `"`
		if s, n, ok := strings.Cut(t.Name, "."); ok {
			pgName = `"` + s + `"."` + n + `"`
			if !schemas[s] {
				pg.WriteString(`CREATE SCHEMA "` + s + `"; GRANT USAGE ON SCHEMA "` + s + `" TO PUBLIC;` + "\n")
				schemas[s] = true
			}
		}
		pg.WriteString("CREATE TABLE " + pgName + " (" + strings.Join(pgCols, ", ") + key + ");\n")
		lite.WriteString(`CREATE TABLE "` + t.Name + `" (` + strings.Join(liteCols, ", ") + key + ");\n")
		if t.Tenant == "" && m.Tenant != "" {
			a.Tenants = append(a.Tenants, rls.Table{Name: pgName, Column: m.Tenant})
		} else {
			a.Shared = append(a.Shared, pgName)
		}
	}
	a.Postgres, a.SQLite = pg.String(), lite.String()
	return a
}

func quoteFirst(c string) string {
	if strings.HasPrefix(c, `"`) {
		return c
	}
	name, rest, _ := strings.Cut(c, " ")
	return `"` + name + `" ` + rest
}

func onBoth(t *testing.T, m *dsar.Map, f func(*testing.T, *house)) {
	t.Helper()
	made(m).OnBoth(t, func(t *testing.T, w *door.World) { f(t, in(t, m, w)) })
}

func in(t testing.TB, m *dsar.Map, w *door.World) *house {
	c, err := m.Compile()
	require.NoError(t, err)
	r, err := rows.New(c, w.DB.Dialect())
	require.NoError(t, err)
	return &house{w, w.Tenant(t), r}
}

// fill runs statements, one a line, for the house's tenant.
func (h *house) fill(t testing.TB, statements string) { app.Fill(t, h.ctx, h.World, statements) }

func (h *house) resolve(t testing.TB, p dsar.Person) *rows.Selection {
	t.Helper()
	s, err := h.rows.Resolve(h.ctx, h.DB, p)
	require.NoError(t, err)
	return s
}

// ids returns the values of the table's column id in the part, in order.
func (h *house) ids(t testing.TB, s *rows.Selection, table string, p rows.Part) string {
	t.Helper()
	c, ok := s.Where(table, p)
	if !ok {
		return ""
	}
	return h.where(t, table, c)
}

func (h *house) where(t testing.TB, table string, c rows.Cond) string {
	t.Helper()
	var out []string
	require.NoError(t, h.DB.Read(h.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		q := "SELECT CAST(t.id AS text) FROM " + h.rows.SQL(table) + " AS t WHERE " + c.SQL + " ORDER BY t.id"
		if err := tx.SelectContext(ctx, &out, tx.Rebind(q), c.Args...); err != nil {
			t.Logf("%s\n%v", q, err)
			return err
		}
		return nil
	}))
	return strings.Join(out, " ")
}

func user(id string) dsar.Person { return dsar.Person{Kind: "user", Key: []string{id}} }

func known(email ...string) dsar.Person {
	return dsar.Person{Kind: "user", Known: map[string][]string{"email": email}}
}

func personal(name string) dsar.Column {
	return dsar.Column{Name: name, Class: redact.ClassContent, Erase: dsar.Null}
}

// forum is a map with every kind of link.
func forum() *dsar.Map {
	own := func(column, to string) dsar.Link { return dsar.Link{Columns: []string{column}, To: to} }
	tbl := func(name string, links []dsar.Link, plain ...string) dsar.Table {
		return dsar.Table{Name: name, Key: []string{"id"}, Purpose: "p", Links: links, Columns: []dsar.Column{personal("body text")},
			Plain: append([]string{"tenant_id text not null", "id bigint not null"}, plain...)}
	}
	return &dsar.Map{
		Tenant:   "tenant_id",
		Purposes: []dsar.Purpose{{Name: "p", Why: "to be", Basis: dsar.Contract}},
		Subjects: []dsar.Subject{{Kind: "user", Table: "users", Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: dsar.Email}, {Name: "phone", Column: "phone", Form: dsar.Phone}}}},
		Tables: []dsar.Table{
			tbl("users", []dsar.Link{{Columns: []string{"invited_by"}, To: "users", Role: dsar.Accessor, Then: dsar.Null}}, "email text", "phone text", "invited_by bigint", "address_id bigint", "code uuid | text"),
			tbl("address", []dsar.Link{{Columns: []string{"id"}, To: "users", ToColumns: []string{"address_id"}, Inverse: true}}),
			tbl("ticket", []dsar.Link{own("user_id", "users"), {Columns: []string{"agent_id"}, To: "users", Role: dsar.Accessor, Then: dsar.Null}}, "user_id bigint", "agent_id bigint"),
			tbl("message", []dsar.Link{own("ticket_id", "ticket"), {Columns: []string{"meta"}, Path: "mentions[].id", To: "users", Role: dsar.Mentioned, Then: dsar.Null}}, "ticket_id bigint", "meta jsonb | text"),
			tbl("note", []dsar.Link{{Columns: []string{"owner_id"}, To: "users", When: []dsar.When{{Column: "owner_type", Value: "User"}}}}, "owner_id bigint", "owner_type text"),
			tbl("invitation", []dsar.Link{{Columns: []string{"email"}, Identifier: "email"}}, "email text"),
			tbl("comment", []dsar.Link{own("user_id", "users"), own("parent_id", "comment")}, "user_id bigint", "parent_id bigint"),
			tbl("doc", []dsar.Link{{Columns: []string{"id"}, To: "member", ToColumns: []string{"doc_id"}, Inverse: true, Role: dsar.CoOwner}}),
			tbl("member", []dsar.Link{own("user_id", "users"), {Columns: []string{"doc_id"}, To: "doc", Role: dsar.Reference, Then: dsar.Null}}, "doc_id bigint", "user_id bigint"),
			tbl("page", []dsar.Link{own("doc_id", "doc")}, "doc_id bigint"),
			tbl("event", []dsar.Link{{Columns: []string{"data"}, Path: "actor.email", Identifier: "email"}, {Columns: []string{"seen"}, Path: "[]", To: "users", Role: dsar.Mentioned, Then: dsar.Null}}, "data jsonb | text", "seen bigint[] | text"),
			tbl("crm.Order line", []dsar.Link{{Columns: []string{"user code"}, To: "users", ToColumns: []string{"code"}}}, `"user code" text`),
			tbl("chat", []dsar.Link{own("a", "users"), {Columns: []string{"b"}, To: "users", Role: dsar.CoOwner, Then: dsar.Null}}, "a bigint", "b bigint"),
		},
	}
}

// analyze lets Postgres look at what there is, as it does by itself in time.
func (h *house) analyze(t testing.TB) {
	if h.PG != nil {
		_, err := door.OpenSQL(t, h.PG.Admin.DSN).Exec("ANALYZE")
		require.NoError(t, err)
	}
}
