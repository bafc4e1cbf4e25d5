package audit

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// testAnchor is an anchor in memory.
type testAnchor struct {
	mu     sync.Mutex
	notes  [][]byte
	latest []byte // told in place of the last of notes
	err    error
	hang   chan struct{} // closed to let calls go on, which do not look at their context
}

func (a *testAnchor) Name() string { return "vault" }

func (a *testAnchor) wait() {
	a.mu.Lock()
	hang := a.hang
	a.mu.Unlock()
	if hang != nil {
		<-hang
	}
}

func (a *testAnchor) Publish(_ context.Context, signed []byte) error {
	a.wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err == nil {
		a.notes = append(a.notes, bytes.Clone(signed))
	}
	return a.err
}

func (a *testAnchor) Latest(context.Context) ([]byte, error) {
	a.wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.err != nil:
		return nil, a.err
	case a.latest != nil:
		return a.latest, nil
	case len(a.notes) == 0:
		return nil, ErrNotFound
	}
	return a.notes[len(a.notes)-1], nil
}

func (a *testAnchor) set(f func(a *testAnchor)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f(a)
}

func (a *testAnchor) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.notes)
}

func anchoredAt(a Anchor, required bool) func(*Options) {
	return func(o *Options) {
		o.Anchors = []Anchoring{{Anchor: a, Required: required, Timeout: 200 * time.Millisecond}}
	}
}

func TestHeadsAreSignedAnewThoughNothingHappens(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	anchor := &testAnchor{}
	l := openSigning(t, store, n, anchoredAt(anchor, true))
	_, err := l.Heads(t.Context())
	require.ErrorIs(t, err, ErrNotFound)
	addHeads(t, l, store, 2)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for minute := range 3 {
		at := now.Add(time.Duration(minute) * time.Minute)
		l.signing.now = func() time.Time { return at }
		c, err := l.Heads(t.Context())
		require.NoError(t, err)
		require.Equal(t, at, c.Time)
		require.Equal(t, uint64(2), c.Size)
		require.Equal(t, minute+1, anchor.count())
		require.Equal(t, c.Note, anchor.notes[minute])
	}
	kept := 0
	require.NoError(t, store.Heads().Signed(t.Context(), 0, func(Signed) error { kept++; return nil }))
	require.Equal(t, 1, kept, "checkpoints of one size are not piled up in the store")
}

func TestALogBehindItsAnchorIsRefused(t *testing.T) {
	t.Parallel()
	n, anchor := newNotary(t), &testAnchor{}
	store := NewMemory()
	l := openSigning(t, store, n, anchoredAt(anchor, true))
	addHeads(t, l, store, 7)
	_, err := l.Heads(t.Context())
	require.NoError(t, err)

	signs := 0
	for _, required := range []bool{true, false} {
		for heads, fork := range map[int]bool{0: false, 4: false, 7: true, 20: true} {
			forged := rewritten(t, n, heads)
			n.before = func([]byte) { signs++ }
			_, err := Open(t.Context(), forged, Options{
				Origin: testOrigin, Signer: n, Key: testKey(t),
				Anchors: []Anchoring{{Anchor: anchor, Required: required}},
			})
			n.before = nil
			require.ErrorIs(t, err, ErrBackwards, "%d heads", heads)
			var evidence *ForkError
			require.Equal(t, fork, errors.As(err, &evidence), "%d heads", heads)
			if !fork {
				require.ErrorContains(t, err, "7")
				continue
			}
			require.Equal(t, anchor.notes[0], evidence.Theirs)
			ours, err := ParseCheckpoint(evidence.Ours, n.Verifier)
			require.NoError(t, err)
			require.Equal(t, uint64(heads), ours.Size)
			require.Contains(t, string(evidence.Evidence()), string(evidence.Theirs))
			require.Contains(t, string(evidence.Evidence()), string(evidence.Ours))
		}
	}
	require.Equal(t, 4, signs, "evidence only")

	// The true log is taken, by this process and by the next.
	addHeads(t, l, store, 1)
	_, err = openSigning(t, store, n, anchoredAt(anchor, true)).Heads(t.Context())
	require.NoError(t, err)
	anchor.set(func(a *testAnchor) { a.latest = []byte("nonsense") })
	_, err = Open(t.Context(), store, Options{
		Origin: testOrigin, Signer: n, Key: testKey(t), Anchors: []Anchoring{{Anchor: anchor}},
	})
	require.ErrorIs(t, err, ErrCorrupt)
}

func TestALogOfHeadsThatWentBackwardsIsNotOpened(t *testing.T) {
	t.Parallel()
	n, store := newNotary(t), NewMemory()
	l := openSigning(t, store, n)
	addHeads(t, l, store, 3)
	c, err := Checkpoint{Origin: testOrigin, Size: 9}.sign(n.Signer)
	require.NoError(t, err)
	require.NoError(t, store.Heads().Sign(t.Context(), Signed{Size: 9, Note: c.Note, HeadsIndex: -1}))
	_, err = Open(t.Context(), store, Options{Origin: testOrigin, Signer: n, Key: testKey(t)})
	require.ErrorIs(t, err, ErrBackwards)
	_, err = l.Heads(t.Context())
	require.ErrorIs(t, err, ErrBackwards)
}

func TestARequiredAnchorGatesHeadsAndAnotherLags(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	n, store, anchor := newNotary(t), NewMemory(), &testAnchor{}
	l := openSigning(t, store, n, anchoredAt(anchor, true))
	addHeads(t, l, store, 1)
	_, err := l.Heads(t.Context())
	require.NoError(t, err)
	anchor.set(func(a *testAnchor) { a.err = down })
	_, err = l.Heads(t.Context())
	require.ErrorIs(t, err, down)
	_, err = Open(t.Context(), store, Options{
		Origin: testOrigin, Signer: n, Key: testKey(t), Anchors: []Anchoring{{Anchor: anchor, Required: true}},
	})
	require.ErrorIs(t, err, down)

	var said lockedText
	logged := func(o *Options) {
		anchoredAt(anchor, false)(o)
		o.Logger = slog.New(slog.NewTextHandler(&said, nil))
	}
	l = openSigning(t, store, n, logged)
	_, err = l.Heads(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, anchor.count())
	anchor.set(func(a *testAnchor) { a.err = nil })
	require.Eventually(t, func() bool {
		_, err := l.Heads(t.Context())
		require.NoError(t, err)
		return anchor.count() > 1
	}, time.Minute, time.Millisecond)
	require.NoError(t, l.Close(t.Context()))
	require.Contains(t, said.String(), "anchor vault")
}

type lockedText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedText) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedText) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestAnAnchorThatHangsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	n, store := newNotary(t), NewMemory()
	stuck, sound := &testAnchor{}, &testAnchor{}
	l := openSigning(t, store, n, func(o *Options) {
		o.Anchors = []Anchoring{
			{Anchor: stuck, Timeout: 50 * time.Millisecond},
			{Anchor: sound, Required: true, Timeout: time.Minute},
		}
	})
	hang := make(chan struct{})
	stuck.set(func(a *testAnchor) { a.hang = hang })
	for i := range 5 {
		addHeads(t, l, store, 1)
		_, err := l.Heads(t.Context())
		require.NoError(t, err)
		require.Equal(t, i+1, sound.count())
	}
	require.Zero(t, stuck.count())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, l.Close(ended), context.Canceled)
	close(hang)
	require.NoError(t, l.Close(t.Context()))
	// Of what it missed it was told the last.
	require.Equal(t, 2, stuck.count())
	last, _, err := openUnverified(stuck.notes[1])
	require.NoError(t, err)
	require.Equal(t, uint64(5), last.Size)
}

func TestOptionsThatNamePartiesOutsideAreChecked(t *testing.T) {
	t.Parallel()
	n := newNotary(t)
	for _, set := range []func(*Options){
		func(o *Options) { o.Witnesses = []Witness{{URL: "https://w.example"}} },
		func(o *Options) { o.Witnesses = []Witness{{Key: n.Verifier}} },
		func(o *Options) { o.Witnesses = []Witness{{Key: n.Verifier, URL: "ftp://w.example"}} },
		func(o *Options) { o.Witnesses = []Witness{{Key: n.Verifier, URL: "http://w.example", Timeout: -1}} },
		func(o *Options) { o.Anchors = []Anchoring{{}} },
		func(o *Options) { o.Anchors = []Anchoring{{Anchor: &testAnchor{}, Timeout: -1}} },
	} {
		o := Options{Origin: testOrigin, Signer: n, Key: testKey(t)}
		set(&o)
		_, err := Open(t.Context(), NewMemory(), o)
		require.Error(t, err)
	}
}
