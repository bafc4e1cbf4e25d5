package consenttest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

var transactionTests = []storeTest{
	{"a transaction is in force together or not at all", txTogether},
	{"a transaction sees what it did, and nobody else does before it has committed", txSees},
	{"a transaction joins the one that ctx carries", txJoins},
	{"an error in a transaction that joined undoes the whole", txDooms},
	{"a panic undoes the transaction", txPanics},
	{"ErrNotFound does not undo the transaction it is given in", txAnswers},
	{"a transaction that has ended, or is another tenant's, is not joined", txEnded},
}

var headTests = []storeTest{
	{"the head is the end of the ledger, and the time", headIs},
	{"the head is read in a transaction", headTx},
	{"whoever reads the head waits for who did before", headSerial},
	{"who writes without it waits too", headWrite},
	{"who waits for a transaction that is undone goes on without it", headUndone},
	{"the tenants of one store do not wait for each other", headApart},
	{"who waits gives up with ctx", headGivesUp},
	{"readers do not wait for who has the head", headReaders},
	{"many processes make one chain", headRace},
	{"of those who write the same number without the head one does", headConflict},
}

var errUndo = errors.New("undo")

// everything writes one of each kind after the head, and returns them.
func (h *house) everything(ctx context.Context, t require.TestingT) (consent.Entry, consent.State, consent.Document) {
	head, err := h.Head(ctx)
	require.NoError(t, err)
	doc := document("text " + head.Hash.String())
	e := entry(head.Seq + 1)
	e.Text = doc.Hash
	s := state(e)
	require.NoError(t, h.Write(ctx, []consent.Entry{e}, []consent.State{s}, []consent.Document{doc}))
	return e, s, doc
}

// has checks that there is what everything wrote, in all ways to ask, or that there is not.
func (h *house) has(ctx context.Context, t require.TestingT, s consent.Store, e consent.Entry, st consent.State, doc consent.Document, there bool) {
	var es []consent.Entry
	var docs, want = consent.Document{}, consent.Document{}
	var wantState consent.State
	if there {
		es, want, wantState = []consent.Entry{e}, doc, st
	}
	for _, get := range []func() ([]consent.Entry, error){
		func() ([]consent.Entry, error) { return s.Keyed(ctx, []consent.Key{e.Key}) },
		func() ([]consent.Entry, error) { return s.History(ctx, e.Subject, 0, 10) },
		func() ([]consent.Entry, error) { return s.Ledger(ctx, e.Seq-1, 10) },
	} {
		got, err := get()
		require.NoError(t, err)
		require.ElementsMatch(t, es, got)
	}
	got, err := s.State(ctx, st.Who)
	require.NoError(t, err)
	require.Equal(t, wantState, got)
	several, err := s.States(ctx, []consent.Who{st.Who})
	require.NoError(t, err)
	require.Equal(t, []consent.State{wantState}, several)
	docs, err = s.Document(ctx, doc.Hash)
	if require.Equal(t, want, docs); there {
		require.NoError(t, err)
	} else {
		require.ErrorIs(t, err, consent.ErrNotFound)
	}
}

func txTogether(t *testing.T, h *house) {
	require.False(t, h.InTx(h.ctx))
	var e consent.Entry
	var s consent.State
	var d consent.Document
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error {
		require.True(t, h.InTx(ctx))
		e, s, d = h.everything(ctx, t)
		return errUndo
	}), errUndo)
	h.has(h.ctx, t, h.other(), e, s, d, false)
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error { e, s, d = h.everything(ctx, t); return nil }))
	h.has(h.ctx, t, h.other(), e, s, d, true)
	// What was changed or forgotten is as it was.
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error {
		changed := s
		changed.OptOut, changed.Seq = false, 2
		require.NoError(t, h.Write(ctx, entries(1, 1), []consent.State{changed}, nil))
		require.NoError(t, h.Forget(ctx, s.Who))
		return errUndo
	}), errUndo)
	h.has(h.ctx, t, h.other(), e, s, d, true)
}

func txSees(t *testing.T, h *house) {
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		e, s, d := h.everything(ctx, t)
		h.has(ctx, t, h.Store, e, s, d, true)
		h.has(h.ctx, t, h.other(), e, s, d, false)
		head, err := h.Head(ctx)
		require.NoError(t, err)
		require.Equal(t, []any{e.Seq, e.Hash}, []any{head.Seq, head.Hash})
		require.NoError(t, h.Forget(ctx, s.Who))
		got, err := h.State(ctx, s.Who)
		require.NoError(t, err)
		require.Zero(t, got)
		next, s2, d2 := h.everything(ctx, t)
		require.Equal(t, uint64(2), next.Seq)
		h.has(ctx, t, h.Store, next, s2, d2, true)
		return nil
	}))
	require.Len(t, h.all(t), 2)
}

func txJoins(t *testing.T, h *house) {
	var e consent.Entry
	var s consent.State
	var d consent.Document
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error {
		require.NoError(t, h.Tx(ctx, func(ctx context.Context) error { e, s, d = h.everything(ctx, t); return nil }))
		h.has(ctx, t, h.Store, e, s, d, true)
		return errUndo
	}), errUndo)
	h.has(h.ctx, t, h.Store, e, s, d, false)
}

func txDooms(t *testing.T, h *house) {
	require.Error(t, h.Tx(h.ctx, func(ctx context.Context) error {
		h.everything(ctx, t)
		_ = h.Tx(ctx, func(context.Context) error { return errUndo })
		return nil
	}))
	require.Empty(t, h.all(t))
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error {
		e, _, _ := h.everything(ctx, t)
		again := entry(e.Seq + 1)
		again.Key = e.Key
		_ = h.Write(ctx, []consent.Entry{again}, nil, nil)
		return nil
	}), consent.ErrRefused)
	require.Empty(t, h.all(t))
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error {
		e, _, _ := h.everything(ctx, t)
		_ = h.Write(ctx, []consent.Entry{entry(e.Seq)}, nil, nil)
		return nil
	}), consent.ErrConflict)
	require.Empty(t, h.all(t))
}

func txPanics(t *testing.T, h *house) {
	require.PanicsWithValue(t, "help", func() {
		_ = h.Tx(h.ctx, func(ctx context.Context) error {
			h.everything(ctx, t)
			panic("help")
		})
	})
	require.Empty(t, h.all(t))
	h.add(t, 1) // nobody waits for it
}

func txAnswers(t *testing.T, h *house) {
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		_, err := h.Document(ctx, consent.Hash{1})
		require.ErrorIs(t, err, consent.ErrNotFound)
		require.NoError(t, h.Forget(ctx, fresh[consent.Who]()))
		h.everything(ctx, t)
		return nil
	}))
	require.Len(t, h.all(t), 1)
}

func txEnded(t *testing.T, h *house) {
	var kept context.Context
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error { kept = ctx; return nil }))
	require.False(t, h.InTx(kept))
	h.failsAll(t, kept, nil)
	other := newHouse(t, h.Harness)
	id, err := tenancy.From(other.ctx)
	require.NoError(t, err)
	require.Error(t, h.Tx(h.ctx, func(ctx context.Context) error {
		in := tenancy.Switch(ctx, id)
		require.False(t, h.InTx(in))
		h.failsAll(t, in, nil)
		return h.Tx(in, func(context.Context) error { return nil })
	}))
	require.Empty(t, h.all(t))
	require.Empty(t, other.all(t))
}

func headIs(t *testing.T, h *house) {
	head := h.head(t)
	require.Zero(t, head.Seq)
	require.Zero(t, head.Hash)
	require.Equal(t, time.UTC, head.Now.Location())
	require.Equal(t, head.Now, head.Now.Truncate(time.Microsecond))
	require.WithinDuration(t, time.Now(), head.Now, time.Hour)
	for n := range 3 {
		es := h.add(t, n+1)
		next := h.head(t)
		require.Equal(t, []any{es[n].Seq, es[n].Hash}, []any{next.Seq, next.Hash})
		require.False(t, next.Now.Before(head.Now))
		head = next
	}
}

func headTx(t *testing.T, h *house) {
	_, err := h.Head(h.ctx)
	require.ErrorIs(t, err, consent.ErrRefused)
}

// The one who comes second sees what the first one wrote.
func headSerial(t *testing.T, h *house) {
	has, second := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(second)
		<-has
		if err := h.addTo(h.other(), func(seq uint64) []consent.Entry { return entries(seq, 1) }); err != nil {
			t.Error(err)
		}
	}()
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		head, err := h.Head(ctx)
		require.NoError(t, err)
		close(has)
		select {
		case <-second:
			t.Error("the second one did not wait")
		case <-time.After(50 * time.Millisecond): // for it to come and wait
		}
		return h.Write(ctx, entries(head.Seq, 2), nil, nil)
	}))
	<-second
	require.Len(t, h.all(t), 3)
}

func headWrite(t *testing.T, h *house) {
	has, second := make(chan struct{}), make(chan error, 1)
	go func() {
		<-has
		second <- h.other().Write(h.ctx, entries(0, 1), nil, nil)
	}()
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		head, err := h.Head(ctx)
		require.NoError(t, err)
		close(has)
		select {
		case <-second:
			t.Error("the second one did not wait")
		case <-time.After(50 * time.Millisecond):
		}
		return h.Write(ctx, entries(head.Seq, 1), nil, nil)
	}))
	require.ErrorIs(t, <-second, consent.ErrConflict)
	require.Len(t, h.all(t), 1)
}

func headUndone(t *testing.T, h *house) {
	has, undone := make(chan struct{}), make(chan error, 1)
	go func() {
		undone <- h.Tx(h.ctx, func(ctx context.Context) error {
			h.everything(ctx, t)
			close(has)
			time.Sleep(30 * time.Millisecond) // for the other one to come and wait
			return errUndo
		})
	}()
	<-has
	require.NoError(t, h.addTo(h.other(), func(seq uint64) []consent.Entry {
		require.Zero(t, seq)
		return entries(seq, 1)
	}))
	require.ErrorIs(t, <-undone, errUndo)
	require.Len(t, h.all(t), 1)
}

func headApart(t *testing.T, h *house) {
	other := newHouse(t, h.Harness)
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		_, err := h.Head(ctx)
		require.NoError(t, err)
		other.add(t, 1)
		return nil
	}))
}

func headGivesUp(t *testing.T, h *house) {
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		_, err := h.Head(ctx)
		require.NoError(t, err)
		waiting, cancel := context.WithTimeout(h.ctx, 30*time.Millisecond)
		defer cancel()
		done := make(chan error, 1)
		go func() {
			done <- h.other().Tx(waiting, func(ctx context.Context) error {
				_, err := h.other().Head(ctx)
				return err
			})
		}()
		require.Error(t, <-done)
		return nil
	}))
	h.add(t, 1)
}

func headReaders(t *testing.T, h *house) {
	es := h.add(t, 2)
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		_, err := h.Head(ctx)
		require.NoError(t, err)
		got, err := h.other().History(h.ctx, es[1].Subject, 0, 10)
		require.NoError(t, err)
		require.Equal(t, es[1:], got)
		_, err = h.other().State(h.ctx, fresh[consent.Who]())
		return err
	}))
}

func headRace(t *testing.T, h *house) {
	const writers, each = 6, 15
	var last atomic.Uint64
	together(writers, func(i int) {
		for k := range each {
			err := h.addTo(h.process(i), func(seq uint64) []consent.Entry {
				es := entries(seq, 1+k%3)
				last.Store(max(last.Load(), es[len(es)-1].Seq))
				return es
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	es := h.all(t)
	require.Len(t, es, writers*each*2)
	for i, e := range es {
		require.Equal(t, uint64(i+1), e.Seq)
	}
}

func headConflict(t *testing.T, h *house) {
	for round := range uint64(5) {
		errs := make([]error, 4)
		together(len(errs), func(i int) { errs[i] = h.process(i).Write(h.ctx, entries(round*2, 2), nil, nil) })
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				require.ErrorIs(t, err, consent.ErrConflict)
			}
		}
		require.Equal(t, 1, won)
	}
	require.Len(t, h.all(t), 10)
}
