package rbac

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// counted checks the cache's books, and returns how many tenants are in it.
func counted(t testing.TB, a *Authorizer) (n int) {
	var sum int64
	for i := range a.tenants.shards {
		sh := &a.tenants.shards[i]
		sh.mu.Lock()
		all := sh.m.Load().taken()
		for _, x := range all {
			sum += x.t.bytes
			n++
		}
		require.LessOrEqual(t, len(sh.hints), len(all))
		sh.mu.Unlock()
	}
	require.Equal(t, sum, a.tenants.bytes.Load(), "what is forgotten is not counted")
	return n
}

func TestTenantsTouchedOnceKeepTheCacheWithinItsBytes(t *testing.T) {
	t.Parallel()
	const limit = 1 << 19
	a := newAuthorizer(t, office, NewMemory(), Options{CacheBytes: limit})
	busy := tenancy.With(context.Background(), tenancy.NewID())
	for i := range soak(4_000, 1_000_000) {
		_, err := a.Member(tenancy.With(context.Background(), tenancy.NewID()), olga)
		refused(t, err, NotMember)
		if i%100 == 0 {
			_, err = a.Member(busy, olga)
			refused(t, err, NotMember)
		}
	}
	require.LessOrEqual(t, a.tenants.bytes.Load(), int64(limit))
	require.Greater(t, counted(t, a), limit/2/1152, "and it is used")
}

// Tenants are forgotten while they are being asked about, and counted neither twice nor for ever.
func TestTheBooksOfTheCacheAreRightWhenManyAskAtOnce(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	a := newAuthorizer(t, office, s, Options{CacheBytes: 1 << 16})
	ctxs := make([]context.Context, 200)
	for i := range ctxs {
		ctxs[i] = tenancy.With(context.Background(), tenancy.NewID())
		sys, err := a.System(ctxs[i], "test")
		require.NoError(t, err)
		require.NoError(t, a.Found(ctxs[i], sys, olga, admin.ID()))
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range soak(2000, 100_000) {
				i := rand.IntN(len(ctxs))
				p, err := a.Member(ctxs[i], olga)
				if err != nil || !p.Can(canRead) {
					t.Error("a member of a tenant that was forgotten is not let in")
					return
				}
				if rand.IntN(50) == 0 {
					id, _ := tenancy.From(ctxs[i])
					a.tenants.hinted(Hint(id))
				}
			}
		})
	}
	wg.Wait()
	for _, ctx := range ctxs { // whatever was asked behind an answer has been answered by then
		_, err := a.MemberFresh(ctx, olga)
		require.NoError(t, err)
	}
	counted(t, a)
	require.LessOrEqual(t, a.tenants.bytes.Load(), int64(1<<16))
}

// One is counted as it came to be, also where somebody else has asked about it by then.
func TestANewTenantIsCountedOnceWhoeverAsksFirst(t *testing.T) {
	t.Parallel()
	ts := newTenants(&Authorizer{}, 1<<30)
	for range soak(3000, 100_000) {
		id := tenancy.NewID()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { ts.put(ts.get(id), &view{rules: &rules{bytes: 1000}}) })
		}
		wg.Wait()
	}
	counted(t, &Authorizer{tenants: ts})
}

func TestTenantsThatCannotBeAskedAboutTakeNoMoreThanOthers(t *testing.T) {
	t.Parallel()
	b := newBroken(NewMemory())
	b.cut.Store(true)
	a := newAuthorizer(t, office, b, Options{CacheBytes: 1 << 16})
	for range 1000 {
		_, err := a.Member(tenancy.With(context.Background(), tenancy.NewID()), olga)
		require.ErrorIs(t, err, ErrStale)
	}
	counted(t, a)
	require.LessOrEqual(t, a.tenants.bytes.Load(), int64(1<<16))
}

// What is counted is no less than what tenants take.
func TestWhatTenantsTakeIsCounted(t *testing.T) {
	a := newAuthorizer(t, office, NewMemory(), Options{})
	for _, members := range []int{0, 1, 10, 300} {
		ctxs := make([]context.Context, 2000/max(1, members))
		for i := range ctxs {
			ctxs[i] = tenancy.With(context.Background(), tenancy.NewID())
			require.NoError(t, a.store.Tx(ctxs[i], func(ctx context.Context) error {
				v, _, err := a.store.Advance(ctx)
				for m := range members {
					require.NoError(t, a.store.PutMember(ctx, MemberRow{Subject: User(fmt.Sprintf("user%010d", m)), Version: v, Roles: []RoleID{admin.ID()}, Status: Active}))
				}
				return err
			}))
		}
		b := newAuthorizer(t, office, a.store, Options{})
		heap := func() uint64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		before := heap()
		for _, ctx := range ctxs {
			_, _ = b.Member(ctx, User("user0000000000"))
		}
		require.Less(t, int64(heap())-int64(before), b.tenants.bytes.Load()*5/4, members)
		runtime.KeepAlive(ctxs)
	}
}

// Roles and scopes are as long as a tenant makes them.
func TestLongRolesAndTokensAreCounted(t *testing.T) {
	long := NewCatalog("long")
	var xs []string
	for n := range 4000 {
		xs = append(xs, long.Permission(fmt.Sprintf("permission.of.a.name.that.is.long.%d", n)).String())
	}
	long.Role("admin", Everything, Owner)
	store := NewMemory()
	ctx := tenancy.With(context.Background(), tenancy.NewID())
	a := newAuthorizer(t, long, store, Options{})
	require.NoError(t, store.Tx(ctx, func(ctx context.Context) error {
		v, now, err := store.Advance(ctx)
		require.NoError(t, store.PutMember(ctx, MemberRow{Subject: User("ann"), Version: v, Roles: []RoleID{"admin"}, Status: Active}))
		for n := range 40 {
			id, all := fmt.Sprintf("~%d", n), make([]string, len(xs))
			for i, x := range xs {
				all[i] = strings.Clone(x)
			}
			require.NoError(t, store.PutRole(ctx, RoleRow{ID: RoleID(id), Name: id, Version: v, Permissions: all}))
			require.NoError(t, store.PutToken(ctx, TokenRow{ID: id, Member: User("ann"), Version: v, Scopes: all, Created: now, Expires: now.Add(time.Hour)}))
		}
		return err
	}))
	require.NoError(t, ignore(a.MemberFresh(ctx, User("ann"))))
	require.Greater(t, a.tenants.bytes.Load(), int64(40*2*4000*len(xs[0])))
	require.NoError(t, store.Tx(ctx, func(ctx context.Context) error {
		v, _, err := store.Advance(ctx)
		for n := range 40 {
			id := fmt.Sprintf("~%d", n)
			require.NoError(t, store.PutRole(ctx, RoleRow{ID: RoleID(id), Name: id, Version: v, Removed: true}))
		}
		return err
	}))
	before := a.tenants.bytes.Load()
	require.NoError(t, ignore(a.MemberFresh(ctx, User("ann"))))
	require.Less(t, a.tenants.bytes.Load(), before-int64(40*4000*len(xs[0])))
}

// A member whose roles are changed again and again leaves nothing behind for each.
func TestListsOfRolesThatWereHadOnceDoNotStay(t *testing.T) {
	t.Parallel()
	require.NoError(t, office.freeze())
	var own []RoleID
	for i := range 13 {
		own = append(own, RoleID(fmt.Sprint("~", i)))
	}
	r := noRules(office)
	for i := range 1 << 13 {
		m := MemberRow{Subject: User("ann"), Status: Active}
		for bit, id := range own {
			if i>>bit&1 == 1 {
				m.Roles = append(m.Roles, id)
			}
		}
		r = r.apply(&Changes{Version: int64(i), Members: []MemberRow{m}})
	}
	r.stand.mu.Lock()
	defer r.stand.mu.Unlock()
	require.LessOrEqual(t, len(r.stand.made), maxMade)
}

// What a member may do is kept once for all tenants that have no roles of their own, and apart from it for those that have.
func TestTenantsWithoutRolesOfTheirOwnShareWhatTheirMembersMayDo(t *testing.T) {
	t.Parallel()
	c := NewCatalog("shared")
	read := c.Permission("read")
	reader := c.Role("reader", read).ID()
	require.NoError(t, c.freeze())
	ann := Changes{Version: 1, Members: []MemberRow{{Subject: User("ann"), Status: Active, Roles: []RoleID{reader, "~own"}}}}
	one, two := noRules(c).apply(&ann), noRules(c).apply(&ann)
	require.Same(t, one.member(User("ann")), two.member(User("ann")))
	own := ann
	own.Roles = []RoleRow{{ID: "~own", Name: "own", Permissions: []string{ManageRoles.String()}}}
	three := noRules(c).apply(&own)
	require.True(t, three.member(User("ann")).set.has(ManageRoles))
	for _, r := range []*rules{one, two, noRules(c).apply(&ann)} {
		require.True(t, r.member(User("ann")).set.has(read))
		require.False(t, r.member(User("ann")).set.has(ManageRoles), "another tenant's role of the same id")
	}
}

func TestAMemberAndACheckAllocateNothing(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann", manager)
	own := w.user("own", editor)
	require.NoError(t, w.SetRoles(w.ctx, w.system(), own, w.role("r", canRead)))
	yes, no := 0, 0
	for _, u := range []Subject{ann, own} {
		_, err := w.Member(w.ctx, u)
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(1000, func() {
			p, err := w.Member(w.ctx, u)
			if err == nil && p.Can(canRead) && p.Require(canRead) == nil && p.Reach(canRead, canWrite) == All {
				yes++
			}
			if p.Can(canPay) {
				no++
			}
		}))
	}
	require.Positive(t, yes)
	require.Zero(t, no)
}
