package audit

import (
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// first returns the first record of q, or the error.
func first(t *testing.T, l *Log, tenant tenancy.ID, q Query) (Record, error) {
	t.Helper()
	for r, err := range l.Events(tenancy.With(t.Context(), tenant), q) {
		return r, err
	}
	return Record{}, nil
}

func TestACursorBelongsToOneTenantAndFilter(t *testing.T) {
	t.Parallel()
	l := logOver(t, NewMemory())
	globex := tenancy.MustParseID("globex")
	for _, tenant := range []tenancy.ID{acme, globex} {
		for range 3 {
			_, err := l.Append(tenancy.With(t.Context(), tenant), Event{Action: docRead})
			require.NoError(t, err)
		}
	}
	r, err := first(t, l, acme, Query{})
	require.NoError(t, err)
	next, err := first(t, l, acme, Query{After: r.Cursor, Limit: 9})
	require.NoError(t, err)
	require.Equal(t, r.Seq-1, next.Seq)

	_, err = first(t, l, globex, Query{After: r.Cursor})
	require.ErrorIs(t, err, ErrCursor)
	at := time.Unix(1, 0)
	for _, q := range []Query{
		{Actor: "a"}, {Target: "a"}, {Subject: "a"}, {Actions: []Action{docRead}}, {Outcomes: []Outcome{Success}},
		{Since: at}, {Until: at}, {Oldest: true},
	} {
		q.After = r.Cursor
		_, err = first(t, l, acme, q)
		require.ErrorIs(t, err, ErrCursor, "%+v", q)
	}
	other := logOver(t, l.store)
	key, err := tenancy.NewKey("k2", []byte("another key of thirty-two bytes!"))
	require.NoError(t, err)
	other.opts.Key = key
	_, err = first(t, other, acme, Query{After: r.Cursor})
	require.ErrorIs(t, err, ErrCursor)
}

func TestDifferentFiltersAreDifferentBytes(t *testing.T) {
	t.Parallel()
	at := time.Unix(0, 0)
	seen := map[string]int{}
	for i, q := range []Query{
		{}, {Actor: "ab"}, {Actor: "a", Target: "b"}, {Target: "ab"}, {Subject: "ab"}, {Oldest: true}, {Since: at}, {Until: at},
		{Actions: []Action{docRead}}, {Actions: []Action{docRead, docUpdate}}, {Outcomes: []Outcome{Success}}, {Outcomes: []Outcome{Failure}},
		{Outcomes: []Outcome{Success, Failure}},
	} {
		b := string(q.filter(acme))
		require.NotContains(t, seen, b)
		seen[b] = i
	}
	require.Equal(t, Query{Actions: []Action{docRead, docUpdate}}.filter(acme), Query{Actions: []Action{docUpdate, docRead, docUpdate}, Limit: 4}.filter(acme))
}

func TestAnyChangedCursorIsRefused(t *testing.T) {
	t.Parallel()
	m := newCursorMaker(codecKey(t), acme, Query{})
	good := m.make(7)
	seq, err := m.open(good)
	require.NoError(t, err)
	require.EqualValues(t, 7, seq)
	for i := range len(good) {
		for _, c := range []byte("A_z0=\n") {
			bad := []byte(good)
			if bad[i] == c {
				continue
			}
			bad[i] = c
			_, err := m.open(Cursor(bad))
			require.ErrorIs(t, err, ErrCursor)
		}
	}
}

func codecKey(tb testing.TB) tenancy.Key {
	key, err := tenancy.NewKey("k1", []byte("0123456789abcdef0123456789abcdef"))
	require.NoError(tb, err)
	return key
}

func FuzzCursor(f *testing.F) {
	m := newCursorMaker(codecKey(f), acme, Query{})
	f.Add("")
	f.Add(string(m.make(0)))
	f.Add(string(m.make(1<<64 - 1)))
	f.Fuzz(func(t *testing.T, s string) {
		if seq, err := m.open(Cursor(s)); err == nil {
			require.Equal(t, s, string(m.make(seq)))
		}
	})
}

func TestABadQueryIsRefused(t *testing.T) {
	t.Parallel()
	l := logOver(t, NewMemory())
	for _, q := range []Query{{Limit: -1}, {Actions: []Action{{}}}, {Outcomes: []Outcome{9}}, {After: "x"}} {
		_, err := first(t, l, acme, q)
		require.Error(t, err)
	}
	for _, err := range l.Events(t.Context(), Query{}) {
		require.ErrorIs(t, err, tenancy.ErrNoTenant)
	}
}

func TestTheLoopOverEventsMayUseTheLog(t *testing.T) {
	t.Parallel()
	l := logOver(t, NewMemory())
	_, err := l.Append(inAcme(t), Event{Action: docRead}, Event{Action: docRead})
	require.NoError(t, err)
	for _, oldest := range []bool{true, false} {
		n := 0
		for r, err := range l.Events(inAcme(t), Query{Oldest: oldest, Actions: []Action{docRead}}) {
			require.NoError(t, err)
			require.Equal(t, docRead, r.Action)
			_, err = l.Append(inAcme(t), Event{Action: docUpdate}, Event{Action: docRead})
			require.NoError(t, err)
			n++
		}
		require.Equal(t, map[bool]int{true: 2, false: 4}[oldest], n, "what is recorded meanwhile is for the next query")
	}
}
