package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/stretchr/testify/require"
)

// office returns services for one application over the handles, with no time in which erasures can be taken back.
func (h *house) office(t *testing.T, a *dsartest.App) []*dsar.Service {
	var all []*dsar.Service
	for i := range max(2, len(h.Stores)) {
		o := a.Options()
		o.Undo = -1
		s, err := dsar.New(h.process(i), dsartest.Map, o)
		require.NoError(t, err)
		all = append(all, s)
	}
	a.Held = all[0].Held
	return all
}

func person(i int) dsar.Person {
	return dsar.Person{Kind: "user", Key: []string{fmt.Sprint(i)}, Known: map[string][]string{"email": {fmt.Sprintf("person%d@example.test", i)}}}
}

func show(id dsar.ID, p dsar.Person) dsar.Evidence {
	return dsar.Evidence{Request: id, Method: "session", Person: p, By: audit.Party{Type: "user", ID: p.Key[0], Person: true}}
}

// ask opens a request and says who asks.
func ask(t require.TestingT, h *house, s *dsar.Service, k dsar.Kind, p dsar.Person) dsar.Request {
	r, err := s.Open(h.ctx, dsar.Intake{Kind: k, Person: p, Text: "please"})
	require.NoError(t, err)
	r, err = s.Verified(h.ctx, r.ID, show(r.ID, p))
	require.NoError(t, err)
	return r
}

// work steps until a time has passed without anything to do.
func work(t require.TestingT, h *house, all []*dsar.Service, done func() bool) {
	together(2*len(all), func(i int) {
		for range 2000 {
			_, err := all[i%len(all)].Step(h.ctx)
			require.NoError(t, err)
			if done() {
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	require.True(t, done())
}

func closed(h *house, s *dsar.Service, n int) func() bool {
	return func() bool {
		all, err := s.Requests(h.ctx, dsar.Find{States: []dsar.State{dsar.Closed}})
		return err == nil && len(all) >= n
	}
}

var serviceTests = []test{
	{"many workers at once do each step of each request once", func(t *testing.T, h *house) {
		a := &dsartest.App{}
		all := h.office(t, a)
		var ids []dsar.ID
		for i, k := range dsar.Kinds() {
			a.Add(h.ctx, person(i), 3)
			r := ask(t, h, all[i%len(all)], k, person(i))
			ids = append(ids, r.ID)
			if k == dsar.Erasure {
				plan, err := all[0].Plan(h.ctx, r.ID)
				require.NoError(t, err)
				_, err = all[0].Approve(h.ctx, r.ID, plan.Hash, audit.Party{})
				require.NoError(t, err)
			}
		}
		work(t, h, all, closed(h, all[0], len(ids)))
		for _, call := range []string{"hide", "outside mail", "erase", "prove", "tombstone", "receipt"} {
			require.Equal(t, 1, a.Count(call), call)
		}
		require.Equal(t, 2, a.Count("outbox"))
		require.Equal(t, len(ids), a.Count("tell ended"))
		for _, id := range ids {
			events, steps, err := all[0].History(h.ctx, id)
			require.NoError(t, err)
			done := map[string]int{}
			for _, e := range events {
				if e.Kind == "dsar.step" {
					done[e.What]++
				}
			}
			require.Len(t, done, len(steps))
			for _, s := range steps {
				require.False(t, s.Done.IsZero(), s.Name)
				require.Equal(t, 1, s.Tries, s.Name)
				require.Equal(t, 1, done[s.Name], s.Name)
			}
			row, err := h.Request(h.ctx, id)
			require.NoError(t, err)
			require.Nil(t, row.Sealed)
			require.Empty(t, row.Lease)
		}
	}},
	{"of the same requests of a person, verified at once, one is done and the others join it", func(t *testing.T, h *house) {
		a := &dsartest.App{}
		all := h.office(t, a)
		a.Add(h.ctx, person(1), 1)
		ids := make([]dsar.ID, 8)
		for i := range ids {
			r, err := all[0].Open(h.ctx, dsar.Intake{Kind: dsar.Access, Person: person(1)})
			require.NoError(t, err)
			ids[i] = r.ID
		}
		together(len(ids), func(i int) {
			_, err := all[i%len(all)].Verified(h.ctx, ids[i], show(ids[i], person(1)))
			require.NoError(t, err)
		})
		work(t, h, all, closed(h, all[0], len(ids)))
		outcomes := map[dsar.Outcome]int{}
		for _, id := range ids {
			r, err := all[0].Request(h.ctx, id)
			require.NoError(t, err)
			outcomes[r.Outcome]++
		}
		require.Equal(t, map[dsar.Outcome]int{dsar.Done: 1, dsar.Joined: len(ids) - 1}, outcomes)
		require.Len(t, a.Exports(), 1)
	}},
	{"an erasure goes on after a hold", func(t *testing.T, h *house) {
		a := &dsartest.App{}
		all := h.office(t, a)
		a.Add(h.ctx, person(1), 10)
		a.Batch = func(ctx ctx, rows int) {
			if rows == 4 {
				_, err := all[1].Hold(ctx, dsar.Hold{ID: "h", Person: person(1), Table: "ticket", Basis: "case 17"})
				require.NoError(t, err)
			}
		}
		r := ask(t, h, all[0], dsar.Erasure, person(1))
		plan, err := all[0].Plan(h.ctx, r.ID)
		require.NoError(t, err)
		_, err = all[0].Approve(h.ctx, r.ID, plan.Hash, audit.Party{})
		require.NoError(t, err)
		for range 3 {
			_, err = all[0].Step(h.ctx)
			require.NoError(t, err)
		}
		require.Equal(t, 6, a.Rows(h.ctx, person(1)), "the hold wins at the next batch")
		_, err = all[1].Release(h.ctx, "h", "settled", audit.Party{})
		require.NoError(t, err)
		work(t, h, all, closed(h, all[0], 1))
		require.Zero(t, a.Rows(h.ctx, person(1)))
		signed, err := all[0].Receipt(h.ctx, r.ID)
		require.NoError(t, err)
		require.Contains(t, string(signed), "ticket delete 10")
	}},
}
