package rbactest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

var reviewTests = []storeTest{
	{"a review comes back as it was put, and is replaced", reviewKept},
	{"reviews are told with the one opened last first", reviewList},
	{"an item comes back as it was put, to the byte, and is replaced", itemKept},
	{"items are told in order of their keys, after one, up to a limit", itemList},
}

var homeTests = []storeTest{
	{"a home is known by its kind and id, of each tenant once", homeKept},
	{"a home is noted outside of the transaction that ctx carries", homeAlone},
}

var tenantTests = []storeTest{
	{"a tenant has nothing of another's, whatever their ids", tenantsApart},
	{"without a tenant nothing is read or written", noTenant},
	{"with a ctx that has ended nothing is read or written", endedContext},
}

func reviewKept(t *testing.T, h *house) {
	r := newReview("q1")
	require.NoError(t, h.PutReview(h.ctx, r))
	got, err := h.other().Reviews(h.ctx)
	require.NoError(t, err)
	require.Equal(t, []rbac.ReviewRow{r}, got)
	r.OpenedBy, r.Due, r.Closed, r.ClosedBy, r.Overdue, r.Applied, r.Reminded = "", moment, moment.Add(time.Hour), "bob", rbac.OverdueSuspend, true, 3
	r.Summary = []byte(" {\"a\":  \"é\"}\n")
	require.NoError(t, h.PutReview(h.ctx, r))
	got, err = h.other().Reviews(h.ctx)
	require.NoError(t, err)
	require.Equal(t, []rbac.ReviewRow{r}, got)
}

func reviewList(t *testing.T, h *house) {
	var want []rbac.ReviewRow
	for i := range 6 {
		r := newReview(name(i))
		r.Opened = moment.Add(time.Duration(i/2) * 90 * 24 * time.Hour)
		require.NoError(t, h.PutReview(h.ctx, r))
		want = append([]rbac.ReviewRow{r}, want...)
	}
	got, err := h.other().Reviews(h.ctx)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func itemKept(t *testing.T, h *house) {
	_, err := h.Item(h.ctx, "q1", "k1")
	require.ErrorIs(t, err, rbac.ErrNotFound)
	require.NoError(t, h.PutReview(h.ctx, newReview("q1")))
	require.NoError(t, h.PutItems(h.ctx, nil))
	i := newItem("q1", "k1")
	i.Kind, i.ID, i.Snapshot = rbac.ItemToken, "t1", []byte(" [1,  2.50, \"\\u00e9é\"]\n")
	check := func() {
		require.NoError(t, h.PutItems(h.ctx, []rbac.ItemRow{i}))
		got, err := h.other().Item(h.ctx, "q1", "k1")
		require.NoError(t, err)
		require.Equal(t, i, got)
	}
	check()
	for _, i.Decision = range []rbac.Decision{rbac.Reduce, rbac.Keep, rbac.Remove, rbac.NotReviewed, rbac.Suspend, rbac.Gone} {
		i.Note, i.By, i.At, i.Outcome = "no longer in \"sales\"", "ann", moment, []byte(" {\"b\":2.50,  \"a\": \"é\"}\n")
		check()
	}
	i.Decision, i.Note, i.By, i.At, i.Outcome = rbac.Undecided, "", "", time.Time{}, nil
	check()
	for _, kind := range []rbac.ItemKind{rbac.ItemPerson, rbac.ItemMachine, rbac.ItemInvitation} {
		other := newItem("q1", "k-"+string(kind))
		other.Kind = kind
		require.NoError(t, h.PutItems(h.ctx, []rbac.ItemRow{other}))
	}
	_, err = h.Item(h.ctx, "q1", "k")
	require.ErrorIs(t, err, rbac.ErrNotFound)
	_, err = h.Item(h.ctx, "q2", "k1")
	require.ErrorIs(t, err, rbac.ErrNotFound)
}

func itemList(t *testing.T, h *house) {
	var want []rbac.ItemRow
	keys := []string{"0", "00", "1", "A", "Z", "a", "a1", "z", "é"} // in the order of their bytes
	for _, q := range []string{"q1", "q2"} {
		require.NoError(t, h.PutReview(h.ctx, newReview(q)))
		var items []rbac.ItemRow
		for i := range keys {
			items = append(items, newItem(q, keys[(i*4)%len(keys)]))
		}
		require.NoError(t, h.PutItems(h.ctx, items))
	}
	for _, key := range keys {
		want = append(want, newItem("q1", key))
	}
	for _, c := range []struct {
		after string
		limit int
		want  []rbac.ItemRow
	}{{"", 0, want}, {"", 3, want[:3]}, {"1", 2, want[3:5]}, {"a", 100, want[6:]}, {"b", 0, want[7:]}, {"é", 0, nil}} {
		got, err := h.other().Items(h.ctx, "q1", c.after, c.limit)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
}

// fresh is an id that no other test has: homes are of all tenants.
func fresh() string { return fmt.Sprintf("%x", newHash()) }

func homeKept(t *testing.T, h *house) {
	id := fresh()
	a, b := h.Tenant(t), h.Tenant(t)
	ctx := context.Background() // they are no tenant's
	want := []tenancy.ID{a, b}
	if a.String() > b.String() {
		want = []tenancy.ID{b, a}
	}
	for range 2 {
		require.NoError(t, h.AddHome(ctx, rbac.HomeOfPerson, id, a))
		require.NoError(t, h.process(1).AddHome(h.ctx, rbac.HomeOfPerson, id, b))
		got, err := h.other().Homes(ctx, rbac.HomeOfPerson, id)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, c := range []struct {
		kind rbac.HomeKind
		id   string
	}{{rbac.HomeOfToken, id}, {rbac.HomeOfInvitation, id}, {rbac.HomeOfPerson, id + "x"}, {rbac.HomeOfPerson, ""}, {"", id}} {
		got, err := h.Homes(ctx, c.kind, c.id)
		require.NoError(t, err)
		require.Nil(t, got)
	}
	require.ErrorIs(t, h.AddHome(ctx, rbac.HomeOfPerson, id, tenancy.ID{}), tenancy.ErrNoTenant)
	long := fresh() + fresh() + fresh() + fresh()
	require.NoError(t, h.AddHome(ctx, rbac.HomeOfPerson, long, a))
	ended, cancel := context.WithCancel(ctx)
	cancel()
	require.Error(t, h.AddHome(ended, rbac.HomeOfPerson, long, b))
	_, err := h.Homes(ended, rbac.HomeOfPerson, long)
	require.Error(t, err)
	got, err := h.Homes(ctx, rbac.HomeOfPerson, long)
	require.NoError(t, err)
	require.Equal(t, []tenancy.ID{a}, got)
}

func homeAlone(t *testing.T, h *house) {
	id := fresh()
	a := h.Tenant(t)
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error {
		_, _, err := h.Advance(ctx)
		require.NoError(t, err)
		require.NoError(t, h.AddHome(ctx, rbac.HomeOfToken, id, a))
		return errUndo
	}), errUndo)
	got, err := h.other().Homes(context.Background(), rbac.HomeOfToken, id)
	require.NoError(t, err)
	require.Equal(t, []tenancy.ID{a}, got)
}

func tenantsApart(t *testing.T, h *house) {
	other := newHouse(t, h.Harness)
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error { h.everything(ctx, t); return nil }))
	mine := h.since(t, 0)
	require.Equal(t, nothing, h.counts(other.ctx, t, h.Store))
	_, err := h.Invitation(other.ctx, "i1")
	require.ErrorIs(t, err, rbac.ErrNotFound)
	_, err = h.Item(other.ctx, "q1", "k1")
	require.ErrorIs(t, err, rbac.ErrNotFound)
	require.ErrorIs(t, h.PutItems(other.ctx, []rbac.ItemRow{newItem("q1", "k9")}), rbac.ErrRefused, "the review is another's")

	// The other one has the same ids, and others behind them.
	for range 2 {
		other.change(t, func(ctx context.Context, v int64, _ time.Time) {
			role, ann, token := newRole(v, "r1"), newMember(v, rbac.User("ann")), newToken(v, name(int(v)))
			role.Name, role.Removed, ann.Status, token.Revoked = "another", v == 2, rbac.Removed, moment.Add(time.Hour)
			require.NoError(t, h.PutRole(ctx, role))
			require.NoError(t, h.PutMember(ctx, ann))
			require.NoError(t, h.PutToken(ctx, token))
		})
	}
	require.NoError(t, h.Saw(other.ctx, []rbac.Use{{Kind: rbac.UseOfPerson, ID: "ann", At: moment.Add(time.Hour)}}))
	gone, closed := newInvitation("i1"), newReview("q1")
	gone.State, closed.Closed = rbac.Withdrawn, moment
	require.NoError(t, h.PutInvitation(other.ctx, gone))
	require.NoError(t, h.PutReview(other.ctx, closed))

	require.Equal(t, oneOfEach, h.counts(h.ctx, t, h.other()))
	now := h.since(t, 0)
	now.Now = mine.Now
	require.Equal(t, mine, now)
	require.Equal(t, moment, seen(t, h)[0].At)
	i, err := h.Invitation(h.ctx, "i1")
	require.NoError(t, err)
	require.Equal(t, rbac.Pending, i.State)
	require.NoError(t, h.PutItems(h.ctx, []rbac.ItemRow{newItem("q1", "k2")}))
}

// calls makes every call on what is a tenant's with ctx, and returns what each said.
func (h *house) calls(ctx context.Context) map[string]error {
	out := map[string]error{}
	_, _, out["Version"] = h.Version(ctx)
	_, out["Changes"] = h.Changes(ctx, 0)
	_, _, out["Advance"] = h.Advance(ctx)
	out["PutRole"] = h.PutRole(ctx, newRole(1, "r1"))
	out["PutMember"] = h.PutMember(ctx, newMember(1, rbac.User("ann")))
	out["PutToken"] = h.PutToken(ctx, newToken(1, "t1"))
	out["Saw"] = h.Saw(ctx, []rbac.Use{{Kind: rbac.UseOfToken, ID: "t1", At: moment}})
	_, out["Uses"] = h.Uses(ctx)
	out["PutInvitation"] = h.PutInvitation(ctx, newInvitation("i1"))
	_, out["Invitation"] = h.Invitation(ctx, "i1")
	_, out["Invitations"] = h.Invitations(ctx)
	out["PutReview"] = h.PutReview(ctx, newReview("q1"))
	_, out["Reviews"] = h.Reviews(ctx)
	out["PutItems"] = h.PutItems(ctx, []rbac.ItemRow{newItem("q1", "k1")})
	_, out["Items"] = h.Items(ctx, "q1", "", 0)
	_, out["Item"] = h.Item(ctx, "q1", "k1")
	out["Tx"] = h.Tx(ctx, func(context.Context) error { return nil })
	return out
}

func noTenant(t *testing.T, h *house) {
	for call, err := range h.calls(context.Background()) {
		require.ErrorIs(t, err, tenancy.ErrNoTenant, call)
	}
	for call, err := range h.calls(tenancy.With(h.ctx, h.Tenant(t))) { // of two
		require.ErrorIs(t, err, tenancy.ErrConflict, call)
	}
	require.False(t, h.InTx(context.Background()))
	require.Equal(t, nothing, h.counts(h.ctx, t, h.Store))
}

func endedContext(t *testing.T, h *house) {
	ctx, cancel := context.WithCancel(h.ctx)
	cancel()
	for call, err := range h.calls(ctx) {
		require.Error(t, err, call)
		require.NotErrorIs(t, err, rbac.ErrNotFound, call)
	}
	// In a transaction it is undone.
	ctx, cancel = context.WithCancel(h.ctx)
	require.Error(t, h.Tx(ctx, func(ctx context.Context) error {
		h.everything(ctx, t)
		cancel()
		return nil
	}))
	require.Equal(t, nothing, h.counts(h.ctx, t, h.Store))
}
