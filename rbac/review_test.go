package rbac

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

var reviewer = office.Role("reviewer", ReviewAccess, ViewAccess)

// reviewed is a world with a review of: olga (owner), rita (may review), eve (editor), pam (payer), a bot of olga's with a token, and
// an invitation.
type reviewed struct {
	*world
	clock          *clocked
	rita, eve, pam Subject
	bot            Subject
	invitation     string
	Review
}

func newReviewed(t testing.TB, o Options) *reviewed {
	clock := &clocked{Store: NewMemory()}
	r := &reviewed{world: newWorldOver(t, clock, o), clock: clock}
	r.rita, r.eve, r.pam = r.user("rita", reviewer, manager), r.user("eve", editor), r.user("pam", payer)
	r.bot = r.machine("bot", bot)
	r.longToken("t1", r.bot, canRead, canIngest)
	_, info, err := r.Invite(r.ctx, r.system(), Invitation{Address: "new@example.com", Roles: []RoleID{editor.ID()}, For: maxInvitationLife})
	require.NoError(t, err)
	r.invitation = info.ID
	r.Review, err = r.OpenReview(r.ctx, r.as(olga), ReviewSpec{})
	require.NoError(t, err)
	r.record.taken()
	return r
}

// longToken is a token that is good for a year.
func (w *world) longToken(id string, who Subject, scopes ...Permission) {
	var names []string
	for _, x := range scopes {
		names = append(names, x.String())
	}
	w.change(func(ctx context.Context, v int64, now time.Time) {
		require.NoError(w.t, w.store.PutToken(ctx, TokenRow{ID: id, Version: v, Member: who, Integration: "test", Scopes: names, Created: now, Expires: now.Add(365 * day)}))
	})
	w.tenants.changed(w.id)
}

// pass lets time go by.
func (r *reviewed) pass(d time.Duration) {
	r.clock.shift.Add(int64(d))
	r.tenants.changed(r.id)
}

const day = 24 * time.Hour

func (w *world) items(id string) []ReviewItem {
	out, err := w.ReviewItems(w.ctx, w.system(), id, "", maxItems)
	require.NoError(w.t, err)
	return out
}

func (r *reviewed) item(kind ItemKind, id string) ReviewItem {
	items := r.items(r.ID)
	n := slices.IndexFunc(items, func(i ReviewItem) bool { return i.Kind == kind && i.ID == id })
	require.GreaterOrEqual(r.t, n, 0)
	return items[n]
}

// decide decides on an item as it is now.
func (r *reviewed) decide(by Principal, kind ItemKind, id string, v Verdict) (ReviewItem, error) {
	i := r.item(kind, id)
	v.ETag = i.ETag
	return r.Decide(r.ctx, by, r.ID, i.Key, v)
}

// all decides on everything that is undecided.
func (r *reviewed) all() {
	for _, i := range r.items(r.ID) {
		if i.Decision == Undecided && i.Present != nil {
			_, err := r.decide(r.system(), i.Kind, i.ID, Verdict{Decision: Keep, Note: "needed"})
			require.NoError(r.t, err)
		}
	}
}

func TestAReviewFindsWhoHasWhatWithWhatNeedsALookFirst(t *testing.T) {
	t.Parallel()
	clock := &clocked{Store: NewMemory()}
	w := newWorldOver(t, clock, Options{})
	w.user("quiet", editor)
	w.user("payer-quiet", payer)
	w.machine("bot", bot)
	w.user("left", viewer)
	w.invite(w.system(), "late@example.com", viewer)
	clock.shift.Add(int64(61 * day))
	w.tenants.changed(w.id)
	w.user("rita", reviewer)
	w.user("eve", editor)
	_, info := w.invite(w.as(olga), "new@example.com", editor)
	w.token("good", Service("bot"), canRead)
	w.token("mine", User("eve"), canRead)
	w.token("gone", Service("bot"), canRead)
	w.change(func(ctx context.Context, v int64, now time.Time) {
		row := *w.bearer("gone").via.token
		row.Version, row.Revoked = v, now
		require.NoError(t, w.store.PutToken(ctx, row))
	})
	_, err := w.Remove(w.ctx, w.system(), User("left"))
	require.NoError(t, err)
	require.NoError(t, w.Suspend(w.ctx, w.system(), User("eve")))
	used := clock.later(time.Now()).UTC().Truncate(time.Microsecond)
	require.NoError(t, w.store.Saw(w.ctx, []Use{{Kind: UseOfPerson, ID: "olga", At: used}}))
	w.record.taken()

	r, err := w.OpenReview(w.ctx, w.as(olga), ReviewSpec{})
	require.NoError(t, err)
	require.Equal(t, 9, r.Items)
	require.Equal(t, "person:olga", r.OpenedBy)
	require.Equal(t, r.Opened.Add(30*day), r.Due)
	require.Equal(t, []string{"rbac.review.opened"}, w.record.names())
	items := w.items(r.ID)
	var got []string
	for _, i := range items {
		got = append(got, fmt.Sprintf("%c %s %s", i.Key[0], i.Kind, i.ID))
		require.False(t, i.Changed)
		require.Equal(t, i.Before, *i.Present)
	}
	require.Equal(t, []string{"0 person payer-quiet", "1 machine bot", "1 person quiet", "1 token good", "2 person olga", "2 person rita",
		"3 invitation " + info.ID, "3 person eve", "3 token mine"}, got)
	require.Equal(t, []string{"bill.pay"}, items[0].Before.Sensitive)
	require.True(t, items[0].Dormant)
	require.Equal(t, "olga", items[1].Before.Owner)
	require.Equal(t, Subject{Machine, "bot"}, items[3].Subject)
	require.Equal(t, []string{"page.read"}, items[3].Before.Scopes)
	require.Equal(t, "olga", items[3].Before.Owner)
	require.Equal(t, used, items[4].LastUse)
	require.False(t, items[4].Dormant)
	require.Equal(t, "new@example.com", items[6].Address)
	require.Equal(t, Suspended, items[7].Before.Status)
	stored, err := w.store.Items(w.ctx, r.ID, "", 0)
	require.NoError(t, err)
	for _, i := range stored {
		require.NotContains(t, string(i.Snapshot), "example.com", "an address outlives the invitation")
	}
	n := slices.IndexFunc(r.Roles, func(r ReviewRole) bool { return r.ID == editor.ID() })
	require.Equal(t, ReviewRole{editor.ID(), "editor", false, []string{"page.read", "page.write"}}, r.Roles[n])

	// page by page it is the same
	var paged []ReviewItem
	for after := ""; ; {
		page, err := w.ReviewItems(w.ctx, w.as(User("rita")), r.ID, after, 2)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		paged, after = append(paged, page...), page[len(page)-1].Key
	}
	require.Equal(t, items, paged)

	reviews, err := w.Reviews(w.ctx, w.as(olga))
	require.NoError(t, err)
	require.Equal(t, []Review{r}, reviews)
}

// A row that was written by hand may say a time of no year.
func TestARowOfNoTimeIsAnErrorOfAReview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := MemberRow{Subject: User("ann"), Roles: []RoleID{viewer.ID()}, Status: Active, Created: time.UnixMicro(1<<63 - 1)}
	w.change(func(ctx context.Context, v int64, _ time.Time) {
		m.Version = v
		require.NoError(t, w.store.PutMember(ctx, m))
	})
	_, err := w.OpenReview(w.ctx, w.as(olga), ReviewSpec{})
	require.ErrorIs(t, err, ErrAltered)
	_, err = w.ReviewDue(w.ctx)
	require.NoError(t, err)
}

func TestAMachineWithoutItsOwnerIsOrphanedInAReview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("rita", reviewer)
	pat := w.user("pat", viewer)
	require.NoError(t, w.AddMachine(w.ctx, w.system(), "job", pat, bot.ID()))
	_, err := w.Remove(w.ctx, w.system(), pat)
	require.NoError(t, err)
	r, err := w.OpenReview(w.ctx, w.as(olga), ReviewSpec{})
	require.NoError(t, err)
	items := w.items(r.ID)
	require.Equal(t, "job", items[0].ID)
	require.True(t, items[0].Before.Orphaned)
}

func TestAReviewIsOpenedByWhoMayReviewAndOneAtATime(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	r.all()
	_, err := r.CloseReview(r.ctx, r.as(olga), r.ID)
	require.NoError(t, err)

	for _, by := range []Principal{r.as(r.eve), r.as(r.pam), r.as(r.bot), r.bearer("t1"), r.as(olga).Within("support", canRead)} {
		_, err := r.OpenReview(r.ctx, by, ReviewSpec{})
		require.ErrorIs(t, err, ErrDenied)
	}
	_, err = r.OpenReview(r.ctx, Principal{}, ReviewSpec{})
	refused(t, err, Nobody)
	token := r.token("t2", r.rita, ReviewAccess, ViewAccess)
	_, err = r.OpenReview(r.ctx, token, ReviewSpec{})
	refused(t, err, ByKind)

	now := r.clock.later(time.Now())
	for _, due := range []time.Time{now.Add(-time.Minute), now.Add(367 * day)} {
		_, err = r.OpenReview(r.ctx, r.as(olga), ReviewSpec{Due: due})
		require.ErrorIs(t, err, ErrDue)
	}
	_, err = r.OpenReview(r.ctx, r.as(olga), ReviewSpec{Overdue: "ask"})
	require.Error(t, err)

	var wg sync.WaitGroup
	opened, busy := make(chan Review, 8), make(chan Review, 8)
	for i := range 8 {
		by := []Principal{r.as(olga), r.as(r.rita), r.system()}[i%3]
		wg.Go(func() {
			got, err := r.OpenReview(r.ctx, by, ReviewSpec{})
			if err == nil {
				opened <- got
				return
			}
			require.ErrorIs(t, err, ErrExists)
			busy <- got
		})
	}
	wg.Wait()
	require.Len(t, opened, 1)
	want := <-opened
	for range 7 {
		require.Equal(t, want, <-busy)
	}
}

func TestAReviewWithNothingToDecideClosesItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.machine("bot", bot) // olga's
	w.token("t1", Service("bot"), canRead)
	r, err := w.OpenReview(w.ctx, w.as(olga), ReviewSpec{})
	require.NoError(t, err)
	require.False(t, r.Closed.IsZero())
	for _, i := range w.items(r.ID) {
		require.Equal(t, NotReviewed, i.Decision)
		require.Equal(t, nobodyElse, i.Note)
		require.Empty(t, i.By)
	}
	w.user("eve", editor)
	r, err = w.OpenReview(w.ctx, w.as(olga), ReviewSpec{})
	require.NoError(t, err)
	require.True(t, r.Closed.IsZero(), "there is somebody to review")

	w = emptyWorld(t, NewMemory(), Options{})
	r, err = w.OpenReview(w.ctx, w.system(), ReviewSpec{})
	require.NoError(t, err)
	require.False(t, r.Closed.IsZero())
	require.Zero(t, r.Items)
}

func TestNobodyDecidesOnWhatIsTheirOwn(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	by := r.as(olga)
	for _, d := range []Decision{Keep, Reduce, Remove} {
		for _, own := range []ReviewItem{r.item(ItemPerson, "olga"), r.item(ItemMachine, "bot"), r.item(ItemToken, "t1")} {
			_, err := r.Decide(r.ctx, by, r.ID, own.Key, Verdict{Decision: d, Note: "mine", ETag: own.ETag})
			refused(t, err, NotSelf)
		}
	}
	// who answered for a machine when the review was opened does not decide on it later either
	require.NoError(t, r.SetOwner(r.ctx, r.system(), r.bot, r.rita))
	for _, by := range []Principal{r.as(olga), r.as(r.rita)} {
		_, err := r.decide(by, ItemMachine, "bot", Verdict{Decision: Remove})
		refused(t, err, NotSelf)
	}
	_, err := r.decide(r.system(), ItemMachine, "bot", Verdict{Decision: Keep})
	require.NoError(t, err)
	_, err = r.decide(r.as(r.rita), ItemPerson, "olga", Verdict{Decision: Keep, Note: "founded it"})
	require.NoError(t, err)
	_, err = r.decide(r.as(olga), ItemInvitation, r.invitation, Verdict{Decision: Keep})
	require.NoError(t, err, "somebody else's access")
}

func TestAReviewGivesNoRights(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	only := r.user("only", reviewer)
	require.Equal(t, Undecided, r.item(ItemPerson, "eve").Decision)
	i, err := r.decide(r.as(only), ItemPerson, "eve", Verdict{Decision: Keep})
	require.NoError(t, err)
	require.Equal(t, "person:only", i.By)
	require.Equal(t, i.Before, *i.After)
	for kind, id := range map[ItemKind]string{ItemPerson: "eve", ItemMachine: "bot", ItemToken: "t1", ItemInvitation: r.invitation} {
		_, err = r.decide(r.as(only), kind, id, Verdict{Decision: Remove})
		refused(t, err, NotGranted)
	}
	_, err = r.decide(r.as(only), ItemPerson, "eve", Verdict{Decision: Reduce, Note: "n", Roles: []RoleID{viewer.ID()}})
	refused(t, err, NotGranted)

	_, err = r.decide(r.as(only), ItemToken, "t1", Verdict{Decision: Reduce, Note: "n", Scopes: []string{canRead.String()}})
	refused(t, err, NotGranted)

	// rita manages, but not those who have what she has not
	_, err = r.decide(r.as(r.rita), ItemPerson, "pam", Verdict{Decision: Remove})
	refused(t, err, NotAbove)
	_, err = r.decide(r.as(r.rita), ItemPerson, "olga", Verdict{Decision: Remove})
	refused(t, err, NotAbove)
	_, err = r.decide(r.system(), ItemPerson, "olga", Verdict{Decision: Remove})
	refused(t, err, LastOwner)
	require.Equal(t, Undecided, r.item(ItemPerson, "olga").Decision)
	for _, by := range []Principal{r.as(r.eve), r.as(r.bot), r.bearer("t1")} {
		_, err = r.decide(by, ItemPerson, "pam", Verdict{Decision: Keep, Note: "n"})
		require.ErrorIs(t, err, ErrDenied)
		_, err = r.ReviewItems(r.ctx, by, r.ID, "", 0)
		require.ErrorIs(t, err, ErrDenied)
		_, err = r.Reviews(r.ctx, by)
		require.ErrorIs(t, err, ErrDenied)
		_, err = r.CloseReview(r.ctx, by, r.ID)
		require.ErrorIs(t, err, ErrDenied)
	}
	// who could when they looked, and cannot any more
	was := r.as(r.rita)
	require.NoError(t, r.SetRoles(r.ctx, r.system(), r.rita, viewer.ID()))
	_, err = r.decide(was, ItemPerson, "eve", Verdict{Decision: Keep})
	refused(t, err, NotGranted)
}

func TestWhatIsDecidedIsDoneAtOnce(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	by := r.as(r.rita)
	require.Equal(t, []string{"page.read", "page.write"}, r.may(r.eve))
	i, err := r.decide(by, ItemPerson, "eve", Verdict{Decision: Reduce, Note: "writes no more", Roles: []RoleID{viewer.ID()}})
	require.NoError(t, err)
	require.Equal(t, []string{"page.read"}, r.may(r.eve))
	require.Equal(t, []RoleID{editor.ID()}, i.Before.Roles)
	require.Equal(t, []RoleID{viewer.ID()}, i.After.Roles)
	require.Equal(t, i.After, i.Present)
	require.True(t, i.Changed)
	require.Equal(t, []string{"rbac.member.roles_set", "rbac.review.decided"}, r.record.names())

	admin := r.user("second", admin)
	require.NoError(t, r.SetOwner(r.ctx, r.system(), r.bot, r.pam))
	r.record.taken()
	i, err = r.decide(r.as(admin), ItemToken, "t1", Verdict{Decision: Reduce, Note: "reads only", Scopes: []string{"page.read"}})
	require.NoError(t, err)
	require.Equal(t, []string{"page.read"}, i.After.Scopes)
	require.Equal(t, []string{"page.read"}, r.bearer("t1").s.set.names())
	require.Equal(t, []string{"rbac.token.reduced", "rbac.review.decided"}, r.record.names())

	for _, c := range []struct {
		kind ItemKind
		id   string
		want []string
	}{
		{ItemToken, "t1", []string{"rbac.token.revoked", "rbac.review.decided"}},
		{ItemMachine, "bot", []string{"rbac.member.removed", "rbac.review.decided"}},
		{ItemPerson, "eve", []string{"rbac.member.removed", "rbac.review.decided"}},
		{ItemInvitation, r.invitation, []string{"rbac.invitation.withdrawn", "rbac.review.decided"}},
	} {
		i, err = r.decide(r.as(admin), c.kind, c.id, Verdict{Decision: Remove})
		require.NoError(t, err)
		require.Equal(t, Remove, i.Decision)
		require.Nil(t, i.Present)
		require.Nil(t, i.After)
		events := r.record.names()
		require.Equal(t, c.want, events[len(events)-2:])
		_, err = r.decide(r.as(admin), c.kind, c.id, Verdict{Decision: Keep, Note: "back"})
		require.ErrorIs(t, err, ErrNotFound, "it is gone")
		_, err = r.decide(r.as(admin), c.kind, c.id, Verdict{Decision: Remove, Note: "sure"})
		require.NoError(t, err)
		r.record.taken()
	}
	require.Nil(t, r.may(r.eve))
	invitations, err := r.store.Invitations(r.ctx)
	require.NoError(t, err)
	require.Empty(t, invitations)
}

func TestToReduceIsToHaveLess(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	by := r.system()
	for name, v := range map[string]Verdict{
		"more":             {Roles: []RoleID{editor.ID(), payer.ID()}},
		"another":          {Roles: []RoleID{payer.ID()}},
		"the same":         {Roles: []RoleID{editor.ID()}},
		"nothing":          {},
		"scopes of people": {Scopes: []string{"page.read"}},
		"both":             {Roles: []RoleID{viewer.ID()}, Scopes: []string{"page.read"}},
	} {
		v.Decision, v.Note = Reduce, "n"
		_, err := r.decide(by, ItemPerson, "eve", v)
		require.ErrorIs(t, err, ErrDecision, name)
	}
	for _, roles := range [][]RoleID{{bot.ID()}, {"none"}, {viewer.ID(), viewer.ID()}} {
		_, err := r.decide(by, ItemPerson, "eve", Verdict{Decision: Reduce, Note: "n", Roles: roles})
		require.ErrorIs(t, err, ErrRole)
	}
	for name, v := range map[string]Verdict{
		"more":        {Scopes: []string{"page.read", "page.ingest", "page.write"}},
		"another":     {Scopes: []string{"page.write"}},
		"the same":    {Scopes: []string{"page.ingest", "page.read"}},
		"one twice":   {Scopes: []string{"page.read", "page.read"}},
		"nothing":     {Scopes: []string{}},
		"roles of it": {Roles: []RoleID{bot.ID()}},
	} {
		v.Decision, v.Note = Reduce, "n"
		_, err := r.decide(by, ItemToken, "t1", v)
		require.ErrorIs(t, err, ErrDecision, name)
	}
	_, err := r.decide(by, ItemInvitation, r.invitation, Verdict{Decision: Reduce, Note: "n", Roles: []RoleID{viewer.ID()}})
	require.ErrorIs(t, err, ErrDecision)
	for _, v := range []Verdict{{}, {Decision: Suspend}, {Decision: NotReviewed}, {Decision: Gone}, {Decision: "x"}, {Decision: Keep, Roles: []RoleID{viewer.ID()}}, {Decision: Remove, Scopes: []string{}}} {
		_, err := r.decide(by, ItemPerson, "eve", v)
		require.ErrorIs(t, err, ErrDecision)
	}
	require.Equal(t, Undecided, r.item(ItemPerson, "eve").Decision)
	require.Equal(t, []string{"page.read", "page.write"}, r.may(r.eve))

	v := Verdict{Decision: Reduce, Roles: []RoleID{viewer.ID()}}
	_, err = r.decide(by, ItemPerson, "eve", v)
	require.ErrorIs(t, err, ErrNote, "to reduce is to be explained")
}

func TestToKeepWhatIsSensitiveOrDormantIsToBeExplained(t *testing.T) {
	t.Parallel()
	clock := &clocked{Store: NewMemory()}
	w := newWorldOver(t, clock, Options{})
	w.user("eve", editor)
	clock.shift.Add(int64(61 * day))
	w.user("pam", payer)
	w.user("new", editor)
	rev, err := w.OpenReview(w.ctx, w.system(), ReviewSpec{})
	require.NoError(t, err)
	r := &reviewed{world: w, clock: clock, Review: rev}
	for _, id := range []string{"eve", "pam"} {
		for _, note := range []string{"", " \t\n", string(make([]byte, 2001)), "a\x00b", "\xff"} {
			_, err := r.decide(r.system(), ItemPerson, id, Verdict{Decision: Keep, Note: note})
			require.ErrorIs(t, err, ErrNote)
		}
		i, err := r.decide(r.system(), ItemPerson, id, Verdict{Decision: Keep, Note: " on leave "})
		require.NoError(t, err)
		require.Equal(t, "on leave", i.Note)
	}
	_, err = r.decide(r.system(), ItemPerson, "new", Verdict{Decision: Keep})
	require.NoError(t, err)

	// and so is what became sensitive since
	require.NoError(t, r.SetRoles(r.ctx, r.system(), User("new"), payer.ID()))
	_, err = r.decide(r.system(), ItemPerson, "new", Verdict{Decision: Keep})
	require.ErrorIs(t, err, ErrNote)
}

func TestADecisionIsOnWhatWasSeen(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	by := r.as(r.rita)
	key := r.item(ItemPerson, "eve").Key
	seen := r.item(ItemPerson, "eve").ETag
	require.NoError(t, r.SetRoles(r.ctx, r.system(), r.eve, editor.ID(), sealer.ID()))
	for _, etag := range []string{"", seen, "x"} {
		_, err := r.Decide(r.ctx, by, r.ID, key, Verdict{Decision: Keep, ETag: etag})
		require.ErrorIs(t, err, ErrConflict)
	}
	now := r.item(ItemPerson, "eve")
	require.True(t, now.Changed)
	require.Equal(t, []RoleID{editor.ID()}, now.Before.Roles)
	require.Equal(t, []RoleID{editor.ID(), sealer.ID()}, now.Present.Roles)
	i, err := r.Decide(r.ctx, by, r.ID, key, Verdict{Decision: Keep, ETag: now.ETag})
	require.NoError(t, err)
	require.Equal(t, now.Present, i.After)

	// so is one to decide again, and it replaces
	for _, etag := range []string{"", now.ETag} {
		_, err = r.Decide(r.ctx, by, r.ID, key, Verdict{Decision: Remove, ETag: etag})
		require.ErrorIs(t, err, ErrConflict)
	}
	i, err = r.Decide(r.ctx, r.as(olga), r.ID, key, Verdict{Decision: Remove, ETag: i.ETag})
	require.NoError(t, err)
	require.Equal(t, "person:olga", i.By)

	// a role that has more is a change of those who have it
	mine, err := r.SaveRole(r.ctx, r.system(), RoleSpec{Name: "mine", Permissions: []Permission{canRead}})
	require.NoError(t, err)
	pat := r.user("pat")
	require.NoError(t, r.SetRoles(r.ctx, r.system(), pat, mine))
	r.all()
	_, err = r.CloseReview(r.ctx, r.system(), r.ID)
	require.NoError(t, err)
	r.Review, err = r.OpenReview(r.ctx, r.system(), ReviewSpec{})
	require.NoError(t, err)
	_, err = r.SaveRole(r.ctx, r.system(), RoleSpec{ID: mine, Name: "mine", Permissions: []Permission{canRead, canWrite}})
	require.NoError(t, err)
	require.True(t, r.item(ItemPerson, "pat").Changed)
	_, err = r.Decide(r.ctx, by, r.ID, r.item(ItemPerson, "pat").Key, Verdict{Decision: Keep})
	require.ErrorIs(t, err, ErrConflict)

	// what is as it was needs no ETag
	_, err = r.Decide(r.ctx, r.system(), r.ID, r.item(ItemMachine, "bot").Key, Verdict{Decision: Keep})
	require.NoError(t, err)
}

func TestOfTwoWhoDecideAtOnceOneIsToldSo(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	i := r.item(ItemPerson, "eve")
	by := []Principal{r.as(olga), r.as(r.rita), r.system()}
	for _, etag := range []string{i.ETag, ""} {
		errs := make([]error, len(by))
		var wg sync.WaitGroup
		for n := range by {
			wg.Go(func() { _, errs[n] = r.Decide(r.ctx, by[n], r.ID, i.Key, Verdict{Decision: Keep, ETag: etag}) })
		}
		wg.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
				continue
			}
			require.ErrorIs(t, err, ErrConflict)
		}
		if etag == i.ETag {
			require.Equal(t, 1, done)
		} else {
			require.Zero(t, done)
		}
	}
}

func TestAClosedReviewStaysAsItIs(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	_, err := r.CloseReview(r.ctx, r.as(olga), r.ID)
	require.ErrorIs(t, err, ErrUndecided)
	_, err = r.Remove(r.ctx, r.system(), r.pam)
	require.NoError(t, err)
	r.all()
	require.Equal(t, Undecided, r.item(ItemPerson, "pam").Decision)
	r.record.taken()
	closed, err := r.CloseReview(r.ctx, r.as(olga), r.ID)
	require.NoError(t, err)
	require.Equal(t, "person:olga", closed.ClosedBy)
	require.Equal(t, r.Snapshot, closed.Snapshot)
	require.Len(t, closed.Outcome, 64)
	events := r.record.taken()
	require.Len(t, events, 1)
	require.Equal(t, closed.Outcome, events[0].Data["outcome"])
	require.Equal(t, Gone, r.item(ItemPerson, "pam").Decision)

	i := r.item(ItemPerson, "eve")
	_, err = r.Decide(r.ctx, r.as(olga), r.ID, i.Key, Verdict{Decision: Remove, ETag: i.ETag})
	require.ErrorIs(t, err, ErrReviewClosed)
	_, err = r.CloseReview(r.ctx, r.as(olga), r.ID)
	require.ErrorIs(t, err, ErrReviewClosed)

	// behind the library's back neither
	row, err := r.reviewRow(r.ctx, r.ID)
	require.NoError(t, err)
	row.Closed = time.Time{}
	require.ErrorIs(t, r.store.PutReview(r.ctx, row), ErrRefused)
	item, err := r.store.Item(r.ctx, r.ID, i.Key)
	require.NoError(t, err)
	item.Note = "it was me"
	require.ErrorIs(t, r.store.PutItems(r.ctx, []ItemRow{item}), ErrRefused)

	require.True(t, r.Review.Closed.IsZero())
	reviews, err := r.Reviews(r.ctx, r.as(olga))
	require.NoError(t, err)
	require.Equal(t, []Review{closed}, reviews)
}

func TestWhatNobodyElseCouldReviewIsRecordedAsSuch(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	require.NoError(t, r.SetRoles(r.ctx, r.system(), r.rita, viewer.ID())) // only olga is left
	for _, id := range []string{"rita", "eve", "pam"} {
		_, err := r.decide(r.as(olga), ItemPerson, id, Verdict{Decision: Keep, Note: "n"})
		require.NoError(t, err)
	}
	_, err := r.CloseReview(r.ctx, r.as(olga), r.ID)
	require.ErrorIs(t, err, ErrUndecided)
	_, err = r.decide(r.as(olga), ItemInvitation, r.invitation, Verdict{Decision: Keep})
	require.NoError(t, err)
	_, err = r.CloseReview(r.ctx, r.as(olga), r.ID)
	require.NoError(t, err)
	for kind, id := range map[ItemKind]string{ItemPerson: "olga", ItemMachine: "bot", ItemToken: "t1"} {
		i := r.item(kind, id)
		require.Equal(t, NotReviewed, i.Decision)
		require.Equal(t, nobodyElse, i.Note)
	}
}

func TestAReviewOfAnotherTenantIsNotFound(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	other := tenancy.With(context.Background(), tenancy.NewID())
	sys, err := r.System(other, "test")
	require.NoError(t, err)
	require.NoError(t, r.Found(other, sys, User("mallory"), admin.ID()))
	mallory, err := r.MemberFresh(other, User("mallory"))
	require.NoError(t, err)
	i := r.item(ItemPerson, "eve")
	for _, by := range []Principal{mallory, sys} {
		_, err = r.Decide(other, by, r.ID, i.Key, Verdict{Decision: Remove, ETag: i.ETag})
		require.ErrorIs(t, err, ErrNotFound)
		_, err = r.CloseReview(other, by, r.ID)
		require.ErrorIs(t, err, ErrNotFound)
		_, err = r.ReviewItems(other, by, r.ID, "", 0)
		require.ErrorIs(t, err, ErrNotFound)
		require.ErrorIs(t, r.WriteReport(other, by, r.ID, nil, ReportJSON), ErrNotFound)
		// nor in the tenant that is not theirs
		_, err = r.Decide(r.ctx, by, r.ID, i.Key, Verdict{Decision: Remove, ETag: i.ETag})
		refused(t, err, NotMember)
		_, err = r.ReviewItems(r.ctx, by, r.ID, "", 0)
		refused(t, err, NotMember)
	}
	require.Equal(t, i, r.item(ItemPerson, "eve"))
}

func TestADecisionThatCannotBeRecordedIsNotMade(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	before := r.items(r.ID)
	r.record.fail = errBroken
	i := r.item(ItemPerson, "eve")
	for _, d := range []Decision{Keep, Remove} {
		_, err := r.Decide(r.ctx, r.as(olga), r.ID, i.Key, Verdict{Decision: d, ETag: i.ETag})
		require.ErrorIs(t, err, errBroken)
	}
	_, err := r.CloseReview(r.ctx, r.as(olga), r.ID)
	require.Error(t, err)
	require.ErrorIs(t, r.WriteReport(r.ctx, r.as(olga), r.ID, nil, ReportCSV), errBroken, "before the first byte")
	require.Equal(t, before, r.items(r.ID))
	require.Equal(t, []string{"page.read", "page.write"}, r.may(r.eve))
}

func TestADecisionWithinATransactionIsUndoneWithIt(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	i := r.item(ItemPerson, "eve")
	err := r.store.Tx(r.ctx, func(ctx context.Context) error {
		_, err := r.Decide(ctx, r.as(olga), r.ID, i.Key, Verdict{Decision: Remove, ETag: i.ETag})
		require.NoError(t, err)
		now, err := r.ReviewItems(ctx, r.as(olga), r.ID, "", 0)
		require.NoError(t, err)
		n := slices.IndexFunc(now, func(j ReviewItem) bool { return j.Key == i.Key })
		require.Nil(t, now[n].Present, "who is in the transaction sees it")
		return errBroken
	})
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, i, r.item(ItemPerson, "eve"))
	require.NotNil(t, r.may(r.eve))
}

func TestALargeTenantIsReviewed(t *testing.T) {
	t.Parallel()
	n := soak(2*reviewPage+1, 100_000)
	w := newWorld(t)
	w.many(n)
	r, err := w.OpenReview(w.ctx, w.as(olga), ReviewSpec{})
	require.NoError(t, err)
	require.Equal(t, n+1, r.Items)
	count, last := 0, ""
	require.NoError(t, w.eachItem(w.ctx, r.ID, func(page []ItemRow) error {
		for _, i := range page {
			require.Greater(t, i.Key, last)
			last = i.Key
			count++
		}
		return nil
	}))
	require.Equal(t, n+1, count)
}

// many adds viewers.
func (w *world) many(n int) {
	w.change(func(ctx context.Context, v int64, now time.Time) {
		for i := range n {
			require.NoError(w.t, w.store.PutMember(ctx, MemberRow{Subject: User(fmt.Sprintf("u%06d", i)), Version: v, Roles: []RoleID{viewer.ID()}, Status: Active, Created: now}))
		}
	})
	w.tenants.changed(w.id)
}
