package audit

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestACallOutsideHasADeadlineOfItsOwn(t *testing.T) {
	t.Parallel()
	var busy sync.WaitGroup
	left, cancel := context.WithCancel(t.Context())
	cancel() // who asked is gone: the call is made all the same
	for timeout, most := range map[time.Duration]time.Duration{0: 5 * time.Second, time.Minute: time.Minute} {
		a := newLane("it", true, timeout)
		start := time.Now()
		var until time.Time
		done := a.send(left, &busy, func(error) {}, func(ctx context.Context) error {
			until, _ = ctx.Deadline()
			return ctx.Err()
		})
		require.NoError(t, <-done)
		require.WithinRange(t, until, start.Add(most), time.Now().Add(most))
		busy.Wait()
	}
}

func TestACallOutsideThatPanicsIsAnError(t *testing.T) {
	t.Parallel()
	var busy sync.WaitGroup
	a := newLane("it", true, 0)
	done := a.send(t.Context(), &busy, func(error) {}, func(context.Context) error { panic("a secret") })
	err := a.await(t.Context(), done)
	require.ErrorContains(t, err, "it panicked")
	require.NotContains(t, err.Error(), "secret")
	busy.Wait()
}
