package audit

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// notary is a key that signs checkpoints in tests.
type notary struct {
	note.Signer
	note.Verifier
	before func(text []byte) // called with what is to be signed
}

func (n *notary) Name() string    { return n.Signer.Name() }
func (n *notary) KeyHash() uint32 { return n.Signer.KeyHash() }
func (n *notary) Sign(text []byte) ([]byte, error) {
	if n.before != nil {
		n.before(text)
	}
	return n.Signer.Sign(text)
}

const testOrigin = "example.com/audit"

func newNotary(tb testing.TB) *notary {
	tb.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, testOrigin)
	require.NoError(tb, err)
	s, err := note.NewSigner(skey)
	require.NoError(tb, err)
	v, err := note.NewVerifier(vkey)
	require.NoError(tb, err)
	return &notary{Signer: s, Verifier: v}
}

func testKey(tb testing.TB) tenancy.Key {
	tb.Helper()
	key, err := tenancy.NewKey("k1", []byte("a secret of thirty-two bytes or so"))
	require.NoError(tb, err)
	return key
}

// openSigning opens a log over s.
func openSigning(tb testing.TB, s Store, n *notary, set ...func(*Options)) *Log {
	tb.Helper()
	o := Options{Origin: testOrigin, Signer: n, Key: testKey(tb)}
	for _, f := range set {
		f(&o)
	}
	l, err := Open(tb.Context(), s, o)
	require.NoError(tb, err)
	return l
}

func ofTenant(tb testing.TB, id string) context.Context {
	tb.Helper()
	return tenancy.With(tb.Context(), tenancy.MustParseID(id))
}

// leafEntry is an entry with any leaf: a tree does not look into it.
func leafEntry(i int) Entry {
	leaf := fmt.Appendf(nil, "leaf %d", i)
	return Entry{ID: IDFor(string(leaf)), Action: "test.done", Leaf: leaf, Hash: tlog.RecordHash(leaf)}
}

// appendLeaves appends n leaves to the log, and tells l of it.
func appendLeaves(ctx context.Context, tb testing.TB, l *Log, s Tree, n int) {
	tb.Helper()
	id, err := tenancy.From(ctx)
	require.NoError(tb, err)
	size, err := s.Size(ctx)
	require.NoError(tb, err)
	var entries []Entry
	for i := range n {
		entries = append(entries, leafEntry(int(size)+i))
	}
	placed, err := s.Append(ctx, entries)
	require.NoError(tb, err)
	l.remember(id, len(placed), placed)
}

// modelRootOf is the root of the first size leaves that the store has.
func modelRootOf(ctx context.Context, tb testing.TB, s Tree, size uint64) [hashSize]byte {
	tb.Helper()
	var f frontier
	for from := uint64(0); from < size; from += 65536 {
		hashes, err := s.Hashes(ctx, from, min(size, from+65536))
		require.NoError(tb, err)
		for ; len(hashes) > 0; hashes = hashes[hashSize:] {
			f.add((*[hashSize]byte)(hashes))
		}
	}
	return f.root()
}

// requireHonest checks that all that was ever signed of ctx's tenant, and of heads, is of the history that the
// store has, and that each signed text of the newest is in the log of heads.
func requireHonest(ctx context.Context, tb testing.TB, s Store, keys ...note.Verifier) {
	tb.Helper()
	for name, tree := range map[string]Tree{"tenant": s, "heads": s.Heads()} {
		before := uint64(0)
		err := tree.Signed(ctx, 0, func(x Signed) error {
			c, err := ParseCheckpoint(x.Note, keys...)
			require.NoError(tb, err)
			require.Equal(tb, x.Size, c.Size)
			require.Greater(tb, c.Size, before, name)
			before = c.Size
			require.Equal(tb, modelRootOf(ctx, tb, tree, c.Size), c.Root, "%s at %d", name, c.Size)
			return nil
		})
		require.NoError(tb, err)
	}
	size, err := s.Heads().Size(ctx)
	require.NoError(tb, err)
	require.NoError(tb, s.Heads().Leaves(ctx, 0, size, func(x Stored) error {
		c, err := parseHeadText(string(x.Leaf))
		require.NoError(tb, err)
		require.Equal(tb, modelRootOf(ctx, tb, s, c.Size), c.Root)
		return nil
	}))
}

func TestACheckpointCoversAllThatWasRecordedBefore(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	l := openSigning(t, store, n)
	ctx := ofTenant(t, "acme")
	_, err := l.Checkpoint(ctx)
	require.ErrorIs(t, err, ErrNotFound)

	for _, more := range []int{1, 2, 253, 1, 300, 700} {
		appendLeaves(ctx, t, l, store, more)
		c, err := l.Checkpoint(ctx)
		require.NoError(t, err)
		size, err := store.Size(ctx)
		require.NoError(t, err)
		require.Equal(t, size, c.Size)
		require.Equal(t, modelRootOf(ctx, t, store, size), c.Root)

		read, err := ParseCheckpoint(c.Note, n.Verifier)
		require.NoError(t, err)
		require.Equal(t, c.Size, read.Size)
		require.Equal(t, c.Root, read.Root)
		require.Equal(t, c.Time, read.Time)
		require.Regexp(t, `^example\.com/audit/[a-z2-7]{26}$`, read.Origin)

		again, err := l.Checkpoint(ctx)
		require.NoError(t, err)
		require.Equal(t, c, again)
		require.GreaterOrEqual(t, c.HeadsIndex, int64(0))
		require.NoError(t, store.Heads().Leaves(ctx, uint64(c.HeadsIndex), uint64(c.HeadsIndex)+1, func(s Stored) error {
			require.Equal(t, c.head(), string(s.Leaf))
			return nil
		}))
	}
	_, err = l.Heads(t.Context())
	require.NoError(t, err)
	requireHonest(ctx, t, store, n.Verifier)
	require.Empty(t, l.signing.unsigned)
}

func TestTenantsHaveLogsOfDifferentOrigins(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	l := openSigning(t, store, n)
	seen := map[string]bool{}
	for _, id := range []string{"acme", "globex"} {
		ctx := ofTenant(t, id)
		appendLeaves(ctx, t, l, store, 1)
		c, err := l.Checkpoint(ctx)
		require.NoError(t, err)
		require.NotContains(t, c.Origin, id)
		seen[c.Origin] = true
	}
	require.Len(t, seen, 2)
	_, err := l.Checkpoint(t.Context())
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
}

func TestNothingIsSignedInsideATransaction(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	l := openSigning(t, store, n)
	ctx := ofTenant(t, "acme")
	appendLeaves(ctx, t, l, store, 1)
	rolledBack := errors.New("rolled back")
	err := store.Tx(ctx, func(ctx context.Context) error {
		_, err := store.Append(ctx, []Entry{leafEntry(1)})
		require.NoError(t, err)
		_, err = l.Checkpoint(ctx)
		require.ErrorIs(t, err, errSignInTx)
		_, err = l.Heads(ctx)
		require.ErrorIs(t, err, errSignInTx)
		return rolledBack
	})
	require.ErrorIs(t, err, rolledBack)
	c, err := l.Checkpoint(ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(1), c.Size)
}

func TestWhatIsSignedIsStored(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	ctx := ofTenant(t, "acme")
	signs := 0
	n.before = func(text []byte) {
		signs++
		c, err := parseHeadText(string(text))
		require.NoError(t, err)
		tree := Tree(store)
		if c.Origin == testOrigin {
			tree = store.Heads()
		}
		grown, _, err := tree.Grown(ctx)
		require.NoError(t, err)
		require.GreaterOrEqual(t, grown, c.Size)
		require.Equal(t, modelRootOf(ctx, t, tree, c.Size), c.Root)
	}
	l := openSigning(t, store, n)
	for range 3 {
		appendLeaves(ctx, t, l, store, 200)
		_, err := l.Checkpoint(ctx)
		require.NoError(t, err)
		_, err = l.Heads(ctx)
		require.NoError(t, err)
	}
	require.Equal(t, 6, signs)
}

func TestACrashAtAnyStepLosesAndForksNothing(t *testing.T) {
	t.Parallel()
	n := newNotary(t)
	for _, after := range []bool{false, true} {
		for at, died := 0, true; died; at++ {
			store, ctx := NewMemory(), ofTenant(t, "acme")
			healthy := openSigning(t, store, n)
			appendLeaves(ctx, t, healthy, store, 250)
			_, err := healthy.Checkpoint(ctx)
			require.NoError(t, err)
			_, err = healthy.Heads(ctx)
			require.NoError(t, err)

			hook, dead := failing(at, after)
			crashing := openSigning(t, store, n)
			appendLeaves(ctx, t, crashing, store, 20)
			crashing.store = &tapped{store, hook}
			_, err = crashing.Checkpoint(ctx)
			_, err2 := crashing.Heads(ctx)
			if died = dead(); died {
				require.ErrorIs(t, errors.Join(err, err2), ErrUnavailable, "call %d", at)
			}

			appendLeaves(ctx, t, healthy, store, 3)
			c, err := openSigning(t, store, n).Checkpoint(ctx)
			require.NoError(t, err, "call %d", at)
			require.Equal(t, uint64(273), c.Size)
			h, err := openSigning(t, store, n).Heads(ctx)
			require.NoError(t, err)
			size, err := store.Heads().Size(ctx)
			require.NoError(t, err)
			require.Equal(t, size, h.Size)
			requireHonest(ctx, t, store, n.Verifier)
			require.NoError(t, store.Signed(ctx, 0, func(s Signed) error {
				require.GreaterOrEqual(t, s.HeadsIndex, int64(0), "checkpoint of %d after call %d", s.Size, at)
				return nil
			}))
			require.Greater(t, at+1, 0)
			if !died {
				require.Greater(t, at, 15, "the hook was never in the way")
			}
		}
	}
}

func TestManyProcessesGrowAndSignOneTreeAtOnce(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	ctx := ofTenant(t, "acme")
	var wg sync.WaitGroup
	for p := range 4 {
		l := openSigning(t, store, n)
		wg.Go(func() {
			for i := range 25 {
				e := leafEntry(1000*p + i)
				placed, err := store.Append(ctx, []Entry{e})
				if err == nil {
					l.remember(acme, 1, placed)
					_, err = l.Checkpoint(ctx)
				}
				if err == nil && i%5 == 0 {
					_, err = l.Heads(ctx)
				}
				if err != nil {
					t.Errorf("process %d: %v", p, err)
					return
				}
			}
		})
	}
	wg.Wait()
	c, err := openSigning(t, store, n).Checkpoint(ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(100), c.Size)
	requireHonest(ctx, t, store, n.Verifier)
}

// lying returns the store with the answers of one call changed.
func lying(store Store, change func(s *tappedTree) Tree) Store {
	return &liar{store, change(&tappedTree{Tree: store})}
}

type liar struct {
	Store
	as Tree
}

func (l *liar) Size(ctx context.Context) (uint64, error) { return l.as.Size(ctx) }
func (l *liar) Hashes(ctx context.Context, from, to uint64) ([]byte, error) {
	return l.as.Hashes(ctx, from, to)
}
func (l *liar) Newest(ctx context.Context) (Signed, error) { return l.as.Newest(ctx) }
func (l *liar) Tiles(ctx context.Context, of []TileID) ([][]byte, error) {
	return l.as.Tiles(ctx, of)
}

type cutSize struct {
	Tree
	size uint64
}

func (c cutSize) Size(context.Context) (uint64, error) { return c.size, nil }

type changedHash struct {
	Tree
	seq uint64
}

func (c changedHash) Hashes(ctx context.Context, from, to uint64) ([]byte, error) {
	b, err := c.Tree.Hashes(ctx, from, to)
	if err == nil && from <= c.seq && c.seq < to {
		b[(c.seq-from)*hashSize] ^= 1
	}
	return b, err
}

type otherNewest struct {
	Tree
	signed Signed
}

func (o otherNewest) Newest(context.Context) (Signed, error) { return o.signed, nil }

func TestALogThatIsNotTheOneThatWasRecordedIsNotSigned(t *testing.T) {
	t.Parallel()
	n := newNotary(t)
	signs := 0
	n.before = func([]byte) { signs++ }
	for name, x := range map[string]struct {
		change func(*testing.T, context.Context, Store) func(*tappedTree) Tree
		is     error
	}{
		"the last event is gone before it is signed": {func(*testing.T, context.Context, Store) func(*tappedTree) Tree {
			return func(t *tappedTree) Tree { return cutSize{t.Tree, 304} }
		}, ErrBackwards},
		"an event is changed before it is signed": {func(*testing.T, context.Context, Store) func(*tappedTree) Tree {
			return func(t *tappedTree) Tree { return changedHash{t.Tree, 303} }
		}, ErrCorrupt},
		"an event is changed after it was signed": {func(*testing.T, context.Context, Store) func(*tappedTree) Tree {
			return func(t *tappedTree) Tree { return changedHash{t.Tree, 299} }
		}, ErrBackwards},
		"a longer one was signed": {func(t *testing.T, ctx context.Context, s Store) func(*tappedTree) Tree {
			c, err := Checkpoint{Origin: originOf(t, ctx, s), Size: 400}.sign(n.Signer)
			require.NoError(t, err)
			return func(t *tappedTree) Tree { return otherNewest{t.Tree, Signed{400, c.Note, 0}} }
		}, ErrBackwards},
		"another root was signed": {func(t *testing.T, ctx context.Context, s Store) func(*tappedTree) Tree {
			c, err := Checkpoint{Origin: originOf(t, ctx, s), Size: 100}.sign(n.Signer)
			require.NoError(t, err)
			return func(t *tappedTree) Tree { return otherNewest{t.Tree, Signed{100, c.Note, 0}} }
		}, ErrBackwards},
		"its newest checkpoint is of another log": {func(t *testing.T, ctx context.Context, s Store) func(*tappedTree) Tree {
			c, err := Checkpoint{Origin: testOrigin + "/other", Size: 300}.sign(n.Signer)
			require.NoError(t, err)
			return func(t *tappedTree) Tree { return otherNewest{t.Tree, Signed{300, c.Note, 0}} }
		}, ErrCorrupt},
		"its newest checkpoint is by another key": {func(t *testing.T, ctx context.Context, s Store) func(*tappedTree) Tree {
			c, err := Checkpoint{Origin: originOf(t, ctx, s), Size: 300, Root: modelRootOf(ctx, t, s, 300)}.sign(newNotary(t).Signer)
			require.NoError(t, err)
			return func(t *tappedTree) Tree { return otherNewest{t.Tree, Signed{300, c.Note, 0}} }
		}, ErrSigner},
		"its newest checkpoint has a signature that is wrong": {func(t *testing.T, ctx context.Context, s Store) func(*tappedTree) Tree {
			x, err := s.Newest(ctx)
			require.NoError(t, err)
			x.Note = bytes.Replace(x.Note, []byte("\ntime 2"), []byte("\ntime 3"), 1)
			return func(t *tappedTree) Tree { return otherNewest{t.Tree, x} }
		}, ErrSigner},
		"its newest checkpoint is none": {func(*testing.T, context.Context, Store) func(*tappedTree) Tree {
			return func(t *tappedTree) Tree { return otherNewest{t.Tree, Signed{300, []byte("none"), 0}} }
		}, ErrCorrupt},
	} {
		store, ctx := NewMemory(), ofTenant(t, "acme")
		l := openSigning(t, store, n)
		appendLeaves(ctx, t, l, store, 300)
		_, err := l.Checkpoint(ctx)
		require.NoError(t, err, name)
		appendLeaves(ctx, t, l, store, 5)
		l.store = lying(store, x.change(t, ctx, store))
		signs = 0
		for range 2 { // what was recorded is not forgotten by failing
			_, err = l.Checkpoint(ctx)
			require.ErrorIs(t, err, x.is, name)
		}
		require.Zero(t, signs, name)
		l.store = store
		c, err := l.Checkpoint(ctx)
		require.NoError(t, err, name)
		require.Equal(t, uint64(305), c.Size)
	}
}

func originOf(t *testing.T, ctx context.Context, s Store) string {
	t.Helper()
	x, err := s.Newest(ctx)
	require.NoError(t, err)
	c, _, err := openUnverified(x.Note)
	require.NoError(t, err)
	return c.Origin
}

func TestTheTimeOfCheckpointsNeverGoesBack(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	l := openSigning(t, store, n)
	ctx := ofTenant(t, "acme")
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, step := range []time.Duration{0, time.Minute, -time.Hour, 2 * time.Minute} {
		l.signing.now = func() time.Time { return now.Add(step) }
		appendLeaves(ctx, t, l, store, 1)
		c, err := l.Checkpoint(ctx)
		require.NoError(t, err)
		require.Equal(t, now.Add(max(step, 0)+map[bool]time.Duration{true: time.Minute}[step < 0]), c.Time)
	}
}

func TestReceiptsAreKeptInBounds(t *testing.T) {
	t.Parallel()
	l := openSigning(t, NewMemory(), newNotary(t))
	n := 0
	for n < 10*keptReceipts {
		places := make([]Placed, 1+n%7*50)
		for i := range places {
			places[i].Seq = uint64(n + i)
		}
		n += len(places)
		l.remember(acme, len(places), places)
	}
	u := l.takeUnsigned(acme)
	require.Len(t, u.receipts, keptReceipts)
	require.Equal(t, uint64(n-1), u.receipts[keptReceipts-1].Seq)
	require.Equal(t, uint64(n-keptReceipts), u.receipts[0].Seq)
	require.Equal(t, n, u.events)
	l.remember(acme, 1, []Placed{{Seq: 5000}})
	l.putUnsigned(acme, u)
	u = l.takeUnsigned(acme)
	require.Equal(t, n+1, u.events)
	require.Len(t, u.receipts, keptReceipts)
	require.Equal(t, uint64(5000), u.receipts[keptReceipts-1].Seq)
}
