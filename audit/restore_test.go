package audit

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
)

var resumed = Define("test.resumed", Update)

// recordSome records n events and returns the checkpoint after them.
func recordSome(ctx context.Context, t *testing.T, l *Log, n int) Checkpoint {
	t.Helper()
	for range n {
		require.NoError(t, l.Record(ctx, Event{Action: resumed, Actor: Party{Type: "user", ID: "1", Person: true}}))
	}
	c, err := l.Checkpoint(ctx)
	require.NoError(t, err)
	return c
}

// afterRestore is a log that lost what was signed, and is gone on with.
type afterRestore struct {
	*Log
	notary *notary
	kept   Checkpoint   // what both histories have
	lost   []Checkpoint // and what only the old one had
	end    Checkpoint
	bundle []byte
}

var accepting = Restoring{Reason: "the disk of 3 May", By: Party{Type: "user", ID: "7"}}

// restoreAndGoOn loses all but 20 of 80 events, and records more.
func restoreAndGoOn(ctx context.Context, t *testing.T, more int) *afterRestore {
	t.Helper()
	store, a := NewMemory(), &afterRestore{notary: newNotary(t)}
	before := openSigning(t, store, a.notary)
	a.kept = recordSome(ctx, t, before, 20)
	for range 3 {
		a.lost = append(a.lost, recordSome(ctx, t, before, 20))
	}
	require.NoError(t, before.Close(ctx))
	a.Log = openSigning(t, restored(ctx, t, store, a.kept.Size), a.notary)
	t.Cleanup(func() { require.NoError(t, a.Close(context.Background())) })
	for range more {
		require.NoError(t, a.Record(ctx, Event{Action: resumed}))
	}
	return a
}

// write writes the bundle.
func (a *afterRestore) write(ctx context.Context, t *testing.T) {
	t.Helper()
	var out bytes.Buffer
	var err error
	a.end, err = a.Bundle(ctx, &out, Bundling{By: accepting.By, Reason: "after the restore"})
	require.NoError(t, err)
	a.bundle = out.Bytes()
}

// declared returns the hash of the event that tells of the restore.
func (a *afterRestore) declared(ctx context.Context, t *testing.T) (hash [32]byte) {
	t.Helper()
	n := 0
	for r, err := range a.Events(ctx, Query{}) {
		require.NoError(t, err)
		if r.ActionName == Restored.Name() {
			hash = r.Hash
			n++
		}
	}
	require.Equal(t, 1, n)
	return hash
}

func (a *afterRestore) verify(t *testing.T, p Policy) *Report {
	t.Helper()
	p.Keys = []Key{{Verifier: a.notary.Verifier}}
	r, err := Verify(t.Context(), bytes.NewReader(a.bundle), p)
	require.NoError(t, err)
	return r
}

func TestARestoreIsGoneOnWithOnlyWhenItIsDeclaredAndIsReportedEver(t *testing.T) {
	t.Parallel()
	for _, more := range []int{0, 5, 100} { // the bundle ends before and after what was lost
		ctx := ofTenant(t, "acme")
		a := restoreAndGoOn(ctx, t, more)
		if more > 0 {
			_, err := a.Checkpoint(ctx)
			require.ErrorIs(t, err, ErrBackwards)
		}
		_, err := a.AcceptRestore(ctx, Restoring{})
		require.ErrorIs(t, err, ErrEvent, "who, and why?")
		c, err := a.AcceptRestore(ctx, accepting)
		require.NoError(t, err)
		require.Equal(t, a.kept.Size+uint64(more)+1, c.Size)
		_, err = a.AcceptRestore(ctx, accepting)
		require.ErrorIs(t, err, ErrNothingLost)
		recordSome(ctx, t, a.Log, 3)
		a.write(ctx, t)
		named := a.declared(ctx, t)
		all := [][]byte{a.kept.Note, a.lost[0].Note, a.lost[1].Note, a.lost[2].Note, a.end.Note}

		r := a.verify(t, Policy{})
		require.Equal(t, map[string]int{RuleRestored: 1}, r.Count)
		require.Equal(t, Tampered, r.Verdict, "nobody who was not told takes it for the log of before")
		require.Equal(t, a.kept.Size, r.Findings[0].Seq)
		require.Equal(t, c.Size, r.Findings[0].To)
		require.Contains(t, r.Findings[0].Message, tlog.Hash(named).String(), "how a policy names it")
		r = a.verify(t, Policy{Trusted: all})
		require.Equal(t, 3, r.Count[RuleFork]+r.Count[RuleRollback], r)
		require.LessOrEqual(t, r.AnchoredTo, a.kept.Size)

		r = a.verify(t, Policy{Trusted: all, Restored: [][32]byte{named}})
		require.Equal(t, map[string]int{RuleRestoreNamed: 1}, r.Count, r)
		require.Equal(t, OK, r.Verdict)
		require.Equal(t, r.Size, r.AnchoredTo)
		r = a.verify(t, Policy{Trusted: all[:4], Restored: [][32]byte{named}})
		require.Equal(t, Unanchored, r.Verdict)
		require.Equal(t, a.kept.Size, r.AnchoredTo, "what was lost vouches for nothing")
	}
}

func TestADeclaredRestoreHidesNothingElse(t *testing.T) {
	t.Parallel()
	ctx := ofTenant(t, "acme")
	a := restoreAndGoOn(ctx, t, 5)
	_, err := a.AcceptRestore(ctx, accepting)
	require.NoError(t, err)
	signed := recordSome(ctx, t, a.Log, 30)
	a.write(ctx, t)
	named := a.declared(ctx, t)

	// Other histories of sizes between what was kept and what was lost, of the same key.
	for _, size := range []uint64{a.lost[0].Size, a.lost[0].Size + 1, a.kept.Size} {
		forged, err := Checkpoint{Origin: a.kept.Origin, Size: size, Root: [32]byte{1}, HeadsIndex: -1}.sign(a.notary)
		require.NoError(t, err)
		r := a.verify(t, Policy{Trusted: [][]byte{forged.Note}, Restored: [][32]byte{named}})
		require.Equal(t, map[string]int{RuleRestoreNamed: 1, RuleFork: 1}, r.Count, r)
	}
	// What is cut off after the restore, and another restore of which nobody was told.
	later := &afterRestore{notary: a.notary, lost: []Checkpoint{signed}}
	later.Log = openSigning(t, restored(ctx, t, a.store, a.kept.Size), a.notary)
	t.Cleanup(func() { require.NoError(t, later.Close(context.Background())) })
	later.write(ctx, t)
	r := later.verify(t, Policy{Restored: [][32]byte{named}})
	require.Equal(t, 1, r.Count[RuleRollback], "the restore that was named is gone itself")
	require.Equal(t, Tampered, r.Verdict)
	_, err = later.AcceptRestore(ctx, accepting)
	require.NoError(t, err)
	later.write(ctx, t)
	r = later.verify(t, Policy{Restored: [][32]byte{named}, Trusted: [][]byte{signed.Note}})
	require.Equal(t, 1, r.Count[RuleRestored])
	require.Equal(t, Tampered, r.Verdict)

	// A log that does not fit what it holds itself was not restored, it was tampered with.
	other := NewMemory()
	for i := range 25 {
		_, err := other.Append(ctx, []Entry{leafEntry(i)})
		require.NoError(t, err)
	}
	require.NoError(t, other.Sign(ctx, Signed{Size: a.kept.Size, Note: a.kept.Note, HeadsIndex: a.kept.HeadsIndex}))
	_, err = openSigning(t, apart{other, a.store.Heads()}, a.notary).AcceptRestore(ctx, accepting)
	require.ErrorIs(t, err, ErrBackwards)
}

// The log of heads went with the tenants' logs: only who was outside knows.
func TestWhatOnlyAnAnchorHasOfALogThatWasRestoredIsDeclaredToo(t *testing.T) {
	t.Parallel()
	ctx := ofTenant(t, "acme")
	a := restoreAndGoOn(ctx, t, 0)
	heads, err := a.Heads(ctx)
	require.NoError(t, err)
	old := a.store.(apart).Store
	require.NoError(t, old.Signed(ctx, 0, func(c Signed) error { return old.Indexed(ctx, c.Size, -1) }))
	a.Log = openSigning(t, apart{old, NewMemory().Heads()}, a.notary)
	t.Cleanup(func() { require.NoError(t, a.Close(context.Background())) })

	_, err = a.AcceptRestore(ctx, accepting)
	require.ErrorIs(t, err, ErrNothingLost, "nobody here remembers")
	lost := accepting
	lost.Lost = [][]byte{heads.Note, a.kept.Note}
	_, err = a.AcceptRestore(ctx, lost)
	require.ErrorIs(t, err, ErrNothingLost, "one of them is not lost")
	stranger, err := Checkpoint{Origin: a.kept.Origin, Size: 1000, HeadsIndex: -1}.sign(newNotary(t))
	require.NoError(t, err)
	lost.Lost = [][]byte{stranger.Note}
	_, err = a.AcceptRestore(ctx, lost)
	require.ErrorIs(t, err, ErrSigner)
	lost.Lost = [][]byte{a.lost[2].Note, heads.Note}
	for range 2 {
		_, err = a.AcceptRestore(ctx, lost)
		require.NoError(t, err)
	}
	a.write(ctx, t)
	named := a.declared(ctx, t)
	p := Policy{Trusted: [][]byte{a.lost[2].Note, heads.Note, a.end.Note}, Restored: [][32]byte{named}}
	require.Equal(t, OK, a.verify(t, p).Verdict)
	p.Restored = nil
	require.Equal(t, map[string]int{RuleRestored: 1, RuleRollback: 2}, a.verify(t, p).Count)
}
