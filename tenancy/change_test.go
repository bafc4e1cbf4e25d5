package tenancy_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestManyCallersOfTheSameOperationAllSucceed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, manyCallers)
}

func manyCallers(t *testing.T) {
	w, id := newWorld(t), tenancy.MustParseID("acme")
	for _, c := range []struct{ op, want string }{
		{"provision", "active/active"}, {"suspend", "suspended/suspended"}, {"resume", "active/active"},
		{"begin export", "exporting/exporting"}, {"purge", "purged/purged"},
	} {
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			wg.Go(func() { errs[i] = ops[c.op](t.Context(), w.lifecycle(), id) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...), c.op)
		require.Equal(t, c.want, w.both(id))
	}
}

func TestASlowResumeDoesNotUndoALaterSuspend(t *testing.T) {
	t.Parallel()
	w, id := newWorld(t), tenancy.MustParseID("acme")
	w.walk(t, id, "provision", "suspend")
	later := false
	w.step = func(_ context.Context, call string) (error, error) {
		if call == "host active" && !later { // the resume is held up on its way to the host
			later = true
			w.walk(t, id, "suspend")
		}
		return nil, nil
	}
	_, err := w.lifecycle().Resume(t.Context(), id)
	require.ErrorIs(t, err, tenancy.ErrState)
	require.True(t, later)
	require.Equal(t, "suspended/suspended", w.both(id))
}

// Any operations, any interleaving of their calls, any of their callers dying anywhere: after every
// single call the host allows no more than the directory says (world.neverLooser), and whoever comes
// afterwards finds a tenant whose life goes on.
func TestTheHostIsNeverLooserThanTheDirectory(t *testing.T) {
	t.Parallel()
	rounds := 5 // of a hundred histories each
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		rounds = 500
	}
	for range rounds {
		synctest.Test(t, neverLooser)
	}
}

func neverLooser(t *testing.T) {
	rapid.Check(inBubble{t}, func(rt *rapid.T) {
		w, id := newWorld(rt), tenancy.MustParseID("acme")
		plain := w.step
		names := slices.Sorted(maps.Keys(ops))
		for _, n := range rapid.SampledFrom([][]string{{}, {"provision"}, {"provision", "suspend"}, {"provision", "begin export"}}).Draw(rt, "path") {
			require.NoError(rt, ops[n](context.Background(), w.lifecycle(), id))
		}
		type caller struct{}
		type request struct {
			who    int
			answer chan [2]error
		}
		asks, ended := make(chan request), make(chan int)
		w.step = func(ctx context.Context, call string) (error, error) {
			r := request{ctx.Value(caller{}).(int), make(chan [2]error)}
			asks <- r
			a := <-r.answer
			return a[0], a[1]
		}
		n := rapid.IntRange(1, 3).Draw(rt, "callers")
		for i := range n {
			op := rapid.SampledFrom(names).Draw(rt, fmt.Sprint("op of ", i))
			ctx := context.WithValue(context.Background(), caller{}, i)
			go func() {
				_ = ops[op](ctx, w.lifecycle(), id)
				ended <- i
			}()
		}
		dead := map[int]bool{}
		parked := map[int]request{}
		who := -1
		for running := n; running > 0 || len(parked) > 0; {
			if running > 0 { // until everybody waits at a call or has ended, nobody goes on
				select {
				case r := <-asks:
					parked[r.who] = r
				case <-ended:
				}
				running--
				continue
			}
			// Long runs of one caller while another is held up find more than a fair shuffle does.
			if _, waits := parked[who]; !waits || rapid.IntRange(0, 5).Draw(rt, "turn") == 0 {
				who = rapid.SampledFrom(slices.Sorted(maps.Keys(parked))).Draw(rt, "next")
			}
			r := parked[who]
			delete(parked, who)
			var a [2]error
			switch fate := rapid.IntRange(0, 19).Draw(rt, "fate"); {
			case dead[who], fate == 1:
				dead[who], a[0] = true, errCrash
			case fate == 2:
				dead[who], a[1] = true, errCrash
			}
			r.answer <- a
			running++
		}
		w.step = plain
		l, ctx := w.lifecycle(), context.Background()
		switch _, err := l.Provision(ctx, id, "eu"); {
		case errors.Is(err, tenancy.ErrPurged):
		case errors.Is(err, tenancy.ErrExists):
			_, err = l.Suspend(ctx, id)
			require.NoError(rt, err)
			_, err = l.Resume(ctx, id)
			require.NoError(rt, err)
			require.Equal(rt, "active/active", w.both(id))
		default:
			require.NoError(rt, err)
			require.Equal(rt, "active/active", w.both(id))
			_, err = l.Suspend(ctx, id)
			require.NoError(rt, err)
		}
		_, err := l.Suspend(ctx, id)
		if !errors.Is(err, tenancy.ErrPurged) {
			require.NoError(rt, err)
		}
		first, err := l.Purge(ctx, id)
		require.NoError(rt, err)
		require.Equal(rt, int64(0), first.Left)
		require.Equal(rt, "purged/purged", w.both(id))
	})
}
