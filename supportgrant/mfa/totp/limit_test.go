package totp_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const wrong = "000000"

// patient lets so much time go by that no attempt has to wait, in whole periods of codes.
func (w *world) patient() { w.clock.Add(7200) }

func TestAfterTheLimitTheRightCodeIsRefusedToo(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 10, totp.DefaultLimit, totp.MaxLimit} {
		w := newWorld(t, totp.Limit(limit))
		for range limit {
			w.patient()
			_, err := w.approve(t, wrong)
			require.ErrorIs(t, err, supportgrant.ErrMFA)
		}
		w.clock.Store(rfcTime + 1<<20*30) // and it is never unlocked by waiting
		for range 3 {
			_, err := w.approve(t, rfcCode)
			require.ErrorIs(t, err, totp.ErrLocked)
			require.ErrorIs(t, err, supportgrant.ErrTooMany)
			require.ErrorIs(t, w.Use(context.Background(), "ann", rfcCode), totp.ErrLocked)
		}
	}
	w := newWorld(t)
	for range totp.DefaultLimit - 1 {
		w.patient()
		_, err := w.approve(t, wrong)
		require.ErrorIs(t, err, supportgrant.ErrMFA)
	}
	w.patient()
	now := uint64(w.clock.Load())
	require.NoError(t, w.Use(context.Background(), "ann", codeAt(now/30)), "the last attempt of all counts if it is right")
	for range totp.DefaultLimit {
		w.patient()
		require.NotErrorIs(t, w.Use(context.Background(), "ann", wrong), totp.ErrLocked, "a success begins anew")
	}
}

func TestAttemptsAfterThreeWaitEverLonger(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), context.Background()
	for range 3 {
		require.ErrorIs(t, w.Use(ctx, "ann", wrong), supportgrant.ErrMFA)
	}
	for _, wait := range []int64{30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600} {
		w.clock.Add(wait)
		require.ErrorIs(t, w.Use(ctx, "ann", wrong), supportgrant.ErrMFA)
	}
	w = newWorld(t)
	for range 3 {
		require.ErrorIs(t, w.Use(ctx, "ann", wrong), supportgrant.ErrMFA)
	}
	for _, wait := range []int64{29, 59, 119, 239, 479, 959, 1919, 3599, 3599, 3599} {
		w.clock.Add(wait)
		err := w.Use(ctx, "ann", codeAt(uint64(w.clock.Load())/30)) // right, and in haste
		require.ErrorIs(t, err, supportgrant.ErrTooMany)
		require.NotErrorIs(t, err, totp.ErrLocked)
	}
	w.clock.Add(-86400)
	require.ErrorIs(t, w.Use(ctx, "ann", codeAt(uint64(w.clock.Load())/30)), supportgrant.ErrTooMany, "a clock that goes back shortens no wait")
}

func TestAllAttemptsAtOnceAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, totp.Limit(3))
	looked := make(chan error, 64)
	for range cap(looked) {
		go func() { looked <- w.Use(context.Background(), "ann", wrong) }()
	}
	n := 0
	for range cap(looked) {
		if errors.Is(<-looked, supportgrant.ErrMFA) {
			n++
		}
	}
	require.Equal(t, 3, n)
}

// broken is a store that fails in one way.
type broken struct {
	*totp.Memory
	attempt func(totp.State, error) (totp.State, error)
	succeed error
}

func (b broken) Attempt(ctx context.Context, name string) (totp.State, error) {
	return b.attempt(b.Memory.Attempt(ctx, name))
}

func (b broken) Succeed(ctx context.Context, name string, step uint64) error {
	if b.succeed != nil {
		return b.succeed
	}
	return b.Memory.Succeed(ctx, name, step)
}

func TestWhatIsNotCountedIsNotLookedAt(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	for name, b := range map[string]broken{
		"not counted":    {attempt: func(totp.State, error) (totp.State, error) { return totp.State{}, down }},
		"counted as 0":   {attempt: func(s totp.State, err error) (totp.State, error) { s.Failures = 0; return s, err }},
		"without a time": {attempt: func(s totp.State, err error) (totp.State, error) { s.Now = time.Time{}; return s, err }},
		"not burned":     {attempt: func(s totp.State, err error) (totp.State, error) { return s, err }, succeed: down},
	} {
		b.Memory = totp.NewMemory(func() time.Time { return time.Unix(rfcTime, 0) })
		err := over(t, b).Use(context.Background(), "ann", rfcCode)
		require.Error(t, err, name)
		require.NotErrorIs(t, err, supportgrant.ErrMFA, "%s: it could not be told", name)
	}
}

// A model of one authenticator, and whatever history of right, early, late, used and wrong codes.
func TestEveryHistoryIsAsTheModelSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, totp.MaxLimit).Draw(t, "limit")
		w := &world{}
		w.clock.Store(rfcTime)
		w.store = totp.NewMemory(func() time.Time { return time.Unix(w.clock.Load(), 0) })
		m, err := totp.New(w.store, anns, totp.Limit(limit))
		require.NoError(t, err)
		var last uint64
		failures, at := 0, int64(0)
		for range rapid.IntRange(1, 60).Draw(t, "attempts") {
			w.clock.Add(rapid.SampledFrom([]int64{0, 1, 29, 30, 31, 64, 300, 4000, -40}).Draw(t, "goes by"))
			now := w.clock.Load()
			step := uint64(now/30 + int64(rapid.IntRange(-3, 3).Draw(t, "step")))
			code := codeAt(step)
			failures++
			need := int64(0)
			if failures > 3 {
				need = int64(min(30<<min(failures-4, 20), 3600))
			}
			due := uint64(now / 30)
			tooMany := failures > limit || max(0, now-at) < need
			right := !tooMany && step >= due-1 && step <= due+1 && step > last
			at = now
			if right {
				last, failures = step, 0
			}
			switch err := m.Use(context.Background(), "ann", code); {
			case right:
				require.NoError(t, err)
			case tooMany:
				require.ErrorIs(t, err, supportgrant.ErrTooMany)
			default:
				require.ErrorIs(t, err, supportgrant.ErrMFA)
			}
		}
	})
}
