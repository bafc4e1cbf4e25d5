package rbac

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestAnInvitationIsGoodOnceForOneAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, info := w.invite(w.as(olga), " Ann@Example.COM ", editor)
	require.Equal(t, "ann@example.com", info.Address)
	require.Equal(t, invitationLife, info.Expires.Sub(info.Created))
	require.Len(t, secret.Reveal(), invitationLen)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", secret, secret, info), secret.Reveal()[26:])
	row, err := w.store.Invitation(w.ctx, info.ID)
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%s %v", row.Hash, row), secret.Reveal()[26:])
	list, err := w.Invitations(w.ctx, w.as(olga))
	require.NoError(t, err)
	require.Equal(t, []InvitationInfo{info}, list)

	w.record.taken()
	refused(t, w.Accept(w.ctx, secret, Acceptance{User("eve"), "eve@example.com"}), BadInvite)
	require.NoError(t, w.Accept(w.ctx, secret, Acceptance{User("ann"), "ann@example.com\t"}))
	require.Equal(t, []string{"page.read", "page.write"}, w.may(User("ann")))
	require.Equal(t, "person:olga", w.row(User("ann")).CreatedBy)
	require.Equal(t, []string{"rbac.invitation.refused", "rbac.invitation.accepted"}, w.record.names())
	require.NoError(t, w.Accept(w.ctx, secret, Acceptance{User("ann"), "ann@example.com"}), "the answer was lost")
	refused(t, w.Accept(w.ctx, secret, Acceptance{User("eve"), "ann@example.com"}), BadInvite)
	row, err = w.store.Invitation(w.ctx, info.ID)
	require.NoError(t, err)
	require.Empty(t, row.Address, "the address is forgotten")
	require.Equal(t, "ann", row.Member)
	require.ErrorIs(t, w.WithdrawInvitation(w.ctx, w.as(olga), info.ID), ErrNotFound)
	require.NoError(t, ignore(w.Remove(w.ctx, w.as(olga), User("ann"))))
	refused(t, w.Accept(w.ctx, secret, Acceptance{User("ann"), "ann@example.com"}), BadInvite)
	require.Nil(t, w.may(User("ann")))
}

// An invitation from before a removal is void, also if the store's clock went back between the two.
func TestAClockThatGoesBackBringsNobodyBackWhoWasRemoved(t *testing.T) {
	t.Parallel()
	clock := &clocked{Store: NewMemory()}
	w := newWorldOver(t, clock, Options{})
	ann := w.user("ann", viewer)
	secret, _ := w.invite(w.as(olga), "ann@example.com", editor)
	clock.shift.Store(-int64(time.Hour))
	require.NoError(t, ignore(w.Remove(w.ctx, w.as(olga), ann)))
	refused(t, w.Accept(w.ctx, secret, Acceptance{ann, "ann@example.com"}), BadInvite)
	clock.shift.Store(int64(time.Hour))
	again, _ := w.invite(w.as(olga), "ann@example.com", viewer)
	require.NoError(t, w.Accept(w.ctx, again, Acceptance{ann, "ann@example.com"}))
}

// What is wrong is for the record, and not for the one who tries.
func TestWhateverIsWrongWithAnInvitationTheAnswerIsTheSame(t *testing.T) {
	t.Parallel()
	clock := &clocked{Store: NewMemory()}
	w := newWorldOver(t, clock, Options{})
	by := w.as(olga)
	used, _ := w.invite(by, "a@example.com", viewer)
	require.NoError(t, w.Accept(w.ctx, used, Acceptance{User("a"), "a@example.com"}))
	withdrawn, info := w.invite(by, "b@example.com", viewer)
	require.NoError(t, w.WithdrawInvitation(w.ctx, by, info.ID))
	require.NoError(t, w.WithdrawInvitation(w.ctx, by, info.ID))
	replaced, _ := w.invite(by, "c@example.com", viewer)
	good, _ := w.invite(by, "C@example.com", viewer)
	own := w.role("own", canRead)
	roleGone, _, err := w.Invite(w.ctx, by, Invitation{Address: "d@example.com", Roles: []RoleID{own}})
	require.NoError(t, err)
	require.NoError(t, w.RemoveRole(w.ctx, by, own))
	ann := w.user("ann", manager)
	demoted, _ := w.invite(w.as(ann), "e@example.com", editor)
	require.NoError(t, w.SetRoles(w.ctx, by, ann, viewer.ID()))
	bea := w.user("bea", manager)
	less, _ := w.invite(w.as(bea), "f@example.com", editor)
	require.NoError(t, w.SetRoles(w.ctx, by, bea, viewer.ID(), w.role("inviter", ManageMembers)))
	cid := w.user("cid", manager)
	suspended, _ := w.invite(w.as(cid), "g@example.com", editor)
	require.NoError(t, w.Suspend(w.ctx, by, cid))
	dan := w.user("dan", manager)
	orphan, _ := w.invite(w.as(dan), "h@example.com", editor)
	require.NoError(t, ignore(w.Remove(w.ctx, by, dan)))
	gone := w.user("gone", viewer)
	before, _ := w.invite(by, "i@example.com", viewer)
	require.NoError(t, ignore(w.Remove(w.ctx, by, gone)))
	expired, _ := w.invite(by, "z@example.com", viewer)

	w.record.taken()
	secret := good.Reveal()
	wrong := []byte(secret)
	wrong[77] = 'A' + (wrong[77]-'A'+1)%26
	for name, c := range map[string]struct {
		secret  redact.Secret[string]
		user    string
		address string
	}{
		"used":                            {used, "x", "a@example.com"},
		"withdrawn":                       {withdrawn, "x", "b@example.com"},
		"withdrawn ":                      {replaced, "x", "c@example.com"},
		"withdrawn  ":                     {orphan, "x", "h@example.com"},
		"another address":                 {good, "x", "c@example.org"},
		"another address ":                {good, "x", ""},
		"another address  ":               {good, "x", "\u212a@example.com"},
		"wrong secret":                    {redact.NewSecret(string(wrong)), "x", "c@example.com"},
		"unknown":                         {redact.NewSecret("x"), "x", "c@example.com"},
		"unknown ":                        {redact.NewSecret(""), "x", "c@example.com"},
		"unknown  ":                       {redact.NewSecret(string(make([]byte, invitationLen))), "x", "c@example.com"},
		"unknown   ":                      {redact.NewSecret("A" + secret[:77]), "x", "c@example.com"},
		"unknown    ":                     {redact.NewSecret(secret + secret), "x", "c@example.com"},
		"a role in it is gone":            {roleGone, "x", "d@example.com"},
		"who sent it may not give that":   {demoted, "x", "e@example.com"},
		"who sent it may not give that ":  {less, "x", "f@example.com"},
		"who sent it is let in no more":   {suspended, "x", "g@example.com"},
		"removed since it was sent":       {before, "gone", "i@example.com"},
		"expired":                         {expired, "x", "z@example.com"},
		"expired, and not the address":    {expired, "x", "y@example.com"},
		"unknown, and nobody's by length": {redact.NewSecret(secret[:26]), "x", "c@example.com"},
	} {
		if name == "expired" || name == "expired, and not the address" {
			clock.shift.Store(int64(invitationLife))
		}
		err := w.Accept(w.ctx, c.secret, Acceptance{User(c.user), c.address})
		clock.shift.Store(0)
		require.Equal(t, denied(BadInvite), err, name)
		events := w.record.taken()
		require.Len(t, events, 1, name)
		require.Equal(t, audit.Denied, events[0].Outcome)
		why := events[0].Data["why"].(string)
		require.Equal(t, why[:4], name[:4], name)
		require.Nil(t, w.may(User(c.user)))
	}
	require.NoError(t, w.Accept(w.ctx, good, Acceptance{User("x"), "c@example.com"}), "all that did it no harm")
	require.NoError(t, w.Accept(w.ctx, before, Acceptance{User("y"), "i@example.com"}), "and others it is good for")
	homes, err := w.store.Homes(w.ctx, HomeOfPerson, "gone")
	require.NoError(t, err)
	require.Len(t, homes, 1)
}

func TestWhoHasNoSecretLeavesNoTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	version, _, err := w.store.Version(w.ctx)
	require.NoError(t, err)
	refused(t, w.Accept(w.ctx, redact.NewSecret("x"), Acceptance{User("eve"), "eve@example.com"}), BadInvite)
	homes, err := w.store.Homes(w.ctx, HomeOfPerson, "eve")
	require.NoError(t, err)
	require.Empty(t, homes)
	after, _, err := w.store.Version(w.ctx)
	require.NoError(t, err)
	require.Equal(t, version, after)
}

func TestAnInvitationIsReCheckedAgainstTheOneWhoSentIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", manager)
	// A role that grew beyond who offered it.
	grows := w.role("grows", canRead)
	secret, _, err := w.Invite(w.ctx, w.as(ann), Invitation{Address: "a@example.com", Roles: []RoleID{grows}})
	require.NoError(t, err)
	_, err = w.SaveRole(w.ctx, w.as(olga), RoleSpec{ID: grows, Name: "grows", Permissions: []Permission{canPay}})
	require.NoError(t, err)
	refused(t, w.Accept(w.ctx, secret, Acceptance{User("x"), "a@example.com"}), BadInvite)
	// Who may invite nobody any more, although they hold what they offered.
	secret, _ = w.invite(w.as(ann), "d@example.com", viewer)
	require.NoError(t, w.SetRoles(w.ctx, w.as(olga), ann, editor.ID()))
	refused(t, w.Accept(w.ctx, secret, Acceptance{User("v"), "d@example.com"}), BadInvite)
	require.NoError(t, w.SetRoles(w.ctx, w.as(olga), ann, manager.ID()))
	// The right came back: so does the invitation.
	secret, _ = w.invite(w.as(ann), "b@example.com", editor)
	require.NoError(t, w.SetRoles(w.ctx, w.as(olga), ann, viewer.ID()))
	refused(t, w.Accept(w.ctx, secret, Acceptance{User("y"), "b@example.com"}), BadInvite)
	require.NoError(t, w.SetRoles(w.ctx, w.as(olga), ann, manager.ID()))
	require.NoError(t, w.Accept(w.ctx, secret, Acceptance{User("y"), "b@example.com"}))
	// The application answers for itself.
	secret, _ = w.invite(w.system(), "c@example.com", admin, sealer)
	require.NoError(t, w.Accept(w.ctx, secret, Acceptance{User("z"), "c@example.com"}))
	require.Contains(t, w.may(User("z")), "page.seal")
}

func TestTwoWhoAcceptAtOnceAreOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range soak(20, 500) {
		address := fmt.Sprintf("%d@example.com", i)
		secret, _ := w.invite(w.as(olga), address, viewer)
		errs := make([]error, 4)
		var wg sync.WaitGroup
		for n := range errs {
			wg.Go(func() {
				errs[n] = w.Accept(w.ctx, secret, Acceptance{User(fmt.Sprint(i, ".", n)), address})
			})
		}
		wg.Wait()
		won := 0
		for n, err := range errs {
			in := w.may(User(fmt.Sprint(i, ".", n))) != nil
			require.Equal(t, err == nil, in)
			if in {
				won++
			} else {
				refused(t, err, BadInvite)
			}
		}
		require.Equal(t, 1, won)
	}
}

func TestWhoIsAMemberAlreadyKeepsWhatTheyHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", viewer)
	secret, info := w.invite(w.as(olga), "ann@example.com", editor)
	accept := func() error { return w.Accept(w.ctx, secret, Acceptance{ann, "ann@example.com"}) }
	require.ErrorIs(t, accept(), ErrExists)
	require.NoError(t, w.Suspend(w.ctx, w.as(olga), ann))
	require.ErrorIs(t, accept(), ErrExists, "an invitation lets nobody in again who was suspended")
	refused(t, ignore(w.Member(w.ctx, ann)), NotActive)
	list, err := w.Invitations(w.ctx, w.as(olga))
	require.NoError(t, err)
	require.Equal(t, info.ID, list[0].ID)
}

func TestAnInvitationNeedsAnAddressAndAnEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, in := range []Invitation{{}, {Address: " "}, {Address: "a b@c"}, {Address: "a\n@c"}, {Address: "a\x00"}, {Address: "\xff"}, {Address: fmt.Sprintf("%0255d", 1)},
		{Address: "a@b", For: -1}, {Address: "a@b", For: maxInvitationLife + 1}} {
		_, _, err := w.Invite(w.ctx, w.as(olga), in)
		require.ErrorIs(t, err, ErrInvitation)
	}
	for in, want := range map[string]string{"A.B@C": "a.b@c", "\u0130@x": "\u0130@x", "\u212a@x": "\u212a@x", "ÄB@x": "Äb@x", " a@x\r\n": "a@x"} {
		got, ok := mailbox(in)
		require.True(t, ok)
		require.Equal(t, want, got, "A-Z alone are folded")
	}
	_, info, err := w.Invite(w.ctx, w.as(olga), Invitation{Address: "a@b", For: maxInvitationLife})
	require.NoError(t, err)
	require.Equal(t, maxInvitationLife, info.Expires.Sub(info.Created))
}

func TestTheTenantOfAnInvitationIsToldToWhoHasItsSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret, info := w.invite(w.as(olga), "a@example.com", viewer)
	id, err := w.InvitationTenant(context.Background(), secret)
	require.NoError(t, err)
	require.Equal(t, w.id, id)
	_, err = w.InvitationTenant(tenancy.With(context.Background(), tenancy.NewID()), secret)
	require.NoError(t, err)
	wrong := []byte(secret.Reveal())
	wrong[40] = 'A' + (wrong[40]-'A'+1)%26
	for _, s := range []string{"", info.ID, string(wrong)} {
		_, err = w.InvitationTenant(context.Background(), redact.NewSecret(s))
		require.Equal(t, denied(BadInvite), err)
	}
}

func TestAnExpiredInvitationIsListedAsSuchAndGivesWay(t *testing.T) {
	t.Parallel()
	clock := &clocked{Store: NewMemory()}
	w := newWorldOver(t, clock, Options{})
	w.invite(w.system(), "a@example.com", admin)
	clock.shift.Store(int64(invitationLife))
	require.NoError(t, ignore(w.MemberFresh(w.ctx, olga)))
	list, err := w.Invitations(w.ctx, w.as(olga))
	require.NoError(t, err)
	require.True(t, list[0].Expired)
	ann := w.user("ann", manager)
	_, info := w.invite(w.as(ann), "a@example.com", viewer)
	list, err = w.Invitations(w.ctx, w.as(olga))
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, info.ID, list[0].ID)
	require.Equal(t, time.Duration(0), info.Created.Add(invitationLife).Sub(info.Expires))
}
