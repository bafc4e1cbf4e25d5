package dsar_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// history is a random one: two people, their requests, holds, faults, and workers that die.
type history struct {
	*office
	people  []dsar.Person
	of      map[dsar.ID]int // whose request it is
	kinds   map[dsar.ID]dsar.Kind
	ids     []dsar.ID
	shown   map[dsar.ID]bool // who asks has shown who they are
	allowed map[int]bool     // whose erasure was approved once
	holds   map[dsar.ID]int  // in force: on whom; -1: everybody
	placed  int
}

func (h *history) held(who int) bool {
	for _, on := range h.holds {
		if on == -1 || on == who {
			return true
		}
	}
	return false
}

func (h *history) email(who int) string { return h.people[who].Known["email"][0] }

// do does one thing, and looks whether nothing was done that may not be.
func (h *history) do(t *rapid.T) {
	before := []int{h.app.Rows(h.ctx, h.people[0]), h.app.Rows(h.ctx, h.people[1])}
	held := []bool{h.held(0), h.held(1)}
	who := rapid.IntRange(0, 1).Draw(t, "who")
	id := dsar.ID("none")
	if len(h.ids) > 0 {
		id = rapid.SampledFrom(h.ids).Draw(t, "id")
	}
	switch what := rapid.SampledFrom([]string{"open", "verify", "verify", "approve", "approve", "withdraw", "refuse", "hold", "release", "add", "fault", "die", "step", "step", "step", "pass", "pass"}).Draw(t, "what"); what {
	case "open":
		if len(h.ids) == 8 {
			return
		}
		k := rapid.SampledFrom([]dsar.Kind{dsar.Access, dsar.Erasure, dsar.Erasure, dsar.Objection, dsar.Portability}).Draw(t, "kind")
		id = dsar.ID(fmt.Sprint("r", len(h.ids)))
		if _, err := h.Open(h.ctx, dsar.Intake{ID: id, Kind: k, Person: h.people[who]}); err == nil {
			h.ids, h.of[id], h.kinds[id] = append(h.ids, id), who, k
		}
	case "verify":
		if _, err := h.Verified(h.ctx, id, dsar.Evidence{Request: id, Method: "session", Person: h.people[who]}); err == nil {
			require.Equal(t, h.of[id], who, "somebody else is taken for who asks")
			h.shown[id] = true
		}
	case "approve":
		if plan, err := h.Plan(h.ctx, id); err == nil {
			if _, err := h.Approve(h.ctx, id, plan.Hash, officer); err == nil {
				require.True(t, h.shown[id])
				h.allowed[h.of[id]] = true
			}
		}
	case "withdraw":
		_, _ = h.Withdraw(h.ctx, id, officer)
	case "refuse":
		_, _ = h.Refuse(h.ctx, id, dsar.Refusal{Ground: dsar.Unfounded, Text: "No."}, officer)
	case "hold":
		h.placed++
		hold := dsar.Hold{ID: dsar.ID(fmt.Sprint("h", h.placed)), Basis: "case"}
		if on := rapid.IntRange(-1, 1).Draw(t, "on"); on >= 0 {
			hold.Person = h.people[on]
			h.holds[hold.ID] = on
		} else {
			h.holds[hold.ID] = -1
		}
		_, err := h.Hold(h.ctx, hold)
		require.NoError(t, err)
		held[0], held[1] = false, false // what stands from now on
	case "release":
		for id := range h.holds {
			_, err := h.Release(h.ctx, id, "settled", officer)
			require.NoError(t, err)
			delete(h.holds, id)
			held[0], held[1] = false, false
			break
		}
	case "add":
		h.app.Add(h.ctx, h.people[who], 1)
	case "fault", "die":
		n := rapid.IntRange(1, 6).Draw(t, "at")
		ctx, cancel := context.WithCancel(h.ctx)
		h.app.Change(func() {
			h.app.Fault = func(string) error {
				if n--; n != 0 {
					return nil
				}
				if what == "die" {
					cancel()
				}
				return errOops
			}
		})
		_, _ = h.Step(ctx)
		h.app.Change(func() { h.app.Fault = nil })
		cancel()
	case "step":
		_, _ = h.Step(h.ctx)
	case "pass":
		h.pass(time.Duration(rapid.IntRange(1, 80).Draw(t, "hours")) * time.Hour)
	}
	for i, n := range before {
		if now := h.app.Rows(h.ctx, h.people[i]); now < n {
			require.True(t, h.allowed[i], "nobody approved that it is erased")
			require.False(t, held[i], "it was held")
		}
		if h.app.Hidden(h.ctx, h.people[i]) {
			require.True(t, h.allowed[i], "nobody approved that they are hidden")
		}
	}
	for _, e := range h.app.Exports() {
		id, _, _ := strings.Cut(e, ":")
		require.True(t, h.shown[dsar.ID(id)], "it left before it was known who asks")
		require.Contains(t, e, h.email(h.of[dsar.ID(id)]))
	}
	active := map[string]bool{}
	rows, err := h.store.Requests(h.ctx, dsar.Find{})
	require.NoError(t, err)
	for _, r := range rows {
		if r.State == dsar.Verified || r.State == dsar.Approved || r.State == dsar.Working {
			key := r.Kind.String() + r.Ref.String()
			require.False(t, active[key], "two of a kind")
			active[key] = true
			require.True(t, h.shown[r.ID])
		}
	}
}

func TestWhateverHappensOnlyWhatWasAskedForAndAllowedIsDone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := &history{office: newOffice(t, nil), of: map[dsar.ID]int{}, kinds: map[dsar.ID]dsar.Kind{}, shown: map[dsar.ID]bool{}, allowed: map[int]bool{}, holds: map[dsar.ID]int{},
			people: []dsar.Person{dsartest.Jane(), {Kind: "user", Key: []string{"43"}, Known: map[string][]string{"email": {"joe@example.test"}}}}}
		h.app.Add(h.ctx, h.people[1], 5)
		for range rapid.IntRange(1, 60).Draw(t, "things") {
			h.do(t)
		}
		for id := range h.holds {
			_, err := h.Release(h.ctx, id, "settled", officer)
			require.NoError(t, err)
		}
		for range 40 {
			_, _ = h.Step(h.ctx)
			h.pass(24 * time.Hour)
		}
		for _, id := range h.ids {
			r := h.now(t, id)
			switch waits := r.State == dsar.Open || r.State == dsar.Verified && r.Kind == dsar.Erasure; {
			case waits && r.State == dsar.Open:
				require.False(t, h.shown[id])
			case !waits:
				require.Equal(t, dsar.Closed, r.State, "%s goes on by itself", r.Kind)
			}
			if r.Outcome == dsar.Done && r.Kind == dsar.Erasure {
				require.True(t, h.allowed[h.of[id]])
			}
		}
		for i, p := range h.people {
			erasing := false
			for _, id := range h.ids {
				r := h.now(t, id)
				erasing = erasing || h.of[id] == i && r.Kind == dsar.Erasure && (r.Outcome == dsar.Done || r.State == dsar.Verified)
			}
			require.False(t, h.app.Hidden(h.ctx, p) && !erasing, "who is not erased is shown again")
		}
	})
}
