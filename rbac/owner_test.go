package rbac

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every way in which an owner is one no more.
var losses = []struct {
	name string
	act  func(w *world, ctx context.Context, by Principal, who Subject) error
}{
	{"demoted", func(w *world, ctx context.Context, by Principal, who Subject) error {
		return w.SetRoles(ctx, by, who, editor.ID())
	}},
	{"left without roles", func(w *world, ctx context.Context, by Principal, who Subject) error { return w.SetRoles(ctx, by, who) }},
	{"suspended", func(w *world, ctx context.Context, by Principal, who Subject) error { return w.Suspend(ctx, by, who) }},
	{"limited in time", func(w *world, ctx context.Context, by Principal, who Subject) error {
		return w.SetExpiry(ctx, by, who, time.Now().Add(time.Hour))
	}},
	{"removed", func(w *world, ctx context.Context, by Principal, who Subject) error {
		return ignore(w.Remove(ctx, by, who))
	}},
}

func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	for _, l := range losses {
		w := newWorld(t)
		// None of these is an owner: a suspended one, one with an end, one who has all permissions by a role of the tenant's own,
		// a machine.
		away, soon, same := w.user("away", admin), w.user("soon", admin), w.user("same")
		require.NoError(t, w.Suspend(w.ctx, w.system(), away))
		require.NoError(t, w.SetExpiry(w.ctx, w.system(), soon, time.Now().Add(time.Hour)))
		like, err := w.SaveRole(w.ctx, w.system(), RoleSpec{Name: "like", Inherits: []RoleID{admin.ID()}})
		require.NoError(t, err)
		require.NoError(t, w.SetRoles(w.ctx, w.system(), same, like))
		w.machine("bot", bot)
		for name, by := range map[string]Principal{"herself": w.as(olga), "an equal": w.as(same), "the application": w.system()} {
			refused(t, l.act(w, w.ctx, by, olga), LastOwner)
			require.Equal(t, w.row(olga).Status, Active, name)
			require.True(t, w.as(olga).Can(everything))
		}
		require.NoError(t, w.SetRoles(w.ctx, w.as(olga), olga, admin.ID(), editor.ID()), "and stays one")
		bea := w.user("bea", admin)
		require.NoError(t, l.act(w, w.ctx, w.as(bea), olga), l.name)
		refused(t, l.act(w, w.ctx, w.system(), bea), LastOwner)
		require.NoError(t, l.act(w, w.ctx, w.system(), away), "who is none goes")
	}
}

// ownersOf counts owners in the rows, by no code of the package's.
func ownersOf(t testing.TB, s Store, ctx context.Context) (n int) {
	ch, err := s.Changes(ctx, 0)
	require.NoError(t, err)
	for _, m := range ch.Members {
		if m.Kind == Person && m.Status == Active && m.Expires.IsZero() && len(m.Roles) > 0 && m.Roles[0] == admin.ID() {
			n++
		}
	}
	return n
}

func TestTwoOwnersWhoGoAtOnceLeaveOne(t *testing.T) {
	t.Parallel()
	for i := range soak(100, 10_000) {
		w := newWorld(t)
		bea := w.user("bea", admin)
		first, second := losses[i%len(losses)], losses[i/len(losses)%len(losses)]
		a, b := w.as(olga), w.as(bea)
		var wg sync.WaitGroup
		var errs [2]error
		if i%2 == 0 { // each goes, or each takes the other's away
			wg.Go(func() { errs[0] = first.act(w, w.ctx, a, olga) })
			wg.Go(func() { errs[1] = second.act(w, w.ctx, b, bea) })
		} else {
			wg.Go(func() { errs[0] = first.act(w, w.ctx, a, bea) })
			wg.Go(func() { errs[1] = second.act(w, w.ctx, b, olga) })
		}
		wg.Wait()
		require.Equal(t, 1, ownersOf(t, w.store, w.ctx), fmt.Sprint(first.name, " ", second.name, errs))
		require.True(t, (errs[0] == nil) != (errs[1] == nil))
		require.ErrorIs(t, errors.Join(errs[0], errs[1]), ErrDenied)
		_ = w.Close()
	}
}
