package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// ada is a data subject.
var ada = Party{Type: "user", ID: "ada-7", Name: "Ada Lovelace", Email: "ada@example.com", Person: true}

// said is an event that says the marker wherever a person can be spoken of.
func said() Event {
	return Event{
		Action: docRead, Actor: ada, Targets: []Party{ada, {Type: "document", ID: "1"}}, Reason: marker,
		Source: Source{IP: netip.MustParseAddr("192.0.2.7"), UserAgent: marker + "/1.0", Session: "s" + marker},
		Data:   map[string]any{"note": Personal(ada.Subject(), marker), "count": 3},
	}
}

func TestErasingASubjectOfAThousandEventsIsOneActWithOneRecord(t *testing.T) {
	t.Parallel()
	for _, sealed := range []bool{false, true} {
		s := NewMemory()
		l := logOver(t, s)
		if sealed {
			l.opts.Sealer = &keyring{}
		}
		events := make([]Event, 1000)
		for i := range events {
			events[i] = said()
		}
		_, err := l.Append(inAcme(t), events...)
		require.NoError(t, err)
		before := logged(t, inAcme(t), s)
		done, err := l.Erase(inAcme(t), Erasure{Subject: ada.Subject(), Basis: "GDPR Art. 17(1)(b)", By: admin})
		require.NoError(t, err)
		require.Equal(t, 1000, done.Events)
		require.Equal(t, 11000, done.Fields)
		require.Len(t, done.Receipts, 4, "a leaf has no room for all labels of a thousand events")
		after := logged(t, inAcme(t), s)
		require.Len(t, after, 1004)
		for i := range before {
			require.Equal(t, before[i].Leaf, after[i].Leaf)
			require.Equal(t, before[i].Hash, after[i].Hash)
		}
		for r, err := range l.Events(inAcme(t), Query{Oldest: true, Limit: 1000}) {
			require.NoError(t, err)
			require.Equal(t, Party{Type: "user", Person: true}, r.Actor)
			require.Len(t, r.Erased, 11)
			require.Empty(t, r.Reason)
			require.Equal(t, map[string]any{"count": int64(3)}, r.Data)
		}
		r, err := first(t, l, acme, Query{Subject: ada.Subject()})
		require.NoError(t, err)
		require.Empty(t, r.Leaf, "no trace of the subject is left")
		again, err := l.Erase(inAcme(t), Erasure{Subject: ada.Subject(), Basis: "again", By: admin})
		require.NoError(t, err)
		require.Empty(t, again)
		require.Len(t, logged(t, inAcme(t), s), 1004)
	}
}

func TestNoMarkedValueIsInALeafOrInASealedOpening(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	l.opts.Sealer = &keyring{}
	_, err := l.Append(inAcme(t), said())
	require.NoError(t, err)
	_, err = l.Export(inAcme(t), &bytes.Buffer{}, Exporting{Format: JSONL, By: ada, Reason: marker, Query: Query{Subject: ada.Subject()}})
	require.NoError(t, err)
	_, err = l.Erase(inAcme(t), Erasure{Subject: ada.Subject(), Basis: "test", By: ada})
	require.NoError(t, err)
	n, err := s.Size(inAcme(t))
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
	require.NoError(t, s.Leaves(inAcme(t), 0, n, func(st Stored) error {
		for _, b := range append([]Opening{{Data: st.Leaf}}, st.Open...) {
			for _, private := range []string{marker, "ada-7", "Lovelace", "ada@", "192.0.2.7"} {
				require.NotContains(t, string(b.Data), private, "seq %d", st.Seq)
			}
		}
		return nil
	}))
	require.NoError(t, s.Subjects(inAcme(t), l.pseudonym(acme, ada.Subject()), func(uint64, []byte) error {
		t.Error("the erasure has left the subject in the log")
		return nil
	}))
}

func TestAnErasedAddressCannotBeGuessed(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	_, err := l.Append(inAcme(t), said())
	require.NoError(t, err)
	_, err = l.Erase(inAcme(t), Erasure{Seqs: []uint64{0}, Fields: []string{"source.ip"}, Basis: "test", By: admin})
	require.NoError(t, err)
	var kept []byte
	require.NoError(t, s.Leaves(inAcme(t), 0, 2, func(st Stored) error {
		kept = append(kept, st.Leaf...)
		for _, o := range st.Open {
			kept = append(kept, o.Data...)
		}
		return nil
	}))
	for i := range 256 {
		ip := fmt.Sprintf("192.0.2.%d", i)
		require.NotContains(t, string(kept), ip)
		for _, guess := range []string{ip, "source.ip" + ip, "\x02" + ip, "\x02\x09source.ip" + ip} {
			h := sha256.Sum256([]byte(guess))
			require.False(t, commitmentIs([]byte(textOf(kept, "source.ip")), &h))
		}
	}
}

func TestAnErasureUnderAnIDHappensOnce(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	_, err := l.Append(inAcme(t), said())
	require.NoError(t, err)
	x := Erasure{ID: IDFor("request 7"), Subject: ada.Subject(), Basis: "test", By: admin}
	one, err := l.Erase(inAcme(t), x)
	require.NoError(t, err)
	_, err = l.Append(inAcme(t), said())
	require.NoError(t, err)
	two, err := l.Erase(inAcme(t), x)
	require.NoError(t, err)
	require.Equal(t, one.Events, two.Events)
	require.Equal(t, one.Fields, two.Fields)
	require.Equal(t, one.Receipts[0].Seq, two.Receipts[0].Seq)
	require.True(t, two.Receipts[0].Again)
	require.Len(t, logged(t, inAcme(t), s), 3)
}

func TestAnErasureThatFailsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	_, err := l.Append(inAcme(t), said())
	require.NoError(t, err)
	for name, x := range map[string]Erasure{
		"nothing named": {Basis: "b", By: admin}, "no basis": {Subject: "a", By: admin}, "nobody": {Subject: "a", Basis: "b"},
		"fields of all": {Subject: "a", Fields: []string{"reason"}, Basis: "b", By: admin},
		"no such event": {Seqs: []uint64{0, 99}, Basis: "b", By: admin},
		"not UTF-8":     {Subject: ada.Subject(), Basis: "\xff", By: admin},
		"a long basis":  {Subject: ada.Subject(), Basis: strings.Repeat("b", 5000), By: admin},
	} {
		_, err := l.Erase(inAcme(t), x)
		require.Error(t, err, name)
	}
	require.ErrorIs(t, s.Tx(inAcme(t), func(ctx context.Context) error {
		_, err := l.Erase(ctx, Erasure{Subject: ada.Subject(), Basis: "b", By: admin})
		require.NoError(t, err)
		return context.Canceled
	}), context.Canceled)
	require.Len(t, logged(t, inAcme(t), s), 1)
	r, err := first(t, l, acme, Query{})
	require.NoError(t, err)
	require.Empty(t, r.Erased)
	require.NoError(t, l.Close(t.Context()))
	_, err = l.Erase(inAcme(t), Erasure{Subject: ada.Subject(), Basis: "b", By: admin})
	require.ErrorIs(t, err, ErrClosed)
}

// racing lets a test act between what an erasure read and its transaction.
type racing struct {
	Store
	before func()
}

func (r *racing) Tx(ctx context.Context, f func(context.Context) error) error {
	if act := r.before; act != nil {
		r.before = nil
		act()
	}
	return r.Store.Tx(ctx, f)
}

func TestErasuresAtOnceBringNothingBack(t *testing.T) {
	t.Parallel()
	s := &racing{Store: NewMemory()}
	l := logOver(t, s)
	_, err := l.Append(inAcme(t), said())
	require.NoError(t, err)
	erase := func(field string) {
		_, err := l.Erase(inAcme(t), Erasure{Seqs: []uint64{0}, Fields: []string{field}, Basis: "test", By: admin})
		require.NoError(t, err)
	}
	s.before = func() { erase("reason") }
	erase("source.agent")
	r, err := first(t, l, acme, Query{Actions: []Action{docRead}})
	require.NoError(t, err)
	require.Equal(t, []string{"source.agent", "reason"}, r.Erased)
	s.before = func() {
		_, err := l.Erase(inAcme(t), Erasure{Subject: ada.Subject(), Basis: "test", By: admin})
		require.NoError(t, err)
	}
	erase("source.ip")
	require.Len(t, logged(t, inAcme(t), s), 4, "what the quicker one had erased is not recorded again")
}

func TestWhatWasShreddedReadsAsErasedAndCanStillBeErased(t *testing.T) {
	t.Parallel()
	keys := &keyring{}
	l := logOver(t, NewMemory())
	l.opts.Sealer = keys
	e := said()
	e.Targets[0] = Party{Type: "user", ID: "bob-8", Person: true}
	_, err := l.Append(inAcme(t), e)
	require.NoError(t, err)
	keys.shred(ada.Subject())
	r, err := first(t, l, acme, Query{})
	require.NoError(t, err)
	gone := []string{"actor.id", "actor.name", "actor.email", "source.ip", "source.agent", "source.session", "reason", "data.note"}
	require.Equal(t, gone, r.Erased)
	require.Equal(t, "bob-8", r.Targets[0].ID)
	done, err := l.Erase(inAcme(t), Erasure{Subject: ada.Subject(), Basis: "key destroyed", By: admin})
	require.NoError(t, err)
	require.Equal(t, len(gone), done.Fields)
	r, err = first(t, l, acme, Query{Actions: []Action{Erased}})
	require.NoError(t, err)
	require.Equal(t, []string{"0:" + strings.Join(gone, ",")}, r.Data["fields"])
}

func TestAHoldThatComesDuringAnErasureIsKept(t *testing.T) {
	t.Parallel()
	for _, who := range []Subject{"", ada.Subject()} {
		s := &racing{Store: NewMemory()}
		l := logOver(t, s)
		_, err := l.Append(inAcme(t), said())
		require.NoError(t, err)
		s.before = func() {
			_, err := l.Hold(inAcme(t), Holding{ID: "m-1", Subject: who, Reason: "court", By: admin})
			require.NoError(t, err)
		}
		_, err = l.Erase(inAcme(t), Erasure{Subject: ada.Subject(), Basis: "b", By: admin})
		require.ErrorIs(t, err, ErrHeld)
		require.Len(t, logged(t, inAcme(t), s), 2)
		again, err := l.Hold(inAcme(t), Holding{ID: "m-1", Subject: who, Reason: "court", By: admin})
		require.NoError(t, err)
		require.True(t, again.Again)
		_, err = l.Hold(inAcme(t), Holding{ID: "m-1", Subject: "user:x", Reason: "court", By: admin})
		require.ErrorIs(t, err, errHoldTaken)
		_, err = l.Release(inAcme(t), "m-1", "over", admin)
		require.NoError(t, err)
		_, err = l.Release(inAcme(t), "m-1", "over", admin)
		require.ErrorIs(t, err, ErrNotFound)
		_, err = l.Erase(inAcme(t), Erasure{Subject: ada.Subject(), Basis: "b", By: admin})
		require.NoError(t, err)
	}
}

func BenchmarkEraseASubjectOfAThousandEvents(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		l := logOver(b, NewMemory())
		events := make([]Event, 1000)
		for i := range events {
			events[i] = said()
			events[i].ID = uuid.New()
		}
		_, err := l.Append(inAcme(b), events...)
		require.NoError(b, err)
		b.StartTimer()
		_, err = l.Erase(inAcme(b), Erasure{Subject: ada.Subject(), Basis: "b", By: admin})
		require.NoError(b, err)
	}
}
