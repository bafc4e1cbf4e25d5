package audit

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// modelTree is a tree as x/mod keeps it: every hash in one slice.
type modelTree struct {
	size   int64
	hashes []tlog.Hash
}

func (m *modelTree) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, x := range at {
		out[i] = m.hashes[x]
	}
	return out, nil
}

func (m *modelTree) add(leaf [hashSize]byte) {
	more, err := tlog.StoredHashesForRecordHash(m.size, leaf, m)
	if err != nil {
		panic(err)
	}
	m.hashes = append(m.hashes, more...)
	m.size++
}

func (m *modelTree) tile(id TileID) []byte {
	data, err := tlog.ReadTileData(tlog.Tile{H: tileHeight, L: id.Level, N: int64(id.Index), W: tileWidth}, m)
	if err != nil {
		panic(err)
	}
	return data
}

func TestFullTilesAreThoseOfXMod(t *testing.T) {
	t.Parallel()
	const size = 65536 + 700
	var (
		m    modelTree
		e    edge
		told []TileID
	)
	for i := range uint64(size) {
		h := leafHash(i)
		m.add(h)
		require.NoError(t, e.add(&h, func(id TileID, data []byte) error {
			if string(m.tile(id)) != string(data) {
				return errors.New("another tile")
			}
			told = append(told, id)
			return nil
		}))
	}
	// x/mod tells them level by level, and those that are not full too.
	var want []TileID
	for _, x := range tlog.NewTiles(tileHeight, 0, size) {
		if x.W == tileWidth {
			want = append(want, TileID{x.L, uint64(x.N)})
		}
	}
	require.ElementsMatch(t, want, told)
	root, err := tlog.TreeHash(size, &m)
	require.NoError(t, err)
	require.Equal(t, [hashSize]byte(root), e.root())
}

func TestAnEdgeThatWasKeptGrowsOnAsIfItNeverStopped(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var whole edge
		kept := &edge{}
		var told, toldKept []TileID
		for range rapid.IntRange(1, 6).Draw(t, "stops") {
			n := rapid.Uint64Range(0, 700).Draw(t, "leaves")
			for i := range n {
				h := leafHash(whole.size + i)
				if whole.size == 0 && i == 0 {
					h = leafHash(n)
				}
				_ = kept.add(&h, func(id TileID, _ []byte) error { toldKept = append(toldKept, id); return nil })
			}
			for i, start := uint64(0), whole.size; i < n; i++ {
				h := leafHash(start + i)
				if start == 0 && i == 0 {
					h = leafHash(n)
				}
				_ = whole.add(&h, func(id TileID, _ []byte) error { told = append(told, id); return nil })
			}
			again, err := readEdge(kept.size, kept.above(), kept.part[0])
			require.NoError(t, err)
			kept = again
			require.Equal(t, whole.root(), kept.root())
			require.Equal(t, told, toldKept)
		}
	})
}

func TestATileAtOnceIsItsLeavesOneByOne(t *testing.T) {
	t.Parallel()
	var one, once edge
	for n := range uint64(6) {
		var tile []byte
		for i := range uint64(tileWidth) {
			h := leafHash(n*tileWidth + i)
			tile = append(tile, h[:]...)
			require.NoError(t, one.add(&h, nil))
		}
		require.NoError(t, once.addTile(tile, nil))
	}
	require.Equal(t, one.root(), once.root())
	require.Panics(t, func() { _ = once.addTile(make([]byte, 32), nil) })
}

func TestAnEdgeOfTheWrongLengthIsCorrupt(t *testing.T) {
	t.Parallel()
	var e edge
	for i := range uint64(1000) {
		h := leafHash(i)
		require.NoError(t, e.add(&h, nil))
	}
	above, leaves := e.above(), e.part[0]
	_, err := readEdge(1000, above, leaves)
	require.NoError(t, err)
	for name, x := range map[string]struct {
		size          uint64
		above, leaves []byte
	}{
		"no edge":           {1000, nil, leaves},
		"edge cut":          {1000, above[:len(above)-1], leaves},
		"edge too long":     {1000, append(above[:len(above):len(above)], 0), leaves},
		"leaves cut":        {1000, above, leaves[hashSize:]},
		"leaves too many":   {1000, above, append(leaves[:len(leaves):len(leaves)], leaves[:hashSize]...)},
		"of another size":   {999, above, leaves},
		"of a greater size": {1 << 40, above, leaves},
	} {
		_, err := readEdge(x.size, x.above, x.leaves)
		require.ErrorIs(t, err, ErrCorrupt, name)
	}
}

func FuzzReadEdge(f *testing.F) {
	f.Add(uint64(0), []byte(nil), []byte(nil))
	f.Add(uint64(256), make([]byte, 32), []byte(nil))
	f.Add(uint64(1<<40+1), []byte("short"), make([]byte, 32))
	f.Fuzz(func(t *testing.T, size uint64, above, leaves []byte) {
		e, err := readEdge(size, above, leaves)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		require.True(t, bytes.Equal(above, e.above()))
		fr := e.frontier()
		require.Equal(t, size, fr.size)
	})
}
