package interop

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

// tree is one of transparency-dev/merkle.
type tree struct {
	nodes map[compact.NodeID][]byte
	rng   *compact.Range
}

func newTree() *tree {
	f := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	return &tree{map[compact.NodeID][]byte{}, f.NewEmptyRange(0)}
}

func (t *tree) add(tb testing.TB, leaf []byte) (root [32]byte) {
	tb.Helper()
	keep := func(id compact.NodeID, h []byte) { t.nodes[id] = h }
	h := rfc6962.DefaultHasher.HashLeaf(leaf)
	keep(compact.NewNodeID(0, t.rng.End()), h)
	require.NoError(tb, t.rng.Append(h, keep))
	r, err := t.rng.GetRootHash(nil)
	require.NoError(tb, err)
	return [32]byte(r)
}

func (t *tree) prove(tb testing.TB, n proof.Nodes) (path [][]byte) {
	tb.Helper()
	for _, id := range n.IDs {
		path = append(path, t.nodes[id])
	}
	path, err := n.Rehash(path, rfc6962.DefaultHasher.HashChildren)
	require.NoError(tb, err)
	return path
}

// damaged are a proof and what somebody makes of it: hashes left out, put in, swapped and changed.
func damaged(path [][]byte) (all [][][]byte) {
	all = append(all, path, nil, append(slices.Clone(path), make([]byte, 32)), append([][]byte{make([]byte, 32)}, path...))
	for i := range path {
		all = append(all, slices.Delete(slices.Clone(path), i, i+1), slices.Insert(slices.Clone(path), i, path[i]))
		flipped := slices.Clone(path)
		flipped[i] = slices.Clone(path[i])
		flipped[i][7] ^= 4
		all = append(all, flipped)
		if i > 0 {
			swapped := slices.Clone(path)
			swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
			all = append(all, swapped)
		}
	}
	return all
}

func hashes(path [][]byte) (out [][32]byte) {
	for _, h := range path {
		out = append(out, [32]byte(h))
	}
	return out
}

func TestConsistencyIsJudgedAsTransparencyDevJudgesIt(t *testing.T) {
	t.Parallel()
	tr := newTree()
	roots := [][32]byte{[32]byte(rfc6962.DefaultHasher.EmptyRoot())}
	const most = 24
	for i := range most {
		roots = append(roots, tr.add(t, fmt.Append(nil, i)))
	}
	good, bad := 0, 0
	for to := range uint64(most + 1) {
		for from := range to + 1 {
			var path [][]byte
			if from > 0 {
				n, err := proof.Consistency(from, to)
				require.NoError(t, err)
				path = tr.prove(t, n)
			}
			for _, p := range damaged(path) {
				for _, sizes := range [][2]uint64{{from, to}, {from + 1, to}, {from, to + 1}, {to, from}} {
					for _, rs := range [][2][32]byte{{roots[from], roots[to]}, {roots[to], roots[from]}, {{}, roots[to]}} {
						if sizes[0] == 0 && rs[0] != roots[0] || sizes[1] == 0 && rs[1] != roots[0] {
							continue // there is one empty tree: whoever claims another root for it is refused before
						}
						theirs := proof.VerifyConsistency(rfc6962.DefaultHasher, sizes[0], sizes[1], p, rs[0][:], rs[1][:])
						ours := audit.VerifyConsistency(audit.Checkpoint{Origin: "o", Size: sizes[0], Root: rs[0]}, audit.Checkpoint{Origin: "o", Size: sizes[1], Root: rs[1]}, hashes(p))
						require.Equal(t, theirs == nil, ours == nil, "%v %d hashes", sizes, len(p))
						if theirs == nil {
							good++
						} else {
							bad++
						}
					}
				}
			}
		}
	}
	require.Greater(t, good, most)
	require.Greater(t, bad, 1000)
}

func TestInclusionIsJudgedAsTransparencyDevJudgesIt(t *testing.T) {
	t.Parallel()
	signer, verifier := keys(t, "example.com/audit")
	tr := newTree()
	good, bad := 0, 0
	for size := uint64(1); size <= 17; size++ {
		root := tr.add(t, fmt.Append(nil, size-1))
		checkpoint := signed(t, signer, "o", size, root)
		for index := range size {
			n, err := proof.Inclusion(index, size)
			require.NoError(t, err)
			for _, p := range damaged(tr.prove(t, n)) {
				for _, i := range []uint64{index, index + 1, size, size + 1} {
					leaf := fmt.Append(nil, index)
					theirs := proof.VerifyInclusion(rfc6962.DefaultHasher, i, size, rfc6962.DefaultHasher.HashLeaf(leaf), p, root[:])
					text, err := audit.Proof{Seq: i, Path: hashes(p), Checkpoint: checkpoint}.MarshalText()
					require.NoError(t, err)
					_, ours := audit.VerifyProof(text, leaf, "o", verifier)
					require.Equal(t, theirs == nil, ours == nil)
					if theirs == nil {
						good++
					} else {
						bad++
					}
				}
			}
		}
	}
	require.Greater(t, good, 100)
	require.Greater(t, bad, 1000)
}

func signed(t *testing.T, s note.Signer, origin string, size uint64, root [32]byte) []byte {
	t.Helper()
	raw, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))}, s)
	require.NoError(t, err)
	return raw
}
