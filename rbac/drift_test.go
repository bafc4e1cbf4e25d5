package rbac

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Two versions of an application run beside each other over one database: the newer one has declared more, in another order, and
// has dropped one.
func TestNamesKeepTheirMeaningBetweenVersionsOfTheApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	newer := NewCatalog("office")
	newer.Permission("page.archive")
	audit := newer.Permission("log.read")
	write, read := newer.Permission("page.write"), newer.Permission("page.read")
	newer.Permission("page.sign", PeopleOnly)
	viewer2 := newer.Role("viewer", read)
	newer.Role("editor", viewer2, write)
	newer.Role("manager", read, write, audit, ManageMembers, ManageRoles, ViewAccess)
	newer.Role("auditor", audit)
	newer.Role("admin", Everything, Owner)
	a := newAuthorizer(t, newer, w.store, Options{})
	there := &world{Authorizer: a, t: t, store: w.store, id: w.id, ctx: w.ctx}

	own := w.role("own", canWrite, canPay)
	ann, bea, cid := w.user("ann"), w.user("bea", viewer), w.user("cid", manager)
	require.NoError(t, w.SetRoles(w.ctx, w.system(), ann, own))
	require.Equal(t, []string{"page.write", "bill.pay"}, w.may(ann))
	require.Equal(t, []string{"page.write"}, there.may(ann), "what one version does not know grants nothing in it")
	require.Equal(t, []string{"page.read"}, there.may(bea))
	roles, err := there.Roles(w.ctx, there.as(olga))
	require.NoError(t, err)
	require.Equal(t, []string{"bill.pay"}, roles[len(roles)-1].Unknown)

	// A permission of the one is none of the other, whatever its number.
	p := there.as(olga)
	for i := range office.permissions {
		x := office.at(uint16(i))
		require.Equal(t, x.c == administration, p.Can(x), x)
	}
	_, err = there.SaveRole(w.ctx, p, RoleSpec{Name: "x", Permissions: []Permission{canRead}})
	require.Error(t, err)
	require.Error(t, w.SetRoles(w.ctx, p, bea, viewer.ID()), "and neither is a principal")

	// What the older version cannot see, its members do not give, change or take away: who has everything does.
	news, err := there.SaveRole(w.ctx, there.system(), RoleSpec{Name: "news", Permissions: []Permission{read, audit}})
	require.NoError(t, err)
	inherits, err := there.SaveRole(w.ctx, there.system(), RoleSpec{Name: "inherits", Inherits: []RoleID{"auditor"}})
	require.NoError(t, err)
	below, err := there.SaveRole(w.ctx, there.system(), RoleSpec{Name: "below", Inherits: []RoleID{news}})
	require.NoError(t, err)
	by := w.as(cid)
	dan := w.user("dan", viewer)
	for _, r := range []RoleID{news, inherits, below} {
		refused(t, w.SetRoles(w.ctx, by, bea, r), NotAbove)
		refused(t, ignore2(w.Invite(w.ctx, by, Invitation{Address: "x@example.com", Roles: []RoleID{r}})), NotAbove)
		_, err = w.SaveRole(w.ctx, by, RoleSpec{ID: r, Name: "less", Permissions: []Permission{canRead}})
		refused(t, err, NotAbove)
		_, err = w.SaveRole(w.ctx, by, RoleSpec{Name: "on it", Inherits: []RoleID{r}})
		refused(t, err, NotAbove)
		refused(t, w.RemoveRole(w.ctx, by, r), NotAbove)
		require.NoError(t, w.SetRoles(w.ctx, w.as(olga), dan, r))
		refused(t, w.SetRoles(w.ctx, by, dan, viewer.ID()), NotAbove)
		refused(t, ignore(w.Remove(w.ctx, by, dan)), NotAbove)
	}
	require.NoError(t, there.SetRoles(w.ctx, there.as(cid), bea, news), "the newer one knows")
	require.ElementsMatch(t, []string{"page.read", "log.read"}, there.may(bea))
	require.Equal(t, []string{"page.read"}, w.may(bea))
}
