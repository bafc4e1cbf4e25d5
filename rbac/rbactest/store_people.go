package rbactest

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/stretchr/testify/require"
)

var useTests = []storeTest{
	{"the newest use counts, and its network goes with it", useNewest},
	{"of many uses told at once the newest of each counts", useMany},
	{"nothing seen is nothing noted", useNone},
	{"many may tell of the same uses at once", useRace},
}

var invitationTests = []storeTest{
	{"an invitation comes back as it was put", invitationKept},
	{"an invitation that is pending may be replaced", invitationReplaced},
	{"the address is forgotten with the end of the invitation", invitationForgets},
	{"invitations are the pending ones, oldest first", invitationList},
	{"of those who accept an invitation at once one does", invitationRace},
}

func seen(t require.TestingT, h *house) []rbac.Use {
	uses, err := h.other().Uses(h.ctx)
	require.NoError(t, err)
	slices.SortFunc(uses, func(a, b rbac.Use) int { return strings.Compare(string(a.Kind)+" "+a.ID, string(b.Kind)+" "+b.ID) })
	return uses
}

func useNewest(t *testing.T, h *house) {
	use := func(minutes int, net string) rbac.Use {
		u := rbac.Use{Kind: rbac.UseOfToken, ID: "t1", At: moment.Add(time.Duration(minutes) * time.Minute)}
		if net != "" {
			u.Net = netip.MustParsePrefix(net)
		}
		return u
	}
	for _, step := range []struct{ put, want rbac.Use }{
		{use(5, "192.0.2.0/24"), use(5, "192.0.2.0/24")},
		{use(4, "198.51.100.0/24"), use(5, "192.0.2.0/24")},
		{use(5, "198.51.100.0/24"), use(5, "192.0.2.0/24")},
		{use(6, "2001:db8:1::/48"), use(6, "2001:db8:1::/48")},
		{use(7, ""), use(7, "")},
	} {
		require.NoError(t, h.Saw(h.ctx, []rbac.Use{step.put}))
		require.Equal(t, []rbac.Use{step.want}, seen(t, h))
	}
	require.Zero(t, h.versionNow(t), "use is no change of rules")
}

func useMany(t *testing.T, h *house) {
	var all, want []rbac.Use
	for i := range 300 {
		u := rbac.Use{Kind: []rbac.UseKind{rbac.UseOfPerson, rbac.UseOfMachine, rbac.UseOfToken}[i%3], ID: name(i / 3), At: moment.Add(time.Duration(i) * time.Second)}
		older, newer := u, u
		older.At, newer.At = u.At.Add(-time.Second), u.At.Add(time.Microsecond)
		newer.Net = netip.MustParsePrefix("192.0.2.0/24")
		all, want = append(all, u, newer, older), append(want, newer)
	}
	require.NoError(t, h.Saw(h.ctx, all))
	slices.SortFunc(want, func(a, b rbac.Use) int { return strings.Compare(string(a.Kind)+" "+a.ID, string(b.Kind)+" "+b.ID) })
	require.Equal(t, want, seen(t, h))
}

func useNone(t *testing.T, h *house) {
	require.NoError(t, h.Saw(h.ctx, nil))
	require.NoError(t, h.Saw(h.ctx, []rbac.Use{}))
	require.Empty(t, seen(t, h))
}

func useRace(t *testing.T, h *house) {
	errs := make([]error, 8)
	together(len(errs), func(i int) {
		for n := range 8 {
			var uses []rbac.Use
			for k := range 30 {
				uses = append(uses, rbac.Use{Kind: rbac.UseOfToken, ID: name((k*7 + i) % 30), At: moment.Add(time.Duration(8*n+i) * time.Second)})
			}
			if err := h.process(i).Saw(h.ctx, uses); err != nil {
				errs[i] = err
			}
		}
	})
	for _, err := range errs {
		require.NoError(t, err)
	}
	uses := seen(t, h)
	require.Len(t, uses, 30)
	for _, u := range uses {
		require.Equal(t, moment.Add(63*time.Second), u.At)
	}
}

func invitationKept(t *testing.T, h *house) {
	_, err := h.Invitation(h.ctx, "i1")
	require.ErrorIs(t, err, rbac.ErrNotFound)
	byApplication := newInvitation("i2")
	byApplication.InvitedBy, byApplication.Roles, byApplication.Address = rbac.Subject{}, nil, ""
	for _, i := range []rbac.InvitationRow{newInvitation("i1"), byApplication} {
		require.NoError(t, h.PutInvitation(h.ctx, i))
		got, err := h.other().Invitation(h.ctx, i.ID)
		require.NoError(t, err)
		require.Equal(t, i, got)
	}
	require.Zero(t, h.versionNow(t), "an invitation is no rule")
}

func invitationReplaced(t *testing.T, h *house) {
	i := newInvitation("i1")
	require.NoError(t, h.PutInvitation(h.ctx, i))
	i.Hash, i.Address, i.Roles, i.InvitedBy, i.Expires = newHash(), "carol@example.com", []rbac.RoleID{"a", "b"}, rbac.Service("hr"), moment.Add(time.Hour)
	require.NoError(t, h.PutInvitation(h.ctx, i))
	got, err := h.other().Invitation(h.ctx, "i1")
	require.NoError(t, err)
	require.Equal(t, i, got)
}

func invitationForgets(t *testing.T, h *house) {
	for id, state := range map[string]rbac.InvitationState{"i1": rbac.Accepted, "i2": rbac.Withdrawn} {
		i := newInvitation(id)
		require.NoError(t, h.PutInvitation(h.ctx, i))
		i.State = state
		if state == rbac.Accepted {
			i.Member = "bob"
		}
		require.NotEmpty(t, i.Address)
		require.NoError(t, h.PutInvitation(h.ctx, i))
		got, err := h.other().Invitation(h.ctx, id)
		require.NoError(t, err)
		i.Address = ""
		require.Equal(t, i, got)
	}
}

func invitationList(t *testing.T, h *house) {
	list, err := h.Invitations(h.ctx)
	require.NoError(t, err)
	require.Empty(t, list)
	var want []rbac.InvitationRow
	for i := range 9 {
		row := newInvitation(name((i * 5) % 9))
		row.Created = moment.Add(time.Duration(i/2) * time.Hour) // two of the same age: in order of their IDs
		row.Expires = row.Created.Add(time.Microsecond)          // long ago
		require.NoError(t, h.PutInvitation(h.ctx, row))
		if i == 3 {
			row.State = rbac.Withdrawn
			require.NoError(t, h.PutInvitation(h.ctx, row))
			continue
		}
		want = append(want, row)
	}
	slices.SortFunc(want, func(a, b rbac.InvitationRow) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	list, err = h.other().Invitations(h.ctx)
	require.NoError(t, err)
	require.Equal(t, want, list)
}

// Each looks whether it is pending, and accepts it if it is: nobody can change it between that.
func invitationRace(t *testing.T, h *house) {
	require.NoError(t, h.PutInvitation(h.ctx, newInvitation("i1")))
	accepted, errs := make([]bool, 6), make([]error, 6)
	together(len(errs), func(n int) {
		s := h.process(n)
		errs[n] = s.Tx(h.ctx, func(ctx context.Context) error {
			accepted[n] = false
			i, err := s.Invitation(ctx, "i1")
			if err != nil || i.State != rbac.Pending {
				return err
			}
			i.State, i.Member, accepted[n] = rbac.Accepted, name(n), true
			return s.PutInvitation(ctx, i)
		})
	})
	got, err := h.other().Invitation(h.ctx, "i1")
	require.NoError(t, err)
	won := 0
	for n := range errs {
		require.NoError(t, errs[n])
		if accepted[n] {
			won++
			require.Equal(t, name(n), got.Member)
		}
	}
	require.Equal(t, 1, won)
}
