package rbac

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// allOf are all permissions of a catalogue, and some that are none of its.
func allOf(c *Catalog) (out []Permission) {
	for i := range c.permissions {
		out = append(out, c.at(uint16(i)))
	}
	other := NewCatalog("other")
	for i := range 70 {
		out = append(out, other.Permission(fmt.Sprintf("x%d", i)))
	}
	return append(out, Permission{})
}

func TestZeroValuesAreDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var nobody Principal
	for _, x := range allOf(office) {
		require.False(t, nobody.Can(x))
		refused(t, nobody.Require(x), Nobody)
		require.Equal(t, Nobody, nobody.Explain(x).Reason)
		require.Equal(t, None, nobody.Reach(x, x))
		require.False(t, nobody.Within("mask", x).Can(x))
	}
	for range nobody.Permissions() {
		t.Fatal("nobody may do something")
	}
	require.True(t, nobody.IsZero() && nobody.Tenant().IsZero() && nobody.Subject() == Subject{} && nobody.TokenID() == "")

	_, err := w.Member(context.Background(), olga)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = w.MemberFresh(context.Background(), olga)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	for _, s := range []Subject{{}, User(""), Service("olga"), {"", "olga"}, {"robot", "olga"}, User("Olga"), User("olga "), User("admin")} {
		_, err := w.Member(w.ctx, s)
		refused(t, err, NotMember)
	}
	_, err = w.Member(tenancy.With(context.Background(), tenancy.NewID()), olga)
	refused(t, err, NotMember)

	ctx, sys := w.ctx, w.system()
	_, err = w.SaveRole(ctx, nobody, RoleSpec{Name: "x"})
	refused(t, err, Nobody)
	refused(t, w.Found(ctx, nobody, User("x"), admin.ID()), Nobody)
	refused(t, w.Add(ctx, nobody, User("x"), admin.ID()), Nobody)
	refused(t, w.AddMachine(ctx, nobody, "x", olga), Nobody)
	refused(t, w.SetRoles(ctx, nobody, olga), Nobody)
	refused(t, w.SetExpiry(ctx, nobody, olga, time.Now()), Nobody)
	refused(t, w.Suspend(ctx, nobody, olga), Nobody)
	refused(t, w.Resume(ctx, nobody, olga), Nobody)
	refused(t, w.SetOwner(ctx, nobody, Service("x"), olga), Nobody)
	_, err = w.Remove(ctx, nobody, olga)
	refused(t, err, Nobody)
	_, err = w.Remove(ctx, nobody, Subject{})
	refused(t, err, Nobody)
	_, _, err = w.Invite(ctx, nobody, Invitation{})
	refused(t, err, Nobody)
	refused(t, w.WithdrawInvitation(ctx, nobody, ""), Nobody)
	_, err = w.Members(ctx, nobody)
	refused(t, err, Nobody)
	_, err = w.Matrix(ctx, nobody)
	refused(t, err, Nobody)
	_, err = w.Holders(ctx, nobody, canRead)
	refused(t, err, Nobody)

	_, err = w.Remove(ctx, sys, Subject{})
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorIs(t, w.SetRoles(ctx, sys, Subject{}), ErrNotFound)
	require.ErrorIs(t, w.Found(ctx, sys, Subject{}), ErrSubject)
	require.ErrorIs(t, w.Add(ctx, sys, Service("x")), ErrSubject)
	require.ErrorIs(t, w.AddMachine(ctx, sys, "", olga), ErrSubject)
	require.ErrorIs(t, w.Accept(ctx, w.secretOf(""), Acceptance{}), ErrSubject)
	refused(t, w.Accept(ctx, w.secretOf(""), Acceptance{User: User("x")}), BadInvite)
	_, err = w.Offboard(ctx, Subject{}, "x")
	require.ErrorIs(t, err, ErrSubject)
	_, err = w.System(ctx, "")
	require.Error(t, err)
	_, err = w.System(context.Background(), "x")
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
}

func TestWhoHasNoPermissionAdministersNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.as(w.user("ann", editor, payer))
	machine := w.machine("bot", bot)
	_, info := w.invite(w.system(), "x@example.com", viewer)
	ctx := w.ctx
	_, role := w.SaveRole(ctx, ann, RoleSpec{Name: "x"})
	_, removed := w.Remove(ctx, ann, machine)
	_, _, invited := w.Invite(ctx, ann, Invitation{Address: "a@b.c"})
	_, members := w.Members(ctx, ann)
	_, roles := w.Roles(ctx, ann)
	_, holders := w.Holders(ctx, ann, canRead)
	_, orphans := w.Orphaned(ctx, ann)
	_, invitations := w.Invitations(ctx, ann)
	for i, err := range []error{role, w.RemoveRole(ctx, ann, "x"), w.AddMachine(ctx, ann, "x", olga), w.SetRoles(ctx, ann, machine), w.SetExpiry(ctx, ann, machine, time.Now()),
		w.Suspend(ctx, ann, machine), w.Resume(ctx, ann, machine), w.SetOwner(ctx, ann, machine, olga), removed, invited, w.WithdrawInvitation(ctx, ann, info.ID),
		members, roles, holders, orphans, invitations} {
		require.ErrorIs(t, err, &Denied{Reason: NotGranted}, i)
	}
	for _, err := range []error{w.Found(ctx, ann, User("x")), w.Add(ctx, ann, User("x")), w.Add(ctx, w.as(olga), User("x"))} {
		refused(t, err, NotAbove)
	}
}

func TestARowWithAPermissionThatIsUnknownGrantsTheRestAndIsReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change(func(ctx context.Context, v int64, _ time.Time) {
		require.NoError(t, w.store.PutRole(ctx, RoleRow{ID: "~old", Version: v, Name: "old", Permissions: []string{"page.gone", canRead.String(), "", "admin", "rbac.everything\x01"}}))
		require.NoError(t, w.store.PutMember(ctx, MemberRow{Subject: User("ann"), Version: v, Roles: []RoleID{"~old", "~none", "", "Admin"}, Status: Active}))
		require.NoError(t, w.store.PutMember(ctx, MemberRow{Subject: User("bea"), Version: v, Roles: []RoleID{bot.ID()}, Status: Active}))
	})
	require.Equal(t, []string{"page.read"}, w.may(User("ann")))
	require.Empty(t, w.may(User("bea")), "a role for machines")
	roles, err := w.Roles(w.ctx, w.as(olga))
	require.NoError(t, err)
	require.Equal(t, []string{"page.gone", "", "admin", "rbac.everything\x01"}, roles[len(roles)-1].Unknown)
}

// Pairs that other libraries take for one another once ids are joined to one key.
func TestNamesOfRolesPeopleAndTenantsNeverMeet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("a::b", viewer)
	w.user("a$$b", editor)
	w.user("ann", payer)
	w.machine("ann", bot)
	require.Equal(t, []string{"page.read"}, w.may(User("a::b")))
	require.Equal(t, []string{"bill.pay"}, w.may(User("ann")))
	require.Equal(t, []string{"page.read", "page.ingest"}, w.may(Service("ann")))
	for _, u := range []string{"admin", "role:admin", "a", "b", "::b", "a::", "a:", "person:ann", "person,active,5:admin", "olga\x00", "Ann"} {
		require.Nil(t, w.may(User(u)), u)
	}
	for _, u := range []string{"x\x00y", "\xff", strings.Repeat("x", 257), ""} {
		require.ErrorIs(t, w.Add(w.ctx, w.system(), User(u), viewer.ID()), ErrSubject)
	}
	// A list of roles is told from another one whose names join to the same.
	own := w.role("own", canPay)
	w.change(func(ctx context.Context, v int64, _ time.Time) {
		for i, roles := range [][]RoleID{{"viewer,5:admin"}, {"viewer", "5:admin"}, {"6:viewer"}, {"viewer", ""}, {own + ",5:admin"}} {
			require.NoError(t, w.store.PutMember(ctx, MemberRow{Subject: User(fmt.Sprint("j", i)), Version: v, Roles: roles, Status: Active}))
		}
	})
	for i, want := range [][]string{{}, {"page.read"}, {}, {"page.read"}, {}} {
		require.ElementsMatch(t, want, w.may(User(fmt.Sprint("j", i))), i)
	}
}

func TestIdsOfAnyFormAreWhoTheyAreAndNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	piece := rapid.SampledFrom([]string{"a", "b", "admin", "::", "$$", "|", ",", ":", "%", "é", "é", "\u202e", " ", "\n", "1"})
	id := rapid.Map(rapid.SliceOfN(piece, 1, 4), func(s []string) string { return strings.Join(s, "") })
	rapid.Check(t, func(t *rapid.T) {
		a, b := id.Draw(t, "a"), id.Draw(t, "b")
		_ = w.Add(w.ctx, w.system(), User(a), payer.ID())
		require.Equal(t, []string{"bill.pay"}, w.may(User(a)))
		require.Nil(t, w.may(Service(a)))
		if a != b {
			require.NoError(t, ignore(w.Remove(w.ctx, w.system(), User(a))))
			_ = w.Add(w.ctx, w.system(), User(b), payer.ID())
			require.Nil(t, w.may(User(a)))
		}
	})
}

func ignore[T any](_ T, err error) error { return err }

func TestNobodyOfOneTenantMayAnythingInAnother(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	var worlds []*world
	a := newAuthorizer(t, office, s, Options{})
	for i := range 20 {
		w := &world{t: t, store: s, id: tenancy.NewID(), record: &recorded{}, Authorizer: a}
		w.ctx = tenancy.With(context.Background(), w.id)
		require.NoError(t, w.Found(w.ctx, w.system(), User(fmt.Sprint("owner", i)), admin.ID()))
		worlds = append(worlds, w)
	}
	for range 1000 {
		i, j := rand.IntN(20), rand.IntN(20)
		if i == j {
			continue
		}
		here, there := worlds[i], worlds[j]
		who := User(fmt.Sprint("owner", j))
		_, err := here.Member(here.ctx, who)
		refused(t, err, NotMember)
		by, err := there.Member(there.ctx, who)
		require.NoError(t, err)
		refused(t, here.SetRoles(here.ctx, by, User(fmt.Sprint("owner", i)), viewer.ID()), NotMember)
		refused(t, ignore(here.Remove(here.ctx, by, User(fmt.Sprint("owner", i)))), NotMember)
		refused(t, ignore(here.Members(here.ctx, by)), NotMember)
		refused(t, here.Add(here.ctx, there.system(), User("x"), admin.ID()), NotMember)
	}
	here, there := worlds[0], worlds[1]
	own := there.role("own", canRead)
	require.ErrorIs(t, here.SetRoles(here.ctx, here.system(), User("owner0"), admin.ID(), own), ErrRole, "a role of another tenant")
	secret, info := there.invite(there.system(), "a@example.com", viewer)
	refused(t, here.Accept(here.ctx, secret, Acceptance{User("ann"), "a@example.com"}), BadInvite)
	require.ErrorIs(t, here.WithdrawInvitation(here.ctx, here.system(), info.ID), ErrNotFound)
	require.NoError(t, there.Accept(there.ctx, secret, Acceptance{User("ann"), "a@example.com"}))
}

// A restriction is an intersection: in whatever order they come, nothing is gained by one.
// Who acts for somebody, or for the application, in a mask does what the mask has and nothing beside it.
func TestAMaskIsInTheWayOfWhatNeedsNoPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", viewer)
	w.token("t1", ann, canRead)
	mask := w.as(ann).Within("grant", canRead)
	refused(t, ignore(w.Remove(w.ctx, mask, ann)), NotGranted)
	for _, sel := range []TokenSelector{{ID: "t1"}, {Member: ann}} {
		_, err := w.RevokeTokens(w.ctx, mask, sel, "")
		require.ErrorIs(t, err, ErrDenied)
	}
	require.ErrorIs(t, ignore(w.Tokens(w.ctx, mask, TokenSelector{Member: ann})), ErrDenied)
	require.NoError(t, ignore(w.Tokens(w.ctx, w.as(ann), TokenSelector{Member: ann})))
	require.NoError(t, ignore(w.RevokeTokens(w.ctx, w.as(ann), TokenSelector{ID: "t1"}, "")))
	for _, xs := range [][]Permission{nil, {canRead}, {ViewAccess}} {
		system := w.system().Within("grant", xs...)
		require.ErrorIs(t, w.Suspend(w.ctx, system, ann), ErrDenied)
		require.ErrorIs(t, w.Add(w.ctx, system, User("eve"), admin.ID()), ErrDenied)
		require.ErrorIs(t, ignore(w.RevokeTokens(w.ctx, system, TokenSelector{All: true}, "")), ErrDenied)
	}
}

func TestRestrictionsOnlyTakeAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	people := []Subject{olga, w.user("ann", manager, payer), w.user("bea", viewer), w.machine("bot", bot)}
	var tokens []Principal
	for i, u := range people {
		tokens = append(tokens, w.token(fmt.Sprint("t", i), u, canRead, canPay, canSign, ManageMembers))
	}
	all := allOf(office)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, len(people)-1).Draw(t, "who")
		p := w.as(people[n])
		if rapid.Bool().Draw(t, "token") {
			before := p
			p = tokens[n]
			for _, x := range all {
				require.True(t, !p.Can(x) || before.Can(x))
			}
			require.False(t, p.Can(canSign), "a token is no person at a keyboard")
		}
		var masks [][]Permission
		for range rapid.IntRange(1, 4).Draw(t, "masks") {
			masks = append(masks, rapid.SliceOfN(rapid.SampledFrom(all), 0, 8).Draw(t, "mask"))
		}
		narrow := p
		for _, m := range masks {
			next := narrow.Within("mask", m...)
			for _, x := range all {
				require.Equal(t, narrow.Can(x) && slices.Contains(m, x), next.Can(x))
				e := next.Explain(x)
				require.Equal(t, next.Can(x), e.Allowed())
				if p.Can(x) && !next.Can(x) {
					require.Equal(t, ByGrant, e.Reason)
					require.ErrorIs(t, next.Require(x), &Denied{x.String(), ByGrant})
				}
			}
			narrow = next
		}
		slices.Reverse(masks)
		again := p
		for _, m := range masks {
			again = again.Within("mask", m...)
		}
		require.Equal(t, narrow.s.set.names(), again.s.set.names())
	})
}

func TestAnExplanationTellsByWhichRolesAndWhatTookItAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann", manager, editor)
	p := w.as(ann)
	require.Equal(t, Explanation{Permission: "page.read", By: [][]RoleID{{"manager", "editor", "viewer"}, {"editor", "viewer"}}}, p.Explain(canRead))
	require.Equal(t, Explanation{Permission: "bill.pay", Reason: NotGranted}, p.Explain(canPay))
	token := w.token("t", ann, canRead)
	require.Equal(t, ByScope, token.Explain(canWrite).Reason)
	require.Equal(t, ByScope, w.token("t2", ann).Explain(canRead).Reason, "no scopes are none, and never all")
	require.Equal(t, ByKind, w.token("t3", ann, canSign).Explain(canSign).Reason)
	mask := p.Within("support", canRead)
	require.Equal(t, Explanation{Permission: "page.write", Reason: ByGrant, Name: "support", By: [][]RoleID{{"manager", "editor"}, {"editor"}}}, mask.Explain(canWrite))
	require.EqualError(t, mask.Require(canWrite), "rbac: denied: page.write: the support grant does not have it")
	for _, v := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		require.NotContains(t, fmt.Sprintf(v, p), "ann")
		require.NotContains(t, fmt.Sprintf(v, p), w.id.String())
	}
	// Crosswise inheritance has more paths than anybody reads.
	last := w.role("l0", canPay)
	for i := range 30 {
		x, err := w.SaveRole(w.ctx, w.system(), RoleSpec{Name: fmt.Sprint("a", i), Inherits: []RoleID{last}})
		require.NoError(t, err)
		y, err := w.SaveRole(w.ctx, w.system(), RoleSpec{Name: fmt.Sprint("b", i), Inherits: []RoleID{last}})
		require.NoError(t, err)
		last, err = w.SaveRole(w.ctx, w.system(), RoleSpec{Name: fmt.Sprint("l", i+1), Inherits: []RoleID{x, y}})
		require.NoError(t, err)
	}
	require.NoError(t, w.SetRoles(w.ctx, w.system(), ann, last))
	require.Len(t, w.as(ann).Explain(canPay).By, maxPaths)
}
