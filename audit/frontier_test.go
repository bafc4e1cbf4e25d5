package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// leafHash is the hash of the i-th leaf of the trees of these tests.
func leafHash(i uint64) [hashSize]byte {
	return tlog.RecordHash(binary.BigEndian.AppendUint64(nil, i))
}

// modelRoot is RFC 6962's definition of the root, word for word.
func modelRoot(leaves [][hashSize]byte) [hashSize]byte {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := 1
	for 2*k < len(leaves) {
		k *= 2
	}
	return tlog.NodeHash(modelRoot(leaves[:k]), modelRoot(leaves[k:]))
}

func TestTheRootIsTheOneOfRFC6962AtEverySize(t *testing.T) {
	t.Parallel()
	var (
		f      frontier
		e      edge
		leaves [][hashSize]byte
	)
	for i := range uint64(300) {
		require.Equal(t, modelRoot(leaves), f.root(), "size %d", i)
		require.Equal(t, f.root(), e.root(), "size %d", i)
		h := leafHash(i)
		leaves = append(leaves, h)
		f.add(&h)
		require.NoError(t, e.add(&h, nil))
	}
}

func TestATreeOfPerfectSubtreesIsTheTreeOfTheirLeaves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var byLeaf, byPeak frontier
		for byLeaf.size < 100 {
			height := rapid.IntRange(0, 5).Draw(t, "height")
			if byLeaf.size%(1<<height) != 0 {
				height = 0
			}
			var sub frontier
			for range 1 << height {
				h := leafHash(byLeaf.size)
				byLeaf.add(&h)
				sub.add(&h)
			}
			root := sub.root()
			byPeak.addPeak(&root, height)
			require.Equal(t, byLeaf.root(), byPeak.root())
		}
	})
}

func TestALeafOf64BytesIsNoNode(t *testing.T) {
	t.Parallel()
	var f frontier
	a, b := leafHash(0), leafHash(1)
	f.add(&a)
	f.add(&b)
	forged := tlog.RecordHash(append(a[:], b[:]...))
	var g frontier
	g.add((*[hashSize]byte)(&forged))
	require.NotEqual(t, f.root(), g.root())
}

func TestATreeThatIsFullPanicsInsteadOfWrapping(t *testing.T) {
	t.Parallel()
	f := frontier{size: math.MaxUint64}
	h := leafHash(0)
	require.Panics(t, func() { f.add(&h) })
}

func TestTheFrontierAllocatesNothing(t *testing.T) {
	var f frontier
	var e edge
	h := leafHash(0)
	var root [hashSize]byte
	full := func(TileID, []byte) error { return nil }
	for range 2 * tileWidth {
		require.NoError(t, e.add(&h, full))
	}
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		f.add(&h)
		root = f.root()
		_ = e.add(&h, full)
		root = e.root()
	}))
	require.NotZero(t, root)
}

func BenchmarkFrontierAdd(b *testing.B) {
	var f frontier
	h := leafHash(0)
	b.ReportAllocs()
	for b.Loop() {
		f.add(&h)
	}
}

func BenchmarkEdgeAdd(b *testing.B) {
	var e edge
	h := leafHash(0)
	b.ReportAllocs()
	for b.Loop() {
		_ = e.add(&h, nil)
	}
}

// BenchmarkNodeHash is what one of the two above cannot be faster than: there is one inner node a leaf.
func BenchmarkNodeHash(b *testing.B) {
	l, r := leafHash(0), leafHash(1)
	for b.Loop() {
		l = hashNode(&l, &r)
	}
}
