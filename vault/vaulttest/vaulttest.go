// Package vaulttest is the executable contract of [vault.Store]. Whoever writes a store runs it:
//
//	vaulttest.Run(t, func(t testing.TB) vaulttest.Harness { ... })
package vaulttest

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
)

// Harness is an empty store to be tested.
type Harness struct {
	// Stores are handles on the same keys and secrets, as several processes have them: two or more if the store can be
	// shared by processes.
	Stores []vault.Store
	// Tenant makes a tenant that has nothing.
	Tenant func(testing.TB) tenancy.ID
	// NoTransactions is true for a store whose Tx undoes nothing, such as [vault.Memory]: what is said of
	// transactions is left out.
	NoTransactions bool
}

// Run is the contract as a test. Tests of what is a tenant's share what one call of open returns, each with tenants of
// its own; those of roots get one each. Run it on your own store under the race detector.
func Run(t *testing.T, open func(testing.TB) Harness) {
	h := open(t)
	run := func(tests []test) {
		for _, c := range tests {
			t.Run(c.name, func(t *testing.T) { t.Parallel(); c.test(t, newHouse(t, h)) })
		}
	}
	run(keyTests)
	run(shredTests)
	run(rewrapTests)
	run(secretTests)
	run(resealTests)
	run(leaseTests)
	run(tenantTests)
	if !h.NoTransactions {
		run(transactionTests)
	}
	for _, c := range rootTests {
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
	vault.Store
	top vault.KeyID // the tenant's, once there is one
}

func newHouse(t testing.TB, h Harness) *house {
	return &house{Harness: h, Store: h.Stores[0], ctx: tenancy.With(context.Background(), h.Tenant(t))}
}

// process returns one of the handles.
func (h *house) process(i int) vault.Store { return h.Stores[i%len(h.Stores)] }

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

// random fills b, which a test can tell from all others.
func random(b []byte) { _, _ = rand.Read(b) }

func newID() (id vault.KeyID) {
	random(id[:])
	return id
}

func somebody() (who vault.Pseudonym) {
	random(who[:])
	return who
}

// newKey returns one as package vault makes them, under parent.
func newKey(level vault.Level, purpose string, who vault.Pseudonym, parent vault.KeyID) vault.WrappedKey {
	k := vault.WrappedKey{ID: newID(), Level: level, Purpose: purpose, Subject: who, Parent: parent, Wrapped: make([]byte, 89)}
	random(k.Wrapped)
	random(k.Commit[:])
	return k
}

// add adds a key that nothing is in the way of.
func (h *house) add(t require.TestingT, k vault.WrappedKey, after vault.KeyID) vault.WrappedKey {
	got, err := h.AddKey(h.ctx, k, after)
	require.NoError(t, err)
	require.Equal(t, k.ID, got.ID, "it is the one that was added")
	same(t, k, got)
	require.Equal(t, vault.Active, got.State)
	return got
}

// tree adds a tenant's key and one of a purpose, and returns them.
func (h *house) tree(t require.TestingT) (top, purpose vault.WrappedKey) {
	top = h.add(t, newKey(vault.OfTenant, "", vault.Pseudonym{}, newID()), vault.KeyID{})
	h.top = top.ID
	return top, h.add(t, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), vault.KeyID{})
}

// one returns the key of that name as the last of the handles sees it.
func (h *house) one(t require.TestingT, id vault.KeyID) vault.WrappedKey {
	rows, err := h.process(len(h.Stores)-1).KeysByID(h.ctx, []vault.KeyID{id})
	require.NoError(t, err)
	require.Len(t, rows, 1)
	return rows[0]
}

func (h *house) epochNow(t require.TestingT) int64 {
	n, err := h.Epoch(h.ctx)
	require.NoError(t, err)
	return n
}

// same checks all but the state and the time.
func same(t require.TestingT, want, got vault.WrappedKey) {
	require.False(t, got.Created.IsZero())
	require.Positive(t, got.Seq)
	want.State, want.Created, want.Seq = got.State, got.Created, got.Seq
	require.Equal(t, want, got)
}

func ids(rows []vault.WrappedKey) []vault.KeyID {
	out := make([]vault.KeyID, len(rows))
	for i := range rows {
		out[i] = rows[i].ID
	}
	return out
}

// newSecret returns version 1 of one, under the tenant's key.
func (h *house) newSecret(t require.TestingT, purpose, id string) vault.StoredSecret {
	if h.top == (vault.KeyID{}) {
		h.tree(t)
	}
	return newSecret(purpose, id, h.top)
}

func newSecret(purpose, id string, key vault.KeyID) vault.StoredSecret {
	s := vault.StoredSecret{Purpose: purpose, ID: id, Version: 1, Subject: somebody(), Key: key, Sealed: make([]byte, 120),
		RotateEvery: 90*24*time.Hour + 1, Expires: time.Date(2031, 1, 2, 3, 4, 5, 6000, time.UTC)}
	random(s.Sealed)
	random(s.Fingerprint[:])
	return s
}

// next returns the version after s, of n bytes.
func next(s vault.StoredSecret, n int) vault.StoredSecret {
	x := newSecret(s.Purpose, s.ID, s.Key)
	x.Version, x.Sealed = s.Version+1, make([]byte, n)
	random(x.Sealed)
	return x
}

func (h *house) put(t require.TestingT, s vault.StoredSecret) vault.StoredSecret {
	require.NoError(t, h.PutSecret(h.ctx, s))
	got, err := h.process(len(h.Stores)-1).Secret(h.ctx, s.Purpose, s.ID)
	require.NoError(t, err)
	sameSecret(t, s, got)
	return got
}

// sameSecret checks all but the times of the store.
func sameSecret(t require.TestingT, want, got vault.StoredSecret) {
	require.True(t, want.Expires.Equal(got.Expires), "expires")
	want.Expires, want.Created, want.Replaced, want.Used = got.Expires, got.Created, got.Replaced, got.Used
	want.Stale = got.Stale
	require.Equal(t, want, got)
}

func name(n int) string { return fmt.Sprintf("%04d", n) }
