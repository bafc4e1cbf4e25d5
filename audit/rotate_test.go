package audit

import (
	"bytes"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

// after names the keys that a log had before.
func after(old ...*notary) func(*Options) {
	return func(o *Options) {
		for _, n := range old {
			o.Verifiers = append(o.Verifiers, n.Verifier)
		}
	}
}

// rotations are what the log recorded about its keys.
func rotations(t *testing.T, l *Log) (found []Record) {
	t.Helper()
	for r, err := range l.Events(ofTenant(t, "acme"), Query{Actions: []Action{Rotated}, Oldest: true}) {
		require.NoError(t, err)
		found = append(found, r)
	}
	return found
}

func TestANewKeyIsRecordedBeforeItSigns(t *testing.T) {
	t.Parallel()
	store, old, fresh := NewMemory(), newNotary(t), newNotary(t)
	ctx := ofTenant(t, "acme")
	l := openSigning(t, store, old)
	for range 3 {
		require.NoError(t, l.Record(ctx, Event{Action: docRead}))
	}
	before, err := l.Checkpoint(ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(3), before.Size)

	// Nothing new: the old key's checkpoint stands.
	l = openSigning(t, store, fresh, after(old))
	c, err := l.Checkpoint(ctx)
	require.NoError(t, err)
	require.Equal(t, before, c)
	require.Empty(t, rotations(t, l))

	require.NoError(t, l.Record(ctx, Event{Action: docRead}))
	c, err = l.Checkpoint(ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(5), c.Size)
	_, err = ParseCheckpoint(c.Note, fresh.Verifier)
	require.NoError(t, err)
	var unknown *note.UnverifiedNoteError
	_, err = ParseCheckpoint(c.Note, old.Verifier)
	require.ErrorAs(t, err, &unknown)
	found := rotations(t, l)
	require.Len(t, found, 1)
	require.Equal(t, uint64(4), found[0].Seq)
	require.Equal(t, map[string]any{
		"old":  keyID(old.Name(), old.KeyHash()),
		"new":  keyID(fresh.Name(), fresh.KeyHash()),
		"size": int64(3),
	}, asInts(found[0].Data))

	require.NoError(t, l.Record(ctx, Event{Action: docRead}))
	_, err = l.Checkpoint(ctx)
	require.NoError(t, err)
	require.Len(t, rotations(t, l), 1)
	requireHonest(ctx, t, store, old.Verifier, fresh.Verifier)
}

// asInts returns data with its numbers as int64, whichever type of integer they are read as.
func asInts(data map[string]any) map[string]any {
	for k, v := range data {
		if n, ok := v.(uint64); ok {
			data[k] = int64(n)
		}
	}
	return data
}

func TestARotationThatManyProcessesFindIsRecordedOnce(t *testing.T) {
	t.Parallel()
	store, old, fresh := NewMemory(), newNotary(t), newNotary(t)
	ctx := ofTenant(t, "acme")
	l := openSigning(t, store, old)
	require.NoError(t, l.Record(ctx, Event{Action: docRead}))
	_, err := l.Checkpoint(ctx)
	require.NoError(t, err)
	require.NoError(t, l.Record(ctx, Event{Action: docRead}))
	var wg sync.WaitGroup
	for range 4 {
		l := openSigning(t, store, fresh, after(old))
		wg.Go(func() {
			if _, err := l.Checkpoint(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Len(t, rotations(t, l), 1)
	requireHonest(ctx, t, store, old.Verifier, fresh.Verifier)
}

// Two versions of a program that runs many times, each with its own key and with the other's public one, while one takes the
// other's place.
func TestTwoSignersInTurnAreAChangeOfKeysEachTime(t *testing.T) {
	t.Parallel()
	store, old, fresh := NewMemory(), newNotary(t), newNotary(t)
	ctx := ofTenant(t, "acme")
	both := []*Log{openSigning(t, store, old, after(fresh)), openSigning(t, store, fresh, after(old))}
	var last [2]Checkpoint
	for i := range 7 { // the new one has the last word
		which := (i + 1) % 2
		require.NoError(t, both[which].Record(ctx, Event{Action: docRead}))
		c, err := both[which].Checkpoint(ctx)
		require.NoError(t, err)
		last[which] = c
	}
	require.Len(t, rotations(t, both[1]), 6)
	requireHonest(ctx, t, store, old.Verifier, fresh.Verifier)

	// One that does not know the new key goes on recording, and signs no more.
	left := openSigning(t, storeOf{store}, old)
	require.NoError(t, left.Record(ctx, Event{Action: docRead}))
	_, err := left.Checkpoint(ctx)
	require.ErrorIs(t, err, ErrSigner)
	var bundle bytes.Buffer
	end, err := both[1].Bundle(ctx, &bundle, Bundling{By: admin, Reason: "test"})
	require.NoError(t, err)
	require.Greater(t, end.Size, last[1].Size)
	for until, want := range map[uint64]map[string]int{
		0: nil, last[0].Size: nil, // retired where it signed last
		last[0].Size - 1: {RuleRetiredKey: 1, RuleHeads: 1},
	} {
		r, err := Verify(ctx, bytes.NewReader(bundle.Bytes()), Policy{Trusted: [][]byte{end.Note}, Keys: []Key{{Verifier: old.Verifier, Until: until}, {Verifier: fresh.Verifier}}})
		require.NoError(t, err)
		require.Equal(t, want, r.Count, "%d: %s", until, r)
	}
}
