package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var modelTests = []test{
	{"whatever is done, the store answers as the one in memory does", func(t *testing.T, h *house) {
		rapid.Check(t, func(t *rapid.T) { againstMemory(t, h) })
	}},
}

var answers = []error{dsar.ErrNotFound, dsar.ErrExists, dsar.ErrConflict, dsar.ErrRefused, dsar.ErrLease}

// answer is what kind of an error it is.
func answer(err error) error {
	for _, a := range answers {
		if errors.Is(err, a) {
			return a
		}
	}
	return err
}

// timeless is a row without what clocks say.
func timeless(rows ...dsar.RequestRow) []dsar.RequestRow {
	rows = append([]dsar.RequestRow(nil), rows...)
	for i := range rows {
		rows[i].Leased = time.Time{}
	}
	return rows
}

// againstMemory does the same things to the store and to a [dsar.Memory].
func againstMemory(t *rapid.T, h *house) {
	model := dsar.NewMemory(nil)
	n := rapid.IntRange(1, 40).Draw(t, "steps")
	refs := []dsar.Ref{newRef(), newRef()}
	ids := []dsar.ID{newID(), newID(), newID()}
	both := func(what string, f func(st dsar.Store) (any, error)) (any, error) {
		want, wantErr := f(model)
		got, err := f(h.process(rapid.IntRange(0, 3).Draw(t, "process")))
		require.Equal(t, answer(wantErr), answer(err), what)
		require.Equal(t, want, got, what)
		return got, err
	}
	for range n {
		id := rapid.SampledFrom(ids).Draw(t, "id")
		ref := rapid.SampledFrom(refs).Draw(t, "ref")
		switch rapid.IntRange(0, 9).Draw(t, "what") {
		case 0, 1:
			r := newRow(rapid.SampledFrom([]dsar.Kind{dsar.Erasure, dsar.Access}).Draw(t, "kind"))
			r.ID, r.Ref = id, ref
			_, _ = both("add", func(st dsar.Store) (any, error) {
				got, err := st.Add(h.ctx, r)
				return timeless(got), err
			})
		case 2, 3, 4, 5:
			r, err := model.Request(h.ctx, id)
			if err != nil {
				continue
			}
			r = at(r, rapid.SampledFrom(dsar.States()).Draw(t, "to"))
			if rapid.IntRange(0, 9).Draw(t, "stale") == 0 {
				r.Version--
			}
			_, _ = both("update", func(st dsar.Store) (any, error) {
				got, err := st.Update(h.ctx, r)
				return timeless(got), err
			})
		case 6:
			c := claiming(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "lease"), 1)
			c.ID = id // which of two that are due since the same moment comes first is by their ids, and these are random
			_, _ = both("claim", func(st dsar.Store) (any, error) {
				got, err := st.Claim(h.ctx, c)
				return timeless(got...), err
			})
		case 7:
			lease := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "lease")
			if rapid.Bool().Draw(t, "free") {
				_, _ = both("free", func(st dsar.Store) (any, error) { return nil, st.Free(h.ctx, id, lease) })
			} else {
				_, _ = both("renew", func(st dsar.Store) (any, error) { return nil, st.Renew(h.ctx, id, lease, time.Hour) })
			}
		case 8:
			s := dsar.StepRow{Request: id, Name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "step"), Begun: day, Tries: rapid.IntRange(1, 2).Draw(t, "tries")}
			if rapid.Bool().Draw(t, "done") {
				s.Done = day
			}
			_, _ = both("step", func(st dsar.Store) (any, error) {
				err := st.PutStep(h.ctx, s)
				steps, lost := st.Steps(h.ctx, id)
				return append([]dsar.StepRow(nil), steps...), errors.Join(err, lost)
			})
		case 9:
			_, _ = both("requests", func(st dsar.Store) (any, error) {
				all, err := st.Requests(h.ctx, dsar.Find{Ref: ref})
				return timeless(all...), err
			})
		}
	}
	for _, ref := range refs { // what is left must not be in the way of the next
		all, err := h.Requests(h.ctx, dsar.Find{Ref: ref})
		require.NoError(t, err)
		want, err := model.Requests(h.ctx, dsar.Find{Ref: ref})
		require.NoError(t, err)
		require.Equal(t, timeless(want...), timeless(all...))
	}
}
