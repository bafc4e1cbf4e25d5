package audit

import "crypto/sha256"

// The verifier shares no code with what builds trees: one mistake cannot hide in both.

type treeHash = [hashSize]byte

func shadowNode(l, r *treeHash) treeHash {
	var b [1 + 2*hashSize]byte
	b[0] = 1
	copy(b[1:], l[:])
	copy(b[1+hashSize:], r[:])
	return sha256.Sum256(b[:])
}

// hashRange is the root of the tree over hs (RFC 6962, section 2.1).
func hashRange(hs []treeHash) treeHash {
	switch len(hs) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return hs[0]
	}
	k := 1
	for k*2 < len(hs) {
		k *= 2
	}
	l, r := hashRange(hs[:k]), hashRange(hs[k:])
	return shadowNode(&l, &r)
}

// shadowTree is the tree over the tiles of level 0 that were read, in constant memory.
type shadowTree struct {
	tiles uint64
	front [57]treeHash           // front[i] is the root of 2^i tiles if bit i of tiles is set
	upper [7][tileWidth]treeHash // the unfinished or just finished tile of levels 1 to 7
}

// push adds a full tile of that root.
func (t *shadowTree) push(root treeHash) {
	t.upper[0][t.tiles%tileWidth] = root
	i := 0
	for rest := t.tiles; rest&1 == 1; rest >>= 1 {
		root = shadowNode(&t.front[i], &root)
		if i++; i%8 == 0 && i/8 < len(t.upper) {
			t.upper[i/8][t.tiles>>i%tileWidth] = root
		}
	}
	t.front[i] = root
	t.tiles++
}

// root is the root of the tree over the tiles and the leaves after them, of which there are at most 256.
func (t *shadowTree) root(more []treeHash) treeHash {
	var r treeHash
	have := len(more) > 0
	if have || t.tiles == 0 {
		r = hashRange(more)
	}
	for i, rest := 0, t.tiles; rest > 0; i, rest = i+1, rest>>1 {
		switch {
		case rest&1 == 0:
		case have:
			r = shadowNode(&t.front[i], &r)
		default:
			r, have = t.front[i], true
		}
	}
	return r
}
