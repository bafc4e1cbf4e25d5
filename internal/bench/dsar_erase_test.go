package bench

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

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

// Workload: one person's rows of 20 tables out of Postgres, and committed; every commit is synced. Each way takes another person of so many rows,
// all of whom are there before. Ours looks whether its plan, which was
// approved before, still holds, keeps a journal in the same transactions, works under row-level security and can be killed at any
// moment; the others see all tenants, and what is killed halfway is half gone or all there.
func BenchmarkDSARErase(b *testing.B) {
	for _, onDelete := range []string{"", " ON DELETE CASCADE"} {
		b.Run(map[bool]string{true: "restrict", false: "cascade"}[onDelete == ""], func(b *testing.B) {
			ways := eraseWays(onDelete != "")
			var people []int // in the order in which they go
			for range longRounds() {
				for _, x := range ways {
					people = append(people, eraseRows()/x.fewer)
				}
			}
			w := newEraseWorld(b, durablePostgres(b), eraseRows(), onDelete, people)
			var long []longWay
			user := firstComer - 1
			for _, x := range ways {
				long = append(long, longWay{x.name, eraseRows() / x.fewer,
					func() error {
						user++
						if x.plan == nil {
							return nil
						}
						return x.plan(w, user)
					},
					func() error { return x.run(context.Background(), w, user) }})
			}
			compareLong(b, w.PG, long)
		})
	}
}

func TestEveryErasureTakesAllRows(t *testing.T) {
	for _, onDelete := range []string{"", " ON DELETE CASCADE"} {
		ways := eraseWays(onDelete != "")
		w := newEraseWorld(t, dbtest.Postgres(t), 200, onDelete, slices.Repeat([]int{200}, len(ways)+1))
		for i, x := range ways {
			if x.plan != nil {
				if err := x.plan(w, firstComer+i); err != nil {
					t.Fatal(x.name, err)
				}
			}
			if err := x.run(context.Background(), w, firstComer+i); err != nil {
				t.Fatal(x.name, err)
			}
			if n := w.left(t, firstComer+i); n != 0 {
				t.Fatalf("%s leaves %d rows", x.name, n)
			}
		}
		if n := w.left(t, firstComer+len(ways)); n < 190 {
			t.Fatalf("%d rows are left of who stays", n)
		}
	}
}

// eraseRows is how many rows a person has: 100,000, or BAILIWICK_BENCH_ERASE_ROWS.
func eraseRows() int {
	if n, err := strconv.Atoi(os.Getenv("BAILIWICK_BENCH_ERASE_ROWS")); err == nil {
		return n
	}
	return 100_000
}

// eraseWorld is a database of people with many rows, of one tenant.
type eraseWorld struct {
	*door.World
	ctx      context.Context
	tenant   string
	rows     int
	admin    *pgx.Conn
	eraser   *erase.Eraser
	approved string // the hash of the plan of whose turn it is
}

// firstComer is the first of those who are erased. Rows of somebody have ids from a million times theirs.
const firstComer, apart = 100, 10_000_000

// newEraseWorld returns a world with people of so many rows, in the order of their ids, and somebody who has twice as many as rows and stays.
func newEraseWorld(tb testing.TB, pg *dbtest.PG, rows int, onDelete string, people []int) *eraseWorld {
	tb.Helper()
	const columns = "created_at timestamptz, title text, body text, ip text, email text, amount numeric(12,2)"
	var a app.Tables
	var ddl, late strings.Builder
	m := &dsar.Map{Application: "Bench", Tenant: "tenant_id", Subjects: []dsar.Subject{{Kind: "user", Table: "users"}},
		Purposes: []dsar.Purpose{{Name: "service", Why: "to serve", Basis: dsar.Contract}}}
	for _, t := range exportTables {
		links, plain := "", []string{"tenant_id text not null", "id bigint not null", "created_at timestamp with time zone", "amount numeric(12,2)"}
		var of []dsar.Link
		fmt.Fprintf(&late, "ALTER TABLE %s ADD PRIMARY KEY (tenant_id, id);\n", t.name)
		for _, fk := range append(strings.Fields(t.fk), map[bool][]string{true: {"recipient_id"}}[t.name == "messages"]...) {
			links += fk + " bigint not null, "
			plain = append(plain, fk+" bigint not null")
			of = append(of, dsar.Link{Columns: []string{"tenant_id", fk}, To: t.parent})
			fmt.Fprintf(&late, "ALTER TABLE %s ADD FOREIGN KEY (tenant_id, %s) REFERENCES %s (tenant_id, id)%s;\nCREATE INDEX ON %s (tenant_id, %s);\n", t.name, fk, t.parent, onDelete, t.name, fk)
		}
		fmt.Fprintf(&ddl, "CREATE TABLE %s (tenant_id text NOT NULL, id bigint NOT NULL, %s%s);\n", t.name, links, columns)
		a.Tenants = append(a.Tenants, rls.Table{Name: t.name, Column: "tenant_id"})
		m.Tables = append(m.Tables, dsar.Table{Name: t.name, Key: []string{"tenant_id", "id"}, Purpose: "service", Links: of, Plain: plain, Shared: dsar.DeleteForAll, Columns: []dsar.Column{
			{Name: "title text", Class: redact.ClassContent}, {Name: "body text", Class: redact.ClassContent}, {Name: "ip text", Class: redact.ClassIP}, {Name: "email text", Class: redact.ClassEmail}}})
	}
	w := &eraseWorld{rows: rows}
	a.Postgres = ddl.String()
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
	c, err := m.Compile()
	if err != nil {
		tb.Fatal(err)
	}
	j, err := dsarsql.NewJournal(w.DB)
	if err != nil {
		tb.Fatal(err)
	}
	if w.eraser, err = erase.New(w.DB, c, j, erase.Options{}); err != nil {
		tb.Fatal(err)
	}
	if w.admin, err = pgx.Connect(ctx, pg.Admin.DSN); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.admin.Close(ctx) })
	w.fill(tb, people)
	w.do(tb, late.String())
	w.do(tb, "VACUUM ANALYZE")
	w.do(tb, "CHECKPOINT")
	return w
}

func (w *eraseWorld) do(tb testing.TB, text string) {
	tb.Helper()
	if _, err := w.admin.Exec(context.Background(), strings.ReplaceAll(text, "{tenant}", "'"+w.tenant+"'")); err != nil {
		tb.Fatalf("%v in %.200s", err, text)
	}
}

// fill gives each table the same share of everybody's rows, while it has no index: texts are made up once, and copied.
func (w *eraseWorld) fill(tb testing.TB, people []int) {
	tb.Helper()
	share := func(rows int) int { return max(1, rows/(len(exportTables)-1)) }
	var who strings.Builder
	fmt.Fprintf(&who, "(2, %d)", share(2*w.rows))
	for i, rows := range people {
		fmt.Fprintf(&who, ", (%d, %d)", firstComer+i, share(rows))
	}
	w.do(tb, "CREATE TEMP TABLE texts (i, "+exportColumns+") AS SELECT i, "+exportContent("i")+fmt.Sprintf(" FROM generate_series(1, %d) i", share(2*w.rows)))
	w.do(tb, "CREATE TEMP TABLE people (id, each) AS VALUES "+who.String())
	w.do(tb, fmt.Sprintf("INSERT INTO users (tenant_id, id) SELECT {tenant}, i FROM generate_series(1, %d) i", firstComer+len(people)))
	for _, t := range exportTables[1:] {
		links, of := t.fk, "p.id"
		switch {
		case t.depth > 1:
			of = fmt.Sprint("p.id * ", apart, " + i")
		case t.name == "messages":
			links, of = links+", recipient_id", "p.id, 1 + i % 50"
		}
		w.do(tb, fmt.Sprintf("INSERT INTO %s (tenant_id, id, %s, %s) SELECT {tenant}, p.id * %d + i, %s, %s FROM people p JOIN texts ON i <= p.each ORDER BY p.id, i", t.name, links, exportColumns, apart, of, exportColumns))
	}
	w.do(tb, "DROP TABLE texts, people")
}

// left is how many rows there are of somebody.
func (w *eraseWorld) left(tb testing.TB, user int) (n int64) {
	for _, t := range exportTables {
		var m int64
		of := fmt.Sprintf("id / %d = %d", apart, user)
		if t.name == "users" {
			of = fmt.Sprint("id = ", user)
		}
		if err := w.admin.QueryRow(context.Background(), "SELECT count(*) FROM "+t.name+" WHERE "+of).Scan(&m); err != nil {
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

// eraseWay erases somebody in one of the ways that are compared. A way that is slow has people of fewer rows: rows/fewer.
type eraseWay struct {
	name  string
	fewer int
	run   func(ctx context.Context, w *eraseWorld, user int) error
	plan  func(w *eraseWorld, user int) error // what somebody approves before
}

func eraseWays(cascades bool) []eraseWay {
	ways := []eraseWay{
		{"ours", 1, func(_ context.Context, w *eraseWorld, user int) error { return w.erase(user) }, (*eraseWorld).approve},
		{"row_by_row_committed", 20, func(ctx context.Context, w *eraseWorld, user int) error { return w.rowByRow(ctx, w.admin, user) }, nil},
		{"a_statement_a_table", 1, func(ctx context.Context, w *eraseWorld, user int) error {
			return pgx.BeginFunc(ctx, w.admin, func(tx pgx.Tx) error {
				for _, t := range leafFirst() {
					if _, err := tx.Exec(ctx, "DELETE FROM "+t.name+" WHERE "+w.of(t, user)); err != nil {
						return err
					}
				}
				return nil
			})
		}, nil},
		{"batches_committed", 1, func(ctx context.Context, w *eraseWorld, user int) error {
			for _, t := range leafFirst() {
				for {
					tag, err := w.admin.Exec(ctx, "DELETE FROM "+t.name+" WHERE ctid = ANY(ARRAY(SELECT ctid FROM "+t.name+" WHERE "+w.of(t, user)+" LIMIT 10000))")
					if err != nil {
						return err
					}
					if tag.RowsAffected() < 10000 {
						break
					}
				}
			}
			return nil
		}, nil},
	}
	if cascades {
		ways = append(ways, eraseWay{"cascade", 1, func(ctx context.Context, w *eraseWorld, user int) error {
			_, err := w.admin.Exec(ctx, "DELETE FROM users WHERE "+w.of(exportTables[0], user))
			return err
		}, nil})
	}
	return ways
}

// person is a user as the map knows them.
func (w *eraseWorld) person(user int) dsar.Person {
	return dsar.Person{Kind: "user", Key: []string{w.tenant, fmt.Sprint(user)}}
}

// approve makes the plan of somebody's erasure.
func (w *eraseWorld) approve(user int) error {
	plan, err := w.eraser.Plan(w.ctx, w.person(user))
	if err == nil {
		w.approved = plan.Hash
	}
	return err
}

func (w *eraseWorld) erase(user int) error {
	done, err := w.eraser.Erase(w.ctx, dsar.Job{ID: fmt.Sprint("bench ", user), Person: w.person(user), Approved: w.approved})
	if err != nil {
		return err
	}
	var n int64
	for _, x := range done.Tables {
		n += x.Rows
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
