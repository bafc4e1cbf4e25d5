package consenttest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// Harness is an empty store to be tested.
type Harness struct {
	// Stores are handles on the same rows, as several processes have them: two or more if the store can be
	// shared by processes.
	Stores []consent.Store
	// Tenant makes a tenant that has nothing.
	Tenant func(testing.TB) tenancy.ID
}

// Store is the contract of [consent.Store] as a test. Its parts share what one call of open returns, each with tenants of its own.
// Run it on your own store under the race detector.
func Store(t *testing.T, open func(testing.TB) Harness) {
	h := open(t)
	for _, part := range [][]storeTest{writeTests, refusalTests, transactionTests, headTests, readTests, stateTests, tenantTests, modelTests, managerTests} {
		for _, c := range part {
			t.Run(c.name, func(t *testing.T) { t.Parallel(); c.test(t, newHouse(t, h)) })
		}
	}
}

type storeTest struct {
	name string
	test func(*testing.T, *house)
}

// house is a tenant of a store.
type house struct {
	Harness
	ctx context.Context
	consent.Store
}

func newHouse(t testing.TB, h Harness) *house {
	return &house{Harness: h, Store: h.Stores[0], ctx: tenancy.With(context.Background(), h.Tenant(t))}
}

// process returns one of the handles.
func (h *house) process(i int) consent.Store { return h.Stores[i%len(h.Stores)] }

// other is the last of them.
func (h *house) other() consent.Store { return h.process(len(h.Stores) - 1) }

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

// moment is a time that nothing of a test has by accident. A store keeps its microseconds.
var moment = time.Date(2026, 3, 9, 8, 7, 6, 543_211_000, time.UTC)

// fresh returns random bytes, for keys, subjects and hashes that are each their own.
func fresh[T [16]byte | [32]byte | consent.Key | consent.Subject | consent.Hash | consent.Who]() (out T) {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	switch p := any(&out).(type) {
	case *[16]byte:
		copy(p[:], b)
	case *[32]byte:
		copy(p[:], b)
	case *consent.Key:
		copy(p[:], b)
	case *consent.Subject:
		copy(p[:], b)
	case *consent.Hash:
		copy(p[:], b)
	case *consent.Who:
		copy(p[:], b)
	}
	return out
}

// entry is one that a store takes as number seq.
func entry(seq uint64) consent.Entry {
	return consent.Entry{Seq: seq, Key: fresh[consent.Key](), Subject: fresh[consent.Subject](), Method: consent.Chosen, Granted: consent.Of(consent.Analytics),
		Denied: consent.Of(consent.Marketing), Policy: 7, Place: "US-CA", Regimes: "us-ca,us-tx", At: moment, Expires: moment.Add(time.Hour), Hash: fresh[consent.Hash]()}
}

// entries are n that follow after.
func entries(after uint64, n int) (out []consent.Entry) {
	for i := range n {
		out = append(out, entry(after+1+uint64(i)))
	}
	return out
}

// state is one of the last of entries.
func state(e consent.Entry) consent.State {
	return consent.State{Who: fresh[consent.Who](), Subject: e.Subject, Secret: fresh[[16]byte](), Seq: e.Seq, Granted: e.Granted, Denied: e.Denied, OptOut: true, Policy: e.Policy,
		At: e.At, Expires: e.Expires, No: [16]int64{3: e.At.Unix()}}
}

func document(body string) consent.Document {
	return consent.Document{Version: 7, Language: "de-CH", Body: []byte(body), Hash: sha256.Sum256([]byte(body))}
}

// add writes n entries after the head, in a transaction of its own, and returns them.
func (h *house) add(t require.TestingT, n int) (out []consent.Entry) {
	require.NoError(t, h.addTo(h.Store, func(seq uint64) []consent.Entry { out = entries(seq, n); return out }))
	return out
}

// addTo writes what f returns for the end of the ledger.
func (h *house) addTo(s consent.Store, f func(seq uint64) []consent.Entry) error {
	return s.Tx(h.ctx, func(ctx context.Context) error {
		head, err := s.Head(ctx)
		if err != nil {
			return err
		}
		return s.Write(ctx, f(head.Seq), nil, nil)
	})
}

// all is the whole ledger, as another process sees it.
func (h *house) all(t require.TestingT) []consent.Entry { return ledger(t, h.ctx, h.other()) }

func ledger(t require.TestingT, ctx context.Context, s consent.Store) (out []consent.Entry) {
	for after := uint64(0); ; {
		es, err := s.Ledger(ctx, after, 700)
		require.NoError(t, err)
		if len(es) == 0 {
			return out
		}
		out = append(out, es...)
		after = es[len(es)-1].Seq
	}
}

func (h *house) head(t require.TestingT) (head consent.Head) {
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) (err error) {
		head, err = h.Head(ctx)
		return err
	}))
	return head
}

// refused checks that f, in a transaction that has the head, is refused with want, and that nothing of it is in force.
func (h *house) refused(t require.TestingT, want error, f func(ctx context.Context, seq uint64) error, why ...any) {
	before := h.head(t)
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error {
		head, err := h.Head(ctx)
		require.NoError(t, err)
		return f(ctx, head.Seq)
	}), want, why...)
	after := h.head(t)
	require.Equal(t, fmt.Sprint(before.Seq, before.Hash), fmt.Sprint(after.Seq, after.Hash), why...)
}
