package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Workload L, the large one of Casbin's own benchmarks: 100,000 users, 10,000 roles with one permission each, on one of 1,000
// things; user i has role i/10, and role j is for thing j/10. allow asks for what the user has, deny for what it has not. Ours
// holds it in one tenant, whose own roles they are.
func BenchmarkRBACLarge(b *testing.B) {
	b.Run("allow", func(b *testing.B) { compare(b, rbacLargeWays(0), nil) })
	b.Run("deny", func(b *testing.B) { compare(b, rbacLargeWays(1), nil) })
}

func TestEveryEngineAgreesOnTheLargeOne(t *testing.T) {
	for off := range 2 {
		checkWays(t, rbacLargeWays(off))
	}
}

const largeUsers, largeRoles, largeThings = 100_000, 10_000, 1_000

type rbacLarge struct{ users, roles, things []string }

var theRBACLarge = func() (w rbacLarge) {
	for i := range largeUsers {
		w.users = append(w.users, fmt.Sprint("user", i))
	}
	for i := range largeRoles {
		w.roles = append(w.roles, fmt.Sprint("group", i))
	}
	for i := range largeThings {
		w.things = append(w.things, fmt.Sprint("data", i))
	}
	return w
}()

// An rbacLargeEngine returns what says whether a user may read a thing.
type rbacLargeEngine struct {
	name string
	open func(tb testing.TB, w *rbacLarge) func(user, thing int) bool
}

// rbacLargeEngines are those measured. The build tag peers adds more.
var rbacLargeEngines = []rbacLargeEngine{{"nested_maps", largeNestedMaps}, {"ours", largeOurs}}

var rbacLargeOpen = map[string]func(user, thing int) bool{}

func rbacLargeWays(off int) (ways []way) {
	for _, e := range rbacLargeEngines {
		w := way{name: e.name, turn: shortTurn, open: func(tb testing.TB) func(int) error {
			may := rbacLargeOpen[e.name]
			if may == nil {
				may = e.open(tb, &theRBACLarge)
				rbacLargeOpen[e.name] = may
			}
			i := 0
			return func(n int) error {
				for range n {
					u := i * 7919 % largeUsers
					i++
					if may(u, (u/100+off)%largeThings) != (off == 0) {
						return fmt.Errorf("%d %d: not %t", u, off, off == 0)
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

func largeNestedMaps(_ testing.TB, w *rbacLarge) func(user, thing int) bool {
	m := &nestedMaps{members: map[string]map[string]string{"": {}}, roles: map[string]map[string]struct{}{}}
	for i, r := range w.roles {
		m.roles[r] = map[string]struct{}{w.things[i/10]: {}}
	}
	for i, u := range w.users {
		m.members[""][u] = w.roles[i/10]
	}
	return func(user, thing int) bool {
		m.mu.RLock()
		_, ok := m.roles[m.members[""][w.users[user]]][w.things[thing]]
		m.mu.RUnlock()
		return ok
	}
}

func largeOurs(tb testing.TB, w *rbacLarge) func(user, thing int) bool {
	c := rbac.NewCatalog("large")
	var read []rbac.Permission
	for _, d := range w.things {
		read = append(read, c.Permission(d+".read"))
	}
	c.Role("owner", rbac.Owner)
	store := rbac.NewMemory()
	ctx := tenancy.With(context.Background(), tenancy.MustParseID("large"))
	err := store.Tx(ctx, func(ctx context.Context) error {
		v, now, err := store.Advance(ctx)
		for i, r := range w.roles {
			if err == nil {
				err = store.PutRole(ctx, rbac.RoleRow{ID: rbac.RoleID("~" + strings.ToUpper(r)), Version: v, Name: r, Permissions: []string{read[i/10].String()}, CreatedBy: "import", Created: now})
			}
		}
		for i, u := range w.users {
			if err == nil {
				err = store.PutMember(ctx, rbac.MemberRow{Subject: rbac.User(u), Version: v, Roles: []rbac.RoleID{rbac.RoleID("~" + strings.ToUpper(w.roles[i/10]))}, Status: rbac.Active,
					CreatedBy: "import", Created: now})
			}
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	a, err := rbac.New(c, store, rbac.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return func(user, thing int) bool {
		p, err := a.Member(ctx, rbac.User(w.users[user]))
		return err == nil && p.Can(read[thing])
	}
}
