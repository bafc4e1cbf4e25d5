package rbac

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// quick is for tests in which time passes.
var quick = Options{FreshFor: 200 * time.Millisecond, MaxStaleness: 2 * time.Second}

// beside is another process over the same rules.
func (w *world) beside(s Store, o Options) *world {
	out := *w
	out.store, out.Authorizer = s, newAuthorizer(w.t, w.c, s, o)
	return &out
}

func soon(t testing.TB, f func() bool) {
	t.Helper()
	require.Eventually(t, f, 30*time.Second, 5*time.Millisecond)
}

func TestWhatThisProcessChangedIsSeenWhenTheCallReturns(t *testing.T) {
	t.Parallel()
	w := newWorldOver(t, NewMemory(), Options{FreshFor: time.Hour, MaxStaleness: time.Hour})
	ann := w.user("ann", viewer)
	for i := range 300 {
		role := []Role{editor, payer}[i%2]
		require.NoError(t, w.SetRoles(w.ctx, w.system(), ann, role.ID()))
		p, err := w.Member(w.ctx, ann)
		require.NoError(t, err)
		require.Equal(t, i%2 == 0, p.Can(canWrite))
	}
	require.NoError(t, ignore(w.Remove(w.ctx, w.system(), ann)))
	refused(t, ignore(w.Member(w.ctx, ann)), NotMember)
}

func TestAnotherProcessSeesARemovalWhenItsAnswerIsNotFreshAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorldOver(t, NewMemory(), Options{})
	ann := w.user("ann", viewer)
	other := w.beside(w.store, quick)
	require.NoError(t, ignore(other.Member(w.ctx, ann)))
	require.NoError(t, ignore(w.Remove(w.ctx, w.as(olga), ann)))
	refused(t, ignore(other.beside(w.store, quick).Member(w.ctx, ann)), NotMember)
	soon(t, func() bool { return errors.Is(ignore(other.Member(w.ctx, ann)), ErrDenied) })
}

func TestAFreshAnswerIsAsOfNow(t *testing.T) {
	t.Parallel()
	w := newWorldOver(t, NewMemory(), Options{})
	ann := w.user("ann", viewer)
	held := &holding{Store: w.store, at: make(chan struct{}), on: make(chan struct{})}
	other := w.beside(held, Options{FreshFor: time.Hour, MaxStaleness: time.Hour})
	require.NoError(t, ignore(other.Member(w.ctx, ann)))
	require.NoError(t, w.SetRoles(w.ctx, w.system(), ann, editor.ID()))
	p, err := other.Member(w.ctx, ann)
	require.NoError(t, err)
	require.False(t, p.Can(canWrite), "from memory")
	p, err = other.MemberFresh(w.ctx, ann)
	require.NoError(t, err)
	require.True(t, p.Can(canWrite))

	// A question is under way, and has its answer already; what is committed then is in no answer to that one.
	held.hold.Store(true)
	slow := make(chan error, 1)
	go func() { slow <- ignore(other.MemberFresh(w.ctx, ann)) }()
	<-held.at
	held.hold.Store(false)
	require.NoError(t, ignore(w.Remove(w.ctx, w.system(), ann)))
	fresh := make(chan error, 1)
	go func() { fresh <- ignore(other.MemberFresh(w.ctx, ann)) }()
	time.Sleep(10 * time.Millisecond)
	close(held.on)
	refused(t, <-fresh, NotMember)
	if err := <-slow; err != nil {
		refused(t, err, NotMember)
	}
}

// holding is a store that keeps an answer back.
type holding struct {
	Store
	hold   atomic.Bool
	at, on chan struct{}
}

func (h *holding) Version(ctx context.Context) (int64, time.Time, error) {
	v, now, err := h.Store.Version(ctx)
	if h.hold.Load() {
		h.at <- struct{}{}
		<-h.on
	}
	return v, now, err
}

func TestAHintIsSeenAtOnceAndALostOneLater(t *testing.T) {
	t.Parallel()
	news := make(chan string)
	listen := func(ctx context.Context, f func(string)) error {
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case h := <-news:
				if h == "" {
					return errors.New("the connection broke")
				}
				f(h)
			}
		}
	}
	w := newWorldOver(t, NewMemory(), Options{})
	ann := w.user("ann", viewer)
	other := w.beside(w.store, Options{FreshFor: time.Hour, MaxStaleness: time.Hour, Hints: listen})
	require.NoError(t, ignore(other.Member(w.ctx, ann)))
	require.NoError(t, w.SetRoles(w.ctx, w.as(olga), ann, editor.ID()))
	news <- "nonsense"
	p, err := other.Member(w.ctx, ann)
	require.NoError(t, err)
	require.False(t, p.Can(canWrite), "nobody told")
	news <- Hint(w.id)
	news <- "and the last one was heard"
	p, err = other.Member(w.ctx, ann)
	require.NoError(t, err)
	require.True(t, p.Can(canWrite))

	lossy := w.beside(w.store, Options{FreshFor: quick.FreshFor, MaxStaleness: quick.MaxStaleness, Hints: listen})
	require.NoError(t, ignore(lossy.Member(w.ctx, ann)))
	require.NoError(t, ignore(w.Remove(w.ctx, w.as(olga), ann)))
	soon(t, func() bool { return errors.Is(ignore(lossy.Member(w.ctx, ann)), ErrDenied) })
	news <- ""
	news <- "heard by the one who listens again"
}

func TestCutOffFromTheStoreNobodyIsLetInAfterMaxStaleness(t *testing.T) {
	t.Parallel()
	b := newBroken(NewMemory())
	w := newWorldOver(t, b, quick)
	require.NoError(t, ignore(w.Member(w.ctx, olga)))
	b.cut.Store(true)
	require.NoError(t, ignore(w.Member(w.ctx, olga)), "until then from memory")
	require.ErrorIs(t, ignore(w.MemberFresh(w.ctx, olga)), ErrStale)
	soon(t, func() bool { return ignore(w.Member(w.ctx, olga)) != nil })
	for range 100 {
		p, err := w.Member(w.ctx, olga)
		require.ErrorIs(t, err, ErrStale)
		require.ErrorIs(t, err, errBroken)
		require.NotErrorIs(t, err, ErrDenied)
		require.True(t, p.IsZero())
	}
	require.ErrorIs(t, ignore(w.Members(w.ctx, w.system())), ErrStale)
	require.ErrorIs(t, ignore(w.TenantsOf(context.Background(), olga)), errBroken)
	b.cut.Store(false)
	require.NoError(t, ignore(w.Member(w.ctx, olga)), "and as soon as it is back")
}

func TestAnAnswerIsWaitedForNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	w := newWorldOver(t, NewMemory(), Options{})
	held := &holding{Store: w.store, at: make(chan struct{}), on: make(chan struct{})}
	other := w.beside(held, quick)
	require.NoError(t, ignore(other.Member(w.ctx, olga)))
	held.hold.Store(true)
	ctx, stop := context.WithCancel(w.ctx)
	go func() { <-held.at; stop() }()
	err := ignore(other.MemberFresh(ctx, olga))
	require.ErrorIs(t, err, ErrStale)
	require.ErrorIs(t, err, context.Canceled)
	held.hold.Store(false)
	close(held.on)
}

// A clock that goes back lengthens nothing, and neither does one of this machine.
func TestAClockThatGoesBackLetsNobodyInForLonger(t *testing.T) {
	t.Parallel()
	clock := &clocked{Store: NewMemory()}
	w := newWorldOver(t, clock, Options{})
	ann := w.user("ann", viewer)
	_, now, err := clock.Version(w.ctx)
	require.NoError(t, err)
	require.NoError(t, w.SetExpiry(w.ctx, w.as(olga), ann, now.Add(time.Hour)))
	require.NoError(t, ignore(w.MemberFresh(w.ctx, ann)))
	clock.shift.Store(int64(2 * time.Hour))
	refused(t, ignore(w.MemberFresh(w.ctx, ann)), Expired)
	clock.shift.Store(-int64(24 * time.Hour))
	refused(t, ignore(w.MemberFresh(w.ctx, ann)), Expired)
}

func TestAMembershipEndsByItselfAtItsEnd(t *testing.T) {
	t.Parallel()
	clock := &clocked{Store: NewMemory()}
	w := newWorldOver(t, clock, Options{FreshFor: time.Hour, MaxStaleness: time.Hour})
	ann := w.user("ann", manager)
	bea := w.user("bea", viewer)
	by := w.as(ann)
	end := time.Now().Add(10 * time.Hour)
	require.NoError(t, w.SetExpiry(w.ctx, w.as(olga), ann, end.In(time.FixedZone("far", -11*3600))))
	require.NoError(t, ignore(w.MemberFresh(w.ctx, ann)))
	v, err := w.tenants.current(w.ctx, w.id)
	require.NoError(t, err)
	s := v.rules.member(ann)
	require.Equal(t, kept(end).UnixMicro(), s.expires)
	for d, why := range map[int64]bool{-1: false, 0: true, 1: true} { // the end itself is past
		at := view{rules: v.rules, now: s.expires + d - tickMicros, asked: w.now.Load()}
		refusal := at.admits(w.Authorizer, s)
		if why || refusal != nil { // the clock may tick meanwhile
			refused(t, refusal, Expired)
		}
		c := change{a: w.Authorizer, now: time.UnixMicro(s.expires + d)}
		require.Equal(t, why, c.admits(s) != nil)
	}
	clock.shift.Store(int64(11 * time.Hour))
	refused(t, w.SetRoles(w.ctx, by, bea, editor.ID()), Expired)
	version, _, err := w.store.Version(w.ctx)
	require.NoError(t, err)
	refused(t, ignore(w.MemberFresh(w.ctx, ann)), Expired)
	after, _, err := w.store.Version(w.ctx)
	require.NoError(t, err)
	require.Equal(t, version, after, "without any write")
}

// Both of two permissions, or none: whoever looks never sees half of a change.
func TestNobodySeesHalfOfAChange(t *testing.T) {
	t.Parallel()
	w := newWorldOver(t, NewMemory(), Options{FreshFor: time.Millisecond, MaxStaleness: time.Hour})
	both := w.role("both", canWrite, canPay)
	ann, bea := w.user("ann"), w.user("bea")
	require.NoError(t, w.SetRoles(w.ctx, w.system(), ann, both))
	require.NoError(t, w.SetRoles(w.ctx, w.system(), bea, both))
	other := w.beside(w.store, quick)
	var done atomic.Bool
	var wg sync.WaitGroup
	for _, a := range []*world{w, other} {
		for range 2 {
			wg.Go(func() {
				for !done.Load() {
					p, err := a.Member(w.ctx, ann)
					if err != nil || p.Can(canWrite) != p.Can(canPay) {
						t.Error("half of a change was seen", err)
						return
					}
				}
			})
		}
	}
	by := w.as(olga)
	for i := range soak(2_000, 100_000) {
		spec := RoleSpec{ID: both, Name: "both"}
		if i%2 == 1 {
			spec.Permissions = []Permission{canWrite, canPay}
		}
		_, err := w.SaveRole(w.ctx, by, spec)
		require.NoError(t, err)
	}
	done.Store(true)
	wg.Wait()
}

// A change that is not committed yet has its number already. One that comes after it waits, so that none is passed over.
func TestAChangeThatCommitsLateIsNotMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bea := w.user("ann", viewer), w.user("bea", viewer)
	other := w.beside(w.store, Options{})
	open, end := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = w.store.Tx(w.ctx, func(ctx context.Context) error {
			if err := w.SetRoles(ctx, w.system(), ann, payer.ID()); err != nil {
				t.Error(err)
			}
			close(open)
			<-end
			return nil
		})
	})
	<-open
	wg.Go(func() {
		if err := other.SetRoles(w.ctx, w.system(), bea, payer.ID()); err != nil {
			t.Error(err)
		}
	})
	for range 20 {
		require.Equal(t, []string{"page.read"}, other.may(ann))
	}
	close(end)
	wg.Wait()
	require.Equal(t, []string{"bill.pay"}, other.may(ann))
	require.Equal(t, []string{"bill.pay"}, other.may(bea))
}

func TestAfterCloseNothingIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.as(olga)
	require.NoError(t, w.Close())
	require.NoError(t, w.Close())
	require.ErrorIs(t, ignore(w.Member(w.ctx, olga)), ErrClosed)
	require.ErrorIs(t, ignore(w.MemberFresh(w.ctx, olga)), ErrClosed)
	require.ErrorIs(t, w.SetRoles(w.ctx, by, olga), ErrClosed)
	require.ErrorIs(t, w.Accept(w.ctx, w.secretOf("x"), Acceptance{User("x"), "x"}), ErrClosed)
	require.ErrorIs(t, ignore(w.Offboard(w.ctx, olga, "x")), ErrClosed)
	require.ErrorIs(t, ignore(w.Members(w.ctx, by)), ErrClosed)
}

func TestAChangeInTheCallersTransactionIsSeenWhenThatCommits(t *testing.T) {
	t.Parallel()
	w := newWorldOver(t, NewMemory(), Options{FreshFor: time.Hour, MaxStaleness: time.Hour})
	ann := w.user("ann", viewer)
	require.NoError(t, w.store.Tx(w.ctx, func(ctx context.Context) error {
		require.NoError(t, ignore(w.Remove(ctx, w.system(), ann)))
		return ignore(w.Member(w.ctx, ann)) // as of what is committed
	}))
	refused(t, ignore(w.Member(w.ctx, ann)), NotMember)
}
