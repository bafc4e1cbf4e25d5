package rbac

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// leaver is a world in which ann has all that a leaver leaves.
func leaver(t testing.TB, w *world, roles ...Role) Subject {
	ann := w.user("ann", roles...)
	w.token("t1-"+w.id.String(), ann, canRead)
	w.token("t2-"+w.id.String(), ann, canRead)
	w.invite(w.as(ann), "x@example.com", viewer)
	w.invite(w.as(ann), "y@example.com", viewer)
	w.invite(w.as(olga), "z@example.com", viewer)
	require.NoError(t, w.AddMachine(w.ctx, w.system(), "bot", ann, bot.ID()))
	require.NoError(t, w.AddMachine(w.ctx, w.system(), "other", olga, bot.ID()))
	w.record.taken()
	return ann
}

// gone checks that nothing is left of ann's.
func gone(t testing.TB, w *world, ann Subject) {
	t.Helper()
	require.Nil(t, w.may(ann))
	ch, err := w.store.Changes(w.ctx, 0)
	require.NoError(t, err)
	for _, x := range ch.Tokens {
		require.Equal(t, x.Member == ann, !x.Revoked.IsZero())
		if x.Member == ann {
			require.Equal(t, "left", x.Reason)
		}
	}
	pending, err := w.store.Invitations(w.ctx)
	require.NoError(t, err)
	for _, i := range pending {
		require.NotEqual(t, ann, i.InvitedBy)
	}
}

func TestALeaverGoesWithTokensAndInvitationsInOneTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := leaver(t, w, manager)
	live := w.bearer("t1-" + w.id.String())
	before, _, err := w.store.Version(w.ctx)
	require.NoError(t, err)
	left, err := w.Remove(w.ctx, w.as(olga), ann)
	require.NoError(t, err)
	require.Equal(t, Left{Tokens: 2, Invitations: 2, Machines: []Subject{Service("bot")}}, left)
	after, _, err := w.store.Version(w.ctx)
	require.NoError(t, err)
	require.Equal(t, before+1, after)
	gone(t, w, ann)
	refused(t, w.SetRoles(w.ctx, live, ann), NotMember)
	events := w.record.taken()
	var names []string
	for _, e := range events {
		names = append(names, e.Action.String())
	}
	require.Equal(t, []string{"rbac.token.revoked", "rbac.token.revoked", "rbac.invitation.withdrawn", "rbac.invitation.withdrawn", "rbac.member.removed"}, names)
	require.Equal(t, map[string]any{"tokens": 2, "invitations": 2, "machines": 1}, events[4].Data)

	left, err = w.Remove(w.ctx, w.as(olga), ann)
	require.NoError(t, err)
	require.Zero(t, left)
	require.Empty(t, w.record.taken(), "one who has gone is no change")
	orphans, err := w.Orphaned(w.ctx, w.as(olga))
	require.NoError(t, err)
	require.Equal(t, []Subject{Service("bot")}, orphans)
	require.NotNil(t, w.may(Service("bot")), "the machine goes on")
	require.NoError(t, w.SetOwner(w.ctx, w.as(olga), Service("bot"), olga))
	orphans, err = w.Orphaned(w.ctx, w.as(olga))
	require.NoError(t, err)
	require.Empty(t, orphans)
	// Who comes back begins anew: neither roles nor tokens come with them.
	w.user("ann", viewer)
	require.Equal(t, []string{"page.read"}, w.may(ann))
	refused(t, w.SetRoles(w.ctx, live, ann), BadToken)
}

func TestWhoeverIsLetInMayLeaveAndNobodyForThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", viewer)
	support := w.as(ann).Within("support", canRead, ManageMembers)
	require.ErrorIs(t, ignore(w.Remove(w.ctx, support, ann)), ErrDenied)
	require.ErrorIs(t, ignore(w.Remove(w.ctx, w.token("t", ann, canRead), ann)), ErrDenied)
	require.ErrorIs(t, ignore(w.Remove(w.ctx, w.as(ann), olga)), ErrDenied)
	sealed := w.user("sealed", sealer)
	for _, u := range []Subject{ann, sealed} {
		require.NoError(t, ignore(w.Remove(w.ctx, w.as(u), u)))
		require.Nil(t, w.may(u))
	}
	refused(t, ignore(w.Remove(w.ctx, w.as(olga), olga)), LastOwner)
	require.ErrorIs(t, ignore(w.Remove(w.ctx, w.as(olga), User("never"))), ErrNotFound)
}

func TestAMachineThatIsRemovedGoesWithItsTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	machine := w.machine("bot", robot)
	p := w.token("t", machine, canRead, canWrite, ManageMembers, ViewAccess)
	w.invite(p, "a@example.com", editor)
	left, err := w.Remove(w.ctx, w.as(olga), machine)
	require.NoError(t, err)
	require.Equal(t, Left{Tokens: 1, Invitations: 1}, left)
	require.ErrorIs(t, w.WithdrawInvitation(w.ctx, p, "x"), ErrDenied)
}

// Whatever statement fails, all of it or nothing happened, and once more it is done.
func TestARemovalThatFailsAnywhereLeavesAllAsItWas(t *testing.T) {
	t.Parallel()
	for n := int64(0); ; n++ {
		b := newBroken(NewMemory())
		w := newWorldOver(t, b, Options{})
		ann := leaver(t, w, manager)
		by := w.as(olga)
		b.n.Store(n)
		_, err := w.Remove(w.ctx, by, ann)
		b.n.Store(-1)
		if err == nil {
			require.Greater(t, n, int64(7))
			gone(t, w, ann)
			return
		}
		require.ErrorIs(t, err, errBroken)
		require.NotNil(t, w.may(ann))
		ch, err := w.store.Changes(w.ctx, 0)
		require.NoError(t, err)
		for _, x := range ch.Tokens {
			require.True(t, x.Revoked.IsZero())
		}
		pending, err := w.store.Invitations(w.ctx)
		require.NoError(t, err)
		require.Len(t, pending, 3)
		require.NoError(t, ignore(w.Remove(w.ctx, by, ann)))
		gone(t, w, ann)
	}
}

// several is ann in some tenants of one store: in the second she is the only owner, and in the last she never came.
func several(t testing.TB, s Store, a *Authorizer) (worlds []*world, ann Subject) {
	for i := range 4 {
		w := &world{t: t, store: s, id: tenancy.NewID(), record: &recorded{}, Authorizer: a}
		w.ctx = tenancy.With(context.Background(), w.id)
		worlds = append(worlds, w)
		switch i {
		case 1:
			ann = User("ann")
			require.NoError(t, w.Found(w.ctx, w.system(), ann, admin.ID()))
			w.token("t1-"+w.id.String(), ann, canRead)
			w.invite(w.as(ann), "x@example.com", viewer)
		case 3:
			require.NoError(t, w.Found(w.ctx, w.system(), olga, admin.ID()))
			require.NoError(t, s.AddHome(w.ctx, HomeOfPerson, "ann", w.id))
		default:
			require.NoError(t, w.Found(w.ctx, w.system(), olga, admin.ID()))
			ann = leaver(t, w, manager)
		}
	}
	return worlds, ann
}

func TestAPersonIsOffboardedFromAllTenants(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	a := newAuthorizer(t, office, s, Options{})
	worlds, ann := several(t, s, a)
	w := worlds[1]
	report, err := a.Offboard(context.Background(), ann, "left the company")
	require.NoError(t, err)
	require.Len(t, report.Tenants, 4)
	for _, o := range report.Tenants {
		switch o.Tenant {
		case w.id:
			require.Equal(t, Offboarded{Tenant: w.id, Left: Left{Tokens: 1, Invitations: 1}, Member: true, NeedsOwner: true}, o)
		case worlds[3].id:
			require.Equal(t, Offboarded{Tenant: o.Tenant}, o)
		default:
			require.Equal(t, Offboarded{Tenant: o.Tenant, Left: Left{Tokens: 2, Invitations: 2, Machines: []Subject{Service("bot")}}, Member: true}, o)
		}
	}
	for _, w := range worlds {
		gone(t, w, ann)
	}
	require.Equal(t, Suspended, w.row(ann).Status)
	tenants, err := a.TenantsOf(context.Background(), ann)
	require.NoError(t, err)
	require.Empty(t, tenants)
	tenants, err = a.TenantsOf(context.Background(), olga)
	require.NoError(t, err)
	require.Len(t, tenants, 3)

	for range 2 { // again and again it says so
		report, err = a.Offboard(context.Background(), ann, "left the company")
		require.NoError(t, err)
		for _, o := range report.Tenants {
			require.Equal(t, Offboarded{Tenant: o.Tenant, NeedsOwner: o.Tenant == w.id}, o)
		}
		require.Equal(t, Suspended, w.row(ann).Status)
	}
	require.NoError(t, w.Add(w.ctx, w.system(), User("new"), admin.ID()))
	report, err = a.Offboard(context.Background(), ann, "left the company")
	require.NoError(t, err)
	for _, o := range report.Tenants {
		require.False(t, o.NeedsOwner)
	}
	require.Equal(t, Removed, w.row(ann).Status)
}

// An end between any two statements: once more, and it is done.
func TestOffboardingThatIsStoppedAnywhereIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	for n := int64(0); ; n++ {
		b := newBroken(NewMemory())
		a := newAuthorizer(t, office, b, Options{})
		worlds, ann := several(t, b, a)
		b.n.Store(n)
		report, err := a.Offboard(context.Background(), ann, "left")
		b.n.Store(-1)
		if err == nil {
			return
		}
		for _, o := range report.Tenants {
			if o.Err != nil {
				require.ErrorIs(t, o.Err, errBroken)
				require.Equal(t, Offboarded{Tenant: o.Tenant, Err: o.Err}, o)
			}
		}
		require.NoError(t, ignore(a.Offboard(context.Background(), ann, "left")))
		for _, w := range worlds {
			gone(t, w, ann)
		}
	}
}

func TestOffboardingIsStoppedByItsContextAndGoesOnPastOneThatFails(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	a := newAuthorizer(t, office, s, Options{})
	worlds, ann := several(t, s, a)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	_, err := a.Offboard(ctx, ann, "left")
	require.ErrorIs(t, err, context.Canceled)
	require.NotNil(t, worlds[0].may(ann))
	_, err = a.Offboard(context.Background(), ann, "")
	require.Error(t, err)
	_, err = a.Offboard(context.Background(), Service("bot"), "x")
	require.ErrorIs(t, err, ErrSubject)
	require.NoError(t, s.Tx(worlds[0].ctx, func(ctx context.Context) error {
		_, err := a.Offboard(ctx, ann, "left")
		require.Error(t, err, "a transaction of one tenant is none of the others")
		return nil
	}))
	failing := failingIn{s, worlds[2].id}
	other := newAuthorizer(t, office, failing, Options{})
	report, err := other.Offboard(context.Background(), ann, "left")
	require.ErrorIs(t, err, errBroken)
	require.Len(t, report.Tenants, 4)
	require.Nil(t, worlds[0].may(ann))
	require.NotNil(t, worlds[2].may(ann))
	require.NotContains(t, err.Error(), "ann")
}

type failingIn struct {
	Store
	tenant tenancy.ID
}

func (f failingIn) Advance(ctx context.Context) (int64, time.Time, error) {
	if id, _ := tenancy.From(ctx); id == f.tenant {
		return 0, time.Time{}, fmt.Errorf("advance: %w", errBroken)
	}
	return f.Store.Advance(ctx)
}

func TestAnActWithinATransactionThatIsUndoneNeverWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := leaver(t, w, manager)
	undone := errors.New("undone")
	err := w.store.Tx(w.ctx, func(ctx context.Context) error {
		require.NoError(t, ignore(w.Remove(ctx, w.as(olga), ann)))
		require.NoError(t, w.Add(ctx, w.system(), User("bea"), viewer.ID()))
		require.NotNil(t, w.may(ann), "nobody sees it before")
		return undone
	})
	require.ErrorIs(t, err, undone)
	require.NotNil(t, w.may(ann))
	require.Nil(t, w.may(User("bea")))
	require.NoError(t, w.store.Tx(w.ctx, func(ctx context.Context) error {
		require.NoError(t, ignore(w.Remove(ctx, w.as(olga), ann)))
		require.NoError(t, w.Add(ctx, w.system(), User("bea"), viewer.ID()))
		return w.SetRoles(ctx, w.as(olga), User("bea"), editor.ID())
	}))
	gone(t, w, ann)
	p, err := w.Member(w.ctx, User("bea"))
	require.NoError(t, err)
	require.True(t, p.Can(canWrite), "seen when the transaction has ended")
}

// Who was demoted keeps nobody from removing them by what they offered when they were more.
func TestAnInvitationFromAboveKeepsNobodyIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bea := w.user("ann", manager, payer), w.user("bea", manager)
	w.invite(w.as(ann), "x@example.com", payer)
	require.NoError(t, w.SetRoles(w.ctx, w.as(olga), ann, viewer.ID()))
	left, err := w.Remove(w.ctx, w.as(bea), ann)
	require.NoError(t, err)
	require.Equal(t, 1, left.Invitations)
}
