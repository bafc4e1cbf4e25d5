package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/stretchr/testify/require"
)

var stepTests = []test{
	{"steps come back as they were, and what is done never changes", func(t *testing.T, h *house) {
		r := h.add(t, dsar.Erasure, nil)
		b := dsar.StepRow{Request: r.ID, Name: "outside mail – ö", Tries: 1, Begun: day.Add(time.Second), Why: "timeout", Result: []byte(`{"state":"accepted"}`)}
		a := dsar.StepRow{Request: r.ID, Name: "hide", Tries: 1, Begun: day}
		c := dsar.StepRow{Request: r.ID, Name: "erase", Tries: 2, Begun: day.Add(time.Second), Done: day.Add(time.Minute), Result: []byte(strings.Repeat("x", 100_000))}
		for _, s := range []dsar.StepRow{b, c, a} {
			require.NoError(t, h.PutStep(h.ctx, s))
		}
		got, err := h.other().Steps(h.ctx, r.ID)
		require.NoError(t, err)
		require.Equal(t, []dsar.StepRow{a, c, b}, got)
		b.Tries, b.Done, b.Why, b.Result = 2, day.Add(time.Minute), "", nil
		require.NoError(t, h.PutStep(h.ctx, b))
		require.NoError(t, h.PutStep(h.ctx, b), "the same again")
		got, err = h.Steps(h.ctx, r.ID)
		require.NoError(t, err)
		require.Equal(t, []dsar.StepRow{a, c, b}, got)
		for what, change := range map[string]func(*dsar.StepRow){
			"tries": func(s *dsar.StepRow) { s.Tries++ }, "undone": func(s *dsar.StepRow) { s.Done = time.Time{} }, "why": func(s *dsar.StepRow) { s.Why = "x" },
			"result": func(s *dsar.StepRow) { s.Result = []byte(`1`) }, "begun": func(s *dsar.StepRow) { s.Begun = day.Add(time.Hour) },
		} {
			s := b
			change(&s)
			require.ErrorIs(t, h.PutStep(h.ctx, s), dsar.ErrRefused, what)
		}
		for what, s := range map[string]dsar.StepRow{"no name": {Request: r.ID, Begun: day}, "no beginning": {Request: r.ID, Name: "x"},
			"no text": {Request: r.ID, Name: "x", Begun: day, Why: "\xff"}} {
			require.ErrorIs(t, h.PutStep(h.ctx, s), dsar.ErrRefused, what)
		}
		none, err := h.Steps(h.ctx, newID())
		require.NoError(t, err)
		require.Empty(t, none)
	}},
	{"events are numbered without gaps, whoever adds them", func(t *testing.T, h *house) {
		r, other := h.add(t, dsar.Access, nil), h.add(t, dsar.Access, nil)
		before, err := h.Now(h.ctx)
		require.NoError(t, err)
		e, err := h.Append(h.ctx, dsar.EventRow{Request: r.ID, Kind: "dsar.received", By: "user 3f", What: "access – ö", Seq: 9, At: day})
		require.NoError(t, err)
		require.Equal(t, dsar.EventRow{Request: r.ID, Seq: 1, At: e.At, Kind: "dsar.received", By: "user 3f", What: "access – ö"}, e)
		require.False(t, e.At.Before(before))
		together(8, func(i int) {
			for range 4 {
				_, err := h.process(i).Append(h.ctx, dsar.EventRow{Request: r.ID, Kind: "dsar.step"})
				require.NoError(t, err)
			}
		})
		_, err = h.Append(h.ctx, dsar.EventRow{Request: other.ID, Kind: "dsar.received"})
		require.NoError(t, err)
		all, err := h.other().Events(h.ctx, r.ID)
		require.NoError(t, err)
		require.Len(t, all, 33)
		require.Equal(t, e, all[0])
		for i, e := range all {
			require.EqualValues(t, i+1, e.Seq)
		}
		_, err = h.Append(h.ctx, dsar.EventRow{Request: r.ID})
		require.ErrorIs(t, err, dsar.ErrRefused)
		_, err = h.Append(h.ctx, dsar.EventRow{Request: r.ID, Kind: "x", What: "\x00"})
		require.ErrorIs(t, err, dsar.ErrRefused)
	}},
}
