package rbactest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// Harness is an empty store to be tested.
type Harness struct {
	// Stores are handles on the same rows, as several processes have them: two or more if the store can be
	// shared by processes.
	Stores []rbac.Store
	// Tenant makes a tenant that has nothing.
	Tenant func(testing.TB) tenancy.ID
}

// Store is the contract of [rbac.Store] as a test. Its parts share what one call of open returns, each with tenants of its own.
// Run it on your own store under the race detector.
func Store(t *testing.T, open func(testing.TB) Harness) {
	h := open(t)
	for _, part := range [][]storeTest{ruleTests, transactionTests, refusalTests, useTests, invitationTests, reviewTests, homeTests, tenantTests} {
		for _, c := range part {
			t.Run(c.name, func(t *testing.T) { t.Parallel(); c.test(t, newHouse(t, h)) })
		}
	}
}

type storeTest struct {
	name string
	test func(*testing.T, *house)
}

// house is a tenant of a store.
type house struct {
	Harness
	ctx context.Context
	rbac.Store
}

func newHouse(t testing.TB, h Harness) *house {
	return &house{Harness: h, Store: h.Stores[0], ctx: tenancy.With(context.Background(), h.Tenant(t))}
}

// process returns one of the handles.
func (h *house) process(i int) rbac.Store { return h.Stores[i%len(h.Stores)] }

// other is the last of them.
func (h *house) other() rbac.Store { return h.process(len(h.Stores) - 1) }

// together runs f for 0 to n-1 at once.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; f(i) })
	}
	close(start)
	wg.Wait()
}

// change is one change of the rules: f gets the version that its rows carry.
func (h *house) change(t require.TestingT, f func(ctx context.Context, v int64, now time.Time)) (version int64) {
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		v, now, err := h.Advance(ctx)
		require.NoError(t, err)
		f(ctx, v, now)
		version = v
		return nil
	}))
	return version
}

// try does one thing in a transaction that advanced, and returns how that ended.
func (h *house) try(f func(ctx context.Context, v int64) error) error {
	return h.Tx(h.ctx, func(ctx context.Context) error {
		v, _, err := h.Advance(ctx)
		if err != nil {
			return err
		}
		return f(ctx, v)
	})
}

func (h *house) versionNow(t require.TestingT) int64 {
	v, _, err := h.other().Version(h.ctx)
	require.NoError(t, err)
	return v
}

// since returns the changes after a version as another process sees them, in the order of their IDs.
func (h *house) since(t require.TestingT, after int64) rbac.Changes {
	c, err := h.other().Changes(h.ctx, after)
	require.NoError(t, err)
	return sorted(c)
}

// moment is a time that no row of a test has by accident. A store keeps its microseconds.
var moment = time.Date(2026, 3, 9, 8, 7, 6, 5_000, time.UTC)

func newRole(v int64, id rbac.RoleID) rbac.RoleRow {
	return rbac.RoleRow{ID: id, Version: v, Name: "Clerk – Zürich", Permissions: []string{"orders:read", "orders:write", "a\"b\\c", "orders:read"},
		Parents: []rbac.RoleID{"viewer", "é"}, CreatedBy: "ann", Created: moment}
}

func newMember(v int64, who rbac.Subject) rbac.MemberRow {
	m := rbac.MemberRow{Subject: who, Version: v, Roles: []rbac.RoleID{"admin", "r1"}, Status: rbac.Active, CreatedBy: "ann", Created: moment}
	if who.Kind == rbac.Machine {
		m.Owner, m.Expires = "ann", moment.Add(time.Hour)
	}
	return m
}

func newToken(v int64, id string) rbac.TokenRow {
	t := rbac.TokenRow{ID: id, Version: v, Member: rbac.Service("shop"), Integration: "shop", Hash: newHash(), Last4: "wXyZ", Scopes: []string{"orders:read", "stock:read"},
		Networks:  []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/48")},
		CreatedBy: "ann", Created: moment, Expires: moment.Add(90 * 24 * time.Hour)}
	return t
}

func newHash() (h [32]byte) {
	_, _ = rand.Read(h[:])
	return h
}

func newInvitation(id string) rbac.InvitationRow {
	return rbac.InvitationRow{ID: id, Hash: newHash(), Address: "bob@example.com", Roles: []rbac.RoleID{"editor"}, State: rbac.Pending,
		InvitedBy: rbac.User("ann"), Created: moment, Expires: moment.Add(72 * time.Hour)}
}

func newReview(id string) rbac.ReviewRow {
	return rbac.ReviewRow{ID: id, OpenedBy: "ann", Opened: moment, Due: moment.Add(14 * 24 * time.Hour), Overdue: rbac.OverdueKeep, Reminded: 1, Summary: []byte(`{"roles": []}`)}
}

func newItem(review, key string) rbac.ItemRow {
	return rbac.ItemRow{Review: review, Key: key, Kind: rbac.ItemPerson, ID: "bob", Snapshot: []byte(`{"b": 1,  "a": ["x"]}`)}
}

func name(n int) string { return fmt.Sprintf("%04d", n) }
