package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/jmoiron/sqlx"
)

var moveMB = flag.Int("movemb", 100, "size of the tenant that workload V moves, in MB")

// Workload V, move: one tenant's rows from one database to another while a writer inserts a row at a time.
// One operation is one move; the tenant goes back and forth. write-pause-ms is what the move reports,
// longest-write-ms the longest time that a write of the writer took in the end.
func BenchmarkMove(b *testing.B) {
	e := newEstate(b, *moveMB)
	var pauses, waits, took []float64
	moves := 2
	if _, n := budget(); n > 0 {
		moves = n
	}
	for i := range moves {
		pause, wait, total := e.move(b, i)
		pauses = append(pauses, float64(pause.Microseconds())/1000)
		waits = append(waits, float64(wait.Microseconds())/1000)
		took = append(took, float64(total.Nanoseconds()))
	}
	report(b, fmt.Sprintf("%d_MB/ours", *moveMB), moves, map[string]float64{
		"write-pause-ms": median(pauses), "longest-write-ms": median(waits), "ns/op": median(took)})
}

func TestMovedTenantKeepsItsRows(t *testing.T) {
	e := newEstate(t, 1)
	e.move(t, 0)
	e.move(t, 1)
}

type estate struct {
	shards  [2]*postgres.System
	dir     *tenancy.Memory
	routed  *tenantdb.DB
	tenant  tenancy.ID
	written atomic.Int64
	rows    int
}

func newEstate(tb testing.TB, mb int) *estate {
	tb.Helper()
	ctx := context.Background()
	e := &estate{dir: tenancy.NewMemory(), tenant: tenancy.MustParseID("moving-co"), rows: mb * 1000}
	var routes []tenantdb.Shard
	for i, name := range []string{"one", "two"} {
		pg := dbtest.Postgres(tb)
		setUp(tb, pg, name, 0)
		w := &pgWorld{PG: pg}
		w.exec(tb, pg.Owner.DSN, "CREATE TABLE note (tenant_id text NOT NULL, id bigint NOT NULL, body text NOT NULL, PRIMARY KEY (tenant_id, id))")
		w.exec(tb, pg.Owner.DSN, guards(tb, pg, "note"))
		w.exec(tb, pg.Owner.DSN, "GRANT SELECT, INSERT, UPDATE, DELETE ON note TO "+pg.System.Role)
		if i == 0 {
			w.exec(tb, pg.Admin.DSN, fmt.Sprintf("INSERT INTO note SELECT '%s', g, repeat(md5(g::text), 30) FROM generate_series(1, %d) g", e.tenant, e.rows))
		}
		w.exec(tb, pg.Admin.DSN, "VACUUM ANALYZE")
		e.shards[i] = openSystem(tb, pg)
		tb.Cleanup(e.shards[i].Close)
		db, err := postgres.New(ctx, pool(tb, pg.App.DSN, 4, nil), benchKeys)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { db.Close() })
		routes = append(routes, tenantdb.Shard{Name: name, Backend: db})
	}
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	entry, err := e.dir.Create(ctx, tenancy.Tenant{ID: e.tenant, Shard: "one"})
	must(err)
	must(e.shards[0].Provision(ctx, tenancy.Tenant{ID: e.tenant, State: tenancy.Active, Epoch: entry.Epoch}))
	_, err = e.dir.Transition(ctx, entry, tenancy.Active)
	must(err)
	e.routed, err = tenantdb.Route(e.dir, time.Hour, nil, routes...)
	must(err)
	return e
}

// move moves the tenant the i-th time, under a writer, and checks that no write was lost.
func (e *estate) move(tb testing.TB, i int) (pause, longest, total time.Duration) {
	tb.Helper()
	ctx := tenancy.With(context.Background(), e.tenant)
	stop, wrote := make(chan struct{}), make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				wrote <- nil
				return
			case <-time.After(2 * time.Millisecond):
			}
			start := time.Now()
			err := e.routed.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				_, err := tx.ExecContext(ctx, "INSERT INTO note (tenant_id, id, body) VALUES ($1, $2, $3)",
					e.tenant.String(), 1_000_000_000+e.written.Load(), strings.Repeat("y", 100))
				return err
			})
			switch {
			case errors.Is(err, tenantdb.ErrReadOnly): // the pause
				continue
			case err != nil:
				wrote <- err
				return
			}
			e.written.Add(1)
			longest = max(longest, time.Since(start))
		}
	})
	from, to := e.shards[i%2], e.shards[(i+1)%2]
	start := time.Now()
	rep, err := postgres.Move(context.Background(), e.dir, e.tenant, from, to, postgres.MoveOptions{})
	total = time.Since(start)
	close(stop)
	wg.Wait()
	if err := errors.Join(err, <-wrote); err != nil {
		tb.Fatal(err)
	}
	var have int64
	err = e.routed.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &have, "SELECT count(*) FROM note")
	})
	if want := int64(e.rows) + e.written.Load(); err != nil || have != want {
		tb.Fatalf("%d rows after the move, want %d (%v)", have, want, err)
	}
	return rep.Pause, longest, total
}
