package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
)

// The reference tree of Certificate Transparency: its leaves, its root at each size from 0, and paths in it, as they
// were published with the first implementation of RFC 6962.
var (
	ctLeaves = []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	ctRoots  = []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	ctPaths = []struct { // of the leaf at seq in the tree of that size
		seq, size uint64
		path      string
	}{
		{0, 1, ""},
		{0, 8, "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7 5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e 6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"},
		{5, 8, "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0 d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
		{2, 3, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
		{1, 5, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d 5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"},
	}
	ctLinks = []struct {
		from, to uint64
		path     string
	}{
		{1, 1, ""},
		{1, 8, "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7 5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e 6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"},
		{6, 8, "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0 d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
		{2, 5, "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"},
	}
)

// treeOf is the edge of the tree of those leaves.
func treeOf(t *testing.T, leaves [][]byte) *edge {
	t.Helper()
	e := &edge{}
	for _, l := range leaves {
		h := hashOfLeaf(l)
		require.NoError(t, e.add(&h, nil))
	}
	return e
}

func hexHashes(t *testing.T, s string) (hs [][32]byte) {
	t.Helper()
	for _, f := range strings.Fields(s) {
		b, err := hex.DecodeString(f)
		require.NoError(t, err)
		hs = append(hs, [32]byte(b))
	}
	return hs
}

func TestTheReferenceTreeOfCertificateTransparency(t *testing.T) {
	t.Parallel()
	var leaves [][]byte
	for _, l := range ctLeaves {
		b, err := hex.DecodeString(l)
		require.NoError(t, err)
		leaves = append(leaves, b)
	}
	root := func(size uint64) [32]byte { return hexHashes(t, ctRoots[size])[0] }
	for size := range uint64(9) {
		e := treeOf(t, leaves[:size])
		require.Equal(t, root(size), e.root(), size)
		var row []treeHash
		for _, l := range leaves[:size] {
			row = append(row, hashOfLeaf(l))
		}
		require.Equal(t, root(size), hashRange(row), "the verifier's own")
	}
	for _, x := range ctPaths {
		p := prover{x.size, newNodes(t.Context(), nil, treeOf(t, leaves[:x.size]))}
		proof, err := p.prove(Checkpoint{Size: x.size, Root: root(x.size)}, x.seq)
		require.NoError(t, err)
		want := hexHashes(t, x.path)
		require.Len(t, proof.Path, len(want))
		require.ElementsMatch(t, want, proof.Path)
		require.NoError(t, checkPath(want, x.size, root(x.size), x.seq, hashOfLeaf(leaves[x.seq])))
		require.Error(t, checkPath(want, x.size, root(x.size), x.seq, hashOfLeaf([]byte("another"))))
	}
	for _, x := range ctLinks {
		p := prover{x.to, newNodes(t.Context(), nil, treeOf(t, leaves[:x.to]))}
		path, err := p.proveConsistency(x.from, x.to)
		require.NoError(t, err)
		want := hexHashes(t, x.path)
		require.Len(t, path, len(want))
		require.ElementsMatch(t, want, path)
		from, to := Checkpoint{Size: x.from, Root: root(x.from)}, Checkpoint{Size: x.to, Root: root(x.to)}
		require.NoError(t, VerifyConsistency(from, to, want))
	}
}

// The tree of seven leaves in section 2.1.3 of RFC 6962, with the names it has there.
func TestTheExampleOfRFC6962(t *testing.T) {
	t.Parallel()
	leaves := [][]byte{[]byte("d0"), []byte("d1"), []byte("d2"), []byte("d3"), []byte("d4"), []byte("d5"), []byte("d6")}
	leaf := func(i int) [32]byte { return sha256.Sum256(append([]byte{0}, leaves[i]...)) }
	node := func(l, r [32]byte) [32]byte { return sha256.Sum256(append(append([]byte{1}, l[:]...), r[:]...)) }
	a, b, c, d, e, f, j := leaf(0), leaf(1), leaf(2), leaf(3), leaf(4), leaf(5), leaf(6)
	g, h, i := node(a, b), node(c, d), node(e, f)
	k, l := node(g, h), node(i, j)
	hash := node(k, l)

	tree := treeOf(t, leaves)
	require.Equal(t, hash, tree.root())
	p := prover{7, newNodes(t.Context(), nil, tree)}
	for seq, want := range map[uint64][][32]byte{0: {b, h, l}, 3: {c, g, l}, 4: {f, j, k}, 6: {i, k}} {
		proof, err := p.prove(Checkpoint{Size: 7, Root: hash}, seq)
		require.NoError(t, err)
		require.Equal(t, want, proof.Path, "leaf %d", seq)
	}
	for from, want := range map[uint64][][32]byte{3: {c, d, g, l}, 4: {l}, 6: {i, j, k}} {
		path, err := p.proveConsistency(from, 7)
		require.NoError(t, err)
		require.Equal(t, want, path, "from %d", from)
	}
}

// rfc6962 is section 2.1 of RFC 6962 word for word, over the leaves of one tree. It knows nothing of tiles or frontiers.
type rfc6962 struct {
	leaves [][]byte
	known  map[[2]int][32]byte // of mth
}

// split is the largest power of two smaller than n.
func split(n int) (k int) {
	for k = 1; k*2 < n; k *= 2 {
	}
	return k
}

// mth is MTH(D[from:to]).
func (r *rfc6962) mth(from, to int) [32]byte {
	if h, ok := r.known[[2]int{from, to}]; ok {
		return h
	}
	var h [32]byte
	switch n := to - from; n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		h = sha256.Sum256(append([]byte{0}, r.leaves[from]...))
	default:
		left, right := r.mth(from, from+split(n)), r.mth(from+split(n), to)
		h = sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
	}
	r.known[[2]int{from, to}] = h
	return h
}

// path is PATH(m, D[from:to]).
func (r *rfc6962) path(m, from, to int) [][32]byte {
	n := to - from
	switch k := split(n); {
	case n == 1:
		return nil
	case m < k:
		return append(r.path(m, from, from+k), r.mth(from+k, to))
	default:
		return append(r.path(m-k, from+k, to), r.mth(from, from+k))
	}
}

// subproof is SUBPROOF(m, D[from:to], whole); PROOF(m, D[n]) is SUBPROOF(m, D[n], true).
func (r *rfc6962) subproof(m, from, to int, whole bool) [][32]byte {
	n := to - from
	switch k := split(n); {
	case m == n && whole:
		return nil
	case m == n:
		return [][32]byte{r.mth(from, to)}
	case m <= k:
		return append(r.subproof(m, from, from+k, whole), r.mth(from+k, to))
	default:
		return append(r.subproof(m-k, from+k, to, false), r.mth(from, from+k))
	}
}

// Every proof there is in trees of up to 100 leaves, in those about the size of a tile and, in soak runs, of up to 300 is the one
// that the RFC defines, as the log makes it from its newest tree, and is taken for a proof; for another leaf, place, root or size
// it is not.
func TestEveryProofInEveryTreeIsTheOneOfRFC6962(t *testing.T) {
	t.Parallel()
	const most = 300
	ctx, store := ofTenant(t, "acme"), NewMemory()
	r := &rfc6962{known: map[[2]int][32]byte{}}
	for i := range most {
		en := leafEntry(i)
		r.leaves = append(r.leaves, en.Leaf)
		_, err := store.Append(ctx, []Entry{en})
		require.NoError(t, err)
	}
	_, err := grow(ctx, store)
	require.NoError(t, err)
	p, err := newProver(ctx, store)
	require.NoError(t, err)
	same := func(a, b [][32]byte) bool { return slices.Equal(a, b) } // nil or empty
	for n := 1; n <= most; n++ {
		if n > 100 && (n < tileWidth-1 || n > tileWidth+2) && os.Getenv("BAILIWICK_SOAK") != "1" {
			continue
		}
		c := Checkpoint{Size: uint64(n), Root: r.mth(0, n)}
		for m := range n {
			want, leaf := r.path(m, 0, n), r.mth(m, m+1)
			proof, err := p.prove(c, uint64(m))
			if err != nil || !same(want, proof.Path) || checkPath(want, c.Size, c.Root, uint64(m), leaf) != nil {
				t.Fatalf("leaf %d of %d: %v, %v, want %v", m, n, err, proof.Path, want)
			}
			if n > 1 && (checkPath(want, c.Size, c.Root, uint64(m+1)%c.Size, leaf) == nil || checkPath(want, c.Size, r.mth(0, n-1), uint64(m), leaf) == nil ||
				checkPath(want, c.Size, c.Root, uint64(m), r.mth((m+1)%n, (m+1)%n+1)) == nil) {
				t.Fatalf("leaf %d of %d is proven where it is not", m, n)
			}
		}
		for m := 1; m <= n; m++ {
			want, old := r.subproof(m, 0, n, true), Checkpoint{Size: uint64(m), Root: r.mth(0, m)}
			path, err := p.proveConsistency(old.Size, c.Size)
			if err != nil || !same(want, path) || VerifyConsistency(old, c, want) != nil {
				t.Fatalf("from %d to %d: %v, %v, want %v", m, n, err, path, want)
			}
			other := old
			other.Root[0] ^= 1
			if VerifyConsistency(other, c, want) == nil {
				t.Fatalf("from %d to %d: another tree is proven to be continued", m, n)
			}
		}
	}
}

// A leaf cannot pass for a node: that is what the first byte of what is hashed is for.
func TestALeafIsNoNode(t *testing.T) {
	t.Parallel()
	l, r := hashOfLeaf([]byte("l")), hashOfLeaf([]byte("r"))
	require.NotEqual(t, hashNode(&l, &r), hashOfLeaf(append(l[:], r[:]...)))
	require.Equal(t, [32]byte(tlog.NodeHash(l, r)), hashNode(&l, &r))
}
