package audit

import (
	"fmt"
	"math/bits"
)

// A tile is the 256 hashes side by side of one level of the tree (c2sp.org/tlog-tiles): tile 0 of level 0 is the
// hashes of the leaves 0 to 255, and each hash of level 1 is the root of a full tile of level 0.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	tileLevels = 64 / tileHeight
)

// edge is a Merkle tree of which only the tiles that are not full yet are kept. It tells each tile as it fills,
// and takes leaves without allocating once it has grown. The zero edge is the empty tree.
type edge struct {
	size uint64
	part [tileLevels][]byte // of each level the hashes of the last tile, at most 255
}

// add appends the leaf of that hash and calls full, if it is not nil, with each tile that it fills, the lowest
// level first. The data is full's until it returns. If full fails, the edge is of no more use.
func (e *edge) add(leaf *[hashSize]byte, full func(id TileID, data []byte) error) error {
	e.part[0] = append(e.part[0], leaf[:]...)
	e.size++
	return e.carry(full)
}

// addTile appends 256 leaves at once. The size must be a multiple of 256.
func (e *edge) addTile(data []byte, full func(id TileID, data []byte) error) error {
	if len(data) != tileWidth*hashSize || e.size%tileWidth != 0 {
		panic("audit: addTile of what is no tile")
	}
	e.part[0] = append(e.part[0], data...)
	e.size += tileWidth
	return e.carry(full)
}

func (e *edge) carry(full func(id TileID, data []byte) error) error {
	for level := 0; len(e.part[level]) == tileWidth*hashSize; level++ {
		data := e.part[level]
		if full != nil {
			id := TileID{Level: level, Index: e.size>>(tileHeight*(level+1)) - 1}
			if err := full(id, data); err != nil {
				return err
			}
		}
		root := perfectRoot(data)
		e.part[level] = data[:0]
		e.part[level+1] = append(e.part[level+1], root[:]...)
	}
	return nil
}

// root returns the root of the tree.
func (e *edge) root() [hashSize]byte {
	f := e.frontier()
	return f.root()
}

// frontier returns the tree's peaks.
func (e *edge) frontier() frontier {
	var f frontier
	for level := tileLevels - 1; level >= 0; level-- {
		at := e.part[level]
		for len(at) > 0 {
			width := 1 << (bits.Len(uint(len(at)/hashSize)) - 1)
			root := perfectRoot(at[:width*hashSize])
			f.addPeak(&root, level*tileHeight+bits.TrailingZeros(uint(width)))
			at = at[width*hashSize:]
		}
	}
	return f
}

// above returns the levels above the leaves', for [Tree.Grow] to keep: with it and the leaves of the last tile
// a tree of any size is taken up again, without reading the tiles below.
func (e *edge) above() []byte {
	var b []byte
	for _, part := range e.part[1:] {
		b = append(b, part...)
	}
	return b
}

// readEdge returns the edge of that size from what above returned and the hashes of its last size%256 leaves.
func readEdge(size uint64, above, leaves []byte) (*edge, error) {
	e := &edge{size: size}
	rest := above
	for level := range e.part {
		from := &rest
		if level == 0 {
			from = &leaves
		}
		n := int(size>>(tileHeight*level)) % tileWidth * hashSize
		if n > len(*from) {
			return nil, fmt.Errorf("%w: the edge of its tree is cut off", ErrCorrupt)
		}
		e.part[level] = append(make([]byte, 0, tileWidth*hashSize), (*from)[:n]...)
		*from = (*from)[n:]
	}
	if len(rest)+len(leaves) > 0 {
		return nil, fmt.Errorf("%w: the edge of its tree is too long", ErrCorrupt)
	}
	return e, nil
}

// perfectRoot returns the root over a power of two of hashes, at most 256.
func perfectRoot(hashes []byte) [hashSize]byte {
	n := len(hashes) / hashSize
	if n == 1 {
		return [hashSize]byte(hashes)
	}
	var row [tileWidth / 2][hashSize]byte
	for i := range n / 2 {
		at := hashes[2*i*hashSize:]
		row[i] = hashNode((*[hashSize]byte)(at), (*[hashSize]byte)(at[hashSize:]))
	}
	for n /= 2; n > 1; n /= 2 {
		for i := range n / 2 {
			row[i] = hashNode(&row[2*i], &row[2*i+1])
		}
	}
	return row[0]
}
