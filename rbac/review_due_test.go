package rbac

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// due does the day's work, and returns what there is to tell.
func (w *world) due() (out []NoticeKind) {
	notices, err := w.ReviewDue(w.ctx)
	require.NoError(w.t, err)
	for _, n := range notices {
		out = append(out, n.Kind)
	}
	return out
}

func TestReviewsAreOpenedEveryThreeMonthsInTheCalendar(t *testing.T) {
	t.Parallel()
	clock := &clocked{Store: NewMemory()}
	r := &reviewed{world: newWorldOver(t, clock, Options{}), clock: clock}
	began := clock.later(time.Now())
	r.user("rita", reviewer)
	require.Empty(t, r.due(), "a new tenant has three months")
	r.pass(Months(3).after(began).Sub(began) - time.Hour)
	require.Empty(t, r.due())
	r.pass(2 * time.Hour)
	notices, err := r.ReviewDue(r.ctx)
	require.NoError(t, err)
	require.Len(t, notices, 1)
	n := notices[0]
	require.Equal(t, NoticeOpened, n.Kind)
	require.Equal(t, "system", n.Review.OpenedBy)
	require.Equal(t, []Subject{olga, User("rita")}, n.To)
	require.Equal(t, 2, n.Items)
	require.Equal(t, 2, n.Undecided)
	require.Empty(t, r.due())
	r.Review = n.Review
	r.all()
	require.Equal(t, []NoticeKind{NoticeComplete}, r.due())
	require.Empty(t, r.due())
	r.pass(80 * day)
	require.Empty(t, r.due())
	r.pass(15 * day)
	require.Equal(t, []NoticeKind{NoticeOpened}, r.due())
}

func TestMonthsAreThoseOfTheCalendar(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"2026-01-15": "2026-04-15", "2025-11-30": "2026-02-28", "2027-11-30": "2028-02-29", "2026-10-31": "2027-01-31", "2026-12-01": "2027-03-01", "2026-01-31": "2026-04-30",
	} {
		at, err := time.Parse(time.DateOnly, from)
		require.NoError(t, err)
		require.Equal(t, want, Months(3).after(at).Format(time.DateOnly))
	}
}

func TestATenantOfOnePersonIsReviewedWithoutANotice(t *testing.T) {
	t.Parallel()
	clock := &clocked{Store: NewMemory()}
	w := newWorldOver(t, clock, Options{})
	for range 2 {
		clock.shift.Add(int64(100 * day))
		w.tenants.changed(w.id)
		require.Empty(t, w.due())
		require.Empty(t, w.due())
	}
	reviews, err := w.Reviews(w.ctx, w.as(olga))
	require.NoError(t, err)
	require.Len(t, reviews, 2)
	for _, r := range reviews {
		require.False(t, r.Closed.IsZero())
		require.Equal(t, 1, r.Items)
	}
	require.Empty(t, emptyWorld(t, NewMemory(), Options{}).due())
}

func TestEachReminderIsGivenOnce(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	require.NoError(t, r.WithdrawInvitation(r.ctx, r.system(), r.invitation))
	require.Empty(t, r.due())
	for _, c := range []struct {
		pass time.Duration
		want NoticeKind
	}{{16*day + time.Hour, NoticeTwoWeeks}, {7 * day, NoticeOneWeek}, {7 * day, NoticeDue}, {7 * day, NoticeClosed}} {
		r.pass(c.pass - 2*time.Hour)
		require.Empty(t, r.due(), c.want)
		r.pass(2 * time.Hour)
		var mu sync.Mutex
		var got []Notice
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				notices, err := r.ReviewDue(r.ctx)
				require.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				got = append(got, notices...)
			})
		}
		wg.Wait()
		require.Len(t, got, 1)
		require.Equal(t, c.want, got[0].Kind)
		require.Equal(t, r.Items, got[0].Items)
		require.Equal(t, r.Items-1, got[0].Undecided, "all but what is gone")
		require.Equal(t, []Subject{olga, r.rita}, got[0].To)
		require.Empty(t, r.due())
	}
	reviews, err := r.Reviews(r.ctx, r.system())
	require.NoError(t, err)
	require.False(t, reviews[0].Closed.IsZero())
	require.Equal(t, "system", reviews[0].ClosedBy)
	for _, i := range r.items(r.ID) {
		if i.Kind == ItemInvitation {
			require.Equal(t, Gone, i.Decision)
			continue
		}
		require.Equal(t, NotReviewed, i.Decision)
		require.Equal(t, notInTime, i.Note)
	}
	require.Equal(t, []string{"page.read", "page.write"}, r.may(r.eve))
}

func TestAReviewThatNobodyCalledForIsOverdueFirstAndClosedThen(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	r.pass(60 * day)
	require.Equal(t, []NoticeKind{NoticeDue}, r.due())
	require.Equal(t, []NoticeKind{NoticeClosed}, r.due())
	require.Empty(t, r.due())
}

func TestAShortReviewDoesNotRemindOfDaysBeforeItBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("rita", reviewer)
	_, err := w.OpenReview(w.ctx, w.as(olga), ReviewSpec{Due: time.Now().Add(6 * day)})
	require.NoError(t, err)
	require.Empty(t, w.due())
}

func TestWhatIsOverdueIsSuspendedIfTheTenantWantsThat(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	r.all()
	_, err := r.CloseReview(r.ctx, r.system(), r.ID)
	require.NoError(t, err)
	second := r.user("second", admin)
	sus := r.user("sus", editor)
	require.NoError(t, r.Suspend(r.ctx, r.system(), sus))
	left := r.user("left", viewer)
	due := r.clock.later(time.Now()).Add(10 * day)
	r.Review, err = r.OpenReview(r.ctx, r.system(), ReviewSpec{Due: due, Overdue: OverdueSuspend})
	require.NoError(t, err)
	_, err = r.decide(r.as(olga), ItemPerson, "rita", Verdict{Decision: Keep, Note: "n"})
	require.NoError(t, err)
	_, err = r.Remove(r.ctx, r.system(), left)
	require.NoError(t, err)
	r.record.taken()

	r.pass(3*day + time.Hour)
	require.Equal(t, []NoticeKind{NoticeOneWeek}, r.due())
	require.NotNil(t, r.may(r.eve))
	r.pass(7 * day)
	notices, err := r.ReviewDue(r.ctx)
	require.NoError(t, err)
	require.Equal(t, NoticeDue, notices[0].Kind)
	require.True(t, notices[0].Review.Applied)
	require.Equal(t, 5, notices[0].Suspended) // eve, pam, bot, t1, the invitation
	require.Equal(t, 8, notices[0].Undecided) // and olga, second, sus
	events := r.record.taken()
	require.Len(t, events, 9)
	for _, e := range events {
		require.Equal(t, reviewOverdue, e.Action)
	}
	for _, u := range []Subject{r.eve, r.pam, r.bot, sus} {
		require.Nil(t, r.may(u))
	}
	for _, u := range []Subject{olga, second, r.rita} {
		require.NotNil(t, r.may(u))
	}
	require.Equal(t, ownersStay, r.item(ItemPerson, "olga").Note)
	require.Equal(t, ownersStay, r.item(ItemPerson, "second").Note)
	require.Equal(t, wasSuspended, r.item(ItemPerson, "sus").Note)
	require.Equal(t, Gone, r.item(ItemPerson, "left").Decision)
	for kind, id := range map[ItemKind]string{ItemPerson: "eve", ItemMachine: "bot", ItemToken: "t1", ItemInvitation: r.invitation} {
		require.Equal(t, Suspend, r.item(kind, id).Decision)
		require.Empty(t, r.item(kind, id).By)
	}
	require.Nil(t, r.item(ItemToken, "t1").Present, "a token cannot be suspended")
	require.Nil(t, r.item(ItemInvitation, r.invitation).Present)
	require.Empty(t, r.due(), "once")

	// Late is better than never: to keep lets in again, by whoever may.
	only := r.user("only", reviewer)
	_, err = r.decide(r.as(only), ItemPerson, "eve", Verdict{Decision: Keep})
	refused(t, err, NotGranted)
	i, err := r.decide(r.as(r.rita), ItemPerson, "eve", Verdict{Decision: Keep})
	require.NoError(t, err)
	require.Equal(t, Active, i.After.Status)
	require.Equal(t, []string{"page.read", "page.write"}, r.may(r.eve))
	_, err = r.decide(r.system(), ItemPerson, "sus", Verdict{Decision: Keep})
	require.NoError(t, err)
	require.Nil(t, r.may(sus), "it was not the review that suspended them")
	_, err = r.decide(r.as(second), ItemMachine, "bot", Verdict{Decision: Keep})
	require.NoError(t, err)
	require.Equal(t, []string{"page.read", "page.ingest"}, r.may(r.bot))
	_, err = r.decide(r.as(second), ItemPerson, "pam", Verdict{Decision: Remove})
	require.NoError(t, err)

	// After it was due it is closed as it stands.
	closed, err := r.CloseReview(r.ctx, r.as(olga), r.ID)
	require.NoError(t, err)
	require.False(t, closed.Closed.IsZero())
	require.Equal(t, Suspend, r.item(ItemToken, "t1").Decision)
}

func TestAnOwnerIsNeverSuspendedByAReview(t *testing.T) {
	t.Parallel()
	clock := &clocked{Store: NewMemory()}
	r := &reviewed{world: newWorldOver(t, clock, Options{Overdue: OverdueSuspend, ReviewFor: day}), clock: clock}
	for i := range 3 {
		r.user(fmt.Sprint("owner", i), admin)
	}
	r.pass(100 * day)
	require.Equal(t, []NoticeKind{NoticeOpened}, r.due())
	r.pass(2 * day)
	require.Equal(t, []NoticeKind{NoticeDue}, r.due())
	require.Equal(t, 4, r.owners())

	// Where no role is the owner's, those stay who could undo it.
	c := NewCatalog("plain")
	read := c.Permission("read")
	boss, staff := c.Role("boss", Everything), c.Role("staff", read)
	a := newAuthorizer(t, c, clock, Options{Overdue: OverdueSuspend, ReviewFor: day})
	w := emptyWorld(t, clock, Options{})
	w.Authorizer = a
	require.NoError(t, w.Found(w.ctx, w.system(), User("ann"), boss.ID()))
	require.NoError(t, w.Add(w.ctx, w.system(), User("bob"), staff.ID()))
	clock.shift.Add(int64(100 * day))
	w.tenants.changed(w.id)
	require.Equal(t, []NoticeKind{NoticeOpened}, w.due())
	clock.shift.Add(int64(2 * day))
	w.tenants.changed(w.id)
	require.Equal(t, []NoticeKind{NoticeDue}, w.due())
	require.NotNil(t, w.may(User("ann")))
	require.Nil(t, w.may(User("bob")))
}

// owners counts them.
func (w *world) owners() int {
	v, err := w.tenants.fresh(w.ctx, w.id)
	require.NoError(w.t, err)
	return v.rules.owners()
}

// stops is a store that fails the n-th time that items are put.
type stops struct {
	Store
	n atomic.Int64
}

func (s *stops) PutItems(ctx context.Context, items []ItemRow) error {
	if s.n.Add(-1) == 0 {
		return errBroken
	}
	return s.Store.PutItems(ctx, items)
}

func TestAPolicyThatWasStoppedHalfwayGoesOnAndIsAppliedOnce(t *testing.T) {
	t.Parallel()
	s := &stops{Store: NewMemory()}
	clock := &clocked{Store: s}
	r := &reviewed{world: newWorldOver(t, clock, Options{}), clock: clock}
	n := 2*reviewPage + 500
	r.many(n)
	var err error
	s.n.Store(2) // while it is opened: nothing of it is there
	_, err = r.OpenReview(r.ctx, r.system(), ReviewSpec{Overdue: OverdueSuspend})
	require.ErrorIs(t, err, errBroken)
	reviews, err := r.Reviews(r.ctx, r.system())
	require.NoError(t, err)
	require.Empty(t, reviews)
	r.Review, err = r.OpenReview(r.ctx, r.system(), ReviewSpec{Overdue: OverdueSuspend})
	require.NoError(t, err)
	r.pass(31 * day)
	r.record.taken()
	for _, page := range []int64{2, 1, 2} { // of the pages that are left
		s.n.Store(page)
		_, err = r.ReviewDue(r.ctx)
		require.ErrorIs(t, err, errBroken)
		row, err := r.reviewRow(r.ctx, r.ID)
		require.NoError(t, err)
		require.False(t, row.Applied)
	}
	s.n.Store(0)
	notices, err := r.ReviewDue(r.ctx)
	require.NoError(t, err)
	require.Len(t, notices, 1)
	require.Equal(t, n, notices[0].Suspended)
	v, err := r.tenants.fresh(r.ctx, r.id)
	require.NoError(t, err)
	suspended := 0
	v.rules.all(func(_ Subject, s *standing) {
		if s.status == Suspended {
			suspended++
		}
	})
	require.Equal(t, n, suspended)
	ch, err := r.store.Changes(r.ctx, 0)
	require.NoError(t, err)
	n = slices.IndexFunc(ch.Members, func(m MemberRow) bool { return m.ID == "olga" })
	require.Equal(t, Active, ch.Members[n].Status)
}

func TestANoticeIsUndoneWithTheTransactionItIsIn(t *testing.T) {
	t.Parallel()
	r := newReviewed(t, Options{})
	r.pass(17 * day)
	for range 2 {
		require.ErrorIs(t, r.store.Tx(r.ctx, func(ctx context.Context) error {
			notices, err := r.ReviewDue(ctx)
			require.NoError(t, err)
			require.Equal(t, NoticeTwoWeeks, notices[0].Kind)
			return errBroken
		}), errBroken)
	}
	require.Equal(t, []NoticeKind{NoticeTwoWeeks}, r.due())
	require.Empty(t, r.due())
}

func TestOptionsOfReviewsAreChecked(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Overdue: "ask"}, {ReviewFor: 367 * day}} {
		_, err := New(office, NewMemory(), o)
		require.Error(t, err)
	}
}
