package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/stretchr/testify/require"
)

var requestTests = []test{
	{"a request comes back as it was", func(t *testing.T, h *house) {
		for _, k := range dsar.Kinds() {
			r := newRow(k)
			r.Lease, r.Leased, r.Version = "x", day, 9 // which are not its own to say
			got, err := h.Add(h.ctx, r)
			require.NoError(t, err)
			r.Lease, r.Leased, r.Version = "", time.Time{}, 1
			require.Equal(t, r, got)
			got, err = h.other().Request(h.ctx, r.ID)
			require.NoError(t, err)
			require.Equal(t, r, got)
			for _, to := range append(ways(k, dsar.Working), dsar.Ending, dsar.Closed) {
				r = at(got, to)
				got = h.update(t, r)
				r.Version++
				require.Equal(t, r, got)
				got, err = h.other().Request(h.ctx, r.ID)
				require.NoError(t, err)
				require.Equal(t, r, got)
			}
		}
		least := newRow(dsar.Access)
		least = dsar.RequestRow{ID: least.ID, State: dsar.Open, Kind: dsar.Access, Subject: "user", Ref: least.Ref, Law: "x", Received: day, Since: day, Sealed: []byte{1},
			Purposes: []string{}}
		got, err := h.Add(h.ctx, least)
		require.NoError(t, err)
		least.Version, least.Purposes = 1, nil
		require.Equal(t, least, got)
		fine := newRow(dsar.Access)
		fine.Received = day.Add(1999 * time.Nanosecond).In(time.FixedZone("x", 3600))
		got, err = h.Add(h.ctx, fine)
		require.NoError(t, err)
		require.Equal(t, day.Add(time.Microsecond), got.Received)
	}},
	{"a request that must not be is refused", func(t *testing.T, h *house) {
		for what, change := range map[string]func(*dsar.RequestRow){
			"no id": func(r *dsar.RequestRow) { r.ID = "" }, "a long id": func(r *dsar.RequestRow) { r.ID = dsar.ID(strings.Repeat("x", 65)) },
			"an id that could be a name": func(r *dsar.RequestRow) { r.ID = "jane@example.test" },
			"no kind":                    func(r *dsar.RequestRow) { r.Kind = 0 }, "no subject": func(r *dsar.RequestRow) { r.Subject = "" },
			"nobody": func(r *dsar.RequestRow) { r.Ref = dsar.Ref{} }, "no law": func(r *dsar.RequestRow) { r.Law = "" },
			"no time": func(r *dsar.RequestRow) { r.Received = time.Time{} }, "a late clock": func(r *dsar.RequestRow) { r.Since = day.Add(time.Second) },
			"no clock": func(r *dsar.RequestRow) { r.Since = time.Time{} }, "nothing sealed": func(r *dsar.RequestRow) { r.Sealed = nil },
			"an outcome": func(r *dsar.RequestRow) { r.Outcome = dsar.Done }, "an end": func(r *dsar.RequestRow) { r.Ended = day },
			"a ground": func(r *dsar.RequestRow) { r.Ground = dsar.Claims }, "another's": func(r *dsar.RequestRow) { r.Into = "x" },
			"a close": func(r *dsar.RequestRow) { r.Closed = day }, "no text": func(r *dsar.RequestRow) { r.Law = "a\xff" },
			"a NUL": func(r *dsar.RequestRow) { r.Purposes = []string{"a\x00"} },
		} {
			r := newRow(dsar.Access)
			change(&r)
			_, err := h.Add(h.ctx, r)
			require.ErrorIs(t, err, dsar.ErrRefused, what)
		}
		for _, s := range dsar.States()[1:] {
			r := at(newRow(dsar.Access), s)
			r.Verified = day
			_, err := h.Add(h.ctx, r)
			require.ErrorIs(t, err, dsar.ErrRefused, "it begins as %s", s)
		}
		all, err := h.Requests(h.ctx, dsar.Find{})
		require.NoError(t, err)
		require.Empty(t, all)
	}},
	{"a request moves as it may, and no other way", func(t *testing.T, h *house) {
		for _, k := range []dsar.Kind{dsar.Erasure, dsar.Access} {
			for _, from := range dsar.States() {
				if from == dsar.Approved && k != dsar.Erasure {
					continue
				}
				for _, to := range dsar.States() {
					r := h.in(t, k, from)
					next := at(r, to)
					if next.Verified.IsZero() && to != dsar.Ending && to != dsar.Closed && to != dsar.Open {
						next.Verified = day
					}
					if from == dsar.Ending || from == dsar.Closed {
						next.Ended, next.Outcome = r.Ended, r.Outcome // so that the move alone is wrong
						if to != dsar.Ending && to != dsar.Closed {
							next.Ended, next.Outcome = time.Time{}, ""
						}
					}
					if to != dsar.Closed {
						next.Closed, next.Sealed = time.Time{}, []byte{1}
					}
					_, err := h.Update(h.ctx, next)
					switch {
					case from.May(k, to) || from == to && from != dsar.Closed:
						require.NoError(t, err, "%s: %s to %s", k, from, to)
					default:
						require.ErrorIs(t, err, dsar.ErrRefused, "%s: %s to %s", k, from, to)
					}
				}
			}
		}
	}},
	{"a change that must not be is refused, and changes nothing", func(t *testing.T, h *house) {
		for _, c := range []struct {
			what   string
			in     dsar.State
			change func(*dsar.RequestRow)
		}{
			{"another kind", dsar.Open, func(r *dsar.RequestRow) { r.Kind = dsar.Access }},
			{"another subject", dsar.Open, func(r *dsar.RequestRow) { r.Subject = "x" }},
			{"another person", dsar.Verified, func(r *dsar.RequestRow) { r.Ref = newRef() }},
			{"another law", dsar.Open, func(r *dsar.RequestRow) { r.Law = "x" }},
			{"another time of receipt", dsar.Open, func(r *dsar.RequestRow) { r.Received = day.Add(time.Second) }},
			{"a later clock", dsar.Open, func(r *dsar.RequestRow) { r.Since = r.Since.Add(time.Second) }},
			{"another time of identification", dsar.Verified, func(r *dsar.RequestRow) { r.Verified = r.Verified.Add(time.Second) }},
			{"identification undone", dsar.Working, func(r *dsar.RequestRow) { r.Verified = time.Time{} }},
			{"another approval", dsar.Approved, func(r *dsar.RequestRow) { r.Approved = r.Approved.Add(time.Second) }},
			{"no plan", dsar.Working, func(r *dsar.RequestRow) { r.Plan = "" }},
			{"an end without an outcome", dsar.Verified, func(r *dsar.RequestRow) { *r = at(*r, dsar.Ending); r.Outcome = "" }},
			{"an outcome that is none", dsar.Verified, func(r *dsar.RequestRow) { *r = at(*r, dsar.Ending); r.Outcome = "x" }},
			{"an outcome without an end", dsar.Verified, func(r *dsar.RequestRow) { r.Outcome = dsar.Done }},
			{"a refusal without a ground", dsar.Verified, func(r *dsar.RequestRow) { *r = at(*r, dsar.Ending); r.Outcome = dsar.Refused }},
			{"a ground that is none", dsar.Verified, func(r *dsar.RequestRow) { *r = at(*r, dsar.Ending); r.Outcome, r.Ground = dsar.Refused, "x" }},
			{"joined to nothing", dsar.Verified, func(r *dsar.RequestRow) { *r = at(*r, dsar.Ending); r.Outcome = dsar.Joined }},
			{"another outcome", dsar.Ending, func(r *dsar.RequestRow) { r.Outcome = dsar.Withdrawn }},
			{"another end", dsar.Ending, func(r *dsar.RequestRow) { r.Ended = r.Ended.Add(time.Second) }},
			{"a close with something sealed", dsar.Ending, func(r *dsar.RequestRow) { sealed := r.Sealed; *r = at(*r, dsar.Closed); r.Sealed = sealed }},
			{"nothing sealed before the close", dsar.Working, func(r *dsar.RequestRow) { r.Sealed = nil }},
			{"anything of what is closed", dsar.Closed, func(r *dsar.RequestRow) { r.Method = "x" }},
		} {
			r := h.in(t, dsar.Erasure, c.in)
			next := r
			c.change(&next)
			_, err := h.Update(h.ctx, next)
			require.ErrorIs(t, err, dsar.ErrRefused, c.what)
			got, err := h.Request(h.ctx, r.ID)
			require.NoError(t, err)
			require.Equal(t, r, got, c.what)
		}
	}},
	{"of many who change a request at once one does", func(t *testing.T, h *house) {
		r := h.add(t, dsar.Access, nil)
		var won atomic.Int64
		together(16, func(i int) {
			next := r
			next.Method = fmt.Sprint("method ", i)
			got, err := h.process(i).Update(h.ctx, next)
			if err == nil {
				won.Add(1)
				require.Equal(t, r.Version+1, got.Version)
			} else {
				require.ErrorIs(t, err, dsar.ErrConflict)
			}
		})
		require.EqualValues(t, 1, won.Load())
	}},
	{"a person has one request of a kind under way", func(t *testing.T, h *house) {
		for range 4 {
			ref := newRef()
			var all [8]dsar.RequestRow
			for i := range all {
				all[i] = h.add(t, dsar.Access, func(r *dsar.RequestRow) { r.Ref = ref })
			}
			other := h.add(t, dsar.Portability, func(r *dsar.RequestRow) { r.Ref = ref })
			h.update(t, at(other, dsar.Verified))
			var won atomic.Int64
			together(len(all), func(i int) {
				got, err := h.process(i).Update(h.ctx, at(all[i], dsar.Verified))
				if err == nil {
					won.Add(1)
					all[i] = got
				} else {
					require.ErrorIs(t, err, dsar.ErrExists)
				}
			})
			require.EqualValues(t, 1, won.Load())
			first := slices.IndexFunc(all[:], func(r dsar.RequestRow) bool { return r.State == dsar.Verified })
			second := all[(first+1)%len(all)]
			require.NoError(t, h.within(func(ctx ctx) error { // an answer, which undoes nothing
				_, err := h.Update(ctx, at(second, dsar.Verified))
				require.ErrorIs(t, err, dsar.ErrExists)
				join := at(second, dsar.Ending)
				join.Outcome, join.Into = dsar.Joined, all[first].ID
				_, err = h.Update(ctx, join)
				return err
			}))
			h.update(t, at(all[first], dsar.Ending))
			h.update(t, at(all[(first+2)%len(all)], dsar.Verified))
		}
	}},
	{"a request that is read in a transaction is changed by nobody else until it ends", func(t *testing.T, h *house) {
		r := h.add(t, dsar.Access, func(r *dsar.RequestRow) { r.Tries = 0 })
		together(8, func(i int) {
			st := h.process(i)
			for range 3 {
				for {
					err := st.Tx(h.ctx, func(ctx ctx) error {
						got, err := st.Request(ctx, r.ID)
						if err != nil {
							return err
						}
						got.Tries++
						_, err = st.Update(ctx, got)
						return err
					})
					if !errors.Is(err, dsar.ErrConflict) {
						require.NoError(t, err)
						break
					}
				}
			}
		})
		got, err := h.Request(h.ctx, r.ID)
		require.NoError(t, err)
		require.Equal(t, 24, got.Tries)
	}},
	{"requests are found in the order in which they are due", func(t *testing.T, h *house) {
		ref := newRef()
		var want []dsar.RequestRow
		for i := range 30 {
			want = append(want, h.add(t, dsar.Kinds()[i%9], func(r *dsar.RequestRow) {
				r.Ref = ref
				if r.Due = day.Add(time.Duration(i*7%10) * time.Hour); i%5 == 0 {
					r.Due = time.Time{}
				}
			}))
		}
		foreign := h.add(t, dsar.Access, nil)
		slices.SortFunc(want, func(a, b dsar.RequestRow) int {
			switch {
			case a.Due.IsZero() != b.Due.IsZero() && a.Due.IsZero():
				return 1
			case a.Due.IsZero() != b.Due.IsZero():
				return -1
			case !a.Due.Equal(b.Due):
				return a.Due.Compare(b.Due)
			}
			return strings.Compare(string(a.ID), string(b.ID))
		})
		got, err := h.Requests(h.ctx, dsar.Find{Ref: ref})
		require.NoError(t, err)
		require.Equal(t, want, got)
		var paged []dsar.RequestRow
		for f := (dsar.Find{Ref: ref, Limit: 7}); ; f.After = got[len(got)-1].Place() {
			got, err = h.Requests(h.ctx, f)
			require.NoError(t, err)
			if len(got) == 0 {
				break
			}
			paged = append(paged, got...)
		}
		require.Equal(t, want, paged)
		got, err = h.Requests(h.ctx, dsar.Find{Ref: ref, Kinds: []dsar.Kind{dsar.Erasure, dsar.Access}, States: []dsar.State{dsar.Open}})
		require.NoError(t, err)
		require.Equal(t, slices.DeleteFunc(slices.Clone(want), func(r dsar.RequestRow) bool { return r.Kind != dsar.Erasure && r.Kind != dsar.Access }), got)
		got, err = h.Requests(h.ctx, dsar.Find{States: []dsar.State{dsar.Closed}})
		require.NoError(t, err)
		require.Empty(t, got)
		got, err = h.Requests(h.ctx, dsar.Find{Ref: foreign.Ref})
		require.NoError(t, err)
		require.Equal(t, []dsar.RequestRow{foreign}, got)
	}},
	{"what was closed before goes, with what belongs to it, and nothing else", func(t *testing.T, h *house) {
		open, ending, closed := h.in(t, dsar.Access, dsar.Working), h.in(t, dsar.Access, dsar.Ending), h.in(t, dsar.Access, dsar.Closed)
		for _, r := range []dsar.RequestRow{open, closed} {
			_, err := h.Append(h.ctx, dsar.EventRow{Request: r.ID, Kind: "x"})
			require.NoError(t, err)
			require.NoError(t, h.PutStep(h.ctx, dsar.StepRow{Request: r.ID, Name: "x", Begun: day, Done: day}))
			require.NoError(t, h.AddRestraint(h.ctx, dsar.RestraintRow{Ref: r.Ref, Kind: dsar.Objection, Request: r.ID}))
		}
		n, err := h.Purge(h.ctx, closed.Closed, 9)
		require.NoError(t, err)
		require.Zero(t, n, "it was not closed before that")
		now, err := h.Now(h.ctx)
		require.NoError(t, err)
		_, err = h.Purge(h.ctx, now.Add(time.Hour), 9)
		require.ErrorIs(t, err, dsar.ErrRefused)
		second := h.in(t, dsar.Access, dsar.Closed)
		n, err = h.Purge(h.ctx, closed.Closed.Add(time.Second), 1)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		n, err = h.Purge(h.ctx, closed.Closed.Add(time.Second), 9)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		for _, r := range []dsar.RequestRow{closed, second} {
			_, err = h.other().Request(h.ctx, r.ID)
			require.ErrorIs(t, err, dsar.ErrNotFound)
		}
		events, err := h.Events(h.ctx, closed.ID)
		require.NoError(t, err)
		require.Empty(t, events)
		steps, err := h.Steps(h.ctx, closed.ID)
		require.NoError(t, err)
		require.Empty(t, steps)
		restraints, err := h.Restraints(h.ctx, closed.Ref)
		require.NoError(t, err)
		require.Len(t, restraints, 1, "a restraint outlives its request")
		for _, r := range []dsar.RequestRow{open, ending} {
			_, err := h.Request(h.ctx, r.ID)
			require.NoError(t, err)
		}
		events, err = h.Events(h.ctx, open.ID)
		require.NoError(t, err)
		require.Len(t, events, 1)
	}},
}
