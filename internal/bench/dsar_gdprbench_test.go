package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/app"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
)

// The four mixes of GDPRbench (Shastri et al., VLDB 2020): one table of records that carry nine fields of metadata. Domains, and the mixes of
// controller, customer and processor, are those of its published workload files; the regulator's is the paper's. ours runs them in
// transactions of a tenant, under row-level security, and finds a user's records by package rows; plain sends the same statements to
// a table without tenants; published does so without indexes on the metadata, as the benchmark comes.
func BenchmarkGDPRbench(b *testing.B) {
	w := newGDPRWorld(b)
	for name := range gdprMixes {
		b.Run(name, func(b *testing.B) { compare(b, w.ways(name), nil) })
	}
}

func TestGDPRbenchMixesRun(t *testing.T) {
	w := newGDPRWorld(t)
	for name := range gdprMixes {
		checkWays(t, w.ways(name))
	}
}

const gdprRecords, gdprUsers, gdprPurposes = 10_000, 10_000, 100

// gdprOp is one of the benchmark's operations: what is done, and to the records that which finds.
type gdprOp struct{ what, which string }

var gdprMixes = map[string]struct {
	zipf bool
	ops  map[gdprOp]float64
}{
	"controller": {false, map[gdprOp]float64{{"set shr", "pur"}: .25, {"set shr", "usr"}: .25, {"delete", "id"}: .25, {"insert", ""}: .25}},
	"customer": {true, map[gdprOp]float64{{"read", "id"}: .2, {"read", "pur"}: .1, {"read", "usr"}: .1, {"set data", "id"}: .2, {"set obj", "pur"}: .1,
		{"set obj", "usr"}: .1, {"delete", "id"}: .2}},
	"processor": {false, map[gdprOp]float64{{"read", "id"}: .2, {"read", "pur"}: .4, {"read", "usr"}: .4}},
	"regulator": {true, map[gdprOp]float64{{"read", "usr"}: .46, {"log", ""}: .31, {"gone", "id"}: .23}},
}

const gdprColumns = "id, pur, ttl, usr, obj, dec, acl, shr, src, cat, data"

type gdprWorld struct {
	*door.World
	ctx  context.Context
	id   tenancy.ID
	rows *rows.Rows
}

func newGDPRWorld(tb testing.TB) *gdprWorld {
	tb.Helper()
	columns := "id text NOT NULL, pur text, ttl timestamptz, usr text, obj text, dec text, acl text, shr text, src text, cat text, data text"
	w := &gdprWorld{World: app.Tables{
		Postgres: "CREATE TABLE ours (tenant_id text NOT NULL, " + columns + ", PRIMARY KEY (tenant_id, id)); CREATE TABLE plain (" + columns + ", PRIMARY KEY (id)); CREATE TABLE published (LIKE plain INCLUDING ALL);" +
			"CREATE TABLE ours_log (tenant_id text NOT NULL, at bigint, what text, PRIMARY KEY (tenant_id, at)); CREATE TABLE log (at bigint PRIMARY KEY, what text);" +
			"CREATE INDEX ON plain (pur); CREATE INDEX ON plain (usr); CREATE INDEX ON ours (tenant_id, pur); CREATE INDEX ON ours (tenant_id, usr);",
		Tenants: []rls.Table{{Name: "ours"}, {Name: "ours_log"}}, Shared: []string{"plain", "published", "log"}}.OnPostgres(tb)}
	w.ctx = w.Tenant(tb)
	var err error
	if w.id, err = tenancy.From(w.ctx); err != nil {
		tb.Fatal(err)
	}
	m := &dsar.Map{Tenant: "tenant_id", Subjects: []dsar.Subject{{Kind: "user", Identifiers: []dsar.Identifier{{Name: "usr"}}}}, Purposes: []dsar.Purpose{{Name: "p", Why: "to serve", Basis: dsar.Contract}},
		Tables: []dsar.Table{{Name: "ours", Key: []string{"tenant_id", "id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"usr"}, Identifier: "usr"}},
			Columns: []dsar.Column{{Name: "usr text", Class: redact.ClassUserID}, {Name: "data text", Class: redact.ClassContent}},
			Plain:   []string{"tenant_id text not null", "id text not null", "pur text", "ttl timestamp with time zone", "obj text", "dec text", "acl text", "shr text", "src text", "cat text"}}}}
	c, err := m.Compile()
	if err != nil {
		tb.Fatal(err)
	}
	if w.rows, err = rows.New(c, w.DB.Dialect()); err != nil {
		tb.Fatal(err)
	}
	conn := w.connect(tb)
	for _, s := range []string{
		fmt.Sprintf("INSERT INTO plain SELECT 'key' || lpad(i::text, 19, '0'), 'purpose' || i %% %d, now() + (i %% 10) * interval '1 hour', 'user' || i %% %d, 'obj' || i %% 100, 'dec' || i %% 2, 'acl' || i %% 10, 'shr' || i %% 10, 'src' || i %% 10, 'cat' || i %% 10, repeat(md5(i::text), 4) FROM generate_series(0, %d) i", gdprPurposes, gdprUsers, gdprRecords-1),
		"INSERT INTO published SELECT * FROM plain",
		"INSERT INTO ours (tenant_id, " + gdprColumns + ") SELECT '" + w.id.String() + "', " + gdprColumns + " FROM plain",
		"INSERT INTO log SELECT i, 'read ' || i FROM generate_series(1, 10000) i",
		"INSERT INTO ours_log SELECT '" + w.id.String() + "', at, what FROM log",
		"VACUUM ANALYZE",
	} {
		if _, err := conn.Exec(tb.Context(), s); err != nil {
			tb.Fatal(err)
		}
	}
	return w
}

func (w *gdprWorld) connect(tb testing.TB) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), w.PG.Admin.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// statement is an operation in SQL, on a table without tenants; its placeholder is of what finds the records.
func (op gdprOp) statement(table string) string {
	switch op.what {
	case "read":
		return "SELECT " + gdprColumns + " FROM " + table + " AS t WHERE t." + op.which + " = $1"
	case "gone":
		return "SELECT 1 FROM " + table + " WHERE id = $1"
	case "delete":
		return "DELETE FROM " + table + " WHERE id = $1"
	case "log":
		return "SELECT at, what FROM " + table + " ORDER BY at DESC LIMIT 100"
	case "insert":
		return "INSERT INTO " + table + " (" + gdprColumns + ") VALUES ($1, 'purpose1', now() + interval '1 day', 'user1', 'obj1', 'dec0', 'acl1', 'shr1', 'src1', 'cat1', repeat('x', 100))"
	}
	column, _ := strings.CutPrefix(op.what, "set ")
	return "UPDATE " + table + " AS t SET " + column + " = 'changed' WHERE t." + op.which + " = $1"
}

func (w *gdprWorld) ways(mix string) []way {
	return []way{
		{name: "ours", open: w.open(mix, func(testing.TB) func(gdprOp, string) error { return w.ours }), vs: []string{"plain"}},
		{name: "plain", open: w.open(mix, w.plain("plain"))},
		{name: "published", open: w.open(mix, w.plain("published")), vs: []string{"plain", "ours"}},
	}
}

// open draws operations, the same for each way, and what each is about.
func (w *gdprWorld) open(mix string, how func(testing.TB) func(gdprOp, string) error) func(testing.TB) func(int) error {
	return func(tb testing.TB) func(int) error {
		do, r, next := how(tb), rand.New(rand.NewPCG(1, 2)), gdprRecords
		zipf := rand.NewZipf(r, 1.1, 1, gdprRecords-1)
		var ops []gdprOp // each as often as it weighs
		for op, weight := range gdprMixes[mix].ops {
			for range int(weight*100 + .5) {
				ops = append(ops, op)
			}
		}
		return func(n int) error {
			for range n {
				op, i := ops[r.IntN(len(ops))], r.IntN(gdprRecords)
				if gdprMixes[mix].zipf {
					i = int(zipf.Uint64())
				}
				arg := fmt.Sprintf("key%019d", i)
				switch {
				case op.which == "pur":
					arg = fmt.Sprintf("purpose%d", i%gdprPurposes)
				case op.which == "usr":
					arg = fmt.Sprintf("user%d", i%gdprUsers)
				case op.what == "insert":
					next++
					arg = fmt.Sprintf("new%d-%019d", r.Uint64(), next)
				case op.what == "gone":
					arg = fmt.Sprintf("key%019d", gdprRecords+i)
				}
				if err := do(op, arg); err != nil {
					return err
				}
			}
			return nil
		}
	}
}

func (w *gdprWorld) plain(table string) func(testing.TB) func(gdprOp, string) error {
	return func(tb testing.TB) func(gdprOp, string) error {
		conn := w.connect(tb)
		return func(op gdprOp, arg string) error {
			args := []any{arg}
			text := op.statement(table)
			if op.what == "log" {
				text, args = op.statement("log"), nil
			}
			return drain(conn.Query(tb.Context(), text, args...))
		}
	}
}

func drain(r pgx.Rows, err error) error {
	if err != nil {
		return err
	}
	for r.Next() {
	}
	return r.Err()
}

// ours does it as a tenant; a user's records are found by what the map says of them.
func (w *gdprWorld) ours(op gdprOp, arg string) error {
	if op.what == "read" && op.which == "usr" {
		return w.DB.Read(w.ctx, func(ctx context.Context, _ *sqlx.Tx) error {
			s, err := w.user(ctx, arg)
			if s == nil {
				return err
			}
			_, err = s.Stream(ctx, w.DB, rows.Query{Table: "ours", Part: rows.Owned}, func(*rows.Row) error { return nil })
			return err
		})
	}
	return w.DB.Tx(w.ctx, func(ctx context.Context, _ *sqlx.Tx) error {
		tx := w.DB.Native(ctx).(pgx.Tx)
		switch {
		case op.which == "usr":
			s, err := w.user(ctx, arg)
			if s == nil {
				return err
			}
			c, _ := s.Where("ours", rows.Erased)
			column, _ := strings.CutPrefix(op.what, "set ")
			_, err = tx.Exec(ctx, sqlx.Rebind(sqlx.DOLLAR, "UPDATE ours AS t SET "+column+" = 'changed' WHERE "+c.SQL), c.Args...)
			return err
		case op.what == "log":
			return drain(tx.Query(ctx, op.statement("ours_log")))
		case op.what == "insert":
			text := strings.Replace(strings.Replace(op.statement("ours"), "(id", "(tenant_id, id", 1), "($1", "($2, $1", 1)
			_, err := tx.Exec(ctx, text, arg, w.id.String())
			return err
		}
		return drain(tx.Query(ctx, op.statement("ours"), arg))
	})
}

// user is the selection of somebody who is known by a value alone; nil if nothing is theirs.
func (w *gdprWorld) user(ctx context.Context, name string) (*rows.Selection, error) {
	s, err := w.rows.Resolve(ctx, w.DB, dsar.Person{Kind: "user", Known: map[string][]string{"usr": {name}}})
	if err == dsar.ErrNobody {
		return nil, nil
	}
	return s, err
}
