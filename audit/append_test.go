package audit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"
)

// logOver opens a log and closes it after the test.
func logOver(tb testing.TB, s Store) *Log {
	tb.Helper()
	key, err := tenancy.NewKey("k1", []byte("0123456789abcdef0123456789abcdef"))
	require.NoError(tb, err)
	secret, _, err := note.GenerateKey(rand.Reader, "example.com/audit")
	require.NoError(tb, err)
	signer, err := NewSigner(secret)
	require.NoError(tb, err)
	l, err := Open(context.Background(), s, Options{Origin: "example.com/audit", Signer: signer, Key: key})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, l.Close(context.Background())) })
	return l
}

// double is a store whose Append a test replaces.
type double struct {
	Store
	append func(ctx context.Context, entries []Entry) ([]Placed, error)
}

func (d *double) Append(ctx context.Context, entries []Entry) ([]Placed, error) {
	return d.append(ctx, entries)
}

// gate is a store that holds each Append until it is let through, and tells its size.
func gate() (s *double, arrived chan int, pass chan struct{}) {
	inner := NewMemory()
	arrived, pass = make(chan int), make(chan struct{})
	return &double{inner, func(ctx context.Context, entries []Entry) ([]Placed, error) {
		arrived <- len(entries)
		<-pass
		return inner.Append(ctx, entries)
	}}, arrived, pass
}

// waiting waits until n jobs wait in the tenant's queue.
func waiting(l *Log, tenant tenancy.ID, n int) {
	for {
		l.mu.Lock()
		q := l.queues[tenant]
		have := 0
		if q != nil {
			have = len(q.jobs)
		}
		l.mu.Unlock()
		if have == n {
			return
		}
	}
}

func inAcme(t testing.TB) context.Context { return tenancy.With(t.Context(), acme) }

// logged returns what the log of ctx's tenant holds.
func logged(tb testing.TB, ctx context.Context, s Store) (all []Stored) {
	tb.Helper()
	n, err := s.Size(ctx)
	require.NoError(tb, err)
	require.NoError(tb, s.Leaves(ctx, 0, n, func(st Stored) error {
		st.Leaf = slices.Clone(st.Leaf)
		all = append(all, st)
		return nil
	}))
	require.Len(tb, all, int(n))
	return all
}

func TestManyWritersLeaveNoGapAndNothingTwice(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	tenants := []tenancy.ID{acme, tenancy.MustParseID("globex"), tenancy.MustParseID("initech")}
	const writers, each = 32, 20
	var mu sync.Mutex
	got := map[tenancy.ID]map[uint64]Receipt{}
	var wg sync.WaitGroup
	for w := range writers {
		tenant := tenants[w%len(tenants)]
		wg.Go(func() {
			ctx := tenancy.With(context.Background(), tenant)
			last := int64(-1)
			for i := range each {
				_, err := l.Append(ctx, make([]Event, 1+i%3)...)
				if !errors.Is(err, ErrEvent) {
					panic("an event without an action was recorded")
				}
				events := make([]Event, 1+i%3)
				for j := range events {
					events[j].Action = docRead
				}
				rs, err := l.Append(ctx, events...)
				if err != nil {
					panic(err)
				}
				mu.Lock()
				for j, r := range rs {
					if r.Seq != rs[0].Seq+uint64(j) || int64(r.Seq) <= last || r.Tenant != tenant {
						panic("out of order")
					}
					if got[tenant] == nil {
						got[tenant] = map[uint64]Receipt{}
					}
					got[tenant][r.Seq] = r
				}
				last = int64(rs[len(rs)-1].Seq)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for _, tenant := range tenants {
		all := logged(t, tenancy.With(t.Context(), tenant), s)
		require.Len(t, got[tenant], len(all))
		for _, st := range all {
			r := got[tenant][st.Seq]
			require.Equal(t, st.Hash, r.Hash)
			require.Equal(t, st.ID, r.ID)
			require.Equal(t, hashOfLeaf(st.Leaf), r.Hash)
		}
	}
}

func TestWhatWaitsTogetherIsWrittenTogether(t *testing.T) {
	t.Parallel()
	s, arrived, pass := gate()
	l := logOver(t, s)
	ctx := inAcme(t)
	var wg sync.WaitGroup
	write := func() {
		wg.Go(func() {
			if err := l.Record(ctx, Event{Action: docRead}); err != nil {
				panic(err)
			}
		})
	}
	write()
	require.Equal(t, 1, <-arrived)
	for range 2*batchEvents + 10 {
		write()
	}
	waiting(l, acme, 2*batchEvents+10)
	pass <- struct{}{}
	for _, n := range []int{batchEvents, batchEvents, 10} {
		require.Equal(t, n, <-arrived)
		pass <- struct{}{}
	}
	wg.Wait()
	require.Len(t, logged(t, ctx, s), 2*batchEvents+11)
	require.Eventually(t, func() bool { // its writer leaves after who waits was told
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.queues) == 0
	}, time.Minute, time.Millisecond, "an idle tenant costs nothing")
}

func TestAJobIsNeverDivided(t *testing.T) {
	t.Parallel()
	s, arrived, pass := gate()
	l := logOver(t, s)
	ctx := inAcme(t)
	var wg sync.WaitGroup
	write := func(n int) {
		wg.Go(func() {
			events := slices.Repeat([]Event{{Action: docRead}}, n)
			if rs, err := l.Append(ctx, events...); err != nil || rs[n-1].Seq != rs[0].Seq+uint64(n-1) {
				panic(fmt.Sprint(rs, err))
			}
		})
	}
	write(1)
	<-arrived
	write(batchEvents - 1)
	waiting(l, acme, 1)
	write(2)
	waiting(l, acme, 2)
	pass <- struct{}{}
	for _, n := range []int{batchEvents - 1, 2} {
		require.Equal(t, n, <-arrived)
		pass <- struct{}{}
	}
	wg.Wait()
	_, err := l.Append(ctx, make([]Event, maxCall+1)...)
	require.ErrorIs(t, err, ErrEvent)
}

func TestAnEventWhoseIDWasUsedFailsAlone(t *testing.T) {
	t.Parallel()
	s, arrived, pass := gate()
	l := logOver(t, s)
	ctx := inAcme(t)
	id := IDFor("job 1")
	var wg sync.WaitGroup
	errs := make([]error, 20)
	write := func(i int, e Event) { wg.Go(func() { _, errs[i] = l.Append(ctx, e) }) }
	write(0, Event{ID: id, Action: docRead})
	<-arrived
	for i := 1; i < len(errs); i++ {
		e := Event{Action: docRead}
		if i == 7 {
			e = Event{ID: id, Action: docUpdate}
		}
		write(i, e)
	}
	waiting(l, acme, len(errs)-1)
	go func() {
		for range arrived {
			pass <- struct{}{}
		}
	}()
	pass <- struct{}{}
	wg.Wait()
	close(arrived)
	for i, err := range errs {
		if i == 7 {
			require.ErrorIs(t, err, ErrIDReused)
		} else {
			require.NoError(t, err)
		}
	}
	require.Len(t, logged(t, ctx, s), len(errs)-1)
}

func TestAnIDIsInTheLogOnceAndItsRetryGetsTheFirstPlace(t *testing.T) {
	t.Parallel()
	s, arrived, pass := gate()
	l := logOver(t, s)
	ctx := inAcme(t)
	e := Event{ID: IDFor("job 1"), Action: docRead, Reason: "r"}
	rs := make([][]Receipt, 3)
	var wg sync.WaitGroup
	write := func(i int, e Event) {
		wg.Go(func() {
			var err error
			if rs[i], err = l.Append(ctx, e); err != nil {
				panic(err)
			}
		})
	}
	write(0, Event{Action: docRead})
	<-arrived
	write(1, e)
	waiting(l, acme, 1)
	write(2, e)
	waiting(l, acme, 2)
	pass <- struct{}{}
	for range 2 { // a store is never asked about one id twice in a call
		require.Equal(t, 1, <-arrived)
		pass <- struct{}{}
	}
	wg.Wait()
	require.False(t, rs[1][0].Again)
	require.True(t, rs[2][0].Again)
	require.Equal(t, rs[1][0].Seq, rs[2][0].Seq)
	require.Equal(t, rs[1][0].Hash, rs[2][0].Hash)
	_, err := l.Append(ctx, e, e)
	require.ErrorIs(t, err, ErrEvent)
}

// A store that stores and then loses its answer, or says nothing of what happened, is never taken at its word.
func TestAnAnswerThatIsLostMeansUnknownAndARetryFindsTheEvent(t *testing.T) {
	t.Parallel()
	inner := NewMemory()
	lost := true
	l := logOver(t, &double{inner, func(ctx context.Context, entries []Entry) ([]Placed, error) {
		placed, err := inner.Append(ctx, entries)
		if lost {
			return nil, io.ErrUnexpectedEOF
		}
		return placed, err
	}})
	ctx := inAcme(t)
	rs, err := l.Append(ctx, Event{Action: docRead})
	require.ErrorIs(t, err, ErrUnknown)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Len(t, rs, 1)
	lost = false
	again, err := l.Append(ctx, Event{ID: rs[0].ID, Action: docRead})
	require.NoError(t, err)
	require.True(t, again[0].Again)
	require.Len(t, logged(t, ctx, inner), 1)
	require.Equal(t, logged(t, ctx, inner)[0].Hash, again[0].Hash)
}

func TestEveryEventIsInTheLogOnceWhateverTheStoreAnswers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		inner := NewMemory()
		answers := rapid.SliceOfN(rapid.IntRange(0, 3), 0, 30).Draw(rt, "answers")
		var next atomic.Int64
		s := &double{inner, func(ctx context.Context, entries []Entry) ([]Placed, error) {
			i := int(next.Add(1)) - 1
			if i >= len(answers) {
				return inner.Append(ctx, entries)
			}
			switch answers[i] {
			case 0:
				return nil, ErrUnavailable
			case 1:
				return nil, errors.New("cut off before")
			case 2:
				_, _ = inner.Append(ctx, entries)
				return nil, errors.New("cut off after")
			}
			return inner.Append(ctx, entries)
		}}
		l := logOver(t, s)
		ctx := tenancy.With(context.Background(), acme)
		var wg sync.WaitGroup
		var mu sync.Mutex
		want := map[uuid.UUID][32]byte{}
		for w := range rapid.IntRange(1, 8).Draw(rt, "writers") {
			wg.Go(func() {
				for i := range 4 {
					e := Event{Action: docRead, ID: IDFor(fmt.Sprint(w, i))}
					for {
						rs, err := l.Append(ctx, e)
						if err == nil {
							mu.Lock()
							want[e.ID] = rs[0].Hash
							mu.Unlock()
							break
						}
						if !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrUnavailable) {
							panic(err)
						}
					}
				}
			})
		}
		wg.Wait()
		got := map[uuid.UUID][32]byte{}
		all := logged(t, ctx, inner)
		for _, st := range all {
			got[st.ID] = st.Hash
		}
		require.Equal(rt, want, got)
		require.Len(rt, all, len(want))
	})
}

func TestAWriterThatGivesUpIsToldWhetherItsEventMayBeThere(t *testing.T) {
	t.Parallel()
	s, arrived, pass := gate()
	l := logOver(t, s)
	type answer struct {
		rs  []Receipt
		err error
	}
	write := func(ctx context.Context) chan answer {
		c := make(chan answer, 1)
		go func() {
			rs, err := l.Append(ctx, Event{Action: docRead})
			c <- answer{rs, err}
		}()
		return c
	}
	ctx, cancel := context.WithCancel(inAcme(t))
	onItsWay := write(ctx)
	<-arrived
	queued := write(ctx)
	waiting(l, acme, 1)
	cancel()
	a := <-onItsWay
	require.ErrorIs(t, a.err, ErrUnknown)
	require.ErrorIs(t, a.err, context.Canceled)
	require.Len(t, a.rs, 1)
	b := <-queued
	require.NotErrorIs(t, b.err, ErrUnknown)
	require.ErrorIs(t, b.err, context.Canceled)
	require.Empty(t, b.rs)
	_, err := l.Append(ctx, Event{Action: docRead})
	require.ErrorIs(t, err, context.Canceled)

	pass <- struct{}{}
	require.NoError(t, l.Flush(inAcme(t)))
	all := logged(t, inAcme(t), s)
	require.Len(t, all, 1, "the write is not its writer's own to cut off")
	require.Equal(t, a.rs[0].ID, all[0].ID)
}

func TestATenantWhoseStoreHangsHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	inner := NewMemory()
	hung, free := make(chan struct{}), make(chan struct{})
	l := logOver(t, &double{inner, func(ctx context.Context, entries []Entry) ([]Placed, error) {
		if tenant, _ := tenancy.From(ctx); tenant == acme {
			close(hung)
			<-free
		}
		return inner.Append(ctx, entries)
	}})
	done := make(chan error, 1)
	go func() { done <- l.Record(tenancy.With(context.Background(), acme), Event{Action: docRead}) }()
	<-hung
	require.NoError(t, l.Record(tenancy.With(t.Context(), tenancy.MustParseID("globex")), Event{Action: docRead}))
	close(free)
	require.NoError(t, <-done)
}

func TestOnlyTheLogRecordsItsOwnActions(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	for _, a := range []Action{Erased, Pruned, HoldPlaced, HoldReleased, Exported, Rotated} {
		require.ErrorIs(t, l.Record(inAcme(t), Event{Action: a}), ErrEvent)
	}
	require.Empty(t, logged(t, inAcme(t), s))
	require.Panics(t, func() { Define("audit.mine", Read) })
}

func TestAnEventWithoutATenantIsRefused(t *testing.T) {
	t.Parallel()
	l := logOver(t, NewMemory())
	require.ErrorIs(t, l.Record(t.Context(), Event{Action: docRead}), tenancy.ErrNoTenant)
	require.ErrorIs(t, l.Flush(t.Context()), tenancy.ErrNoTenant)
	both := tenancy.With(inAcme(t), tenancy.MustParseID("globex"))
	require.ErrorIs(t, l.Record(both, Event{Action: docRead}), tenancy.ErrConflict)
}
