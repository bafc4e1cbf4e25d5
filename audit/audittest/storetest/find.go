package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var findTests = []test{
	{"any filter finds what a slow search finds", findModel},
	{"a range has its first and not its last", findEdges},
	{"a query ends at its limit and when the callback fails", findStops},
	{"an event is found by its id", findByID},
}

// find is what a store must find, the slow way.
func find(all []audit.Stored, outcomes map[uuid.UUID]audit.Outcome, q audit.Find) []uint64 {
	var out []uint64
	for _, e := range all {
		_, about := openings(e.Open)[deref(q.Subject)]
		switch {
		case e.Seq < q.From, q.To != 0 && e.Seq >= q.To,
			len(q.Actions) > 0 && !slices.Contains(q.Actions, e.Action),
			len(q.Outcomes) > 0 && !slices.Contains(q.Outcomes, outcomes[e.ID]),
			q.Subject != nil && !about,
			!q.Since.IsZero() && e.Recorded.Before(q.Since),
			!q.Until.IsZero() && !e.Recorded.Before(q.Until):
			continue
		}
		out = append(out, e.Seq)
	}
	if q.Desc {
		slices.Reverse(out)
	}
	return out[:min(len(out), q.Limit)]
}

func deref(p *audit.Pseudonym) audit.Pseudonym {
	if p == nil {
		return audit.Pseudonym{}
	}
	return *p
}

func findModel(t *testing.T, b *book) {
	actions := []string{"note.written", "note.read", "note.deleted"}
	people := []string{"ann", "bob", "cy"}
	outcomes := map[uuid.UUID]audit.Outcome{}
	const n = 120
	for i := range n {
		e := b.entry(actions[i%7%3])
		e.Outcome = audit.Outcome(i % 5 % 4)
		for j, p := range people {
			if i%(j+2) == 0 {
				e.Open = append(e.Open, about(p, []string{"", "value"}[i%2]))
			}
		}
		outcomes[e.ID] = e.Outcome
		b.append(t, e)
	}
	all := b.all(t)
	rapid.Check(t, func(t *rapid.T) {
		maybe := func(name string) bool { return rapid.Bool().Draw(t, name) }
		q := audit.Find{Limit: rapid.IntRange(1, n+10).Draw(t, "limit"), Desc: maybe("desc")}
		if maybe("from") {
			q.From = rapid.Uint64Range(0, n+2).Draw(t, "first")
		}
		if maybe("to") {
			q.To = rapid.Uint64Range(0, n+2).Draw(t, "last")
		}
		if maybe("actions") {
			q.Actions = rapid.SliceOfNDistinct(rapid.SampledFrom(append(actions, "note.unknown")), 1, 3, rapid.ID[string]).Draw(t, "of")
		}
		if maybe("outcomes") {
			q.Outcomes = rapid.SliceOfNDistinct(rapid.SampledFrom([]audit.Outcome{audit.Success, audit.Failure, audit.Denied, audit.Attempted}), 1, 3,
				rapid.ID[audit.Outcome]).Draw(t, "ended")
		}
		if maybe("subject") {
			q.Subject = new(who(rapid.SampledFrom(append(people, "nobody")).Draw(t, "who")))
		}
		instant := func(name string) (at time.Time) {
			if maybe(name) {
				at = all[rapid.IntRange(0, n-1).Draw(t, name+" event")].Recorded.
					Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, name+" shift")) * time.Microsecond)
			}
			return at
		}
		q.Since, q.Until = instant("since"), instant("until")
		var got []uint64
		require.NoError(t, b.store().Find(b.ctx, q, func(e audit.Stored) error {
			want := all[e.Seq]
			require.Equal(t, want.Recorded, e.Recorded)
			same(t, want.Seq, want.Entry, e)
			got = append(got, e.Seq)
			return nil
		}))
		want := find(all, outcomes, q)
		require.True(t, slices.Equal(want, got), "want %v, got %v", want, got)
	})
}

func findEdges(t *testing.T, b *book) {
	for range 5 {
		b.append(t, b.entries(2)...)
	}
	all := b.all(t)
	for _, e := range all {
		for _, q := range []audit.Find{
			{Since: e.Recorded}, {Until: e.Recorded}, {Since: e.Recorded, Until: e.Recorded.Add(time.Microsecond)},
			{From: e.Seq}, {To: e.Seq}, {From: e.Seq, To: e.Seq + 1},
		} {
			q.Limit = len(all)
			var got []uint64
			require.NoError(t, b.store().Find(b.ctx, q, func(e audit.Stored) error { got = append(got, e.Seq); return nil }))
			require.True(t, slices.Equal(find(all, nil, q), got), "%+v: %v", q, got)
		}
	}
}

func findStops(t *testing.T, b *book) {
	b.append(t, b.entries(50)...)
	for _, desc := range []bool{false, true} {
		for limit := 1; limit < 60; limit += 7 {
			n := 0
			require.NoError(t, b.store().Find(b.ctx, audit.Find{Limit: limit, Desc: desc}, func(audit.Stored) error { n++; return nil }))
			require.Equal(t, min(limit, 50), n)
		}
	}
	n := 0
	require.ErrorIs(t, b.store().Find(b.ctx, audit.Find{Limit: 40}, func(audit.Stored) error {
		if n++; n == 4 {
			return errStop
		}
		return nil
	}), errStop)
	require.Equal(t, 4, n)
	require.NoError(t, b.store().Find(b.ctx, audit.Find{From: 50, Limit: 1}, func(audit.Stored) error { return errStop }))
}

func findByID(t *testing.T, b *book) {
	list := []audit.Entry{b.entry("note.written", about("ann", "value"), about("bob", "")), b.entry("note.read")}
	b.append(t, list...)
	for i, e := range list {
		got, err := b.Stores[len(b.Stores)-1].ByID(b.ctx, e.ID)
		require.NoError(t, err)
		same(t, uint64(i), e, got)
		require.Equal(t, b.all(t)[i].Recorded, got.Recorded)
	}
	_, err := b.store().ByID(b.ctx, uuid.New())
	require.ErrorIs(t, err, audit.ErrNotFound)
	_, err = b.store().ByID(b.ctx, uuid.Nil)
	require.ErrorIs(t, err, audit.ErrNotFound)
}
