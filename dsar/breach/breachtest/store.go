// Package breachtest has the contract of [breach.Store] as a test, to run on your own under the race detector.
package breachtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar/breach"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// Store tests the store that open returns. Tenant makes a tenant that has nothing.
func Store(t *testing.T, open func(testing.TB) breach.Store, tenant func(testing.TB) tenancy.ID) {
	st := open(t)
	for name, test := range map[string]func(*testing.T, breach.Store, context.Context){
		"entries come back as they were, in order": inOrder, "an entry that does not follow is refused": follows, "of two at once one is written": atOnce,
		"a failed transaction leaves nothing": undone, "breaches are listed in order": listed,
		"a cancelled context does nothing": cancelled, "the clock goes on": clock,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, st, tenancy.With(context.Background(), tenant(t)))
		})
	}
	t.Run("tenants see their own", func(t *testing.T) {
		t.Parallel()
		a, b := tenancy.With(context.Background(), tenant(t)), tenancy.With(context.Background(), tenant(t))
		require.NoError(t, st.Append(a, entry("x", nil)))
		_, err := st.Entries(b, "x")
		require.ErrorIs(t, err, breach.ErrNotFound)
		require.NoError(t, st.Append(b, entry("x", nil)))
		require.Error(t, st.Append(context.Background(), entry("y", nil)), "no tenant")
		_, err = st.Entries(context.Background(), "x")
		require.Error(t, err)
		require.NotErrorIs(t, err, breach.ErrNotFound)
	})
}

// entry returns one that follows last.
func entry(id breach.ID, last *breach.Entry) breach.Entry {
	at := time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)
	e := breach.Entry{Breach: id, Key: "k1", Kind: breach.Opened, At: at, Aware: at, Recorded: at, By: audit.Party{Type: "user", ID: "u1", Name: "Ö", Person: true},
		Facts: "facts\x01 'é", Effects: "effects", Remedy: "remedy", People: 1 << 40, Laws: []string{"eu-gdpr", "au-ndb"}, Nonce: []byte{0, 1, 255}, Seq: 1}
	if last != nil {
		e.Kind, e.Key, e.Seq, e.Prev = breach.Supplemented, fmt.Sprint("k", last.Seq+1), last.Seq+1, last.Hash
		e.Aware, e.Laws = time.Time{}, nil
	}
	e.Hash = e.Digest()
	return e
}

func inOrder(t *testing.T, st breach.Store, ctx context.Context) {
	var want []breach.Entry
	var last *breach.Entry
	for range 12 {
		e := entry("a", last)
		require.NoError(t, st.Append(ctx, e))
		want, last = append(want, e), &e
	}
	got, err := st.Entries(ctx, "a")
	require.NoError(t, err)
	require.Len(t, got, len(want))
	for i, e := range got {
		require.Equal(t, e.Hash, e.Digest(), "it is whole")
		require.Equal(t, want[i].Hash, e.Hash)
	}
	got[0].Laws[0] = "changed"
	again, err := st.Entries(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, "eu-gdpr", again[0].Laws[0], "what was returned is the caller's own")
}

func follows(t *testing.T, st breach.Store, ctx context.Context) {
	first := entry("a", nil)
	require.NoError(t, st.Append(ctx, first))
	for name, spoil := range map[string]func(*breach.Entry){
		"again":    func(e *breach.Entry) { *e = first },
		"a gap":    func(e *breach.Entry) { e.Seq++ },
		"no link":  func(e *breach.Entry) { e.Prev[0] ^= 1 },
		"used key": func(e *breach.Entry) { e.Key = first.Key },
	} {
		e := entry("a", &first)
		spoil(&e)
		require.ErrorIs(t, st.Append(ctx, e), breach.ErrConflict, name)
	}
	require.NoError(t, st.Append(ctx, entry("a", &first)))
}

func atOnce(t *testing.T, st breach.Store, ctx context.Context) {
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { errs[i] = st.Append(ctx, entry("a", nil)) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			require.ErrorIs(t, err, breach.ErrConflict)
		}
	}
	require.Equal(t, 1, won)
}

func undone(t *testing.T, st breach.Store, ctx context.Context) {
	stop := errors.New("stop")
	require.ErrorIs(t, st.Tx(ctx, func(ctx context.Context) error {
		require.NoError(t, st.Append(ctx, entry("a", nil)))
		_, err := st.Entries(ctx, "a")
		require.NoError(t, err, "it sees what it did")
		return st.Tx(ctx, func(context.Context) error { return stop })
	}), stop)
	require.Error(t, st.Tx(ctx, func(ctx context.Context) error {
		require.NoError(t, st.Append(ctx, entry("a", nil)))
		_ = st.Tx(ctx, func(context.Context) error { return stop })
		return nil
	}), "an error that is swallowed undoes the whole all the same")
	_, err := st.Entries(ctx, "a")
	require.ErrorIs(t, err, breach.ErrNotFound)
}

func listed(t *testing.T, st breach.Store, ctx context.Context) {
	for _, id := range []breach.ID{"b", "a", "C", "a.1"} {
		require.NoError(t, st.Append(ctx, entry(id, nil)))
	}
	ids, err := st.List(ctx, "", 10)
	require.NoError(t, err)
	require.Equal(t, []breach.ID{"C", "a", "a.1", "b"}, ids)
	ids, err = st.List(ctx, "a", 1)
	require.NoError(t, err)
	require.Equal(t, []breach.ID{"a.1"}, ids)
	ids, err = st.List(ctx, "", 0)
	require.NoError(t, err)
	require.Empty(t, ids)
}

func cancelled(t *testing.T, st breach.Store, ctx context.Context) {
	gone, cancel := context.WithCancel(ctx)
	cancel()
	require.Error(t, st.Append(gone, entry("a", nil)))
	_, err := st.Entries(ctx, "a")
	require.ErrorIs(t, err, breach.ErrNotFound)
}

func clock(t *testing.T, st breach.Store, ctx context.Context) {
	a, err := st.Now(ctx)
	require.NoError(t, err)
	b, err := st.Now(ctx)
	require.NoError(t, err)
	require.False(t, b.Before(a))
}
