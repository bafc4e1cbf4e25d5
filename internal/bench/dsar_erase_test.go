package bench

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/app"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/jackc/pgx/v5"
)

// Workload: one person's rows of 20 tables out of Postgres, and committed. One operation is one whole erasure; every commit is synced. Ours plans,
// keeps a journal in the same transactions, works under row-level security and can be killed at any moment; the others see all tenants,
// and what is killed halfway is half gone or all there.
func BenchmarkDSARErase(b *testing.B) {
	for name, onDelete := range map[string]string{"restrict": "", "cascade": " ON DELETE CASCADE"} {
		b.Run(name, func(b *testing.B) {
			w := newEraseWorld(b, durablePostgres(b), eraseRows(), onDelete)
			compare(b, w.ways(), nil)
		})
	}
}

func TestEveryErasureTakesAllRows(t *testing.T) {
	for _, onDelete := range []string{"", " ON DELETE CASCADE"} {
		w := newEraseWorld(t, dbtest.Postgres(t), 200, onDelete)
		for _, x := range w.ways() {
			run := x.open(t)
			x.prep(1)
			if err := run(1); err != nil {
				t.Fatal(x.name, err)
			}
			if n := w.left(t); n != 0 {
				t.Fatalf("%s leaves %d rows", x.name, n)
			}
		}
	}
}

// eraseRows is how many rows a person has: 20,000, or BAILIWICK_BENCH_ERASE_ROWS.
func eraseRows() int {
	if n, err := strconv.Atoi(os.Getenv("BAILIWICK_BENCH_ERASE_ROWS")); err == nil {
		return n
	}
	return 20_000
}

// eraseWorld is a database to which people with many rows come, of one tenant.
type eraseWorld struct {
	*door.World
	ctx    context.Context
	tenant string
	rows   int
	onDel  string
	c      *dsar.Compiled
	admin  *pgx.Conn
	last   atomic.Int64
}

func newEraseWorld(tb testing.TB, pg *dbtest.PG, rows int, onDelete string) *eraseWorld {
	tb.Helper()
	const columns = "created_at timestamptz, title text, body text, ip text, email text, amount numeric(12,2)"
	var a app.Tables
	var ddl, late strings.Builder
	m := &dsar.Map{Application: "Bench", Tenant: "tenant_id", Subjects: []dsar.Subject{{Kind: "user", Table: "users"}},
		Purposes: []dsar.Purpose{{Name: "service", Why: "to serve", Basis: dsar.Contract}}}
	for _, t := range exportTables {
		links, plain := "", []string{"tenant_id text not null", "id bigint not null", "created_at timestamp with time zone", "amount numeric(12,2)"}
		var of []dsar.Link
		for _, fk := range append(strings.Fields(t.fk), map[bool][]string{true: {"recipient_id"}}[t.name == "messages"]...) {
			links += fk + " bigint not null, "
			plain = append(plain, fk+" bigint not null")
			of = append(of, dsar.Link{Columns: []string{"tenant_id", fk}, To: t.parent})
			fmt.Fprintf(&late, "ALTER TABLE %s ADD FOREIGN KEY (tenant_id, %s) REFERENCES %s (tenant_id, id)%s;\nCREATE INDEX ON %s (tenant_id, %s);\n", t.name, fk, t.parent, onDelete, t.name, fk)
		}
		fmt.Fprintf(&ddl, "CREATE TABLE %s (tenant_id text NOT NULL, id bigint NOT NULL, %s%s, PRIMARY KEY (tenant_id, id));\n", t.name, links, columns)
		a.Tenants = append(a.Tenants, rls.Table{Name: t.name, Column: "tenant_id"})
		m.Tables = append(m.Tables, dsar.Table{Name: t.name, Key: []string{"tenant_id", "id"}, Purpose: "service", Links: of, Plain: plain, Shared: dsar.DeleteForAll, Columns: []dsar.Column{
			{Name: "title text", Class: redact.ClassContent}, {Name: "body text", Class: redact.ClassContent}, {Name: "ip text", Class: redact.ClassIP}, {Name: "email text", Class: redact.ClassEmail}}})
	}
	w := &eraseWorld{rows: rows, onDel: onDelete}
	a.Postgres = ddl.String() + late.String()
	d := door.Door{Name: "dsar", SQLite: dsarsql.SQLite(), Migrate: func(ctx context.Context, owner *sql.DB, appRole, systemRole string) error {
		if err := dsarsql.Migrate(ctx, owner, appRole, systemRole); err != nil {
			return err
		}
		if _, err := owner.ExecContext(ctx, a.Postgres); err != nil {
			return err
		}
		return a.Guard(ctx, owner, appRole, systemRole)
	}}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, pg.Owner.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := postgres.Setup(ctx, conn, postgres.SetupOptions{AppRole: pg.App.Role, SystemRole: pg.System.Role, Keys: door.Keys(tb)}); err != nil {
		tb.Fatal(err)
	}
	if err := d.Migrate(ctx, door.OpenSQL(tb, pg.Owner.DSN), pg.App.Role, pg.System.Role); err != nil {
		tb.Fatal(err)
	}
	w.World = d.At(tb, door.Place{PG: pg})
	w.ctx = w.Tenant(tb)
	id, err := tenancy.From(w.ctx)
	if err != nil {
		tb.Fatal(err)
	}
	w.tenant = id.String()
	if w.c, err = m.Compile(); err != nil {
		tb.Fatal(err)
	}
	if w.admin, err = pgx.Connect(ctx, pg.Admin.DSN); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.admin.Close(ctx) })
	w.do(tb, "INSERT INTO users (tenant_id, id) SELECT {tenant}, i FROM generate_series(1, 50) i")
	w.fill(tb, 2, 2*rows) // others
	w.last.Store(100)
	w.do(tb, "VACUUM ANALYZE")
	return w
}

func (w *eraseWorld) do(tb testing.TB, text string) {
	if _, err := w.admin.Exec(context.Background(), strings.ReplaceAll(text, "{tenant}", "'"+w.tenant+"'")); err != nil {
		tb.Fatalf("%v in %.200s", err, text)
	}
}

// fill gives a person so many rows.
func (w *eraseWorld) fill(tb testing.TB, user, rows int) {
	each := max(1, rows/(len(exportTables)-1))
	base := user * 10_000_000
	for _, t := range exportTables[1:] {
		links, of := t.fk, fmt.Sprint(user)
		switch {
		case t.depth > 1:
			of = fmt.Sprint(base, " + i")
		case t.name == "messages":
			links, of = links+", recipient_id", fmt.Sprintf("%d, 1 + i %% 50", user)
		}
		w.do(tb, fmt.Sprintf("INSERT INTO %s (tenant_id, id, %s, %s) SELECT {tenant}, %d + i, %s, %s FROM generate_series(1, %d) i", t.name, links, exportColumns, base, of, exportContent("i"), each))
	}
}

// come brings a person with all rows.
func (w *eraseWorld) come(tb testing.TB) int {
	id := int(w.last.Add(1))
	w.do(tb, fmt.Sprintf("INSERT INTO users (tenant_id, id) VALUES ({tenant}, %d)", id))
	w.fill(tb, id, w.rows)
	return id
}

// left is how many rows there are of those who came.
func (w *eraseWorld) left(tb testing.TB) (n int64) {
	for _, t := range exportTables {
		var m int64
		bound := 1_000_000_000
		if t.name == "users" {
			bound = 100
		}
		if err := w.admin.QueryRow(context.Background(), fmt.Sprintf("SELECT count(*) FROM %s WHERE id > %d", t.name, bound)).Scan(&m); err != nil {
			tb.Fatal(err)
		}
		n += m
	}
	return n
}

// leafFirst is the order in which rows can go without breaking a reference.
func leafFirst() (out []exportTable) {
	for d := 3; d >= 1; d-- {
		for _, t := range exportTables {
			if t.depth == d {
				out = append(out, t)
			}
		}
	}
	return append(out, exportTables[0])
}

// of is the condition of a user's rows as it is written by hand.
func (w *eraseWorld) of(t exportTable, user int) string {
	return "tenant_id = '" + w.tenant + "' AND " + strings.ReplaceAll(t.where(), "= 1", fmt.Sprint("= ", user))
}

func (w *eraseWorld) ways() []way {
	ctx := context.Background()
	perSecond := func(ns float64) (string, float64) { return "rows/s", float64(w.rows) / ns * 1e9 }
	byHand := func(name string, run func(c *pgx.Conn, user int) error) way {
		var waiting []int
		var here testing.TB
		return way{name: name, vs: []string{"ours"}, also: perSecond, turn: time.Nanosecond,
			prep: func(n int) {
				for range n {
					waiting = append(waiting, w.come(here))
				}
			},
			open: func(tb testing.TB) func(int) error {
				here = tb
				c, err := pgx.Connect(ctx, w.PG.Admin.DSN)
				if err != nil {
					tb.Fatal(err)
				}
				tb.Cleanup(func() { c.Close(ctx) })
				return func(n int) error {
					for range n {
						if len(waiting) == 0 {
							return fmt.Errorf("nobody is left to be erased")
						}
						user := waiting[0]
						waiting = waiting[1:]
						if err := run(c, user); err != nil {
							return err
						}
					}
					return nil
				}
			}}
	}
	ours := byHand("ours", func(_ *pgx.Conn, user int) error { return w.erase(user) })
	ours.vs = nil
	ways := []way{ours,
		byHand("row_by_row_committed", func(c *pgx.Conn, user int) error { return w.rowByRow(ctx, c, user) }),
		byHand("a_statement_a_table", func(c *pgx.Conn, user int) error {
			return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
				for _, t := range leafFirst() {
					if _, err := tx.Exec(ctx, "DELETE FROM "+t.name+" WHERE "+w.of(t, user)); err != nil {
						return err
					}
				}
				return nil
			})
		}),
		byHand("batches_committed", func(c *pgx.Conn, user int) error {
			for _, t := range leafFirst() {
				for {
					tag, err := c.Exec(ctx, "DELETE FROM "+t.name+" WHERE ctid = ANY(ARRAY(SELECT ctid FROM "+t.name+" WHERE "+w.of(t, user)+" LIMIT 10000))")
					if err != nil {
						return err
					}
					if tag.RowsAffected() < 10000 {
						break
					}
				}
			}
			return nil
		}),
	}
	if w.onDel != "" {
		ways = append(ways, byHand("cascade", func(c *pgx.Conn, user int) error {
			_, err := c.Exec(ctx, "DELETE FROM users WHERE "+w.of(exportTables[0], user))
			return err
		}))
	}
	return ways
}

func (w *eraseWorld) erase(user int) error {
	j, err := dsarsql.NewJournal(w.DB)
	if err != nil {
		return err
	}
	e, err := erase.New(w.DB, w.c, j, erase.Options{Scan: -1})
	if err != nil {
		return err
	}
	p := dsar.Person{Kind: "user", Key: []string{w.tenant, fmt.Sprint(user)}}
	plan, err := e.Plan(w.ctx, p)
	if err != nil {
		return err
	}
	begun := time.Now()
	done, err := e.Erase(w.ctx, dsar.Job{ID: fmt.Sprint("bench ", user), Person: p, Approved: plan.Hash})
	if err != nil {
		return err
	}
	var n int64
	for _, x := range done.Tables {
		n += x.Rows
	}
	if os.Getenv("BAILIWICK_BENCH_ERASE_SAY") != "" {
		fmt.Printf("erased %d rows at %.0f rows/s\n", n, float64(n)/time.Since(begun).Seconds())
	}
	if n < int64(w.rows)*9/10 {
		return fmt.Errorf("%d rows, not %d", n, w.rows)
	}
	return nil
}

// rowByRow reads keys, and deletes each in a statement that commits: what runners of tasks do.
func (w *eraseWorld) rowByRow(ctx context.Context, c *pgx.Conn, user int) error {
	for _, t := range leafFirst() {
		rows, err := c.Query(ctx, "SELECT id FROM "+t.name+" WHERE "+w.of(t, user))
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := c.Exec(ctx, "DELETE FROM "+t.name+" WHERE tenant_id = $1 AND id = $2", w.tenant, id); err != nil {
				return err
			}
		}
	}
	return nil
}
