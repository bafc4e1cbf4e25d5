package audit

import (
	"crypto/sha256"
	"math/bits"
)

// hashSize is the length of a hash of the tree.
const hashSize = sha256.Size

// frontier is a Merkle tree (RFC 6962, section 2.1) of which only the right edge is kept: the roots of the
// perfect subtrees that its leaves make up. It takes leaves and tells its root without allocating. The zero
// frontier is the empty tree.
type frontier struct {
	size  uint64
	peaks [64][hashSize]byte // peaks[h] covers 2^h leaves, and counts if bit h of size is set
}

// hashNode returns the hash of an inner node. Its first byte differs from a leaf's, so that no leaf can pass
// for a node.
func hashNode(left, right *[hashSize]byte) [hashSize]byte {
	var node [1 + 2*hashSize]byte
	node[0] = 0x01
	copy(node[1:], left[:])
	copy(node[1+hashSize:], right[:])
	return sha256.Sum256(node[:])
}

// add appends the leaf of that hash.
func (f *frontier) add(leaf *[hashSize]byte) { f.addPeak(leaf, 0) }

// addPeak appends a perfect subtree of 2^height leaves. The size must be a multiple of 2^height.
func (f *frontier) addPeak(root *[hashSize]byte, height int) {
	// As in a binary counter, every bit that is set below the first clear one is carried.
	to := height + bits.TrailingZeros64(^(f.size >> height))
	if to >= len(f.peaks) {
		panic("audit: a tree of 2^64 leaves")
	}
	if height == to {
		f.peaks[to] = *root
	} else {
		h := hashNode(&f.peaks[height], root)
		for i := height + 1; i < to; i++ {
			h = hashNode(&f.peaks[i], &h)
		}
		f.peaks[to] = h
	}
	f.size += 1 << height
}

// root returns the root of the tree: SHA-256 of nothing if it is empty.
func (f *frontier) root() [hashSize]byte {
	if f.size == 0 {
		return sha256.Sum256(nil)
	}
	h := bits.TrailingZeros64(f.size)
	root := f.peaks[h]
	for rest := f.size &^ (1 << h); rest != 0; rest &= rest - 1 {
		root = hashNode(&f.peaks[bits.TrailingZeros64(rest)], &root)
	}
	return root
}
