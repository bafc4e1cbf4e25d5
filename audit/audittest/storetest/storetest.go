// Package storetest is the executable contract of [audit.Tree] and [audit.Store]. Whoever writes a store runs it:
//
//	storetest.Run(t, func(t testing.TB) storetest.Harness { ... })
//
// It is a package of its own so that package audittest brings no test library along.
package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Harness is an empty store to be tested.
type Harness struct {
	// Stores are handles on the same logs, as several processes have them: two or more if the store can be
	// shared by processes.
	Stores []audit.Store
	// Tenant makes a tenant whose log is empty.
	Tenant func(testing.TB) tenancy.ID
}

// Run is the contract as a test. The tests of [audit.Store] share what one call of open returns, each with tenants of
// its own; those of the log of heads get one each. Run it on your own store under the race detector.
func Run(t *testing.T, open func(testing.TB) Harness) {
	h := open(t)
	run := func(tests []test, book func(*testing.T) *book) {
		for _, c := range tests {
			t.Run(c.name, func(t *testing.T) { t.Parallel(); c.test(t, book(t)) })
		}
	}
	tenants := func(t *testing.T) *book { return newBook(t, h) }
	run(treeTests, tenants)
	run(raceTests, tenants)
	run(transactionTests, tenants)
	run(parkTests, tenants)
	run(findTests, tenants)
	run(eraseTests, tenants)
	run(pruneTests, tenants)
	run(tenantTests, tenants)
	run(modelTests, tenants)
	t.Run("heads", func(t *testing.T) {
		run := func(tests []test) {
			for _, c := range tests {
				t.Run(c.name, func(t *testing.T) { t.Parallel(); c.test(t, headsBook(open(t))) })
			}
		}
		run(treeTests)
		run(raceTests[:2])
	})
}

type test struct {
	name string
	test func(*testing.T, *book)
}

// book is one log: a tenant's, or that of heads.
type book struct {
	Harness
	ctx    context.Context
	tenant tenancy.ID   // zero for that of heads
	trees  []audit.Tree // the log by each of the handles
}

func newBook(t testing.TB, h Harness) *book {
	b := &book{Harness: h, tenant: h.Tenant(t)}
	b.ctx = tenancy.With(context.Background(), b.tenant)
	for _, s := range h.Stores {
		b.trees = append(b.trees, s)
	}
	return b
}

func headsBook(h Harness) *book {
	b := &book{Harness: h, ctx: context.Background()}
	for _, s := range h.Stores {
		b.trees = append(b.trees, s.Heads())
	}
	return b
}

// store is the handle most tests use.
func (b *book) store() audit.Store { return b.Stores[0] }

// tree is the log by that handle.
func (b *book) tree() audit.Tree { return b.trees[0] }

// entry makes an entry of the tenant, with an id of its own.
func (b *book) entry(action string, open ...audit.Opening) audit.Entry {
	return b.entryID(uuid.New(), action, `"n":"`+rand.Text()+`"`, open...)
}

func (b *book) entryID(id uuid.UUID, action, data string, open ...audit.Opening) audit.Entry {
	leaf := fmt.Appendf(nil, `{"v":1,"tenant":"%s","id":"%s","time":"2026-01-02T03:04:05.000006Z","action":"%s","outcome":"success","data":{%s}}`,
		b.tenant, id, action, data)
	return audit.Entry{ID: id, Action: action, Leaf: leaf, Hash: leafHash(leaf), Open: open}
}

func leafHash(leaf []byte) [32]byte { return sha256.Sum256(append([]byte{0}, leaf...)) }

// entries makes n of them.
func (b *book) entries(n int) []audit.Entry {
	out := make([]audit.Entry, n)
	for i := range out {
		out[i] = b.entry("note.written")
	}
	return out
}

// append appends and checks that the places are the next.
func (b *book) append(t require.TestingT, entries ...audit.Entry) []audit.Placed {
	at := b.size(t)
	placed, err := b.tree().Append(b.ctx, entries)
	require.NoError(t, err)
	require.Len(t, placed, len(entries))
	for i, p := range placed {
		require.Equal(t, audit.Placed{Seq: at + uint64(i), Hash: entries[i].Hash}, p)
	}
	return placed
}

func (b *book) size(t require.TestingT) uint64 {
	n, err := b.tree().Size(b.ctx)
	require.NoError(t, err)
	return n
}

// all returns what is in the log, as the last of the handles sees it.
func (b *book) all(t require.TestingT) []audit.Stored { return b.leaves(t, 0, 1<<40) }

func (b *book) leaves(t require.TestingT, from, to uint64) []audit.Stored {
	var out []audit.Stored
	require.NoError(t, b.trees[len(b.trees)-1].Leaves(b.ctx, from, to, keep(&out)))
	return out
}

// keep returns a callback that keeps copies of what it is lent.
func keep(out *[]audit.Stored) func(audit.Stored) error {
	return func(e audit.Stored) error {
		*out = append(*out, clone(e))
		return nil
	}
}

func clone(e audit.Stored) audit.Stored {
	e.Leaf = append([]byte(nil), e.Leaf...)
	open := e.Open
	e.Open = nil
	for _, o := range open {
		e.Open = append(e.Open, audit.Opening{Subject: o.Subject, Data: append([]byte(nil), o.Data...)})
	}
	return e
}

// same checks that got is the entry want at a place. Outcome is in the leaf, and a store may leave it out.
func same(t require.TestingT, seq uint64, want audit.Entry, got audit.Stored) {
	require.Equal(t, seq, got.Seq)
	require.Equal(t, want.ID, got.ID)
	require.Equal(t, want.Action, got.Action)
	require.Equal(t, string(want.Leaf), string(got.Leaf))
	require.Equal(t, want.Hash, got.Hash)
	require.Equal(t, openings(want.Open), openings(got.Open))
	require.False(t, got.Recorded.IsZero())
	require.Equal(t, time.UTC, got.Recorded.Location())
}

// openings is a set of openings that can be compared.
func openings(list []audit.Opening) map[audit.Pseudonym]string {
	out := map[audit.Pseudonym]string{}
	for _, o := range list {
		out[o.Subject] = string(o.Data)
	}
	return out
}

// whole checks that the log has the places 0 to n-1, each once, in the order of time, with the hashes that the
// store gives for them, and returns the ids.
func (b *book) whole(t require.TestingT, n int) []uuid.UUID {
	require.EqualValues(t, n, b.size(t))
	var ids []uuid.UUID
	seen := map[uuid.UUID]bool{}
	var last time.Time
	var hashes []byte
	for i, e := range b.all(t) {
		require.EqualValues(t, i, e.Seq, "a gap, or a place given twice")
		require.False(t, seen[e.ID], "an id twice")
		require.False(t, e.Recorded.Before(last), "time went back")
		require.Equal(t, leafHash(e.Leaf), e.Hash)
		seen[e.ID], last = true, e.Recorded
		ids, hashes = append(ids, e.ID), append(hashes, e.Hash[:]...)
	}
	require.Len(t, ids, n)
	got, err := b.tree().Hashes(b.ctx, 0, uint64(n))
	require.NoError(t, err)
	require.Equal(t, hashes, append([]byte(nil), got...))
	return ids
}

func who(s string) audit.Pseudonym {
	h := sha256.Sum256([]byte(s))
	return audit.Pseudonym(h[:16])
}

func about(s, data string) audit.Opening {
	return audit.Opening{Subject: who(s), Data: []byte(data)}
}
