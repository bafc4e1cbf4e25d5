package consenttest

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

var readTests = []storeTest{
	{"entries are found by their keys, each once", readKeyed},
	{"the ledger is read in pages, in order", readLedger},
	{"a subject's history is read in pages, in order, and nobody else's is in it", readHistory},
}

var stateTests = []storeTest{
	{"a state comes back as it was put last, with every value it can have", stateKept},
	{"several states come in the order they are asked for", stateOrder},
	{"what was forgotten is gone, and nothing else is", stateForget},
	{"who was forgotten can come again", stateAgain},
}

var tenantTests = []storeTest{
	{"a tenant sees and changes nothing of another's", tenantsApart},
	{"without a tenant nothing happens", tenantNone},
	{"with a ctx that has ended nothing happens", tenantEnded},
}

func readKeyed(t *testing.T, h *house) {
	es := h.add(t, 100)
	for _, n := range []int{1, 2, 31, 32, 33, 63, 64, 100} {
		var keys []consent.Key
		for _, i := range rand.Perm(100)[:n] {
			keys = append(keys, es[i].Key, fresh[consent.Key](), es[i].Key)
		}
		got, err := h.other().Keyed(h.ctx, keys)
		require.NoError(t, err)
		require.Len(t, got, n)
		for _, e := range got {
			require.Equal(t, es[e.Seq-1], e)
			require.Contains(t, keys, e.Key)
		}
	}
	for _, keys := range [][]consent.Key{nil, {}, {fresh[consent.Key]()}, {{}}} {
		got, err := h.Keyed(h.ctx, keys)
		require.NoError(t, err)
		require.Empty(t, got)
	}
}

func readLedger(t *testing.T, h *house) {
	es := h.add(t, 50)
	for _, c := range []struct {
		after uint64
		limit int
		want  []consent.Entry
	}{
		{0, 1000, es}, {0, 50, es}, {0, 7, es[:7]}, {49, 7, es[49:]}, {10, 3, es[10:13]}, {50, 7, nil}, {1000, 7, nil}, {math.MaxInt64, 7, nil}, {math.MaxUint64, 7, nil},
		{0, 0, nil}, {0, -1, nil}, {0, math.MinInt, nil}, {40, math.MaxInt32, es[40:]},
	} {
		got, err := h.other().Ledger(h.ctx, c.after, c.limit)
		require.NoError(t, err)
		require.ElementsMatch(t, c.want, got)
		for i := range got {
			require.Equal(t, c.after+uint64(i)+1, got[i].Seq)
		}
	}
}

func readHistory(t *testing.T, h *house) {
	subjects := []consent.Subject{fresh[consent.Subject](), fresh[consent.Subject](), fresh[consent.Subject]()}
	byWhom := map[consent.Subject][]consent.Entry{}
	require.NoError(t, h.addTo(h.Store, func(seq uint64) []consent.Entry {
		es := entries(seq, 2500)
		for i := range es {
			if i%5 == 0 || i < 40 || i > 2400 {
				es[i].Subject = subjects[rand.IntN(len(subjects))]
			}
			byWhom[es[i].Subject] = append(byWhom[es[i].Subject], es[i])
		}
		return es
	}))
	for who, want := range byWhom {
		if len(want) == 1 && rand.IntN(40) > 0 {
			continue
		}
		for after, page := uint64(0), 0; ; page++ {
			got, err := h.other().History(h.ctx, who, after, 60)
			require.NoError(t, err)
			require.Equal(t, want[page*60:min(len(want), page*60+60)], got)
			if len(got) < 60 {
				break
			}
			after = got[59].Seq
		}
		n := len(want) / 2
		got, err := h.History(h.ctx, who, want[n].Seq-1, 1)
		require.NoError(t, err)
		require.Equal(t, want[n:n+1], got)
	}
	for _, c := range []struct {
		after uint64
		limit int
	}{{0, 0}, {0, -1}, {2500, 10}, {math.MaxInt64, 10}, {math.MaxUint64, 10}} {
		got, err := h.History(h.ctx, subjects[0], c.after, c.limit)
		require.NoError(t, err)
		require.Empty(t, got)
	}
	got, err := h.History(h.ctx, fresh[consent.Subject](), 0, 10)
	require.NoError(t, err)
	require.Empty(t, got)
}

// put writes states, with an entry that they may come to.
func (h *house) put(t require.TestingT, ss ...consent.State) {
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		head, err := h.Head(ctx)
		require.NoError(t, err)
		return h.Write(ctx, entries(head.Seq, 1), ss, nil)
	}))
}

func (h *house) state(t require.TestingT, who consent.Who) consent.State {
	s, err := h.other().State(h.ctx, who)
	require.NoError(t, err)
	several, err := h.other().States(h.ctx, []consent.Who{who})
	require.NoError(t, err)
	require.Equal(t, []consent.State{s}, several)
	return s
}

func stateKept(t *testing.T, h *house) {
	full := consent.State{Who: fresh[consent.Who](), Subject: fresh[consent.Subject](), Secret: fresh[[16]byte](), Seq: math.MaxInt64, Granted: math.MaxUint16, Denied: math.MaxUint16,
		OptOut: true, Policy: math.MaxUint16, At: moment, Expires: moment.Add(time.Microsecond)}
	for i := range full.No {
		full.No[i] = math.MaxInt64 - int64(i)
	}
	for _, change := range []func(*consent.State){
		func(s *consent.State) {}, func(s *consent.State) { s.Granted = 0 }, func(s *consent.State) { s.Denied = 0 }, func(s *consent.State) { s.OptOut = false },
		func(s *consent.State) { s.Policy = 0 }, func(s *consent.State) { s.Expires = time.Time{} }, func(s *consent.State) { s.No = [16]int64{} },
		func(s *consent.State) { s.Secret = [16]byte{} }, func(s *consent.State) { s.Seq = 1 }, func(s *consent.State) { s.No[15] = math.MinInt64 },
		func(s *consent.State) { s.At = time.UnixMicro(-1).UTC() }, func(s *consent.State) { s.Expires = time.UnixMicro(0).UTC() },
		func(s *consent.State) {
			*s = consent.State{Who: s.Who, Subject: s.Subject, Seq: 7, At: moment}
		},
	} {
		s := full
		change(&s)
		h.put(t, s)
		require.Equal(t, s, h.state(t, s.Who))
	}
	s := full
	s.At, s.Expires = moment.Add(999), moment.Add(1999)
	h.put(t, s)
	s.At, s.Expires = moment, moment.Add(time.Microsecond)
	require.Equal(t, s, h.state(t, s.Who))
}

func stateOrder(t *testing.T, h *house) {
	var ss []consent.State
	for i := range 100 {
		ss = append(ss, state(entry(uint64(i+1))))
	}
	h.put(t, ss...)
	var whos []consent.Who
	var want []consent.State
	for _, i := range append(rand.Perm(100), rand.Perm(100)...) {
		whos, want = append(whos, ss[i].Who, fresh[consent.Who]()), append(want, ss[i], consent.State{})
	}
	got, err := h.other().States(h.ctx, whos)
	require.NoError(t, err)
	require.Equal(t, want, got)
	for _, none := range [][]consent.Who{nil, {}} {
		got, err := h.States(h.ctx, none)
		require.NoError(t, err)
		require.Empty(t, got)
	}
	require.Zero(t, h.state(t, consent.Who{}))
}

func stateForget(t *testing.T, h *house) {
	a, b := state(entry(1)), state(entry(1))
	h.put(t, a, b)
	before := h.all(t)
	for range 2 { // of who is not known it is no error
		require.NoError(t, h.Forget(h.ctx, a.Who))
		require.Zero(t, h.state(t, a.Who))
		require.Equal(t, b, h.state(t, b.Who))
	}
	require.NoError(t, h.Forget(h.ctx, fresh[consent.Who]()))
	require.Equal(t, before, h.all(t), "entries stay")
}

func stateAgain(t *testing.T, h *house) {
	s := state(entry(1))
	for range 3 {
		h.put(t, s)
		require.NoError(t, h.Forget(h.ctx, s.Who))
		s.Subject, s.Secret = fresh[consent.Subject](), fresh[[16]byte]()
		h.put(t, s)
		require.Equal(t, s, h.state(t, s.Who))
	}
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		require.NoError(t, h.Forget(ctx, s.Who))
		return h.Write(ctx, nil, []consent.State{s}, nil)
	}))
	require.Equal(t, s, h.state(t, s.Who))
}

func tenantsApart(t *testing.T, h *house) {
	other := newHouse(t, h.Harness)
	var e consent.Entry
	var s consent.State
	var d consent.Document
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error { e, s, d = h.everything(ctx, t); return nil }))
	other.has(other.ctx, t, other.Store, e, s, d, false)
	require.Zero(t, other.head(t).Seq)
	// The same key, name and text are theirs too.
	mine, known := e, s
	mine.Place, mine.Subject, known.OptOut = "FR", fresh[consent.Subject](), false
	require.NoError(t, other.Write(other.ctx, []consent.Entry{mine}, []consent.State{known}, []consent.Document{d}))
	other.has(other.ctx, t, other.Store, mine, known, d, true)
	h.has(h.ctx, t, h.other(), e, s, d, true)
	require.NoError(t, other.Forget(other.ctx, s.Who))
	require.Equal(t, s, h.state(t, s.Who))
	other.add(t, 3)
	require.Equal(t, uint64(1), h.head(t).Seq)
}

// failsAll checks that every call fails, with want if it is not nil.
func (h *house) failsAll(t *testing.T, ctx context.Context, want error) {
	t.Helper()
	ran := false
	for name, call := range map[string]func() error{
		"Tx":       func() error { return h.Tx(ctx, func(context.Context) error { ran = true; return nil }) },
		"Head":     func() error { _, err := h.Head(ctx); return err },
		"Write":    func() error { return h.Write(ctx, entries(0, 1), nil, nil) },
		"Keyed":    func() error { _, err := h.Keyed(ctx, []consent.Key{{1}}); return err },
		"State":    func() error { _, err := h.State(ctx, consent.Who{1}); return err },
		"States":   func() error { _, err := h.States(ctx, []consent.Who{{1}}); return err },
		"Forget":   func() error { return h.Forget(ctx, consent.Who{1}) },
		"History":  func() error { _, err := h.History(ctx, consent.Subject{1}, 0, 1); return err },
		"Ledger":   func() error { _, err := h.Ledger(ctx, 0, 1); return err },
		"Document": func() error { _, err := h.Document(ctx, consent.Hash{1}); return err },
	} {
		err := call()
		require.Error(t, err, name)
		require.NotErrorIs(t, err, consent.ErrNotFound, name)
		if want != nil && name != "Head" {
			require.ErrorIs(t, err, want, name)
		}
	}
	require.False(t, ran)
}

func tenantNone(t *testing.T, h *house) {
	require.False(t, h.InTx(context.Background()))
	h.failsAll(t, context.Background(), tenancy.ErrNoTenant)
}

func tenantEnded(t *testing.T, h *house) {
	ctx, cancel := context.WithCancel(h.ctx)
	cancel()
	h.failsAll(t, ctx, context.Canceled)
	require.Empty(t, h.all(t))
	// One that ends before the commit does not commit.
	ctx, cancel = context.WithCancel(h.ctx)
	require.Error(t, h.Tx(ctx, func(ctx context.Context) error {
		defer cancel()
		h.everything(ctx, t)
		return nil
	}))
	require.Empty(t, h.all(t))
}
