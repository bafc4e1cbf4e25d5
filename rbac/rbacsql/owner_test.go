package rbacsql_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/stretchr/testify/require"
)

var (
	office = rbac.NewCatalog("office")
	read   = office.Permission("page.read")
	viewer = office.Role("viewer", read)
	admin  = office.Role("admin", rbac.Everything, rbac.Owner)
)

// soak is how often a test repeats: little in every run, much with BAILIWICK_SOAK=1.
func soak(little, much int) int {
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		return much
	}
	return little
}

// process is an authorizer over the same rows, as another process has one.
func process(t testing.TB, w *door.World) (*rbac.Authorizer, rbac.Store) {
	s := storeIn(t, w)
	a, err := rbac.New(office, s, rbac.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = a.Close() })
	return a, s
}

// goes is every way in which an owner is one no more.
var goes = []func(ctx context.Context, a *rbac.Authorizer, by rbac.Principal, who rbac.Subject) error{
	func(ctx context.Context, a *rbac.Authorizer, by rbac.Principal, who rbac.Subject) error {
		_, err := a.Remove(ctx, by, who)
		return err
	},
	func(ctx context.Context, a *rbac.Authorizer, by rbac.Principal, who rbac.Subject) error {
		return a.SetRoles(ctx, by, who, viewer.ID())
	},
	func(ctx context.Context, a *rbac.Authorizer, by rbac.Principal, who rbac.Subject) error {
		return a.Suspend(ctx, by, who)
	},
	func(ctx context.Context, a *rbac.Authorizer, by rbac.Principal, who rbac.Subject) error {
		return a.SetExpiry(ctx, by, who, time.Now().Add(time.Hour))
	},
}

// Two owners, in two processes, go at once, or take it from each other: one stays, in each of the tenants.
func TestTwoOwnersWhoGoAtOnceLeaveOne(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		here, store := process(t, w)
		there, _ := process(t, w.Process(t))
		const perTenant = 25
		rounds := soak(25, 10_000)
		var lanes sync.WaitGroup
		free := make(chan struct{}, 16)
		for range rounds / perTenant {
			free <- struct{}{}
			ctx := w.Tenant(t)
			lanes.Go(func() {
				defer func() { <-free }()
				ownersRace(t, ctx, here, there, store, perTenant)
			})
		}
		lanes.Wait()
	})
}

func ownersRace(t *testing.T, ctx context.Context, here, there *rbac.Authorizer, store rbac.Store, rounds int) {
	owners, gone := [2]rbac.Subject{rbac.User("olga"), rbac.User("bea")}, 1
	sys, err := here.System(ctx, "test")
	if !check(t, err, here.Found(ctx, sys, owners[0], admin.ID()), here.Add(ctx, sys, owners[1], admin.ID())) {
		return
	}
	var by [2]rbac.Principal
	for n, a := range [2]*rbac.Authorizer{here, there} {
		if by[n], err = a.MemberFresh(ctx, owners[n]); !check(t, err) {
			return
		}
	}
	for i := range rounds {
		if i > 0 && !check(t, store.Tx(ctx, func(ctx context.Context) error { // both are owners again
			_, err := here.Remove(ctx, sys, owners[gone])
			return errors.Join(err, here.Add(ctx, sys, owners[gone], admin.ID()))
		})) {
			return
		}
		var errs [2]error
		var both sync.WaitGroup
		for n, a := range [2]*rbac.Authorizer{here, there} {
			both.Go(func() { errs[n] = goes[(i/2+i/8*n)%len(goes)](ctx, a, by[n], owners[(n+i)%2]) })
		}
		both.Wait()
		ch, err := store.Changes(ctx, 0)
		if !check(t, err) {
			return
		}
		left := 0
		for _, m := range ch.Members {
			if m.Status == rbac.Active && m.Expires.IsZero() && len(m.Roles) == 1 && m.Roles[0] == admin.ID() {
				left++
			} else if m.Subject == owners[0] {
				gone = 0
			} else {
				gone = 1
			}
		}
		if left != 1 || (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs[:]...), rbac.ErrDenied) {
			t.Errorf("round %d: %d owners left: %v", i, left, errs)
			return
		}
	}
}

func check(t *testing.T, errs ...error) bool {
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
		return false
	}
	return true
}
