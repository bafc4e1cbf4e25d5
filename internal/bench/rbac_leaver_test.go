package bench

import (
	"fmt"
	"slices"
	"testing"
)

// Workload V, leavers: a user is taken out of a tenant, with every role there, and the next question about the user is answered.
// 100,000 users are held. What ours costs is the transaction of its store, which is in memory here and does not record, and making the
// tenant's new rules. ours_told is one that another process took out, of whom this one is told by a hint: the store's transaction too.
func BenchmarkRBACLeaver(b *testing.B) { compare(b, rbacLeavers(), nil) }

// BenchmarkRBACAssign: a user is given another role, and the next question answered.
func BenchmarkRBACAssign(b *testing.B) { compare(b, rbacAssigns(), nil) }

func TestALeaverIsGoneAtTheNextQuestion(t *testing.T) {
	checkWays(t, rbacLeavers())
	checkWays(t, rbacAssigns())
}

// one is the i-th of those users whose roles change.
func one(i int) (t, u int) { return i % rbacTenants, rbacUsers - 1 - i/rbacTenants%restless }

func (w *rbacWorld) about(t, u, p int) *rbacQuestion {
	return &rbacQuestion{tenant: w.tenants[t], user: w.users[t][u], t: t, p: p}
}

func rbacLeavers() (ways []way) {
	w := theRBACWorld()
	told := rbacEngine{name: "ours_told", open: func(tb testing.TB, w *rbacWorld) rbacLoaded {
		h := newRBACHouse(tb, w)
		l := h.loaded(tb)
		l.assign, l.remove = h.told, func(t, u int) error { return h.told(t, u, -1) }
		return l
	}}
	for _, e := range append(slices.Clone(rbacEngines), told) {
		var l rbacLoaded
		next, gone := 0, 0
		back := func() error { // those who left come back
			for ; gone < next; gone++ {
				t, u := one(gone)
				if err := l.assign(t, u, w.role(t, u)); err != nil || !l.may(w.about(t, u, 0)) {
					return fmt.Errorf("%s did not let one come back: %w", e.name, err)
				}
			}
			return nil
		}
		var failed error
		v := way{name: e.name, prep: func(int) { failed = back() }, open: func(tb testing.TB) func(int) error {
			if l = e.loaded(tb); l.remove == nil {
				return nil
			}
			return func(n int) error {
				for range n {
					t, u := one(next)
					if next-gone == rbacTenants*restless { // more than there are
						if err := back(); err != nil {
							return err
						}
					}
					next++
					if err := l.remove(t, u); err != nil {
						return err
					}
					if l.may(w.about(t, u, 0)) {
						return fmt.Errorf("one who left may still")
					}
				}
				return failed
			}
		}}
		if e.name != "ours" {
			v.vs = []string{"ours"}
		}
		ways = append(ways, v)
	}
	return ways
}

func rbacAssigns() (ways []way) {
	w := theRBACWorld()
	for _, e := range rbacEngines {
		v := way{name: e.name, open: func(tb testing.TB) func(int) error {
			l := e.loaded(tb)
			if l.assign == nil {
				return nil
			}
			i := 0
			return func(n int) error {
				for range n {
					t, u := one(i)
					role := (w.role(t, u) + 1 + i/(rbacTenants*restless)) % rbacRoles
					i++
					if err := l.assign(t, u, role); err != nil {
						return err
					}
					last := (role+1)*rbacPerms/rbacRoles - 1
					if !l.may(w.about(t, u, last)) || last+1 < rbacPerms && l.may(w.about(t, u, last+1)) {
						return fmt.Errorf("the new role of one is not seen")
					}
				}
				return nil
			}
		}}
		if e.name != "ours" {
			v.vs = []string{"ours"}
		}
		ways = append(ways, v)
	}
	return ways
}
