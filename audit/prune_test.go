package audit

import (
	"context"
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// filled returns a log of n events by ada, under a checkpoint.
func filled(t *testing.T, s Store, n int) *Log {
	t.Helper()
	l := logOver(t, s)
	for n > 0 {
		events := make([]Event, min(n, maxCall))
		for i := range events {
			events[i] = Event{Action: docRead, Actor: ada}
		}
		_, err := l.Append(inAcme(t), events...)
		require.NoError(t, err)
		n -= len(events)
	}
	_, err := l.Checkpoint(inAcme(t))
	require.NoError(t, err)
	return l
}

func TestAPruningTellsTheRootOfWhatItCutOff(t *testing.T) {
	t.Parallel()
	for _, n := range []int{256, 700, 256 * 5} {
		s := NewMemory()
		l := filled(t, s, n)
		hashes, err := s.Hashes(inAcme(t), 0, uint64(n))
		require.NoError(t, err)
		want := frontier{}
		to := n - n%256
		for i := range to {
			want.add((*[hashSize]byte)(hashes[i*hashSize:]))
		}
		done, err := l.Prune(inAcme(t), Pruning{Before: time.Now().Add(time.Hour), Basis: "retention", By: admin})
		require.NoError(t, err)
		require.Equal(t, want.root(), done.Root)
		r, err := first(t, l, acme, Query{Actions: []Action{Pruned}})
		require.NoError(t, err)
		root := want.root()
		require.Equal(t, map[string]any{"to": int64(to), "root": base64.StdEncoding.EncodeToString(root[:]), "basis": "retention"}, r.Data)
		require.EqualValues(t, to, done.To)
		oldest, err := first(t, l, acme, Query{Oldest: true})
		require.NoError(t, err)
		require.EqualValues(t, to, oldest.Seq)
		again, err := l.Prune(inAcme(t), Pruning{To: uint64(n), Basis: "retention", By: admin})
		require.NoError(t, err)
		require.Empty(t, again.Receipts)
	}
}

func TestThePeaksAtATileAreThoseOfTheTree(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	tree, front := &edge{}, frontier{}
	var tiles []Tile
	roots := map[uint64][hashSize]byte{}
	for i := range uint64(256 * 600) {
		leaf := leafHash(i)
		require.NoError(t, tree.add(&leaf, func(id TileID, data []byte) error {
			tiles = append(tiles, Tile{id, append([]byte(nil), data...)})
			return nil
		}))
		if front.add(&leaf); (i+1)%(256*29) == 0 || i+1 == 256*256 {
			roots[i+1] = front.root()
		}
	}
	over := &tilesBeside{Store: s, tiles: map[TileID][]byte{}}
	for _, tl := range tiles {
		over.tiles[tl.TileID] = tl.Data
	}
	l := logOver(t, over)
	for size, want := range roots {
		got, err := l.peaksAt(inAcme(t), size)
		require.NoError(t, err)
		require.Equal(t, want, got.root(), size)
	}
	delete(over.tiles, TileID{1, 1})
	_, err := l.peaksAt(inAcme(t), 256*520)
	require.ErrorIs(t, err, ErrCorrupt)
}

// tilesBeside is a store with tiles of its own.
type tilesBeside struct {
	Store
	tiles map[TileID][]byte
}

func (s *tilesBeside) Tiles(_ context.Context, of []TileID) (all [][]byte, _ error) {
	for _, id := range of {
		all = append(all, s.tiles[id])
	}
	return all, nil
}

func TestOnlyWhatIsSignedIsPruned(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	for range 3 {
		_, err := l.Append(inAcme(t), make256(docRead)...)
		require.NoError(t, err)
	}
	done, err := l.Prune(inAcme(t), Pruning{To: 768, Basis: "b", By: admin})
	require.NoError(t, err)
	require.Empty(t, done.Receipts, "nothing is signed")
	_, err = l.Checkpoint(inAcme(t))
	require.NoError(t, err)
	_, err = l.Append(inAcme(t), make256(docRead)...)
	require.NoError(t, err)
	done, err = l.Prune(inAcme(t), Pruning{To: 1024, Basis: "b", By: admin})
	require.NoError(t, err)
	require.EqualValues(t, 768, done.To)
}

func make256(a Action) []Event {
	events := make([]Event, 256)
	for i := range events {
		events[i].Action = a
	}
	return events
}

func TestPruningDoesNotHideWhatWasTamperedWith(t *testing.T) {
	t.Parallel()
	s := &altered{Store: NewMemory()}
	l := filled(t, s, 600)
	for name, f := range map[string]func(*Stored) bool{
		"a leaf":    func(st *Stored) bool { st.Leaf[20] ^= 1; return true },
		"a gap":     func(*Stored) bool { return false },
		"a swapped": func(st *Stored) bool { st.Seq++; return true },
	} {
		s.alter = f
		_, err := l.Prune(inAcme(t), Pruning{To: 512, Basis: "b", By: admin})
		require.ErrorIs(t, err, ErrCorrupt, name)
	}
	s.alter = nil
	require.Len(t, logged(t, inAcme(t), s), 600, "nothing was recorded or removed")
}

// Who changes a leaf, its hash and its tile, but cannot sign, does not get it pruned away as if nothing had been.
func TestPruningIsTiedToWhatWasSigned(t *testing.T) {
	t.Parallel()
	s := &forging{altered: altered{Store: NewMemory()}, ctx: inAcme(t), tiles: map[TileID][]byte{}}
	l := logOver(t, s)
	appendLeaves(inAcme(t), t, l, s, 256*256+600)
	_, err := l.Checkpoint(inAcme(t))
	require.NoError(t, err)
	forged := leafEntry(-1)
	s.alter = func(st *Stored) bool { st.Leaf = forged.Leaf; return true }
	prune := func() {
		_, err := l.Prune(inAcme(t), Pruning{To: 512, Basis: "b", By: admin})
		require.ErrorIs(t, err, ErrCorrupt)
		to, err := s.PrunedTo(inAcme(t))
		require.NoError(t, err)
		require.Zero(t, to)
	}
	copy(s.tile(TileID{0, 1})[44*hashSize:], forged.Hash[:])
	prune()
	root := perfectRoot(s.tile(TileID{0, 1}))
	copy(s.tile(TileID{1, 0})[hashSize:], root[:])
	prune()
}

// forging is a store of which tiles were changed.
type forging struct {
	altered
	ctx   context.Context
	tiles map[TileID][]byte
}

// tile is a tile to be changed.
func (s *forging) tile(id TileID) []byte {
	if s.tiles[id] == nil {
		data, _ := s.Store.Tiles(s.ctx, []TileID{id}) // memory does not fail
		s.tiles[id] = data[0]
	}
	return s.tiles[id]
}

func (s *forging) Tiles(ctx context.Context, of []TileID) ([][]byte, error) {
	all, err := s.Store.Tiles(ctx, of)
	for i, id := range of {
		if s.tiles[id] != nil {
			all[i] = s.tiles[id]
		}
	}
	return all, err
}

// altered shows other bytes at 300 than were stored.
type altered struct {
	Store
	alter func(*Stored) bool
}

func (s *altered) Leaves(ctx context.Context, from, to uint64, f func(Stored) error) error {
	return s.Store.Leaves(ctx, from, to, func(st Stored) error {
		if s.alter != nil && st.Seq == 300 {
			if !s.alter(&st) {
				return nil
			}
		}
		return f(st)
	})
}

func TestAHoldForbidsPruning(t *testing.T) {
	t.Parallel()
	for _, who := range []Subject{"", ada.Subject()} {
		s := &racing{Store: NewMemory()}
		l := filled(t, s, 300)
		prune := func() error {
			_, err := l.Prune(inAcme(t), Pruning{To: 256, Basis: "b", By: admin})
			return err
		}
		place := func() {
			_, err := l.Hold(inAcme(t), Holding{ID: "m-1", Subject: who, Reason: "court", By: admin})
			require.NoError(t, err)
		}
		s.before = place // when it has looked for holds already
		require.ErrorIs(t, prune(), ErrHeld)
		require.ErrorIs(t, prune(), ErrHeld)
		_, err := l.Release(inAcme(t), "m-1", "over", admin)
		require.NoError(t, err)
		_, err = l.Hold(inAcme(t), Holding{ID: "m-2", Subject: "user:somebody-else", Reason: "court", By: admin})
		require.NoError(t, err)
		require.NoError(t, prune())
	}
}

func TestTwoPruningsAtOnceRemoveOnce(t *testing.T) {
	t.Parallel()
	s := &racing{Store: NewMemory()}
	l := filled(t, s, 600)
	p := Pruning{To: 512, Basis: "b", By: admin}
	s.before = func() {
		_, err := l.Prune(inAcme(t), p)
		require.NoError(t, err)
	}
	_, err := l.Prune(inAcme(t), p)
	require.ErrorIs(t, err, ErrConflict)
	n, err := s.Size(inAcme(t))
	require.NoError(t, err)
	require.EqualValues(t, 601, n)
}

func TestABadPruningIsRefused(t *testing.T) {
	t.Parallel()
	l := logOver(t, NewMemory())
	for _, p := range []Pruning{{}, {To: 1, Basis: "b"}, {To: 1, By: admin}, {To: 1, Before: time.Now(), Basis: "b", By: admin}, {Basis: "b", By: admin}} {
		_, err := l.Prune(inAcme(t), p)
		require.ErrorIs(t, err, ErrEvent)
	}
}
