package audit

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

func TestASignerKnowsItsOwnSignatureAgain(t *testing.T) {
	t.Parallel()
	for range 200 { // keys with + and / in their base64, too
		private, public, err := note.GenerateKey(rand.Reader, testOrigin)
		require.NoError(t, err)
		s, err := NewSigner(private)
		require.NoError(t, err)
		theirs, err := note.NewSigner(private)
		require.NoError(t, err)
		v, err := note.NewVerifier(public)
		require.NoError(t, err)
		require.Equal(t, v.Name(), s.Name())
		require.Equal(t, v.KeyHash(), s.KeyHash())
		sig, err := s.Sign([]byte("text\n"))
		require.NoError(t, err)
		same, err := theirs.Sign([]byte("text\n"))
		require.NoError(t, err)
		require.Equal(t, same, sig)
		require.True(t, s.Verify([]byte("text\n"), sig))
		require.True(t, v.Verify([]byte("text\n"), sig))
		require.False(t, s.Verify([]byte("Text\n"), sig))
	}
	_, public, err := note.GenerateKey(rand.Reader, testOrigin)
	require.NoError(t, err)
	for _, bad := range []string{"", "PRIVATE+KEY", "PRIVATE+KEY+x+00000000+AAAA", public} {
		_, err := NewSigner(bad)
		require.Error(t, err, bad)
	}
}

func TestALogThatCannotTellItsOwnSignatureIsNotOpened(t *testing.T) {
	t.Parallel()
	n, other := newNotary(t), newNotary(t)
	open := func(s note.Signer, vs ...note.Verifier) error {
		_, err := Open(t.Context(), NewMemory(), Options{Origin: testOrigin, Key: testKey(t), Signer: s, Verifiers: vs})
		return err
	}
	require.ErrorContains(t, open(n.Signer), "audit.NewSigner")
	require.ErrorContains(t, open(n.Signer, other.Verifier), "Options.Verifiers")
	require.Error(t, open(n, nil))
	require.NoError(t, open(n))
	require.NoError(t, open(n.Signer, n.Verifier))
	require.NoError(t, open(n, n.Verifier, other.Verifier, other.Verifier))
}

// stolen is a log of three events that was signed, and then by a thief, who has the database and another key.
func stolen(t *testing.T, ours, thief *notary) Store {
	t.Helper()
	store, ctx := NewMemory(), ofTenant(t, "acme")
	for _, l := range []*Log{openSigning(t, store, ours), openSigning(t, store, thief, after(ours))} {
		for range 3 {
			require.NoError(t, l.Record(ctx, Event{Action: docRead}))
		}
		_, err := l.Checkpoint(ctx)
		require.NoError(t, err)
	}
	return store
}

func TestWhatSomebodyElseSignedIsNotGoneOnFrom(t *testing.T) {
	t.Parallel()
	ours, thief, next := newNotary(t), newNotary(t), newNotary(t)
	store, ctx := stolen(t, ours, thief), ofTenant(t, "acme")
	l := openSigning(t, store, ours)
	before := len(rotations(t, l)) // the thief's own
	signs := 0
	ours.before = func([]byte) { signs++ }
	next.before = ours.before
	for _, l := range []*Log{l, openSigning(t, store, next, after(ours))} {
		_, err := l.Checkpoint(ctx) // whether there is something new
		require.ErrorIs(t, err, ErrSigner)
		require.NoError(t, l.Record(ctx, Event{Action: docRead}), "recording goes on")
		_, err = l.Checkpoint(ctx) // or not
		require.ErrorIs(t, err, ErrSigner)
		require.ErrorContains(t, err, keyID(thief.Name(), thief.KeyHash()), "it tells who did")
	}
	require.Zero(t, signs)
	require.Len(t, rotations(t, l), before, "a thief is no new key")

	// Who looks into it gets the log as it is.
	ours.before, next.before = nil, nil
	var b bytes.Buffer
	_, err := l.Bundle(ctx, &b, Bundling{By: Party{Type: "job", ID: "x"}, Reason: "a theft"})
	require.NoError(t, err)
	r, err := Verify(ctx, &b, Policy{Keys: []Key{{Verifier: ours.Verifier}}})
	require.NoError(t, err)
	require.Equal(t, Tampered, r.Verdict)
	require.NotZero(t, r.Count[RuleSignature], r)

	// A key that is named is gone on from.
	_, err = openSigning(t, store, next, after(ours, thief)).Checkpoint(ctx)
	require.NoError(t, err)
	require.Len(t, rotations(t, l), before+1)
}

func TestALogOfHeadsThatSomebodyElseSignedIsNotOpened(t *testing.T) {
	t.Parallel()
	ours, thief := newNotary(t), newNotary(t)
	store := stolen(t, ours, thief)
	l := openSigning(t, store, ours)
	_, err := openSigning(t, store, thief, after(ours)).Heads(t.Context())
	require.NoError(t, err)
	_, err = l.Heads(t.Context())
	require.ErrorIs(t, err, ErrSigner)
	_, err = Open(t.Context(), store, Options{Origin: testOrigin, Signer: ours, Key: testKey(t)})
	require.ErrorIs(t, err, ErrSigner)
}
