package bench

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// Workload C, cores: the checks of workload R by one worker, by two at once, and by two while roles change 100 times a second,
// in any tenant. The figure of two workers is the time of one check of all that they do together: half of one's if nothing is
// shared. cpu-x says what a check costs a processor, whoever else uses the machine: 1 if nothing is shared.
func BenchmarkRBACCores(b *testing.B) {
	for _, e := range rbacEngines {
		if !e.slow {
			b.Run(e.name, func(b *testing.B) { compare(b, rbacCores(e), nil) })
		}
	}
}

func TestAnswersAreRightWhileRolesChange(t *testing.T) {
	for _, e := range rbacEngines {
		t.Run(e.name, func(t *testing.T) { checkWays(t, rbacCores(e)) })
	}
}

func rbacCores(e rbacEngine) []way {
	of := func(name string, workers, writes int, vs ...string) way {
		return way{name: name, vs: vs, turn: 40 * time.Millisecond, open: func(tb testing.TB) func(int) error {
			l := e.loaded(tb)
			if writes > 0 && l.assign == nil {
				return nil
			}
			qs := theRBACWorld().questions()
			return func(n int) error {
				var failed error
				stop := func() {}
				if writes > 0 {
					stop = everySoOften(writes, func(i int) {
						if err := l.assign(rand.IntN(rbacTenants), rbacUsers-1-i%restless, i%rbacRoles); err != nil {
							failed = err
						}
					})
				}
				errs := make([]error, workers)
				var wg sync.WaitGroup
				for k := range workers {
					wg.Go(func() {
						next := k * len(qs) / workers
						for range n / workers {
							q := &qs[next&(len(qs)-1)]
							next++
							if l.may(q) != q.want {
								errs[k] = fmt.Errorf("not %t: %+v", q.want, *q)
								return
							}
						}
					})
				}
				wg.Wait()
				stop()
				for _, err := range append(errs, failed) {
					if err != nil {
						return err
					}
				}
				return nil
			}
		}}
	}
	return []way{of("one", 1, 0, "two"), of("two", 2, 0, "one"), of("two_and_writes", 2, 100, "two")}
}
