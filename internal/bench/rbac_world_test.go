package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// rbacWorld is who may do what in a software of many tenants: 1,000 of them with 100 users each, 10 roles, 50 permissions.
// Role r holds the first 5(r+1) permissions, and the role of a user comes of arithmetic, so that what is right
// shares no mistake with any engine. Ids are strings that all engines share.
type rbacWorld struct {
	tenants []string
	users   [][]string // by tenant
	roles   []string
	perms   []rbacPerm
}

type rbacPerm struct{ name, object, action string }

const rbacTenants, rbacUsers, rbacRoles, rbacPerms = 1000, 100, 10, 50

var theRBACWorld = sync.OnceValue(func() *rbacWorld {
	w := &rbacWorld{}
	for p := range rbacPerms {
		object, action := fmt.Sprintf("desk%02d", p/5), []string{"open", "read", "edit", "drop", "send"}[p%5]
		w.perms = append(w.perms, rbacPerm{object + "." + action, object, action})
	}
	for r := range rbacRoles {
		w.roles = append(w.roles, fmt.Sprint("role", r))
	}
	for t := range rbacTenants {
		w.tenants = append(w.tenants, fmt.Sprintf("tenant-%04d", t))
		users := make([]string, rbacUsers)
		for u := range users {
			users[u] = fmt.Sprintf("user-%08d", t*rbacUsers+u)
		}
		w.users = append(w.users, users)
	}
	return w
})

// role is that of a user.
func (w *rbacWorld) role(t, u int) int { return (7*(t*rbacUsers+u) + t) % rbacRoles }

// holds reports whether role r has permission p.
func (w *rbacWorld) holds(r, p int) bool { return p < (r+1)*rbacPerms/rbacRoles }

// rbacQuestion: may the user do it in the tenant?
type rbacQuestion struct {
	tenant, user string
	t, p         int // the tenant and the permission
	want         bool
}

// restless are the last users of each tenant, whose roles change under the workloads that write. Nobody asks about them.
const restless = 10

// questions are as many at random as a mask can go round. One in eight asks about a user of another tenant, who may do nothing.
func (w *rbacWorld) questions() []rbacQuestion {
	r := rand.New(rand.NewPCG(17, 4))
	qs := make([]rbacQuestion, 4096)
	for i := range qs {
		home, u, p := r.IntN(rbacTenants), r.IntN(rbacUsers-restless), r.IntN(rbacPerms)
		t := home
		if r.IntN(8) == 0 {
			t = (home + 1 + r.IntN(rbacTenants-1)) % rbacTenants
		}
		qs[i] = rbacQuestion{w.tenants[t], w.users[home][u], t, p, t == home && w.holds(w.role(home, u), p)}
	}
	return qs
}

// An rbacEngine holds the world.
type rbacEngine struct {
	name string
	open func(tb testing.TB, w *rbacWorld) rbacLoaded
	slow bool // too slow for all questions before each run
}

// rbacLoaded is an engine that knows the world. What is nil it cannot do.
type rbacLoaded struct {
	may func(q *rbacQuestion) bool // by many at once
	// assign gives a user that role and no other, as far as the next question of this process sees.
	assign func(t, u, role int) error
	// remove takes a user out of a tenant, with all roles, whatever they are.
	remove func(t, u int) error
	// held counts what a user may do.
	held func(t, u int) int
	keep any // what memory it has
}

// rbacEngines are those measured. The build tag peers adds more.
var rbacEngines = []rbacEngine{
	{name: "nested_maps", open: openNestedMaps},
	{name: "ours", open: openOurRBAC},
}

var (
	rbacOpen   = map[string]rbacLoaded{}
	rbacOpenMu sync.Mutex
)

// loaded opens an engine once for all workloads, and lets it answer before it is measured.
func (e rbacEngine) loaded(tb testing.TB) rbacLoaded {
	rbacOpenMu.Lock()
	defer rbacOpenMu.Unlock()
	l, ok := rbacOpen[e.name]
	if !ok {
		l = e.open(tb, theRBACWorld())
		rbacOpen[e.name] = l
	}
	qs := theRBACWorld().questions()
	if e.slow {
		qs = qs[:200]
	}
	for i := range qs {
		if l.may(&qs[i]) != qs[i].want {
			tb.Fatalf("%s does not say %t of %+v", e.name, qs[i].want, qs[i])
		}
	}
	return l
}

// nestedMaps is what most would write: maps of maps behind a lock.
type nestedMaps struct {
	mu      sync.RWMutex
	members map[string]map[string]string
	roles   map[string]map[string]struct{}
}

func openNestedMaps(_ testing.TB, w *rbacWorld) rbacLoaded {
	m := &nestedMaps{members: map[string]map[string]string{}, roles: map[string]map[string]struct{}{}}
	for r, name := range w.roles {
		m.roles[name] = map[string]struct{}{}
		for p := range w.perms {
			if w.holds(r, p) {
				m.roles[name][w.perms[p].name] = struct{}{}
			}
		}
	}
	for t, tenant := range w.tenants {
		m.members[tenant] = make(map[string]string, rbacUsers)
		for u, user := range w.users[t] {
			m.members[tenant][user] = w.roles[w.role(t, u)]
		}
	}
	return rbacLoaded{
		may: func(q *rbacQuestion) bool {
			m.mu.RLock()
			_, ok := m.roles[m.members[q.tenant][q.user]][w.perms[q.p].name]
			m.mu.RUnlock()
			return ok
		},
		assign: func(t, u, role int) error {
			m.mu.Lock()
			m.members[w.tenants[t]][w.users[t][u]] = w.roles[role]
			m.mu.Unlock()
			return nil
		},
		remove: func(t, u int) error {
			m.mu.Lock()
			delete(m.members[w.tenants[t]], w.users[t][u])
			m.mu.Unlock()
			return nil
		},
		held: func(t, u int) int {
			m.mu.RLock()
			defer m.mu.RUnlock()
			var out []string
			for p := range m.roles[m.members[w.tenants[t]][w.users[t][u]]] {
				out = append(out, p)
			}
			return len(out)
		},
		keep: m,
	}
}

// rbacHouse is ours: a catalogue and an authorizer over a store in memory.
type rbacHouse struct {
	w     *rbacWorld
	store *rbac.Memory
	a     *rbac.Authorizer
	ctx   []context.Context // by tenant
	perms []rbac.Permission
	roles []rbac.RoleID
	by    []rbac.Principal // the application, by tenant
	hint  func(string)

	tokens bool // it has those of the token workload
}

// rbacTokenForm is that of the house's tokens.
var rbacTokenForm = apitoken.MustNew("acme", "live")

func openOurRBAC(tb testing.TB, w *rbacWorld) rbacLoaded { return newRBACHouse(tb, w).loaded(tb) }

// newRBACHouse fills a store.
func newRBACHouse(tb testing.TB, w *rbacWorld) *rbacHouse {
	h := &rbacHouse{w: w, store: rbac.NewMemory()}
	c := rbac.NewCatalog("bench")
	for _, p := range w.perms {
		h.perms = append(h.perms, c.Permission(p.name))
	}
	for r, name := range w.roles {
		var group rbac.Permissions
		for p := range h.perms {
			if w.holds(r, p) {
				group = append(group, h.perms[p])
			}
		}
		h.roles = append(h.roles, c.Role(name, group).ID())
	}
	var err error
	listening := make(chan struct{})
	hints := func(ctx context.Context, f func(string)) error {
		if h.hint == nil {
			h.hint = f
			close(listening)
		}
		<-ctx.Done()
		return ctx.Err()
	}
	if h.a, err = rbac.New(c, h.store, rbac.Options{Hints: hints, Tokens: rbacTokenForm}); err != nil {
		tb.Fatal(err)
	}
	<-listening
	for t, tenant := range w.tenants {
		h.ctx = append(h.ctx, tenancy.With(context.Background(), tenancy.MustParseID(tenant)))
		if err := h.put(t, 0, rbacUsers, func(u int) int { return w.role(t, u) }); err != nil {
			tb.Fatal(err)
		}
		by, err := h.a.System(h.ctx[t], "benchmark")
		if err != nil {
			tb.Fatal(err)
		}
		h.by = append(h.by, by)
	}
	return h
}

// told is put for one user, and a hint that it was done.
func (h *rbacHouse) told(t, u, role int) error {
	err := h.put(t, u, u+1, func(int) int { return role })
	h.hint(rbac.Hint(tenancy.MustParseID(h.w.tenants[t])))
	return err
}

// put gives users roles as another process would: by the store alone. A role below 0 removes.
func (h *rbacHouse) put(t, from, to int, role func(u int) int) error {
	return h.store.Tx(h.ctx[t], func(ctx context.Context) error {
		v, now, err := h.store.Advance(ctx)
		if err != nil {
			return err
		}
		for u := from; u < to; u++ {
			m := rbac.MemberRow{Subject: rbac.User(h.w.users[t][u]), Version: v, Status: rbac.Active, Created: now, CreatedBy: "import"}
			if r := role(u); r < 0 {
				m.Status = rbac.Removed
			} else {
				m.Roles = []rbac.RoleID{h.roles[r]}
			}
			if err := h.store.PutMember(ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

func (h *rbacHouse) loaded(tb testing.TB) rbacLoaded {
	for _, ctx := range h.ctx { // into memory
		if _, err := h.a.Member(ctx, rbac.User(h.w.users[0][0])); err != nil && strings.Contains(err.Error(), "not known") {
			tb.Fatal(err)
		}
	}
	return rbacLoaded{
		may: func(q *rbacQuestion) bool {
			p, err := h.a.Member(h.ctx[q.t], rbac.User(q.user))
			return err == nil && p.Can(h.perms[q.p])
		},
		assign: func(t, u, role int) error {
			err := h.a.SetRoles(h.ctx[t], h.by[t], rbac.User(h.w.users[t][u]), h.roles[role])
			if errors.Is(err, rbac.ErrNotFound) {
				err = h.a.Add(h.ctx[t], h.by[t], rbac.User(h.w.users[t][u]), h.roles[role])
			}
			return err
		},
		remove: func(t, u int) error {
			_, err := h.a.Remove(h.ctx[t], h.by[t], rbac.User(h.w.users[t][u]))
			return err
		},
		held: func(t, u int) (n int) {
			p, err := h.a.Member(h.ctx[t], rbac.User(h.w.users[t][u]))
			if err != nil {
				return -1
			}
			for range p.Permissions() {
				n++
			}
			return n
		},
		keep: h,
	}
}

// rbacAsking asks the questions in turn.
func rbacAsking(l rbacLoaded, qs []rbacQuestion) func(n int) error {
	next := 0
	return func(n int) error {
		for range n {
			q := &qs[next&(len(qs)-1)]
			next++
			if l.may(q) != q.want {
				return fmt.Errorf("not %t: %+v", q.want, *q)
			}
		}
		return nil
	}
}

// everySoOften calls f often times a second until the function it returns is called.
func everySoOften(often int, f func(i int)) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(time.Second / time.Duration(often))
		defer t.Stop()
		for i := 0; ; i++ {
			select {
			case <-quit:
				return
			case <-t.C:
				f(i)
			}
		}
	}()
	return func() { close(quit); <-done }
}

// shortTurn is for what takes nanoseconds: many of them fit between two interruptions.
const shortTurn = time.Millisecond
