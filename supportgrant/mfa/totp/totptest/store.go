// Package totptest is the executable contract of totp.Store. Whoever writes a store runs it:
//
//	totptest.Store(t, func(t *testing.T) (totp.Store, context.Context) { ... })
package totptest

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
	"github.com/stretchr/testify/require"
)

// Open returns a store that holds nothing, for one test, and the context to call it with: of a tenant, where the store needs one.
type Open func(t *testing.T) (totp.Store, context.Context)

// Store runs the suite. Run it under the race detector.
func Store(t *testing.T, open Open) {
	for name, f := range map[string]func(*testing.T, totp.Store, context.Context){
		"attempts are counted from one":               counted,
		"of attempts at once each has its number":     atOnce,
		"a success resets the count and keeps a step": success,
		"a step that is not later changes nothing":    notLater,
		"of one step used at once one succeeds":       oneWins,
		"without an attempt nothing succeeds":         unattempted,
		"authenticators are apart":                    apart,
		"the clock is the store's":                    clock,
		"an ended context is an error":                ended,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, ctx := open(t)
			f(t, s, ctx)
		})
	}
}

// Names as totp.Authenticator gives them.
const (
	one = "0123456789abcdef0123456789abcdef"
	two = "fedcba9876543210fedcba9876543210"
)

func attempt(t *testing.T, s totp.Store, ctx context.Context, name string) totp.State {
	t.Helper()
	st, err := s.Attempt(ctx, name)
	require.NoError(t, err)
	return st
}

func counted(t *testing.T, s totp.Store, ctx context.Context) {
	for n := range 120 {
		st := attempt(t, s, ctx, one)
		require.Equal(t, n+1, st.Failures)
		require.Zero(t, st.LastStep)
	}
}

func atOnce(t *testing.T, s totp.Store, ctx context.Context) {
	var mu sync.Mutex
	var got, want []int
	var wg sync.WaitGroup
	for n := range 32 {
		want = append(want, n+1)
		wg.Go(func() {
			st, err := s.Attempt(ctx, one)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("attempt: %v", err)
			}
			got = append(got, st.Failures)
		})
	}
	wg.Wait()
	slices.Sort(got)
	require.Equal(t, want, got)
}

func success(t *testing.T, s totp.Store, ctx context.Context) {
	const step = uint64(1) << 40
	attempt(t, s, ctx, one)
	attempt(t, s, ctx, one)
	require.NoError(t, s.Succeed(ctx, one, step))
	st := attempt(t, s, ctx, one)
	require.Equal(t, 1, st.Failures)
	require.Equal(t, step, st.LastStep)
	require.NoError(t, s.Succeed(ctx, one, step+1))
	require.Equal(t, step+1, attempt(t, s, ctx, one).LastStep)
}

func notLater(t *testing.T, s totp.Store, ctx context.Context) {
	attempt(t, s, ctx, one)
	require.NoError(t, s.Succeed(ctx, one, 100))
	attempt(t, s, ctx, one)
	for _, step := range []uint64{100, 99, 1, 0} {
		require.ErrorIs(t, s.Succeed(ctx, one, step), supportgrant.ErrMFA)
	}
	st := attempt(t, s, ctx, one)
	require.Equal(t, 2, st.Failures)
	require.EqualValues(t, 100, st.LastStep)
}

func oneWins(t *testing.T, s totp.Store, ctx context.Context) {
	attempt(t, s, ctx, one)
	for step := uint64(1); step <= 5; step++ {
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				if s.Succeed(ctx, one, step) == nil {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, won.Load())
	}
}

func unattempted(t *testing.T, s totp.Store, ctx context.Context) {
	require.ErrorIs(t, s.Succeed(ctx, one, 1), supportgrant.ErrMFA)
	require.Zero(t, attempt(t, s, ctx, one).LastStep)
}

func apart(t *testing.T, s totp.Store, ctx context.Context) {
	attempt(t, s, ctx, one)
	attempt(t, s, ctx, one)
	require.NoError(t, s.Succeed(ctx, one, 7))
	st := attempt(t, s, ctx, two)
	require.Equal(t, 1, st.Failures)
	require.Zero(t, st.LastStep)
	require.Zero(t, st.Since)
}

func clock(t *testing.T, s totp.Store, ctx context.Context) {
	first := attempt(t, s, ctx, one)
	require.False(t, first.Now.IsZero())
	require.Zero(t, first.Since)
	second := attempt(t, s, ctx, one)
	require.False(t, second.Now.Before(first.Now))
	require.InDelta(t, second.Now.Sub(first.Now), second.Since, float64(2*time.Millisecond))
	require.NoError(t, s.Succeed(ctx, one, 1))
	third := attempt(t, s, ctx, one)
	require.InDelta(t, third.Now.Sub(second.Now), third.Since, float64(2*time.Millisecond))
}

func ended(t *testing.T, s totp.Store, ctx context.Context) {
	over, cancel := context.WithCancel(ctx)
	cancel()
	_, err := s.Attempt(over, one)
	require.Error(t, err)
	require.Error(t, s.Succeed(over, one, 1))
	require.Equal(t, 1, attempt(t, s, ctx, one).Failures)
}
