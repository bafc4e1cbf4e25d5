package rbactest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/stretchr/testify/require"
)

var refusalTests = []storeTest{
	{"rules change in a transaction that advanced, and nowhere else", refuseOutside},
	{"a rule carries the version that Advance told last", refuseVersion},
	{"a rule changes once in a version", refuseTwice},
	{"a removed role never comes back", refuseRole},
	{"a revoked token never comes back", refuseRevoked},
	{"a token keeps its hash, its member and the time of its creation", refuseToken},
	{"a token expires within 366 days of its creation", refuseExpiry},
	{"an invitation that was accepted or withdrawn stays so", refuseInvitation},
	{"a review that was closed stays as it is, with its items", refuseReview},
	{"what an item was when its review was opened stays", refuseSnapshot},
	{"there are no items of no review", refuseItems},
	{"what has no ID, or a word that is none, is refused", refuseWords},
	{"text that a database would change is refused", refuseText},
}

// refused checks that the store refuses what f does in a transaction that advanced, and that nothing of that is in force.
func (h *house) refused(t require.TestingT, f func(ctx context.Context, v int64) error) {
	before := h.since(t, 0)
	require.ErrorIs(t, h.try(f), rbac.ErrRefused)
	after := h.since(t, 0)
	after.Now = before.Now
	require.Equal(t, before, after)
}

func refuseOutside(t *testing.T, h *house) {
	_, _, err := h.Advance(h.ctx)
	require.ErrorIs(t, err, rbac.ErrRefused)
	h.change(t, func(ctx context.Context, v int64, _ time.Time) {
		require.NoError(t, h.PutMember(ctx, newMember(v, rbac.User("ann"))))
	})
	for v := range int64(4) {
		require.ErrorIs(t, h.PutRole(h.ctx, newRole(v, "r1")), rbac.ErrRefused)
		require.ErrorIs(t, h.PutMember(h.ctx, newMember(v, rbac.User("ann"))), rbac.ErrRefused)
		require.ErrorIs(t, h.PutToken(h.ctx, newToken(v, "t1")), rbac.ErrRefused)
	}
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error { return h.PutMember(ctx, newMember(1, rbac.User("ann"))) }), rbac.ErrRefused)
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error { return h.PutMember(ctx, newMember(2, rbac.User("ann"))) }), rbac.ErrRefused)
	is(t, h.since(t, 0), 1, nil, []rbac.MemberRow{newMember(1, rbac.User("ann"))}, nil)
}

func refuseVersion(t *testing.T, h *house) {
	h.change(t, func(ctx context.Context, v int64, _ time.Time) {
		require.NoError(t, h.PutMember(ctx, newMember(v, rbac.User("ann"))))
	})
	for _, wrong := range []int64{-2, -1, 1, 2} {
		h.refused(t, func(ctx context.Context, v int64) error { return h.PutRole(ctx, newRole(v+wrong, "r1")) })
		h.refused(t, func(ctx context.Context, v int64) error {
			return h.PutMember(ctx, newMember(v+wrong, rbac.User("bob")))
		})
		h.refused(t, func(ctx context.Context, v int64) error {
			return h.PutMember(ctx, newMember(v+wrong, rbac.User("ann")))
		})
		h.refused(t, func(ctx context.Context, v int64) error { return h.PutToken(ctx, newToken(v+wrong, "t1")) })
	}
	h.refused(t, func(ctx context.Context, v int64) error {
		_, _, err := h.Advance(ctx)
		require.NoError(t, err)
		return h.PutMember(ctx, newMember(v, rbac.User("bob")))
	})
}

func refuseTwice(t *testing.T, h *house) {
	h.refused(t, func(ctx context.Context, v int64) error {
		require.NoError(t, h.PutRole(ctx, newRole(v, "r1")))
		return h.PutRole(ctx, newRole(v, "r1"))
	})
	h.refused(t, func(ctx context.Context, v int64) error {
		require.NoError(t, h.PutMember(ctx, newMember(v, rbac.User("ann"))))
		return h.PutMember(ctx, newMember(v, rbac.User("ann")))
	})
	h.refused(t, func(ctx context.Context, v int64) error {
		x := newToken(v, "t1")
		require.NoError(t, h.PutToken(ctx, x))
		return h.PutToken(ctx, x)
	})
}

func refuseRole(t *testing.T, h *house) {
	h.change(t, func(ctx context.Context, v int64, _ time.Time) {
		gone := newRole(v, "r1")
		gone.Removed = true
		require.NoError(t, h.PutRole(ctx, gone))
	})
	h.refused(t, func(ctx context.Context, v int64) error { return h.PutRole(ctx, newRole(v, "r1")) })
}

func refuseRevoked(t *testing.T, h *house) {
	x := newToken(0, "t1")
	x.Revoked, x.Reason = moment.Add(time.Hour), "left"
	h.change(t, func(ctx context.Context, v int64, _ time.Time) { x.Version = v; require.NoError(t, h.PutToken(ctx, x)) })
	for _, at := range []time.Time{{}, moment.Add(2 * time.Hour)} {
		h.refused(t, func(ctx context.Context, v int64) error {
			again := x
			again.Version, again.Revoked = v, at
			return h.PutToken(ctx, again)
		})
	}
	require.NoError(t, h.try(func(ctx context.Context, v int64) error {
		x.Version, x.ReplacedBy, x.Revoked = v, "t2", moment
		return h.PutToken(ctx, x)
	}))
}

func refuseToken(t *testing.T, h *house) {
	x := newToken(0, "t1")
	h.change(t, func(ctx context.Context, v int64, _ time.Time) { x.Version = v; require.NoError(t, h.PutToken(ctx, x)) })
	for _, change := range []func(*rbac.TokenRow){
		func(x *rbac.TokenRow) { x.Hash[31]++ },
		func(x *rbac.TokenRow) { x.Member.ID = "ann" },
		func(x *rbac.TokenRow) { x.Member.Kind = rbac.Person },
		func(x *rbac.TokenRow) { x.Created = x.Created.Add(time.Microsecond) },
	} {
		h.refused(t, func(ctx context.Context, v int64) error {
			y := x
			y.Version = v
			change(&y)
			return h.PutToken(ctx, y)
		})
	}
}

func refuseExpiry(t *testing.T, h *house) {
	limit := moment.Add(366 * 24 * time.Hour)
	for _, expires := range []time.Time{limit.Add(time.Microsecond), {}} {
		h.refused(t, func(ctx context.Context, v int64) error {
			x := newToken(v, "t1")
			x.Expires = expires
			return h.PutToken(ctx, x)
		})
	}
	x := newToken(0, "t1")
	h.change(t, func(ctx context.Context, v int64, _ time.Time) { x.Version = v; require.NoError(t, h.PutToken(ctx, x)) })
	h.refused(t, func(ctx context.Context, v int64) error {
		x := x
		x.Version, x.Expires = v, limit.Add(time.Microsecond)
		return h.PutToken(ctx, x)
	})
}

func refuseInvitation(t *testing.T, h *house) {
	for id, state := range map[string]rbac.InvitationState{"i1": rbac.Accepted, "i2": rbac.Withdrawn} {
		i := newInvitation(id)
		require.NoError(t, h.PutInvitation(h.ctx, i))
		i.State, i.Member = state, "bob"
		require.NoError(t, h.PutInvitation(h.ctx, i))
		require.NoError(t, h.PutInvitation(h.ctx, i), "once more is no change")
		want, err := h.other().Invitation(h.ctx, id)
		require.NoError(t, err)
		for _, change := range []func(*rbac.InvitationRow){
			func(i *rbac.InvitationRow) { i.State = rbac.Pending },
			func(i *rbac.InvitationRow) {
				i.State = map[rbac.InvitationState]rbac.InvitationState{rbac.Accepted: rbac.Withdrawn, rbac.Withdrawn: rbac.Accepted}[state]
			},
			func(i *rbac.InvitationRow) { i.Member = "eve" },
			func(i *rbac.InvitationRow) { i.Roles = []rbac.RoleID{"admin"} },
			func(i *rbac.InvitationRow) { i.Hash[0]++ },
			func(i *rbac.InvitationRow) { i.InvitedBy = rbac.Subject{} },
			func(i *rbac.InvitationRow) { i.Created = i.Created.Add(time.Second) },
			func(i *rbac.InvitationRow) { i.Expires = i.Expires.Add(time.Second) },
		} {
			other := i
			change(&other)
			require.ErrorIs(t, h.PutInvitation(h.ctx, other), rbac.ErrRefused)
			got, err := h.Invitation(h.ctx, id)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
}

func refuseReview(t *testing.T, h *house) {
	r, item := newReview("q1"), newItem("q1", "k1")
	require.NoError(t, h.PutReview(h.ctx, r))
	require.NoError(t, h.PutItems(h.ctx, []rbac.ItemRow{item}))
	r.Closed = moment.Add(time.Hour)
	require.NoError(t, h.PutReview(h.ctx, r))
	for _, change := range []func(*rbac.ReviewRow){
		func(r *rbac.ReviewRow) { r.Closed = time.Time{} }, func(r *rbac.ReviewRow) { r.Closed = moment.Add(2 * time.Hour) },
		func(r *rbac.ReviewRow) { r.ClosedBy = "eve" }, func(r *rbac.ReviewRow) { r.OpenedBy = "eve" }, func(r *rbac.ReviewRow) { r.Opened = moment.Add(time.Hour) },
		func(r *rbac.ReviewRow) { r.Due = moment }, func(r *rbac.ReviewRow) { r.Overdue = rbac.OverdueSuspend }, func(r *rbac.ReviewRow) { r.Applied = true },
		func(r *rbac.ReviewRow) { r.Reminded = 4 }, func(r *rbac.ReviewRow) { r.Summary = []byte(`{"roles":[]}`) },
	} {
		again := r
		change(&again)
		require.ErrorIs(t, h.PutReview(h.ctx, again), rbac.ErrRefused)
	}
	decided := item
	decided.Decision = rbac.Keep
	require.ErrorIs(t, h.PutItems(h.ctx, []rbac.ItemRow{decided}), rbac.ErrRefused)
	require.ErrorIs(t, h.PutItems(h.ctx, []rbac.ItemRow{newItem("q1", "k2")}), rbac.ErrRefused)
	items, err := h.Items(h.ctx, "q1", "", 0)
	require.NoError(t, err)
	require.Equal(t, []rbac.ItemRow{item}, items)
	reviews, err := h.Reviews(h.ctx)
	require.NoError(t, err)
	require.Equal(t, []rbac.ReviewRow{r}, reviews)
}

func refuseSnapshot(t *testing.T, h *house) {
	item := newItem("q1", "k1")
	require.NoError(t, h.PutReview(h.ctx, newReview("q1")))
	require.NoError(t, h.PutItems(h.ctx, []rbac.ItemRow{item}))
	for _, change := range []func(*rbac.ItemRow){
		func(i *rbac.ItemRow) { i.Kind = rbac.ItemMachine }, func(i *rbac.ItemRow) { i.ID = "eve" },
		func(i *rbac.ItemRow) { i.Snapshot = []byte(`{}`) }, func(i *rbac.ItemRow) { i.Snapshot = append([]byte(" "), i.Snapshot...) },
	} {
		other := item
		change(&other)
		require.ErrorIs(t, h.PutItems(h.ctx, []rbac.ItemRow{newItem("q1", "k0"), other}), rbac.ErrRefused)
	}
	items, err := h.Items(h.ctx, "q1", "", 0)
	require.NoError(t, err)
	require.Equal(t, []rbac.ItemRow{item}, items)
}

func refuseItems(t *testing.T, h *house) {
	require.NoError(t, h.PutReview(h.ctx, newReview("q1")))
	require.ErrorIs(t, h.PutItems(h.ctx, []rbac.ItemRow{newItem("q1", "k1"), newItem("q2", "k1")}), rbac.ErrRefused)
	items, err := h.Items(h.ctx, "q1", "", 0)
	require.NoError(t, err)
	require.Empty(t, items, "all of them or none")
}

// each gives f rows that differ from good ones in one thing, which change makes.
func (h *house) each(t require.TestingT, bad []any) {
	for _, row := range bad {
		switch r := row.(type) {
		case rbac.RoleRow:
			h.refused(t, func(ctx context.Context, v int64) error { r.Version = v; return h.PutRole(ctx, r) })
		case rbac.MemberRow:
			h.refused(t, func(ctx context.Context, v int64) error { r.Version = v; return h.PutMember(ctx, r) })
		case rbac.TokenRow:
			h.refused(t, func(ctx context.Context, v int64) error { r.Version = v; return h.PutToken(ctx, r) })
		case rbac.InvitationRow:
			require.ErrorIs(t, h.PutInvitation(h.ctx, r), rbac.ErrRefused)
		case rbac.ReviewRow:
			require.ErrorIs(t, h.PutReview(h.ctx, r), rbac.ErrRefused)
		case rbac.ItemRow:
			require.ErrorIs(t, h.PutItems(h.ctx, []rbac.ItemRow{r}), rbac.ErrRefused)
		case rbac.Use:
			require.ErrorIs(t, h.Saw(h.ctx, []rbac.Use{r}), rbac.ErrRefused)
		}
	}
}

func with[T any](row T, change func(*T)) any {
	change(&row)
	return row
}

func refuseWords(t *testing.T, h *house) {
	require.NoError(t, h.PutReview(h.ctx, newReview("q1")))
	ann, token, invitation, review, item := newMember(0, rbac.User("ann")), newToken(0, "t1"), newInvitation("i1"), newReview("q2"), newItem("q1", "k1")
	use := rbac.Use{Kind: rbac.UseOfPerson, ID: "ann", At: moment}
	h.each(t, []any{
		newRole(0, ""),
		newMember(0, rbac.Subject{}), newMember(0, rbac.User("")), newMember(0, rbac.Subject{Kind: "robot", ID: "x"}),
		with(ann, func(m *rbac.MemberRow) { m.Status = "" }), with(ann, func(m *rbac.MemberRow) { m.Status = "admin" }),
		newToken(0, ""), with(token, func(x *rbac.TokenRow) { x.Member = rbac.Subject{} }), with(token, func(x *rbac.TokenRow) { x.Member.Kind = "x" }),
		with(token, func(x *rbac.TokenRow) { x.Created = time.Time{} }),
		newInvitation(""), with(invitation, func(i *rbac.InvitationRow) { i.State = "" }), with(invitation, func(i *rbac.InvitationRow) { i.State = "open" }),
		with(invitation, func(i *rbac.InvitationRow) { i.Created = time.Time{} }), with(invitation, func(i *rbac.InvitationRow) { i.Expires = time.Time{} }),
		with(invitation, func(i *rbac.InvitationRow) { i.InvitedBy.Kind = "x" }),
		newReview(""), with(review, func(r *rbac.ReviewRow) { r.Overdue = "" }), with(review, func(r *rbac.ReviewRow) { r.Opened = time.Time{} }),
		with(review, func(r *rbac.ReviewRow) { r.Due = time.Time{} }),
		newItem("q1", ""), with(item, func(i *rbac.ItemRow) { i.Decision = "x" }), with(item, func(i *rbac.ItemRow) { i.Kind = "" }),
		with(use, func(u *rbac.Use) { u.Kind = "" }), with(use, func(u *rbac.Use) { u.ID = "" }), with(use, func(u *rbac.Use) { u.At = time.Time{} }),
	})
	require.ErrorIs(t, h.AddHome(h.ctx, "house", "x", h.Tenant(t)), rbac.ErrRefused)
	require.ErrorIs(t, h.AddHome(h.ctx, rbac.HomeOfPerson, "", h.Tenant(t)), rbac.ErrRefused)
}

func refuseText(t *testing.T, h *house) {
	require.NoError(t, h.PutReview(h.ctx, newReview("q1")))
	for _, bad := range []string{"a\x00b", "a\xffb", "\xed\xa0\x80"} {
		role, token := newRole(0, "r1"), newToken(0, "t1")
		h.each(t, []any{
			newRole(0, rbac.RoleID(bad)), with(role, func(r *rbac.RoleRow) { r.Name = bad }), with(role, func(r *rbac.RoleRow) { r.CreatedBy = bad }),
			with(role, func(r *rbac.RoleRow) { r.Permissions = []string{"ok", bad} }),
			with(role, func(r *rbac.RoleRow) { r.Parents = slices.Insert(slices.Clone(r.Parents), 0, rbac.RoleID(bad)) }),
			newMember(0, rbac.User(bad)), with(newMember(0, rbac.User("ann")), func(m *rbac.MemberRow) { m.Roles = []rbac.RoleID{rbac.RoleID(bad)} }),
			with(newMember(0, rbac.User("ann")), func(m *rbac.MemberRow) { m.Owner = bad }),
			newToken(0, bad), with(token, func(x *rbac.TokenRow) { x.Scopes = []string{bad} }), with(token, func(x *rbac.TokenRow) { x.Reason = bad }),
			with(token, func(x *rbac.TokenRow) { x.Member.ID = bad }), with(token, func(x *rbac.TokenRow) { x.Integration = bad }),
			newInvitation(bad), with(newInvitation("i1"), func(i *rbac.InvitationRow) { i.Address = bad }),
			with(newInvitation("i1"), func(i *rbac.InvitationRow) { i.Roles = []rbac.RoleID{rbac.RoleID(bad)} }),
			newReview(bad), with(newReview("q2"), func(r *rbac.ReviewRow) { r.OpenedBy = bad }),
			newItem("q1", bad), with(newItem("q1", "k1"), func(i *rbac.ItemRow) { i.Note = bad }), with(newItem("q1", "k1"), func(i *rbac.ItemRow) { i.Snapshot = []byte(bad) }),
			rbac.Use{Kind: rbac.UseOfPerson, ID: bad, At: moment},
		})
		require.ErrorIs(t, h.AddHome(h.ctx, rbac.HomeOfPerson, bad, h.Tenant(t)), rbac.ErrRefused)
	}
}
