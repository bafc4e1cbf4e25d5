package bench

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac"
)

// Workload R, checks: may this user do that in this tenant, by their ids? 100,000 users, see rbacWorld. ours asks the authorizer
// each time; ours_principal was told who asks at the beginning of the request, and this is the second question and the later ones.
// ours_denied asks about strangers only.
func BenchmarkRBACCheck(b *testing.B) { compare(b, rbacChecks(), nil) }

// BenchmarkRBACList: all that one user may do.
func BenchmarkRBACList(b *testing.B) { compare(b, rbacLists(), nil) }

func TestEveryEngineOfRolesAgrees(t *testing.T) {
	checkWays(t, rbacChecks())
	checkWays(t, rbacLists())
}

func rbacChecks() (ways []way) {
	for _, e := range rbacEngines {
		w := rbacWarm(way{name: e.name, turn: shortTurn, open: func(tb testing.TB) func(int) error { return rbacAsking(e.loaded(tb), theRBACWorld().questions()) }}, e.slow)
		if e.name != "ours" {
			w.vs = []string{"ours"}
		}
		ways = append(ways, w)
	}
	return append(ways,
		way{name: "ours_principal", turn: shortTurn, vs: []string{"ours"}, open: func(tb testing.TB) func(int) error {
			h := theRBACHouse(tb)
			type held struct {
				p    rbac.Principal
				x    rbac.Permission
				want bool
			}
			var all []held
			for _, q := range h.w.questions() {
				p, _ := h.a.Member(h.ctx[q.t], rbac.User(q.user))
				all = append(all, held{p, h.perms[q.p], q.want})
			}
			return func(n int) error {
				wrong := 0
				for i := range n {
					q := &all[i&4095]
					if q.p.Can(q.x) != q.want {
						wrong++
					}
				}
				if wrong > 0 {
					return fmt.Errorf("%d of %d are wrong", wrong, n)
				}
				return nil
			}
		}},
		way{name: "ours_denied", turn: shortTurn, vs: []string{"ours"}, open: func(tb testing.TB) func(int) error {
			h := theRBACHouse(tb)
			return func(n int) error {
				for i := range n {
					t := i % (rbacTenants - 1)
					if _, err := h.a.Member(h.ctx[t], rbac.User(h.w.users[t+1][i%rbacUsers])); err == nil {
						return fmt.Errorf("a stranger was let in")
					}
				}
				return nil
			}
		}})
}

// rbacWarm lets w answer each question once before a turn: the others had theirs, and the caches of the processor with it.
func rbacWarm(w way, slow bool) way {
	open, run := w.open, func(int) error { return nil }
	w.open = func(tb testing.TB) func(int) error {
		if r := open(tb); r != nil {
			run = r
		}
		return run
	}
	w.prep = func(int) {
		if !slow {
			_ = run(4096)
		}
	}
	return w
}

func theRBACHouse(tb testing.TB) *rbacHouse {
	for _, e := range rbacEngines {
		if e.name == "ours" {
			return e.loaded(tb).keep.(*rbacHouse)
		}
	}
	panic("ours is not there")
}

func rbacLists() (ways []way) {
	for _, e := range rbacEngines {
		w := way{name: e.name, turn: shortTurn, open: func(tb testing.TB) func(int) error {
			l := e.loaded(tb)
			if l.held == nil {
				return nil
			}
			world := theRBACWorld()
			return func(n int) error {
				for i := range n {
					t, u := i%rbacTenants, i%(rbacUsers-restless)
					if got, want := l.held(t, u), (world.role(t, u)+1)*rbacPerms/rbacRoles; got != want {
						return fmt.Errorf("%d permissions, not %d", got, want)
					}
				}
				return nil
			}
		}}
		if e.name != "ours" {
			w.vs = []string{"ours"}
		}
		ways = append(ways, w)
	}
	return ways
}

// Workload M, memory: what a user takes in memory, all engines holding the same world. Strings are shared with the world, and so
// not counted. What ours keeps in its store, as a database would, is not counted either.
func BenchmarkRBACMemory(b *testing.B) {
	w := theRBACWorld()
	users := float64(rbacTenants * rbacUsers)
	for _, e := range rbacEngines {
		var per []float64
		for range 3 {
			before := heap()
			var l rbacLoaded
			if e.name == "ours" {
				h := newRBACHouse(b, w)
				before = heap()
				l = h.loaded(b)
			} else {
				l = e.open(b, w)
			}
			per = append(per, (heap()-before)/users)
			runtime.KeepAlive(l)
			if h, ok := l.keep.(*rbacHouse); ok {
				_ = h.a.Close()
			}
		}
		report(b, e.name, 3, map[string]float64{"B/user": median(per)})
	}
}

// heap is how many bytes are in use.
func heap() float64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
