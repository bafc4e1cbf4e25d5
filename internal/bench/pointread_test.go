package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// Workload P, point reads. One operation is one request of one of 20 tenants with 5,000 rows each: open the
// tenant's scope, read 1 or 5 of its rows by primary key, close the scope. Every way must return the
// tenant's rows and leave the pooled connection without a scope.
//
//	link   a link with a round trip of 1 ms, one connection
//	local  the loopback interface: one connection, or 8 connections and 8 workers

// A request reads rows ids of tenant t and returns the sum of their n.
type request func(ctx context.Context, t int, ids []int64) (int, error)

// A scoper opens what serves requests, over conns connections to dsn. nil leaves it out.
type scoper struct {
	name string
	open func(tb testing.TB, w *pgWorld, dsn string, conns int) request
	vs   []string
}

// scopers are filled by the files that define them.
var scopers []scoper

func BenchmarkPointRead(b *testing.B) {
	w := newPGWorld(b, 20, 5000)
	openOurs(b, w)
	link := slowLink(b, w.App.DSN, 500*time.Microsecond)
	for _, c := range []struct {
		name    string
		dsn     string
		workers int
		reads   int
	}{
		{"link/1_read", link, 1, 1},
		{"link/5_reads", link, 1, 5},
		{"local/1_read", w.App.DSN, 1, 1},
		{"local/5_reads", w.App.DSN, 1, 5},
		{"local/8_parallel", w.App.DSN, 8, 1},
	} {
		b.Run(c.name, func(b *testing.B) { compare(b, pointReads(w, c.dsn, c.workers, c.reads), w.serverCPU) })
	}
}

func TestEveryScoperReadsTheTenantsOwnRows(t *testing.T) {
	w := newPGWorld(t, 20, 50)
	openOurs(t, w)
	checkWays(t, pointReads(w, w.App.DSN, 2, 2))
}

func pointReads(w *pgWorld, dsn string, workers, reads int) []way {
	var ways []way
	for _, s := range scopers {
		ways = append(ways, way{name: s.name, vs: s.vs, open: func(tb testing.TB) func(int) error {
			serve := s.open(tb, w, dsn, workers)
			if serve == nil {
				return nil
			}
			return shared(workers, func() error {
				t, ids, want := rand.IntN(w.tenants), make([]int64, reads), 0
				for i := range ids {
					ids[i] = rand.Int64N(int64(w.rows))
					want += w.want(t, ids[i])
				}
				got, err := serve(context.Background(), t, ids)
				if err == nil && got != want {
					err = fmt.Errorf("tenant %d, rows %v: got %d, want %d", t, ids, got, want)
				}
				return err
			})
		}})
	}
	return ways
}

// shared returns what lets workers do n operations in all.
func shared(workers int, op func() error) func(n int) error {
	if workers == 1 {
		return func(n int) error {
			for range n {
				if err := op(); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return func(n int) error {
		errs := make([]error, workers)
		var wg sync.WaitGroup
		for k := range workers {
			share := n / workers
			if k < n%workers {
				share++
			}
			wg.Go(func() {
				for range share {
					if errs[k] = op(); errs[k] != nil {
						return
					}
				}
			})
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		return nil
	}
}
