// Package storetest is the executable contract of [dsar.Store]. Whoever writes a store runs it, under the race detector:
//
//	storetest.Run(t, func(t testing.TB) storetest.Harness { ... })
//
// It tries the store by itself, against a model, and requests of package dsar over it with several workers at once. It is a package of its
// own so that package dsartest brings no test library along.
package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Harness is an empty store to be tested.
type Harness struct {
	// Stores are handles on the same rows, as several processes have them: two or more if the store can be shared by processes.
	Stores []dsar.Store
	// Tenant makes a tenant that has nothing.
	Tenant func(testing.TB) tenancy.ID
	// Advance moves the store's clock; nil: it cannot be, and the tests that need it wait for a second or are skipped.
	Advance func(d time.Duration)
}

// Run is the contract as a test. Its parts share what one call of open returns, each with tenants of its own; those that move the clock get
// one each.
func Run(t *testing.T, open func(testing.TB) Harness) {
	h := open(t)
	for _, part := range [][]test{transactionTests, requestTests, leaseTests, stepTests, holdTests, modelTests, serviceTests} {
		for _, c := range part {
			t.Run(c.name, func(t *testing.T) { t.Parallel(); c.test(t, newHouse(t, h)) })
		}
	}
	for _, c := range clockTests {
		t.Run(c.name, func(t *testing.T) { t.Parallel(); c.test(t, newHouse(t, open(t))) })
	}
}

type test struct {
	name string
	test func(*testing.T, *house)
}

// house is a tenant of a store.
type house struct {
	Harness
	ctx context.Context
	dsar.Store
}

func newHouse(t testing.TB, h Harness) *house {
	return &house{Harness: h, ctx: tenancy.With(context.Background(), h.Tenant(t)), Store: h.Stores[0]}
}

// neighbour is another tenant of the same store.
func (h *house) neighbour(t testing.TB) *house { return newHouse(t, h.Harness) }

// process returns one of the handles.
func (h *house) process(i int) dsar.Store { return h.Stores[i%len(h.Stores)] }

// other is the last of them.
func (h *house) other() dsar.Store { return h.process(len(h.Stores) - 1) }

// pass lets time pass for the store.
func (h *house) pass(t testing.TB, d time.Duration) {
	switch {
	case h.Advance != nil:
		h.Advance(d)
	case d <= 2*time.Second:
		time.Sleep(d)
	default:
		t.Skip("the store's clock cannot be moved")
	}
}

// together runs f for 0 to n-1 at once.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; f(i) })
	}
	close(start)
	wg.Wait()
}

func newID() dsar.ID { return dsar.ID(uuid.NewString()) }

func newRef() (r dsar.Ref) {
	a, b := uuid.New(), uuid.New()
	copy(r[:], a[:])
	copy(r[16:], b[:])
	return r
}

var day = time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)

// newRow is an open request with all that one can have.
func newRow(k dsar.Kind) dsar.RequestRow {
	return dsar.RequestRow{ID: newID(), State: dsar.Open, Kind: k, Subject: "user – Zürich", Ref: newRef(), Law: "eu-gdpr", Map: "sha256:00",
		Received: day, Since: day.Add(-time.Hour), Acknowledged: day.Add(time.Minute), Method: "session", Extended: day.Add(time.Hour),
		Pauses: []deadline.Pause{{Cause: deadline.Identity, Asked: day, Done: day.Add(time.Second)}, {Cause: deadline.Clarification, Asked: day}},
		AckBy:  day.Add(24 * time.Hour), ExtendBy: day.Add(48 * time.Hour), Due: day.Add(72 * time.Hour), Purposes: []string{"news", "support \"x\""},
		Sealed: []byte{0, 1, 255, '"'}, Next: day, Tries: 3}
}

// add adds a request.
func (h *house) add(t require.TestingT, k dsar.Kind, change func(*dsar.RequestRow)) dsar.RequestRow {
	r := newRow(k)
	if change != nil {
		change(&r)
	}
	out, err := h.Add(h.ctx, r)
	require.NoError(t, err)
	return out
}

func (h *house) update(t require.TestingT, r dsar.RequestRow) dsar.RequestRow {
	out, err := h.Update(h.ctx, r)
	require.NoError(t, err)
	return out
}

// at is a row as it is on the way to a state.
func at(r dsar.RequestRow, to dsar.State) dsar.RequestRow {
	switch r.State = to; to {
	case dsar.Verified:
		r.Verified, r.Approved, r.Plan, r.Until = day.Add(time.Minute), time.Time{}, "", time.Time{}
	case dsar.Approved:
		r.Approved, r.Plan, r.Until = day.Add(2*time.Minute), "sha256:11", day.Add(time.Hour)
	case dsar.Ending:
		r.Ended, r.Outcome = day.Add(time.Hour), dsar.Done
	case dsar.Closed:
		r.Closed, r.Sealed, r.Next = day.Add(2*time.Hour), nil, time.Time{}
	}
	return r
}

// ways are how requests come to each state.
func ways(k dsar.Kind, s dsar.State) []dsar.State {
	switch s {
	case dsar.Open:
		return nil
	case dsar.Verified:
		return []dsar.State{dsar.Verified}
	case dsar.Approved:
		return []dsar.State{dsar.Verified, dsar.Approved}
	case dsar.Working:
		if k == dsar.Erasure {
			return []dsar.State{dsar.Verified, dsar.Approved, dsar.Working}
		}
		return []dsar.State{dsar.Verified, dsar.Working}
	case dsar.Ending:
		return []dsar.State{dsar.Verified, dsar.Ending}
	}
	return []dsar.State{dsar.Verified, dsar.Ending, dsar.Closed}
}

// in adds a request and brings it to a state.
func (h *house) in(t require.TestingT, k dsar.Kind, s dsar.State) dsar.RequestRow {
	r := h.add(t, k, nil)
	for _, to := range ways(k, s) {
		r = h.update(t, at(r, to))
	}
	return r
}

// within runs f in a transaction.
func (h *house) within(f func(ctx context.Context) error) error { return h.Tx(h.ctx, f) }
