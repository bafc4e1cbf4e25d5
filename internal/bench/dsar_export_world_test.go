package bench

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/export"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/app"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/jackc/pgx/v5"
)

// exportTable is one of 20 that hang off users: 10 directly, 6 and 2 below those, and messages between two users.
type exportTable struct {
	name, parent, fk string
	depth            int
}

var exportTables = func() []exportTable {
	t := []exportTable{{name: "users"}}
	for i := 1; i <= 10; i++ {
		t = append(t, exportTable{fmt.Sprintf("d%02d", i), "users", "user_id", 1})
	}
	for i := 1; i <= 6; i++ {
		t = append(t, exportTable{fmt.Sprintf("g%02d", i), fmt.Sprintf("d%02d", i), "parent_id", 2})
	}
	for i := 1; i <= 2; i++ {
		t = append(t, exportTable{fmt.Sprintf("h%02d", i), fmt.Sprintf("g%02d", i), "parent_id", 3})
	}
	return append(t, exportTable{"messages", "users", "sender_id", 1})
}()

// where is the condition on the subject's rows as it is written by hand: one placeholder, of the subject's id.
func (t exportTable) where() string {
	switch {
	case t.name == "users":
		return "id = 1"
	case t.name == "messages":
		return "(sender_id = 1 OR recipient_id = 1)"
	case t.depth == 1:
		return t.fk + " = 1"
	}
	for _, p := range exportTables {
		if p.name == t.parent {
			return t.fk + " IN (SELECT id FROM " + p.name + " WHERE " + p.where() + ")"
		}
	}
	panic(t.name)
}

const exportColumns = "created_at, title, body, ip, email, amount"

func exportContent(user string) string {
	return `now() - (i % 1000) * interval '1 hour', 'title ' || i, 'Lorem ipsum dolor sit amet consectetur ' || md5(i::text) || ' sed do eiusmod tempor ' || md5((i*7)::text),
		'10.' || (i % 200) || '.' || (i % 250) || '.7', 'person' || lpad((` + user + `)::text, 7, '0') || '@example.test', (i % 99999) / 100.0`
}

// exportRows is how many rows the subject has: 100,000, or BAILIWICK_BENCH_EXPORT_ROWS. Others have twice as many.
func exportRows() int {
	if n, err := strconv.Atoi(os.Getenv("BAILIWICK_BENCH_EXPORT_ROWS")); err == nil {
		return n
	}
	return 100_000
}

// exportWorld is a database with a person of many rows among others, of one tenant.
type exportWorld struct {
	*door.World
	ctx  context.Context
	rows int // of the person
	c    *dsar.Compiled
}

func newExportWorld(tb testing.TB, rows int) *exportWorld {
	tb.Helper()
	const columns = "created_at timestamptz, title text, body text, ip text, email text, amount numeric(12,2)"
	var a app.Tables
	var ddl strings.Builder
	m := &dsar.Map{Application: "Bench", Tenant: "tenant_id", Subjects: []dsar.Subject{{Kind: "user", Table: "users"}},
		Purposes: []dsar.Purpose{{Name: "service", Why: "to serve", Basis: dsar.Contract}}}
	for _, t := range exportTables {
		links, plain := "", []string{"tenant_id text not null", "id bigint not null", "created_at timestamp with time zone", "amount numeric(12,2)"}
		var of []dsar.Link
		for _, fk := range append(strings.Fields(t.fk), map[bool][]string{true: {"recipient_id"}}[t.name == "messages"]...) {
			links += fk + " bigint not null, "
			plain = append(plain, fk+" bigint not null")
			of = append(of, dsar.Link{Columns: []string{"tenant_id", fk}, To: t.parent, Undeclared: true})
		}
		fmt.Fprintf(&ddl, "CREATE TABLE %s (tenant_id text NOT NULL, id bigint NOT NULL, %s%s, PRIMARY KEY (tenant_id, id));\n", t.name, links, columns)
		a.Tenants = append(a.Tenants, rls.Table{Name: t.name, Column: "tenant_id"})
		m.Tables = append(m.Tables, dsar.Table{Name: t.name, Key: []string{"tenant_id", "id"}, Purpose: "service", Links: of, Plain: plain, Columns: []dsar.Column{
			{Name: "title text", Class: redact.ClassContent}, {Name: "body text", Class: redact.ClassContent}, {Name: "ip text", Class: redact.ClassIP}, {Name: "email text", Class: redact.ClassEmail}}})
	}
	a.Postgres = ddl.String()
	w := &exportWorld{World: a.OnPostgres(tb), rows: rows}
	w.ctx = w.Tenant(tb)
	var err error
	if w.c, err = m.Compile(); err != nil {
		tb.Fatal(err)
	}
	w.fill(tb)
	return w
}

// fill gives the person's tables the same share of the rows each, and other people as many again.
func (w *exportWorld) fill(tb testing.TB) {
	tb.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.PG.Admin.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	do := func(sql string) {
		if _, err := conn.Exec(ctx, strings.ReplaceAll(sql, "{tenant}", "'"+w.tenant(tb)+"'")); err != nil {
			tb.Fatalf("%v in %.200s", err, sql)
		}
	}
	each, people := max(1, w.rows/(len(exportTables)-1)), 50
	do("INSERT INTO users (tenant_id, id, " + exportColumns + ") SELECT {tenant}, i, " + exportContent("i") + fmt.Sprintf(" FROM generate_series(1, %d) i", people+1))
	for _, t := range exportTables[1:] {
		if t.depth > 1 {
			do("INSERT INTO " + t.name + " (tenant_id, id, " + t.fk + ", " + exportColumns + ") SELECT tenant_id, id, id, " + exportColumns + " FROM " + t.parent)
		} else {
			links, of := t.fk, "u"
			if t.name == "messages" {
				links, of = links+", recipient_id", fmt.Sprintf("u, 2 + i %% %d", people)
			}
			do(fmt.Sprintf("INSERT INTO %s (tenant_id, id, %s, %s) SELECT {tenant}, row_number() OVER (), %s, %s FROM (SELECT 1 u, i FROM generate_series(1, %d) i UNION ALL SELECT 2 + i %% %d, i FROM generate_series(1, %d) i) s",
				t.name, links, exportColumns, of, exportContent("u"), each, people-1, 2*each))
		}
		do("CREATE INDEX ON " + t.name + " (tenant_id, " + t.fk + ")")
		do("CREATE INDEX ON " + t.name + " (" + t.fk + ")") // of those who do without tenants
	}
	do("CREATE INDEX ON messages (tenant_id, recipient_id)")
	do("CREATE INDEX ON messages (recipient_id)")
	do("VACUUM ANALYZE")
}

// ours returns what exports the person, and how many rows it wrote.
func (w *exportWorld) ours(tb testing.TB, sealed bool) func(out *counted) (int64, error) {
	s, _, err := archive.Key("bench.test", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32)))
	if err != nil {
		tb.Fatal(err)
	}
	o := export.Options{Signer: s, Unencrypted: !sealed}
	if sealed {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			tb.Fatal(err)
		}
		o.Recipients = func(context.Context, dsar.Person) ([]age.Recipient, error) {
			return []age.Recipient{id.Recipient()}, nil
		}
	}
	e, err := export.New(w.DB, w.c, o)
	if err != nil {
		tb.Fatal(err)
	}
	person := dsar.Person{Kind: "user", Key: []string{w.tenant(tb), "1"}}
	return func(out *counted) (int64, error) {
		x, err := e.Export(w.ctx, person, out, dsar.ExportOptions{Request: "bench"})
		if err != nil {
			return 0, err
		}
		return x.Rows, nil
	}
}

// counted is where exports go, and on to w if there is one.
type counted struct {
	n int64
	w io.Writer
}

func (c *counted) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	if c.w != nil {
		return c.w.Write(b)
	}
	return len(b), nil
}

// tenant is the id of the one that all rows are of.
func (w *exportWorld) tenant(tb testing.TB) string {
	id, err := tenancy.From(w.ctx)
	if err != nil {
		tb.Fatal(err)
	}
	return id.String()
}
