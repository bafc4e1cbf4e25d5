// Package processortest has the contract of [processor.Store] as a test, to run on your own under the race detector.
package processortest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/processor"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// Store tests the store that open returns. Tenant makes a tenant that has nothing.
func Store(t *testing.T, open func(testing.TB) processor.Store, tenant func(testing.TB) tenancy.ID) {
	st := open(t)
	at := time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)
	call := func(key, request, name string) processor.Call {
		return processor.Call{Key: key, Request: request, Processor: name, Verb: processor.Erase, Outcome: processor.Outcome{State: processor.Unconfirmed, Why: "timeout"}, Begun: at, Changed: at, Version: 1}
	}
	t.Run("calls come back as they were", func(t *testing.T) {
		t.Parallel()
		ctx := tenancy.With(context.Background(), tenant(t))
		want := call("k", "r", "mail")
		got, err := st.Begin(ctx, want)
		require.NoError(t, err)
		require.Equal(t, want, got)
		other := call("k", "r2", "visits")
		got, err = st.Begin(ctx, other)
		require.NoError(t, err)
		require.Equal(t, want, got, "the first one stays")
		want.Outcome = processor.Outcome{State: processor.Accepted, Why: "é", Records: 1 << 40, Expected: at.Add(time.Hour), Evidence: "sha256:00"}
		want.Tries, want.Changed, want.Next = 3, at.Add(time.Microsecond), at.Add(time.Minute)
		require.NoError(t, st.Save(ctx, want))
		require.ErrorIs(t, st.Save(ctx, want), processor.ErrConflict)
		want.Version = 2
		got, err = st.Call(ctx, "k")
		require.NoError(t, err)
		require.Equal(t, want, got)
		_, err = st.Call(ctx, "none")
		require.ErrorIs(t, err, processor.ErrNotFound)
		require.ErrorIs(t, st.Save(ctx, call("none", "r", "mail")), processor.ErrNotFound)
	})
	t.Run("a request's are in order", func(t *testing.T) {
		t.Parallel()
		ctx := tenancy.With(context.Background(), tenant(t))
		export := call("3", "r", "a")
		export.Verb = processor.Export
		for _, c := range []processor.Call{call("1", "r", "b"), export, call("2", "r", "a"), call("4", "other", "a"), call("5", "r", "B")} {
			_, err := st.Begin(ctx, c)
			require.NoError(t, err)
		}
		all, err := st.Calls(ctx, "r")
		require.NoError(t, err)
		var keys string
		for _, c := range all {
			keys += c.Key
		}
		require.Equal(t, "5231", keys)
		all, err = st.Calls(ctx, "none")
		require.NoError(t, err)
		require.Empty(t, all)
	})
	t.Run("of two writes of one version one counts", func(t *testing.T) {
		t.Parallel()
		ctx := tenancy.With(context.Background(), tenant(t))
		c, err := st.Begin(ctx, call("k", "r", "mail"))
		require.NoError(t, err)
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			wg.Go(func() { errs[i] = st.Save(ctx, c) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				require.ErrorIs(t, err, processor.ErrConflict)
			}
		}
		require.Equal(t, 1, won)
	})
	t.Run("tenants see their own, and nobody sees nothing", func(t *testing.T) {
		t.Parallel()
		a, b := tenancy.With(context.Background(), tenant(t)), tenancy.With(context.Background(), tenant(t))
		_, err := st.Begin(a, call("k", "r", "mail"))
		require.NoError(t, err)
		_, err = st.Call(b, "k")
		require.ErrorIs(t, err, processor.ErrNotFound)
		all, err := st.Calls(b, "r")
		require.NoError(t, err)
		require.Empty(t, all)
		_, err = st.Call(context.Background(), "k")
		require.Error(t, err)
		require.NotErrorIs(t, err, processor.ErrNotFound)
		gone, cancel := context.WithCancel(a)
		cancel()
		_, err = st.Begin(gone, call("k2", "r", "mail"))
		require.Error(t, err)
		_, err = st.Now(gone)
		require.Error(t, err)
		now, err := st.Now(a)
		require.NoError(t, err)
		require.Equal(t, time.UTC, now.Location())
	})
}
