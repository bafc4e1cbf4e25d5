// Package egresstest has the contract of [egress.Store] as a test, to run on your own under the race detector.
package egresstest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/egress"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// Store tests the store that open returns. Tenant makes a tenant that has nothing.
func Store(t *testing.T, open func(testing.TB) egress.Store, tenant func(testing.TB) tenancy.ID) {
	st := open(t)
	for name, test := range map[string]func(*testing.T, egress.Store, context.Context){
		"exports come back as they were": asTheyWere, "of two writes of one version one counts": atOnce, "a failed transaction leaves nothing": undone,
		"what a person took is summed up": taken, "of two who begin at once the second sees the first": locks, "exports are listed in order": listed,
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
		_, err := st.Create(a, export("x"))
		require.NoError(t, err)
		_, err = st.Export(b, "x")
		require.ErrorIs(t, err, egress.ErrNotFound)
		require.ErrorIs(t, st.Save(b, egress.Export{Ask: egress.Ask{ID: "x"}, Version: 1}), egress.ErrNotFound)
		sum, err := st.Taken(b, "eve", time.Time{})
		require.NoError(t, err)
		require.Zero(t, sum)
		_, err = st.Create(context.Background(), export("y"))
		require.Error(t, err, "no tenant")
		_, err = st.Export(context.Background(), "x")
		require.Error(t, err)
		require.NotErrorIs(t, err, egress.ErrNotFound)
	})
}

var at = time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)

func export(id string) egress.Export {
	return egress.Export{Ask: egress.Ask{ID: id, By: "eve", Sink: "legal", Tables: []string{"ticket", "Order line"}, Query: "SELECT 'é\x01'", Limit: egress.Limit{Rows: 1 << 40, Bytes: 1 << 50},
		Reason: "reason 'é", Ticket: "T-1"}, State: egress.Waiting, Hash: "sha256:00", Asked: at, Expires: at.Add(time.Hour), Version: 1}
}

// begin makes an export that was approved one that is under way.
func begin(t *testing.T, st egress.Store, ctx context.Context, e egress.Export, when time.Time) egress.Export {
	there, err := st.Export(ctx, e.ID)
	require.NoError(t, err)
	e.Version, e.State, e.Begun = there.Version, egress.Streaming, when
	require.NoError(t, st.Save(ctx, e))
	e.Version++
	return e
}

func asTheyWere(t *testing.T, st egress.Store, ctx context.Context) {
	want := export("x")
	got, err := st.Create(ctx, want)
	require.NoError(t, err)
	require.Equal(t, want, got)
	other := export("x")
	other.Reason, other.Version = "another", 7
	got, err = st.Create(ctx, other)
	require.NoError(t, err)
	require.Equal(t, want, got, "the first one stays")

	want.State, want.Second, want.Decided = egress.Approved, "mallory", at.Add(time.Microsecond)
	changed := want
	changed.Ask = egress.Ask{ID: "x", Reason: "of the ask nothing changes"}
	require.NoError(t, st.Save(ctx, changed))
	want = begin(t, st, ctx, want, at.Add(2*time.Microsecond))
	want.State, want.Ended, want.Taken, want.Digest = egress.Finished, at.Add(3*time.Microsecond), egress.Limit{Rows: 5, Bytes: 6}, "sha256:11"
	require.NoError(t, st.Save(ctx, want))
	want.Version++
	got, err = st.Export(ctx, "x")
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.ErrorIs(t, st.Save(ctx, changed), egress.ErrConflict)
	changed.ID = "none"
	require.ErrorIs(t, st.Save(ctx, changed), egress.ErrNotFound)
	_, err = st.Export(ctx, "none")
	require.ErrorIs(t, err, egress.ErrNotFound)

	bare := export("bare")
	bare.Tables, bare.Query = nil, ""
	_, err = st.Create(ctx, bare)
	require.NoError(t, err)
	got, err = st.Export(ctx, "bare")
	require.NoError(t, err)
	require.Equal(t, bare, got, "no tables come back as nil")
}

func atOnce(t *testing.T, st egress.Store, ctx context.Context) {
	_, err := st.Create(ctx, export("x"))
	require.NoError(t, err)
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() { errs[i] = st.Save(ctx, export("x")) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			require.ErrorIs(t, err, egress.ErrConflict)
		}
	}
	require.Equal(t, 1, won)
}

func undone(t *testing.T, st egress.Store, ctx context.Context) {
	failed := errors.New("failed")
	require.ErrorIs(t, st.Tx(ctx, func(ctx context.Context) error {
		if _, err := st.Create(ctx, export("x")); err != nil {
			return err
		}
		if _, err := st.Export(ctx, "x"); err != nil {
			return err
		}
		return failed
	}), failed)
	_, err := st.Export(ctx, "x")
	require.ErrorIs(t, err, egress.ErrNotFound)
	require.NoError(t, st.Tx(ctx, func(ctx context.Context) error {
		if _, err := st.Export(ctx, "none"); !errors.Is(err, egress.ErrNotFound) {
			return errors.New("not found is an answer")
		}
		_, err := st.Create(ctx, export("x"))
		return err
	}))
	_, err = st.Export(ctx, "x")
	require.NoError(t, err)
}

func taken(t *testing.T, st egress.Store, ctx context.Context) {
	add := func(id string, by egress.Person, begun time.Time, ended bool) {
		e := export(id)
		e.By, e.Limit, e.State = by, egress.Limit{Rows: 100, Bytes: 1000}, egress.Approved
		_, err := st.Create(ctx, e)
		require.NoError(t, err)
		if e = begin(t, st, ctx, e, begun); ended {
			e.State, e.Ended, e.Taken = egress.Stopped, begun.Add(time.Second), egress.Limit{Rows: 7, Bytes: 70}
			require.NoError(t, st.Save(ctx, e))
		}
	}
	add("old", "eve", at, true)
	add("ended", "eve", at.Add(time.Hour), true)
	add("under way", "eve", at.Add(2*time.Hour), false)
	add("another's", "bob", at.Add(time.Hour), true)
	_, err := st.Create(ctx, export("waiting"))
	require.NoError(t, err)
	sum, err := st.Taken(ctx, "eve", at)
	require.NoError(t, err)
	require.Equal(t, egress.Limit{Rows: 107, Bytes: 1070}, sum)
	sum, err = st.Taken(ctx, "eve", at.Add(-time.Second))
	require.NoError(t, err)
	require.Equal(t, egress.Limit{Rows: 114, Bytes: 1140}, sum)
	sum, err = st.Taken(ctx, "nobody", at)
	require.NoError(t, err)
	require.Zero(t, sum)
}

// locks lets many begin an export each, of which one alone is within the limit.
func locks(t *testing.T, st egress.Store, ctx context.Context) {
	full := errors.New("full")
	const n = 6
	for i := range n {
		e := export(string(rune('a' + i)))
		e.Limit, e.State = egress.Limit{Rows: 1, Bytes: 1}, egress.Approved
		_, err := st.Create(ctx, e)
		require.NoError(t, err)
	}
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range errs {
		wg.Go(func() {
			errs[i] = st.Tx(ctx, func(ctx context.Context) error {
				e, err := st.Export(ctx, string(rune('a'+i)))
				if err != nil {
					return err
				}
				sum, err := st.Taken(ctx, "eve", at)
				if err != nil {
					return err
				}
				if sum.Rows > 0 {
					return full
				}
				e.State, e.Begun = egress.Streaming, at.Add(time.Hour)
				return st.Save(ctx, e)
			})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			require.ErrorIs(t, err, full)
		}
	}
	require.Equal(t, 1, won)
}

func listed(t *testing.T, st egress.Store, ctx context.Context) {
	for _, id := range []string{"b", "a", "B", "c"} {
		_, err := st.Create(ctx, export(id))
		require.NoError(t, err)
	}
	ids := func(after string, limit int) (ids []string) {
		all, err := st.List(ctx, after, limit)
		require.NoError(t, err)
		for _, e := range all {
			ids = append(ids, e.ID)
		}
		return ids
	}
	require.Equal(t, []string{"B", "a", "b", "c"}, ids("", 10))
	require.Equal(t, []string{"b"}, ids("a", 1))
	require.Empty(t, ids("", 0))
	require.Empty(t, ids("c", 10))
}

func cancelled(t *testing.T, st egress.Store, ctx context.Context) {
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err := st.Create(gone, export("x"))
	require.Error(t, err)
	require.Error(t, st.Tx(gone, func(context.Context) error { return nil }))
	_, err = st.Now(gone)
	require.Error(t, err)
	_, err = st.Taken(gone, "eve", at)
	require.Error(t, err)
	_, err = st.Export(ctx, "x")
	require.ErrorIs(t, err, egress.ErrNotFound)
}

func clock(t *testing.T, st egress.Store, ctx context.Context) {
	a, err := st.Now(ctx)
	require.NoError(t, err)
	require.NoError(t, st.Tx(ctx, func(ctx context.Context) error {
		b, err := st.Now(ctx)
		require.False(t, b.Before(a))
		require.Equal(t, time.UTC, b.Location())
		require.Equal(t, b, b.Truncate(time.Microsecond))
		return err
	}))
}
