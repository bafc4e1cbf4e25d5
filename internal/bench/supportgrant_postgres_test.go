package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

// Workload G: a page of 50 rows of a tenant is read for support, by 1 or 8 readers, on a server that syncs each commit. bare reads it;
// floor adds an entry to the log, commits it, and reads the page, but checks nothing; ours_store is the store's guarded read, and ours what an application calls. All
// use the same transactions of tenantdb. Times are until the rows are handed over.
func BenchmarkSupportGrantPostgres(b *testing.B) {
	w := newGrantWorld(b, durablePostgres(b))
	for _, readers := range []int{1, 8} {
		b.Run(fmt.Sprintf("%d_readers", readers), func(b *testing.B) { w.compareReads(b, readers) })
	}
}

// Workload R: a withdrawal among busy readers, from the call until it returns.
func BenchmarkSupportGrantWithdraw(b *testing.B) {
	w := newGrantWorld(b, durablePostgres(b))
	for _, readers := range []int{8, 32} {
		b.Run(fmt.Sprintf("%d_readers", readers), func(b *testing.B) { w.withdrawals(b, readers) })
	}
}

func TestEveryWayOfSupportReadsThePage(t *testing.T) {
	w := newGrantWorld(t, dbtest.Postgres(t))
	db, s, service := w.desk(t, 2)
	g := w.grant(t, service)
	for _, r := range w.reads(db, s, service, g) {
		var rows int
		if err := r.read(func(n int) { rows = n }); err != nil || rows != 50 {
			t.Errorf("%s: %d rows, %v", r.name, rows, err)
		}
	}
}

// grantWorld is a Postgres database with the tables of support grants and 2,000 posts of each of two tenants.
type grantWorld struct {
	*pgWorld
	ctx context.Context
}

func newGrantWorld(tb testing.TB, pg *dbtest.PG) *grantWorld {
	tb.Helper()
	w := &grantWorld{&pgWorld{PG: pg}, tenantContexts(2)[0]}
	setUp(tb, pg, "one", 2)
	cfg, err := pgx.ParseConfig(pg.Owner.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	owner := stdlib.OpenDB(*cfg)
	defer owner.Close()
	if err := supportgrantsql.Migrate(context.Background(), owner, pg.App.Role, pg.System.Role); err != nil {
		tb.Fatal(err)
	}
	w.exec(tb, pg.Owner.DSN, `CREATE TABLE post (tenant_id text COLLATE "C" NOT NULL, id bigint NOT NULL, title text NOT NULL, body text NOT NULL, PRIMARY KEY (tenant_id, id))`)
	w.exec(tb, pg.Owner.DSN, guards(tb, pg, "post"))
	for i := range 2 {
		w.exec(tb, pg.Admin.DSN, `INSERT INTO post SELECT '`+tenantName(i)+`', n, 'title ' || n, repeat('body ', 20) FROM generate_series(1, 2000) n`)
	}
	w.exec(tb, pg.Admin.DSN, `VACUUM ANALYZE`)
	return w
}

// desk is one process of the application.
func (w *grantWorld) desk(tb testing.TB, conns int) (*tenantdb.DB, supportgrant.Store, *supportgrant.Service) {
	tb.Helper()
	db := (&auditWorld{pgWorld: w.pgWorld}).open(tb, conns).TenantDB()
	s, err := supportgrantsql.New(db)
	if err != nil {
		tb.Fatal(err)
	}
	service, err := supportgrant.New(s, (&supportgranttest.People{}).Hire("sam").Appoint("olga"), supportgrant.Options{
		Registry: []supportgrant.Resource{grantPosts}, MFA: []supportgrant.MFA{&supportgranttest.Factor{}}, Rate: 1 << 20, Budget: 1 << 40, Drain: 30 * time.Second})
	if err != nil {
		tb.Fatal(err)
	}
	return db, s, service
}

var grantPosts = supportgrant.Resource{Name: "posts", Category: supportgrant.Posts, Table: "post", Key: []string{"id"}, Columns: []string{"id", "title", "body"}}

type grantPost struct {
	ID          int64
	Title, Body string
}

func (w *grantWorld) grant(tb testing.TB, s *supportgrant.Service) supportgrant.Grant {
	tb.Helper()
	g, err := s.Request(w.ctx, supportgrant.NewRequest{Staff: "sam", Ticket: "T-17", Reason: "posts do not show up", Scope: supportgrant.ScopeOf(supportgrant.Posts), Life: time.Hour})
	if err != nil {
		tb.Fatal(err)
	}
	p, err := s.BeginApproval(w.ctx, g.ID, "olga", "test", 0)
	if err != nil {
		tb.Fatal(err)
	}
	if g, err = s.Approve(w.ctx, g.ID, "olga", supportgranttest.Answer(p)); err != nil {
		tb.Fatal(err)
	}
	return g
}

// grantRead is a way to read the page, which calls handed with the number of rows once it has them.
type grantRead struct {
	name string
	read func(handed func(rows int)) error
}

func (w *grantWorld) reads(db *tenantdb.DB, s supportgrant.Store, service *supportgrant.Service, g supportgrant.Grant) []grantRead {
	bare := func(handed func(int)) error {
		return db.Read(w.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			var posts []grantPost
			rows, err := tx.QueryContext(ctx, `SELECT id, title, body FROM post ORDER BY id LIMIT 50`) // a plan that can be kept, as ours
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var p grantPost
				if err := rows.Scan(&p.ID, &p.Title, &p.Body); err != nil {
					return err
				}
				posts = append(posts, p)
			}
			if err := rows.Err(); err != nil {
				return err
			}
			handed(len(posts))
			return nil
		})
	}
	floor := func(handed func(int)) error {
		var now int64
		err := db.Row(w.ctx, `INSERT INTO supportgrant_entry (id, grant_id, kind, acted_by, category, resource, columns_read, matched, keys_asked, after_key, most_rows, why, at)
			VALUES ($1, $2, 'read', 'sam', 'posts', 'posts', '["id","title","body"]', '[]', '[]', '[]', 50, '', (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint) RETURNING at`,
			[]any{uuid.Must(uuid.NewV7()), uuid.UUID{1}}, []any{&now})
		if err != nil {
			return err
		}
		return bare(handed)
	}
	store := func(handed func(int)) error {
		r := supportgrant.Reading{Resource: grantPosts, Hold: supportgrant.MaxHold, Query: supportgrant.Query{Columns: grantPosts.Columns, Limit: 50},
			Entry: supportgrant.Entry{ID: uuid.Must(uuid.NewV7()), Kind: supportgrant.KindRead, Grant: g.ID, By: "sam", Category: "posts", Resource: "posts", Columns: grantPosts.Columns, Limit: 50}}
		return s.Read(w.ctx, r, func(_ context.Context, rows supportgrant.Rows) error {
			var posts []grantPost
			for rows.Next() {
				var p grantPost
				if err := rows.Scan(&p.ID, &p.Title, &p.Body); err != nil {
					return err
				}
				posts = append(posts, p)
			}
			handed(len(posts))
			return rows.Err()
		})
	}
	ours := func(handed func(int)) error {
		return supportgrant.Use(w.ctx, service, supportgrant.Access{Grant: g.ID, Staff: "sam", Resource: "posts"},
			func(_ context.Context, page supportgrant.Page[grantPost]) error { handed(len(page.Rows)); return nil })
	}
	return []grantRead{{"bare", bare}, {"floor", floor}, {"ours_store", store}, {"ours", ours}}
}

// compareReads has the ways take turns of a few reads, and reports the medians, until the rows are handed over and until the call returns.
func (w *grantWorld) compareReads(b *testing.B, readers int) {
	db, s, service := w.desk(b, readers)
	ways := w.reads(db, s, service, w.grant(b, service))
	until, whole, cpu := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}
	servers := cpuMeter(func() time.Duration { return 0 })
	per, rounds := budget()
	var deadline time.Time
	for r := -5; r < max(rounds, 3) || rounds == 0 && time.Now().Before(deadline); r++ { // the first warm up
		if r == 0 {
			deadline = time.Now().Add(per * time.Duration(len(ways)))
			if meter := w.serverCPU(b); meter != nil {
				servers = meter
			}
		}
		for _, k := range rand.Perm(len(ways)) {
			var mu sync.Mutex
			var wg sync.WaitGroup
			spent := ownCPU() + servers()
			for range readers {
				wg.Go(func() {
					for range 5 {
						start := time.Now()
						var at time.Duration
						if err := ways[k].read(func(int) { at = time.Since(start) }); err != nil {
							b.Error(ways[k].name, err)
							return
						}
						if r >= 0 {
							mu.Lock()
							until[ways[k].name], whole[ways[k].name] = append(until[ways[k].name], float64(at.Nanoseconds())), append(whole[ways[k].name], float64(time.Since(start).Nanoseconds()))
							mu.Unlock()
						}
					}
				})
			}
			wg.Wait()
			if r >= 0 {
				cpu[ways[k].name] = append(cpu[ways[k].name], float64((ownCPU()+servers()-spent).Nanoseconds())/float64(5*readers))
			}
		}
	}
	for _, way := range ways {
		m := map[string]float64{"ns/op": median(until[way.name]), "best-ns": quantile(until[way.name], best), "p99-ns": quantile(until[way.name], 0.99), "returned-ns": median(whole[way.name]), "cpu-ns/op": median(cpu[way.name])}
		for _, v := range []string{"bare", "floor"} {
			m["x-"+v], m["best-x-"+v] = m["ns/op"]/median(until[v]), m["best-ns"]/quantile(until[v], best)
			m["cpu-x-"+v], _ = ratio(cpu[way.name], cpu[v])
			m["returned-x-"+v] = m["returned-ns"] / median(whole[v])
		}
		report(b, way.name, len(until[way.name]), m)
	}
}

// withdrawals reports how long they take while readers read under the grant without a pause, and fails if one of those hands over later.
func (w *grantWorld) withdrawals(b *testing.B, readers int) {
	_, _, service := w.desk(b, readers)
	_, _, other := w.desk(b, 4)
	var took []float64
	var late, reads atomic.Int64
	per, rounds := budget()
	for deadline := time.Now().Add(per * 4); len(took) < max(rounds, 3) || rounds == 0 && time.Now().Before(deadline); {
		g := w.grant(b, other)
		var withdrawn atomic.Bool
		var wg sync.WaitGroup
		busy := make(chan struct{}, readers)
		for range readers {
			wg.Go(func() {
				for n := 0; ; n++ {
					err := supportgrant.Use(w.ctx, service, supportgrant.Access{Grant: g.ID, Staff: "sam", Resource: "posts"}, func(context.Context, supportgrant.Page[grantPost]) error {
						if reads.Add(1); withdrawn.Load() {
							late.Add(1)
						}
						return nil
					})
					if n == 0 {
						busy <- struct{}{}
					}
					if err != nil {
						if !errors.Is(err, supportgrant.ErrNotGranted) {
							b.Error(err)
						}
						return
					}
				}
			})
		}
		for range readers {
			<-busy
		}
		time.Sleep(rand.N(5 * time.Millisecond))
		start := time.Now()
		_, err := other.Withdraw(w.ctx, g.ID, "olga", "enough")
		took = append(took, float64(time.Since(start).Nanoseconds()))
		withdrawn.Store(true)
		wg.Wait()
		if err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(took)
	if late.Load() > 0 {
		b.Errorf("%d reads handed over after a withdrawal had returned", late.Load())
	}
	report(b, "ours", len(took), map[string]float64{"ns/op": median(took), "p99-ms": quantile(took, 0.99) / 1e6, "p50-ms": median(took) / 1e6, "reads": float64(reads.Load())})
}
