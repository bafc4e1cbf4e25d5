package rbac

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/stretchr/testify/require"
)

func TestATenantIsFoundedOnceAndWithAnOwner(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, NewMemory(), Options{})
	refused(t, w.Found(w.ctx, w.system(), olga, editor.ID()), LastOwner)
	refused(t, w.Found(w.ctx, w.system(), olga), LastOwner)
	require.ErrorIs(t, w.Found(w.ctx, w.system(), olga, bot.ID()), ErrRole)
	require.Nil(t, w.may(olga))

	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { errs[i] = w.Found(w.ctx, w.system(), User(string(rune('a'+i))), admin.ID()) })
	}
	wg.Wait()
	won := 0
	for i, err := range errs {
		if err == nil {
			won++
			require.NoError(t, w.Found(w.ctx, w.system(), User(string(rune('a'+i))), admin.ID()), "once more is no error")
			require.ErrorIs(t, w.Found(w.ctx, w.system(), User(string(rune('a'+i))), admin.ID(), editor.ID()), ErrExists)
		} else {
			require.ErrorIs(t, err, ErrExists)
		}
	}
	require.Equal(t, 1, won)

	plain := NewCatalog("plain")
	only := plain.Role("only", plain.Permission("x"))
	a := newAuthorizer(t, plain, NewMemory(), Options{})
	sys, err := a.System(w.ctx, "test")
	require.NoError(t, err)
	require.NoError(t, a.Found(w.ctx, sys, olga, only.ID()), "a catalogue without an Owner")
}

func TestNobodyGivesWhatTheyDoNotHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.as(w.user("ann", manager))
	bea := w.user("bea", viewer)
	own := w.role("pays", canPay)
	ctx := w.ctx

	// By roles,
	for _, r := range []RoleID{payer.ID(), admin.ID(), own, sealer.ID()} {
		refused(t, w.SetRoles(ctx, ann, bea, r), NotAbove)
		refused(t, w.SetRoles(ctx, ann, ann.Subject(), manager.ID(), r), NotAbove)
		refused(t, ignore2(w.Invite(ctx, ann, Invitation{Address: "x@example.com", Roles: []RoleID{r}})), NotAbove)
	}
	require.NoError(t, w.SetRoles(ctx, ann, bea, editor.ID()))
	refused(t, w.AddMachine(ctx, ann, "bot", olga, bot.ID()), NotAbove)
	require.NoError(t, w.AddMachine(ctx, w.as(olga), "bot", olga, bot.ID()), "who has everything gives what only machines can hold")
	refused(t, w.SetRoles(ctx, ann, Service("bot")), NotAbove)

	// by making and changing roles, also one they have themselves,
	_, err := w.SaveRole(ctx, ann, RoleSpec{Name: "x", Permissions: []Permission{canPay}})
	refused(t, err, NotAbove)
	_, err = w.SaveRole(ctx, ann, RoleSpec{Name: "x", Inherits: []RoleID{own}})
	refused(t, err, NotAbove)
	mine, err := w.SaveRole(ctx, ann, RoleSpec{Name: "x", Permissions: []Permission{canRead}})
	require.NoError(t, err)
	require.NoError(t, w.SetRoles(ctx, ann, ann.Subject(), manager.ID(), mine))
	_, err = w.SaveRole(ctx, ann, RoleSpec{ID: mine, Name: "x", Permissions: []Permission{canRead, canPay}})
	refused(t, err, NotAbove)
	_, err = w.SaveRole(ctx, ann, RoleSpec{ID: mine, Name: "x", Inherits: []RoleID{admin.ID()}})
	refused(t, err, NotAbove)
	_, err = w.SaveRole(ctx, ann, RoleSpec{ID: own, Name: "pays", Permissions: []Permission{canRead}})
	refused(t, err, NotAbove)
	refused(t, w.RemoveRole(ctx, ann, own), NotAbove)

	// by a principal from before their rights were taken,
	require.NoError(t, w.SetRoles(ctx, w.as(olga), ann.Subject(), editor.ID()))
	require.ErrorIs(t, w.SetRoles(ctx, ann, bea, viewer.ID()), &Denied{ManageMembers.String(), NotGranted})
	// or from before they were given more,
	require.NoError(t, w.SetRoles(ctx, w.as(olga), ann.Subject(), manager.ID(), payer.ID()))
	refused(t, w.SetRoles(ctx, ann, bea, payer.ID()), NotAbove)
	require.NoError(t, w.SetRoles(ctx, w.as(ann.Subject()), bea, payer.ID()))
	// or by one that was narrowed.
	narrow := w.as(olga).Within("support", ManageMembers, canRead)
	refused(t, w.SetRoles(ctx, narrow, bea, editor.ID()), NotAbove)
	token := w.token("t", ann.Subject(), ManageMembers, canRead, canWrite)
	dora := w.user("dora", viewer)
	refused(t, w.SetRoles(ctx, token, dora, payer.ID()), NotAbove)
	require.NoError(t, w.SetRoles(ctx, token, dora, editor.ID()))
	require.ErrorIs(t, w.SetRoles(ctx, w.token("t2", ann.Subject(), canRead), dora, viewer.ID()), &Denied{ManageMembers.String(), ByScope})

	// What is not to be given is given by the application alone, and stays with who has it.
	require.NoError(t, w.SetRoles(ctx, w.system(), bea, sealer.ID()))
	refused(t, w.SetRoles(ctx, w.as(olga), ann.Subject(), sealer.ID()), NotAbove)
	require.NoError(t, w.SetRoles(ctx, w.as(olga), bea, sealer.ID(), viewer.ID()))
	require.NoError(t, w.Suspend(ctx, w.as(olga), bea))
	refused(t, w.Resume(ctx, w.as(olga), bea), NotAbove)
}

func ignore2[T, U any](_ T, _ U, err error) error { return err }

func TestATokenThatWasRevokedOrItsMemberLostActsNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bea := w.user("ann", manager), w.user("bea", viewer)
	token := w.token("t", ann, ManageMembers, canRead, canWrite)
	require.NoError(t, w.SetRoles(w.ctx, token, bea, editor.ID()))
	w.change(func(ctx context.Context, v int64, now time.Time) {
		row := *token.via.token
		row.Version, row.Revoked, row.Reason = v, now, "test"
		require.NoError(t, w.store.PutToken(ctx, row))
	})
	refused(t, w.SetRoles(w.ctx, token, bea, viewer.ID()), BadToken)
	other := w.token("t2", ann, ManageMembers, canRead, canWrite)
	require.NoError(t, w.Suspend(w.ctx, w.as(olga), ann))
	refused(t, w.SetRoles(w.ctx, other, bea, viewer.ID()), NotActive)
	require.Equal(t, []RoleID{editor.ID()}, w.row(bea).Roles)
}

func TestNobodyChangesWhoIsAboveThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.as(w.user("ann", manager))
	ctx := w.ctx
	for _, above := range []Subject{olga, w.user("pay", payer), w.user("seal", sealer), w.machine("bot", bot)} {
		refused(t, w.SetRoles(ctx, ann, above, viewer.ID()), NotAbove)
		refused(t, w.SetExpiry(ctx, ann, above, time.Now().Add(time.Hour)), NotAbove)
		refused(t, w.Suspend(ctx, ann, above), NotAbove)
		refused(t, ignore(w.Remove(ctx, ann, above)), NotAbove)
		require.Equal(t, Active, w.row(above).Status)
	}
	refused(t, w.SetOwner(ctx, ann, Service("bot"), ann.Subject()), NotAbove)
	require.NoError(t, w.Suspend(ctx, w.as(olga), User("pay")))
	refused(t, w.Resume(ctx, ann, User("pay")), NotAbove)
	refused(t, ignore(w.Remove(ctx, ann, User("pay"))), NotAbove)
	_, info := w.invite(w.system(), "x@example.com", admin)
	refused(t, w.WithdrawInvitation(ctx, ann, info.ID), NotAbove)
	refused(t, ignore2(w.Invite(ctx, ann, Invitation{Address: "X@example.com", Roles: ids([]Role{viewer})})), NotAbove)
	mate := w.user("mate", manager)
	require.NoError(t, w.SetRoles(ctx, ann, mate, viewer.ID()), "an equal")
}

func TestNobodyMakesTheirOwnAccessLastLonger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", manager)
	end := time.Now().Add(time.Hour)
	require.NoError(t, w.SetExpiry(w.ctx, w.as(olga), ann, end))
	by := w.as(ann)
	refused(t, w.SetExpiry(w.ctx, by, ann, time.Time{}), NotSelf)
	refused(t, w.SetExpiry(w.ctx, by, ann, end.Add(time.Hour)), NotSelf)
	require.NoError(t, w.SetExpiry(w.ctx, by, ann, end.Add(-time.Minute)))
	bea := w.user("bea", payer)
	require.NoError(t, w.SetExpiry(w.ctx, w.as(olga), bea, end))
	refused(t, w.SetExpiry(w.ctx, by, bea, time.Time{}), NotAbove)
	require.NoError(t, w.SetExpiry(w.ctx, w.as(olga), bea, time.Time{}))
}

// An end that a store, or JSON, has no number for is an end all the same. 1970 itself is the number that stands for none.
func TestAnEndOfAnyYearIsAnEnd(t *testing.T) {
	t.Parallel()
	for _, odd := range []time.Time{
		time.Unix(0, 0), time.Unix(0, 999), time.Unix(0, -1), time.Time{}.Add(1), time.Unix(-1<<62, 0), time.Unix(-(1<<63-1)/1_000_000-86400*365, 0),
	} {
		w := newWorld(t)
		ann := w.user("ann", manager)
		require.NoError(t, w.SetExpiry(w.ctx, w.as(olga), ann, time.Now().Add(time.Hour)))
		by := w.as(ann)
		_ = w.SetExpiry(w.ctx, by, ann, odd)
		if p, err := w.MemberFresh(w.ctx, ann); err == nil {
			s := p.s.expires
			require.True(t, s > 0 && s < time.Now().Add(2*time.Hour).UnixMicro(), odd)
		}
		m := w.row(ann)
		m.Expires = time.Unix(0, 0)
		w.change(func(ctx context.Context, v int64, _ time.Time) {
			m.Version = v
			require.NoError(t, w.store.PutMember(ctx, m))
		})
		refused(t, ignore(w.MemberFresh(w.ctx, ann)), Expired)
	}
	for _, far := range []time.Time{time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(300_000, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(1<<62, 0)} {
		w := newWorld(t)
		ann := w.user("ann", manager)
		require.NoError(t, w.SetExpiry(w.ctx, w.as(olga), ann, far))
		require.NoError(t, ignore(w.MemberFresh(w.ctx, ann)))
		_, err := w.OpenReview(w.ctx, w.as(olga), ReviewSpec{})
		require.NoError(t, err)
		_, err = json.Marshal(w.row(ann))
		require.NoError(t, err)
	}
}

func TestRolesAreOfTheRightKindAndThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, by := w.ctx, w.as(olga)
	ann, machine := w.user("ann", viewer), w.machine("bot", bot)
	gone := w.role("gone", canRead)
	require.NoError(t, w.RemoveRole(ctx, by, gone))
	for _, r := range []RoleID{bot.ID(), "", "Viewer", "~none", gone} {
		for _, p := range []Principal{by, w.system()} {
			require.ErrorIs(t, w.SetRoles(ctx, p, ann, r), ErrRole)
			require.ErrorIs(t, ignore2(w.Invite(ctx, p, Invitation{Address: "x@example.com", Roles: []RoleID{r}})), ErrRole)
		}
		require.ErrorIs(t, w.Add(ctx, w.system(), User("x"), r), ErrRole)
	}
	require.ErrorIs(t, w.SetRoles(ctx, by, ann, viewer.ID(), viewer.ID()), ErrRole)
	require.ErrorIs(t, w.SetRoles(ctx, by, machine, viewer.ID()), ErrRole)
	require.ErrorIs(t, w.AddMachine(ctx, by, "x", olga, viewer.ID()), ErrRole)
	id, err := w.SaveRole(ctx, by, RoleSpec{Name: "m", ForMachines: true, Permissions: []Permission{canIngest}})
	require.NoError(t, err)
	require.ErrorIs(t, w.SetRoles(ctx, by, ann, id), ErrRole)
	require.NoError(t, w.SetRoles(ctx, by, machine, id))
	_, err = w.SaveRole(ctx, by, RoleSpec{ID: id, Name: "m", Permissions: []Permission{canIngest}})
	require.ErrorIs(t, err, ErrRole, "its kind cannot be changed")
}

func TestAMachineHasAPersonWhoAnswersForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, by := w.ctx, w.as(olga)
	gone, away := w.user("gone", viewer), w.user("away", viewer)
	require.NoError(t, ignore(w.Remove(ctx, by, gone)))
	require.NoError(t, w.Suspend(ctx, by, away))
	bot1 := w.machine("bot", bot)
	for _, owner := range []Subject{gone, away, User("nobody"), bot1, {}} {
		require.ErrorIs(t, w.AddMachine(ctx, by, "x", owner, bot.ID()), ErrSubject)
		require.ErrorIs(t, w.SetOwner(ctx, by, bot1, owner), ErrSubject)
	}
	require.NoError(t, w.AddMachine(ctx, w.system(), "bot", olga, bot.ID()), "once more is no error")
	require.ErrorIs(t, w.AddMachine(ctx, by, "bot", olga, robot.ID()), ErrExists)
	require.ErrorIs(t, w.SetOwner(ctx, by, olga, olga), ErrSubject)
	require.ErrorIs(t, w.SetOwner(ctx, by, Service("x"), olga), ErrNotFound)
	ann := w.user("ann", viewer)
	require.NoError(t, w.SetOwner(ctx, by, bot1, ann))
	require.Equal(t, "ann", w.row(bot1).Owner)
}

func TestWhoIsSuspendedOrExpiredIsKeptOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", editor)
	require.NoError(t, w.Suspend(w.ctx, w.as(olga), ann))
	refused(t, ignore(w.Member(w.ctx, ann)), NotActive)
	require.NoError(t, w.Suspend(w.ctx, w.as(olga), ann), "once more is no error")
	require.NoError(t, w.SetRoles(w.ctx, w.as(olga), ann, viewer.ID()))
	refused(t, ignore(w.Member(w.ctx, ann)), NotActive)
	require.ErrorIs(t, w.Add(w.ctx, w.system(), ann, editor.ID()), ErrExists)
	require.NoError(t, w.Resume(w.ctx, w.as(olga), ann))
	require.NoError(t, w.Resume(w.ctx, w.as(olga), ann))
	require.Equal(t, []string{"page.read"}, w.may(ann))
	require.NoError(t, w.SetExpiry(w.ctx, w.as(olga), ann, time.Now().Add(-time.Hour)))
	refused(t, ignore(w.Member(w.ctx, ann)), Expired)
	require.NoError(t, w.SetExpiry(w.ctx, w.as(olga), ann, time.Time{}))
	require.Equal(t, []string{"page.read"}, w.may(ann))
}

func TestEveryActIsRecordedOrDoesNotHappen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, by := w.ctx, w.as(olga)
	require.Equal(t, []string{"rbac.member.added"}, w.record.names())
	ann := w.user("ann", viewer)
	machine := w.machine("bot", bot)
	w.record.taken()
	end := time.Now().Add(time.Hour)
	acts := []struct {
		name string
		act  func() error
	}{
		{"rbac.member.roles_set", func() error { return w.SetRoles(ctx, by, ann, editor.ID()) }},
		{"rbac.member.expiry_set", func() error { return w.SetExpiry(ctx, by, ann, end) }},
		{"rbac.member.suspended", func() error { return w.Suspend(ctx, by, ann) }},
		{"rbac.member.resumed", func() error { return w.Resume(ctx, by, ann) }},
		{"rbac.machine.owner_set", func() error { return w.SetOwner(ctx, by, machine, ann) }},
		{"rbac.member.removed", func() error { return ignore(w.Remove(ctx, by, ann)) }},
		{"rbac.member.added", func() error { return w.AddMachine(ctx, by, "two", olga, bot.ID()) }},
		{"rbac.invitation.made", func() error {
			return ignore2(w.Invite(ctx, by, Invitation{Address: "x@example.com", Roles: ids([]Role{viewer})}))
		}},
		{"rbac.role.saved", func() error { return ignore(w.SaveRole(ctx, by, RoleSpec{Name: "r"})) }},
	}
	for _, a := range acts {
		before, _, err := w.store.Version(ctx)
		require.NoError(t, err)
		w.record.fail = errors.New("the log is full")
		require.ErrorIs(t, a.act(), w.record.fail, a.name)
		after, _, err := w.store.Version(ctx)
		require.NoError(t, err)
		require.Equal(t, before, after, a.name)
		w.record.fail = nil
		require.NoError(t, a.act(), a.name)
		events := w.record.taken()
		require.Len(t, events, 1, a.name)
		require.Equal(t, a.name, events[0].Action.String())
		require.Equal(t, audit.Party{Type: "user", ID: "olga", Person: true}, events[0].Actor)
		for _, p := range events[0].Targets {
			require.Equal(t, p.Type == "user" || p.Email != "", p.Person, "what names a person can be erased")
		}
		if events[0].Action == invitationMade {
			continue // again is another one
		}
		if a.name == "rbac.role.saved" {
			continue
		}
		require.NoError(t, a.act(), a.name)
		require.Empty(t, w.record.taken(), "what changes nothing is not recorded: "+a.name)
	}
}
