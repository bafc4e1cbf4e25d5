package tenancy_test

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	acme   = tenancy.MustParseID("acme")
	globex = tenancy.MustParseID("globex")
)

func fixed(l tenancy.Limit) *tenancy.Limiter {
	return tenancy.NewLimiter(func(tenancy.ID) tenancy.Limit { return l })
}

// admitted returns how many of n pieces of work of id are let in at once.
func admitted(t require.TestingT, l *tenancy.Limiter, id tenancy.ID, n int) (releases []func()) {
	for range n {
		release, err := l.Acquire(context.Background(), id)
		if err != nil {
			require.ErrorIs(t, err, tenancy.ErrBusy)
			continue
		}
		releases = append(releases, release)
	}
	return releases
}

func TestLimiterAdmitsSoManyAtOnceAndNoMore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		l    *tenancy.Limiter
		want int
	}{
		{tenancy.NewLimiter(nil), 16}, {fixed(tenancy.Limit{}), 16},
		{fixed(tenancy.Limit{Concurrent: 3}), 3}, {fixed(tenancy.Limit{Concurrent: -1, Wait: time.Hour}), 0},
	} {
		held := admitted(t, c.l, acme, 20)
		require.Len(t, held, c.want)
		require.Len(t, admitted(t, c.l, globex, 20), c.want, "one tenant does not use up another's")
		require.Equal(t, tenancy.Usage{Admitted: int64(c.want), Refused: int64(20 - c.want), InFlight: c.want}, c.l.Usage(acme))
		if c.want > 0 {
			held[0]()
			held[0]() // a second time does nothing
			require.Len(t, admitted(t, c.l, acme, 2), 1)
		}
	}
	_, err := tenancy.NewLimiter(nil).Acquire(t.Context(), tenancy.ID{})
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = tenancy.NewLimiter(nil).Acquire(ctx, acme)
	require.ErrorIs(t, err, context.Canceled)
}

func TestLimiterKeepsARate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := fixed(tenancy.Limit{Concurrent: 1000, Rate: 2, Burst: 5})
		require.Len(t, admitted(t, l, acme, 50), 5)
		_, err := l.Acquire(t.Context(), acme)
		var busy *tenancy.BusyError
		require.ErrorAs(t, err, &busy)
		require.True(t, busy.Rate)
		require.InDelta(t, 0.5, busy.RetryAfter.Seconds(), 0.001)
		time.Sleep(busy.RetryAfter)
		require.Len(t, admitted(t, l, acme, 50), 1)
		time.Sleep(2 * time.Second)
		require.Len(t, admitted(t, l, acme, 50), 4)
		time.Sleep(time.Hour)
		require.Len(t, admitted(t, l, acme, 50), 5, "a pause earns one burst")
	})
}

func TestWorkRefusedForConcurrencyCostsNoRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := fixed(tenancy.Limit{Concurrent: 1, Rate: 0.001, Burst: 3, Wait: time.Second, Queue: 1})
		held := admitted(t, l, acme, 1)
		require.Empty(t, admitted(t, l, acme, 4), "each waits a second, in vain")
		held[0]()
		require.Len(t, admitted(t, l, acme, 1), 1)
	})
}

func TestLimiterLetsWaitInABoundedQueueForABoundedTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := fixed(tenancy.Limit{Concurrent: 1, Wait: time.Minute, Queue: 3})
		held := admitted(t, l, acme, 1)
		ctx, cancel := context.WithCancel(t.Context())
		var order []int
		var errs [5]error
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				of := t.Context()
				if i == 1 {
					of = ctx
				}
				var release func()
				if release, errs[i] = l.Acquire(of, acme); errs[i] == nil {
					order = append(order, i)
					time.Sleep(time.Second)
					release()
				}
			})
			synctest.Wait() // so that they come in order
		}
		require.ErrorIs(t, errs[3], tenancy.ErrBusy, "the queue is full")
		require.ErrorIs(t, errs[4], tenancy.ErrBusy)
		require.Equal(t, tenancy.Usage{Admitted: 1, Refused: 2, Waited: 3, InFlight: 1, Waiting: 3}, l.Usage(acme))
		cancel()
		synctest.Wait()
		require.ErrorIs(t, errs[1], context.Canceled)
		held[0]()
		wg.Wait()
		require.Equal(t, []int{0, 2}, order)
		require.Equal(t, tenancy.Usage{Admitted: 3, Refused: 3, Waited: 3}, l.Usage(acme))

		held = admitted(t, l, acme, 1)
		start := time.Now()
		_, err := l.Acquire(t.Context(), acme)
		require.ErrorIs(t, err, tenancy.ErrBusy)
		require.Equal(t, time.Minute, time.Since(start))
		held[0]()
	})
}

func TestALimitThatChangesHoldsFromTheNextWorkOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now atomic.Int64
		now.Store(1)
		l := tenancy.NewLimiter(func(tenancy.ID) tenancy.Limit {
			return tenancy.Limit{Concurrent: int(now.Load()), Wait: time.Minute, Queue: 10}
		})
		first := admitted(t, l, acme, 1)[0]
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				release, err := l.Acquire(t.Context(), acme)
				require.NoError(t, err)
				release()
			})
		}
		synctest.Wait()
		require.Equal(t, 2, l.Usage(acme).Waiting)
		now.Store(5)
		second := admitted(t, l, acme, 1)[0]
		wg.Wait()
		require.Equal(t, 2, l.Usage(acme).InFlight)
		now.Store(1)
		first()
		_, err := l.Acquire(t.Context(), acme)
		require.ErrorIs(t, err, tenancy.ErrBusy)
		second()
	})
}

func TestLimiterForgetsTenantsThatAreIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := fixed(tenancy.Limit{Rate: 1})
		known := func() (n int) {
			l.Each(func(tenancy.ID, tenancy.Usage) bool { n++; return true })
			return n
		}
		busy := admitted(t, l, acme, 1)[0]
		for i := range 5000 {
			if i%100 == 0 {
				time.Sleep(time.Minute)
			}
			for _, release := range admitted(t, l, tenancy.MustParseID(fmt.Sprint("t", i)), 1) {
				release()
			}
		}
		require.Less(t, known(), 2000, "5,000 tenants came by, 1,000 in any ten minutes")
		require.Equal(t, 1, l.Usage(acme).InFlight, "work under way is not forgotten")
		busy()
	})
}

// inBubble hides the test's deadline, which rapid asks for and a bubble has not.
type inBubble struct{ testing.TB }

// Against a model: places and tokens counted by hand.
func TestLimiterDoesAsTheModelDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(inBubble{t}, func(t *rapid.T) {
			limit := tenancy.Limit{Concurrent: rapid.IntRange(1, 4).Draw(t, "places"),
				Rate: float64(rapid.IntRange(0, 3).Draw(t, "rate")), Burst: rapid.IntRange(1, 5).Draw(t, "burst")}
			l := fixed(limit)
			held, tokens := []func(){}, float64(limit.Burst)
			t.Repeat(map[string]func(*rapid.T){
				"acquire": func(t *rapid.T) {
					release, err := l.Acquire(context.Background(), acme)
					if len(held) >= limit.Concurrent || limit.Rate > 0 && tokens < 1 {
						require.ErrorIs(t, err, tenancy.ErrBusy)
						return
					}
					require.NoError(t, err)
					held, tokens = append(held, release), tokens-1
				},
				"release": func(t *rapid.T) {
					if len(held) > 0 {
						held[0]()
						held = held[1:]
					}
				},
				"sleep": func(t *rapid.T) {
					s := rapid.IntRange(1, 3).Draw(t, "seconds")
					time.Sleep(time.Duration(s) * time.Second)
					tokens = math.Min(float64(limit.Burst), tokens+float64(s)*limit.Rate)
				},
				"": func(t *rapid.T) { require.Equal(t, len(held), l.Usage(acme).InFlight) },
			})
		})
	})
}

func TestLimiterUnderRaceNeverAdmitsTooMany(t *testing.T) {
	t.Parallel()
	const places = 3
	l := fixed(tenancy.Limit{Concurrent: places, Wait: time.Minute, Queue: 100})
	var inside, most atomic.Int64
	got := make([]int, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			for range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if got[i]%7 == 6 {
					go cancel() // somewhere while it waits
				}
				release, err := l.Acquire(ctx, acme)
				if err == nil {
					n := inside.Add(1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					inside.Add(-1)
					release()
				}
				got[i]++
				cancel()
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, most.Load(), int64(places))
	u := l.Usage(acme)
	require.Zero(t, u.InFlight)
	require.Zero(t, u.Waiting)
	require.Equal(t, int64(8*200), u.Admitted+u.Refused)
}

func BenchmarkLimiter(b *testing.B) {
	b.Run("one tenant", func(b *testing.B) {
		l := fixed(tenancy.Limit{Concurrent: 1 << 20, Rate: 1e9, Burst: 1 << 30})
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				release, err := l.Acquire(context.Background(), acme)
				if err != nil {
					b.Fatal(err)
				}
				release()
			}
		})
	})
	b.Run("1,000 tenants", func(b *testing.B) {
		l := fixed(tenancy.Limit{Concurrent: 1 << 20})
		ids := make([]tenancy.ID, 1000)
		for i := range ids {
			ids[i] = tenancy.NewID()
		}
		var n atomic.Int64
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := int(n.Add(331)); pb.Next(); i++ {
				release, err := l.Acquire(context.Background(), ids[i%len(ids)])
				if err != nil {
					b.Fatal(err)
				}
				release()
			}
		})
	})
}
