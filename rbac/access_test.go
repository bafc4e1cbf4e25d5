package rbac

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestMembersAreListedWithAllThatIsKnownOfThem(t *testing.T) {
	t.Parallel()
	clock := &clocked{Store: NewMemory()}
	w := newWorldOver(t, clock, Options{DormantAfter: time.Hour})
	ann, bea, cid, gone := w.user("ann", payer), w.user("bea", viewer), w.user("cid", viewer), w.user("gone", viewer)
	machine := w.machine("bot", bot)
	require.NoError(t, w.SetOwner(w.ctx, w.system(), machine, cid))
	w.token("t", machine, canRead)
	require.NoError(t, w.SetExpiry(w.ctx, w.system(), bea, past))
	require.NoError(t, w.Suspend(w.ctx, w.system(), cid))
	require.NoError(t, ignore(w.Remove(w.ctx, w.system(), gone)))
	now := time.Now()
	require.NoError(t, w.store.Saw(w.ctx, []Use{{Kind: UseOfPerson, ID: "ann", At: now}, {Kind: UseOfToken, ID: "t", At: now.Add(time.Minute)}, {Kind: UseOfMachine, ID: "bot", At: now},
		{Kind: UseOfToken, ID: "none", At: now}, {Kind: UseOfMachine, ID: "ann", At: now.Add(time.Hour)}}))
	clock.shift.Store(int64(time.Hour + 30*time.Second))
	list, err := w.Members(w.ctx, w.as(olga))
	require.NoError(t, err)
	for i := range list {
		require.WithinDuration(t, now, list[i].Created, time.Minute)
		list[i].Created = time.Time{}
	}
	last := func(d time.Duration) time.Time { return kept(now.Add(d)) }
	require.Equal(t, []MemberInfo{
		{Subject: ann, Roles: []RoleID{"payer"}, Status: Active, CreatedBy: "system", LastUsed: last(0), Dormant: true, Sensitive: true},
		{Subject: bea, Roles: []RoleID{"viewer"}, Status: Active, CreatedBy: "system", Expires: past, Expired: true},
		{Subject: cid, Roles: []RoleID{"viewer"}, Status: Suspended, CreatedBy: "system"},
		{Subject: olga, Roles: []RoleID{"admin"}, Status: Active, CreatedBy: "system", Dormant: true, Sensitive: true},
		{Subject: machine, Roles: []RoleID{"bot"}, Status: Active, CreatedBy: "system", Owner: cid, Orphaned: true, LastUsed: last(time.Minute)},
	}, list)
	holders, err := w.Holders(w.ctx, w.as(olga), canRead)
	require.NoError(t, err)
	require.Equal(t, []Subject{olga, machine}, holders, "who may do it now")
	holders, err = w.Holders(w.ctx, w.as(olga), Permission{})
	require.NoError(t, err)
	require.Empty(t, holders)
}

func TestTheMatrixShowsEveryRoleAndPermission(t *testing.T) {
	t.Parallel()
	small := NewCatalog("small")
	team := TeamOf(small, Permissions{small.Permission("a")}, Permissions{small.Permission("b", PeopleOnly), small.Permission("c", MachinesOnly)})
	small.Role("bot", ForMachines, Permissions{{small, team.Viewer.r.permissions[0]}})
	m, err := small.Matrix()
	require.NoError(t, err)
	require.Equal(t, `permission           viewer  editor  admin  bot
rbac.members.manage  -       -       x      -
rbac.roles.manage    -       -       x      -
rbac.tokens.manage   -       -       x      -
rbac.tokens.own      -       -       x      -
rbac.access.review   -       -       x      -
rbac.access.view     -       -       x      -
rbac.everything      -       -       x      -
a                    x       x       x      x
b                    -       x       x      -
c                    -       -       -      -
`, m.String())

	w := newWorld(t)
	own := w.role("own", canPay)
	w.user("ann", viewer)
	by := w.as(olga)
	all, err := w.Matrix(w.ctx, by)
	require.NoError(t, err)
	require.Len(t, all.Permissions, office.size())
	for _, r := range all.Roles {
		for _, x := range all.Permissions {
			if r.ForMachines {
				continue
			}
			u := User("u" + string(r.ID))
			_ = w.Add(w.ctx, w.system(), u, r.ID)
			require.Equal(t, w.as(u).Can(x), all.Has(r.ID, x), "what a member has who has the role")
		}
	}
	require.True(t, all.Has(own, canPay))
	require.False(t, all.Has("none", canPay))
	n := slices.IndexFunc(all.Roles, func(r RoleInfo) bool { return r.ID == viewer.ID() })
	require.Equal(t, 1, all.Roles[n].Members)
}

func TestAPersonsTenantsAreThoseThatLetThemIn(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	a := newAuthorizer(t, office, s, Options{})
	var in []tenancy.ID
	ann := User("ann")
	for i := range 5 {
		w := &world{t: t, store: s, id: tenancy.NewID(), Authorizer: a}
		w.ctx = tenancy.With(context.Background(), w.id)
		require.NoError(t, w.Found(w.ctx, w.system(), olga, admin.ID()))
		if i > 0 {
			w.user("ann", viewer)
		}
		switch i {
		case 1:
			require.NoError(t, w.Suspend(w.ctx, w.system(), ann))
		case 2:
			require.NoError(t, ignore(w.Remove(w.ctx, w.system(), ann)))
		case 3, 4:
			in = append(in, w.id)
		}
	}
	got, err := a.TenantsOf(context.Background(), ann)
	require.NoError(t, err)
	require.ElementsMatch(t, in, got)
	got, err = a.TenantsOf(context.Background(), Service("ann"))
	require.NoError(t, err)
	require.Empty(t, got)
}
