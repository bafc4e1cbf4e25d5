package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// Workload G on SQLite: support reads a page of 50 posts, 3 columns of 6, of a tenant with 2,000 (synchronous=full). bare is the
// page alone. audit is the floor: an entry of the log, committed, and then the page; nothing is checked. ours is the guarded read of the
// store, and ours_service all of supportgrant.Read, which also asks the directory whether those concerned still may.
func BenchmarkSupportGrantSQLite(b *testing.B) {
	for _, readers := range []int{1, 8} {
		name := "1_reader"
		if readers > 1 {
			name = fmt.Sprintf("%d_readers", readers)
		}
		b.Run(name, func(b *testing.B) { compare(b, openSupport(b).reads(readers), nil) })
	}
}

func TestSupportReadsOnSQLiteReadThePage(t *testing.T) { checkWays(t, openSupport(t).reads(4)) }

// BenchmarkSupportWithdrawSQLite: what a withdrawal takes beside busy readers, of whom each has its rows for up to a millisecond. write is the
// floor: one row committed beside the same readers, a moment before; nobody is waited for.
func BenchmarkSupportWithdrawSQLite(b *testing.B) {
	for _, readers := range []int{8, 32} {
		for _, stall := range []time.Duration{0, time.Millisecond} {
			b.Run(fmt.Sprintf("%d_readers/stall_%v", readers, stall), func(b *testing.B) {
				w := openSupport(b)
				_, rounds := budget()
				if rounds == 0 {
					rounds = 60
				}
				var ours, write []float64 // in ms
				for range rounds {
					withdrawal, row := w.withdraw(b, readers, stall)
					ours, write = append(ours, withdrawal.Seconds()*1e3), append(write, row.Seconds()*1e3)
				}
				times, _ := ratio(ours, write)
				report(b, "ours", rounds, map[string]float64{"p50-ms": median(ours), "p99-ms": quantile(ours, 0.99), "best-ms": quantile(ours, best), "x-write": times})
				report(b, "write", rounds, map[string]float64{"p50-ms": median(write), "p99-ms": quantile(write, 0.99), "best-ms": quantile(write, best)})
			})
		}
	}
}

type supportWorld struct {
	ctx     context.Context
	db      *tenantdb.DB
	store   *supportgrantsql.Store
	service *supportgrant.Service
	reading supportgrant.Reading
}

const pageOfPosts = `SELECT "id", "title", "created_at", "id" FROM "post" WHERE "hidden" = ? ORDER BY "id" LIMIT ?`

func openSupport(tb testing.TB) *supportWorld {
	tb.Helper()
	must := func(err error) {
		if err != nil {
			tb.Helper()
			tb.Fatal(err)
		}
	}
	steps, err := sqlite.ReadMigrations("supportgrant", supportgrantsql.SQLite())
	must(err)
	steps = append(steps, sqlite.Migration{ID: "app/1", SQL: `
		CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL, draft_note TEXT NOT NULL, hidden INTEGER NOT NULL, created_at INTEGER NOT NULL) STRICT;
		WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 2000) INSERT INTO post SELECT i, 'title ' || i, printf('%.400c', 'x'), 'note', 0, 1700000000000000 + i FROM s;`})
	db, err := sqlite.Open(folder(tb), sqlite.Options{Migrations: steps})
	must(err)
	tb.Cleanup(func() { db.Close() })
	id := tenancy.NewID()
	must(db.Provision(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	request, cancel := context.WithCancel(context.Background()) // as a request's is, which ends when its client goes away
	tb.Cleanup(cancel)
	w := &supportWorld{ctx: tenancy.With(request, id), db: db.TenantDB()}
	w.store, err = supportgrantsql.New(w.db)
	must(err)
	posts := supportgrant.Resource{Name: "posts", Category: supportgrant.Posts, Table: "post", Key: []string{"id"}, Columns: []string{"id", "title", "created_at"},
		Where: []supportgrant.Condition{supportgrant.Is("hidden", false)}}
	w.service, err = supportgrant.New(w.store, new(supportgranttest.People).Hire("sam").Appoint("ann"), supportgrant.Options{Registry: []supportgrant.Resource{posts},
		MFA: []supportgrant.MFA{&supportgranttest.Factor{}}, Rate: 1 << 30, Budget: 1 << 50, Drain: time.Minute})
	must(err)
	w.reading = supportgrant.Reading{Entry: supportgrant.Entry{Kind: supportgrant.KindRead, Grant: w.grant(tb), By: "sam", Category: "posts", Resource: "posts",
		Columns: []string{"id", "title", "created_at"}, Limit: 50}, Hold: supportgrant.MaxHold, Resource: posts, Query: supportgrant.Query{Columns: []string{"id", "title", "created_at", "id"}, Limit: 50}}
	return w
}

// grant is a new grant that is live.
func (w *supportWorld) grant(tb testing.TB) supportgrant.GrantID {
	tb.Helper()
	g, err := w.service.Request(w.ctx, supportgrant.NewRequest{Staff: "sam", Ticket: "T-1", Reason: "posts do not show up", Scope: supportgrant.ScopeOf(supportgrant.Posts), Life: time.Hour})
	if err != nil {
		tb.Fatal(err)
	}
	p, err := w.service.BeginApproval(w.ctx, g.ID, "ann", "test", 0)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.service.Approve(w.ctx, g.ID, "ann", supportgranttest.Answer(p)); err != nil {
		tb.Fatal(err)
	}
	return g.ID
}

type shownPost struct {
	ID        int64
	Title     string
	CreatedAt int64
}

var errShort = errors.New("not the whole page")

// show reads all rows.
func show(rows supportgrant.Rows) error {
	page := make([]shownPost, 0, 50)
	var again int64
	for rows.Next() {
		var p shownPost
		if err := rows.Scan(&p.ID, &p.Title, &p.CreatedAt, &again); err != nil {
			return err
		}
		page = append(page, p)
	}
	if len(page) != 50 {
		return errors.Join(errShort, rows.Err())
	}
	return nil
}

// enter commits an entry as a read's, of no grant.
func (w *supportWorld) enter() error {
	return w.db.Tx(w.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO supportgrant_entry (id, grant_id, kind, acted_by, category, resource, columns_read, matched, keys_asked, after_key, most_rows, why, at)
			VALUES (?, ?, 'read', 'sam', 'posts', 'posts', '["id","title","created_at"]', '[]', '[]', '[]', 50, '', bw_now())`, uuid.Must(uuid.NewV7()), nobody)
		return err
	})
}

var nobody = uuid.Must(uuid.NewV7())

func (w *supportWorld) page() error {
	return w.db.Read(w.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		rows, err := tx.QueryContext(ctx, pageOfPosts, false, 50)
		if err != nil {
			return err
		}
		defer rows.Close()
		return show(rows)
	})
}

func (w *supportWorld) reads(readers int) []way {
	all := func(read func() error) func(tb testing.TB) func(n int) error {
		return func(testing.TB) func(n int) error { return shared(readers, read) }
	}
	ways := []way{
		{name: "bare", open: all(w.page)},
		{name: "audit", vs: []string{"bare"}, open: all(func() error {
			if err := w.enter(); err != nil {
				return err
			}
			return w.page()
		})},
		{name: "ours", vs: []string{"audit", "bare"}, open: all(func() error {
			r := w.reading
			r.Entry.ID = uuid.Must(uuid.NewV7())
			return w.store.Read(w.ctx, r, func(_ context.Context, rows supportgrant.Rows) error { return show(rows) })
		})},
		{name: "ours_service", vs: []string{"audit", "bare"}, open: all(func() error {
			page, err := supportgrant.Read[shownPost](w.ctx, w.service, supportgrant.Access{Grant: w.reading.Entry.Grant, Staff: "sam", Resource: "posts", Limit: 50})
			if err == nil && len(page.Rows) != 50 {
				err = errShort
			}
			return err
		})},
	}
	if readers > 1 {
		for i := range ways {
			ways[i].turn = 20 * turn // of a few each, the last would weigh too much
		}
	}
	return ways
}

// withdraw lets readers read under a new grant, writes a row and withdraws the grant beside them, and returns what each took.
func (w *supportWorld) withdraw(tb testing.TB, readers int, stall time.Duration) (withdrawal, row time.Duration) {
	tb.Helper()
	id := w.grant(tb)
	var wg sync.WaitGroup
	var reads atomic.Int64
	var late, after atomic.Int64
	var over atomic.Bool
	for i := range readers {
		wg.Go(func() {
			for {
				err := supportgrant.Use(w.ctx, w.service, supportgrant.Access{Grant: id, Staff: "sam", Resource: "posts", Limit: 50}, func(context.Context, supportgrant.Page[shownPost]) error {
					if stall > 0 {
						time.Sleep(stall * time.Duration(i%4+1) / 4)
					}
					if reads.Add(1); over.Load() {
						late.Add(1)
					}
					return nil
				})
				if err != nil {
					if !errors.Is(err, supportgrant.ErrNotGranted) {
						after.Add(1)
					}
					return
				}
			}
		})
	}
	for reads.Load() < int64(4*readers) {
		time.Sleep(100 * time.Microsecond)
	}
	at := time.Now()
	werr := w.enter()
	row = time.Since(at)
	at = time.Now()
	_, err := w.service.Withdraw(w.ctx, id, "ann", "")
	withdrawal = time.Since(at)
	over.Store(true)
	wg.Wait()
	if err = errors.Join(err, werr); err != nil || late.Load() > 0 || after.Load() > 0 {
		tb.Fatal(strings.TrimSpace(fmt.Sprint(err, " late: ", late.Load(), " failed: ", after.Load())))
	}
	return withdrawal, row
}
