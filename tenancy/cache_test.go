package tenancy_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// lookup is a directory as a function.
type lookup func(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error)

func (f lookup) Lookup(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) { return f(ctx, id) }

func TestCacheRemembersAnswersForItsLifetimeOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, down := 0, error(nil)
		c := tenancy.NewCache(lookup(func(_ context.Context, id tenancy.ID) (tenancy.Tenant, error) {
			asked++
			return tenancy.Tenant{ID: id, State: tenancy.Active}, down
		}), time.Minute)
		for range 3 {
			e, err := c.Lookup(t.Context(), acme)
			require.NoError(t, err)
			require.Equal(t, acme, e.ID)
		}
		require.Equal(t, 1, asked)
		_, err := c.Lookup(t.Context(), globex)
		require.NoError(t, err)
		require.Equal(t, 2, asked)

		time.Sleep(time.Minute - 1)
		_, err = c.Lookup(t.Context(), acme)
		require.NoError(t, err)
		require.Equal(t, 2, asked)
		time.Sleep(time.Nanosecond)
		down = errors.New("down")
		for range 2 {
			_, err = c.Lookup(t.Context(), acme)
			require.ErrorIs(t, err, down, "an old answer does not outlive its time because the directory is down")
		}
		require.Equal(t, 4, asked, "an error is not remembered")
		down = tenancy.ErrUnknownTenant
		_, err = c.Lookup(t.Context(), acme)
		require.ErrorIs(t, err, tenancy.ErrUnknownTenant)
		down = nil
		_, err = c.Lookup(t.Context(), acme)
		require.NoError(t, err, "that a tenant is unknown is not remembered")
	})
}

func TestCacheWithoutALifetimeRemembersNothing(t *testing.T) {
	t.Parallel()
	asked := 0
	c := tenancy.NewCache(lookup(func(context.Context, tenancy.ID) (tenancy.Tenant, error) {
		asked++
		return tenancy.Tenant{}, nil
	}), 0)
	for range 3 {
		_, err := c.Lookup(t.Context(), acme)
		require.NoError(t, err)
	}
	require.Equal(t, 3, asked)
}

func TestManyWhoAskAtOnceShareOneAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		c := tenancy.NewCache(lookup(func(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
			asked.Add(1)
			select {
			case <-time.After(time.Second):
				return tenancy.Tenant{ID: id}, nil
			case <-ctx.Done():
				return tenancy.Tenant{}, ctx.Err()
			}
		}), time.Minute)
		first, cancel := context.WithCancel(t.Context())
		defer cancel()
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			wg.Go(func() {
				ctx := t.Context()
				if i == 0 {
					ctx = first
				}
				_, errs[i] = c.Lookup(ctx, acme)
			})
			synctest.Wait()
		}
		require.Equal(t, int64(1), asked.Load())
		cancel() // the one who asked for all goes away
		wg.Wait()
		require.ErrorIs(t, errs[0], context.Canceled)
		require.NoError(t, errors.Join(errs[1:]...), "the others do not fail with it")
		require.Equal(t, int64(2), asked.Load())

		c.Invalidate(acme)
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		go func() { _, _ = c.Lookup(t.Context(), acme) }()
		synctest.Wait()
		_, err := c.Lookup(impatient, acme)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(time.Minute)
	})
}

func TestCacheAsksWithoutTheValuesOfTheCaller(t *testing.T) {
	t.Parallel()
	type key struct{}
	c := tenancy.NewCache(lookup(func(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
		require.Nil(t, ctx.Value(key{}))
		_, err := tenancy.From(ctx)
		require.ErrorIs(t, err, tenancy.ErrNoTenant)
		deadline, ok := ctx.Deadline()
		require.True(t, ok)
		require.False(t, deadline.IsZero())
		return tenancy.Tenant{ID: id}, nil
	}), time.Minute)
	ctx, cancel := context.WithTimeout(context.WithValue(tenancy.With(t.Context(), acme), key{}, "a transaction"), time.Hour)
	defer cancel()
	_, err := c.Lookup(ctx, acme)
	require.NoError(t, err)
}

func TestAnAnswerReadBeforeInvalidateIsNotGivenAfterIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := tenancy.Active
		c := tenancy.NewCache(lookup(func(_ context.Context, id tenancy.ID) (tenancy.Tenant, error) {
			read := state
			time.Sleep(time.Second) // the answer is on its way
			return tenancy.Tenant{ID: id, State: read}, nil
		}), time.Minute)
		var wg sync.WaitGroup
		got := make([]tenancy.Tenant, 3)
		for i := range got {
			wg.Go(func() { got[i], _ = c.Lookup(t.Context(), acme) })
			synctest.Wait()
		}
		state = tenancy.Purged
		c.Invalidate(acme)
		late, err := c.Lookup(t.Context(), acme)
		require.NoError(t, err)
		wg.Wait()
		for _, e := range append(got, late) {
			require.Equal(t, tenancy.Purged, e.State)
		}
		e, err := c.Lookup(t.Context(), acme)
		require.NoError(t, err)
		require.Equal(t, tenancy.Purged, e.State)
	})
}

func TestADirectoryThatPanicsLeavesTheCacheUsable(t *testing.T) {
	t.Parallel()
	broken := true
	c := tenancy.NewCache(lookup(func(_ context.Context, id tenancy.ID) (tenancy.Tenant, error) {
		if broken {
			panic("broken")
		}
		return tenancy.Tenant{ID: id}, nil
	}), time.Minute)
	for range 2 {
		require.Panics(t, func() { _, _ = c.Lookup(t.Context(), acme) })
	}
	broken = false
	e, err := c.Lookup(t.Context(), acme)
	require.NoError(t, err)
	require.Equal(t, acme, e.ID)
}

// Whoever changes an entry and invalidates it then never sees the cache behind the directory.
func TestCacheIsNeverBehindWhatWasInvalidated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(inBubble{t}, func(t *rapid.T) {
			epoch := map[tenancy.ID]int64{}
			invalid := map[tenancy.ID]int64{} // the epoch at the last Invalidate
			ttl := time.Duration(rapid.IntRange(0, 5).Draw(t, "ttl")) * time.Second
			c := tenancy.NewCache(lookup(func(_ context.Context, id tenancy.ID) (tenancy.Tenant, error) {
				return tenancy.Tenant{ID: id, Epoch: epoch[id]}, nil
			}), ttl)
			since := map[tenancy.ID]time.Time{}
			one := func(t *rapid.T) tenancy.ID { return rapid.SampledFrom([]tenancy.ID{acme, globex}).Draw(t, "id") }
			t.Repeat(map[string]func(*rapid.T){
				"change": func(t *rapid.T) {
					id := one(t)
					epoch[id]++
					since[id] = time.Now()
				},
				"invalidate": func(t *rapid.T) {
					id := one(t)
					c.Invalidate(id)
					invalid[id] = epoch[id]
				},
				"sleep": func(t *rapid.T) { time.Sleep(time.Duration(rapid.IntRange(1, 3).Draw(t, "s")) * time.Second) },
				"lookup": func(t *rapid.T) {
					id := one(t)
					e, err := c.Lookup(context.Background(), id)
					require.NoError(t, err)
					require.GreaterOrEqual(t, e.Epoch, invalid[id])
					if time.Since(since[id]) >= ttl {
						require.Equal(t, epoch[id], e.Epoch)
					}
				},
			})
		})
	})
}

func BenchmarkCacheHit(b *testing.B) {
	c := tenancy.NewCache(lookup(func(_ context.Context, id tenancy.ID) (tenancy.Tenant, error) {
		return tenancy.Tenant{ID: id}, nil
	}), time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Lookup(context.Background(), acme); err != nil {
			b.Fatal(err)
		}
	}
}
