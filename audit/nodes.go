package audit

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// nodes reads the inner hashes of a tree, for package tlog: from its full tiles, and from its edge where they are not
// full yet. What it reads is to be checked against a root. It remembers tiles.
type nodes struct {
	ctx   context.Context
	tree  Tree
	edge  *edge
	tiles map[TileID]fullTile
}

func newNodes(ctx context.Context, t Tree, e *edge) *nodes {
	return &nodes{ctx, t, e, map[TileID]fullTile{}}
}

// ReadHashes implements [tlog.HashReader].
func (r *nodes) ReadHashes(at []int64) ([]tlog.Hash, error) {
	if err := r.load(at); err != nil {
		return nil, err
	}
	hashes := make([]tlog.Hash, len(at))
	for i, index := range at {
		id, height, n := nodePlace(index)
		if full, ok := r.tiles[id]; ok {
			hashes[i] = full.node(height, n)
			continue
		}
		part := r.edge.part[id.Level]
		to := (n + 1) << height * hashSize
		if id.Index != r.full(id.Level) || to > len(part) {
			return nil, fmt.Errorf("audit: hash %d is not in a tree of %d leaves", index, r.edge.size)
		}
		hashes[i] = perfectRoot(part[n<<height*hashSize : to])
	}
	return hashes, nil
}

// full is how many full tiles a level has.
func (r *nodes) full(level int) uint64 { return r.edge.size >> (tileHeight * (level + 1)) }

// load reads the full tiles that hashes are in.
func (r *nodes) load(at []int64) error {
	var missing []TileID
	for _, index := range at {
		id, _, _ := nodePlace(index)
		if _, ok := r.tiles[id]; ok || id.Index >= r.full(id.Level) {
			continue
		}
		missing = append(missing, id)
		r.tiles[id] = nil
	}
	if len(missing) == 0 {
		return nil
	}
	data, err := r.tree.Tiles(r.ctx, missing)
	if err == nil && len(data) != len(missing) {
		err = fmt.Errorf("%w: not the tiles that were asked for", ErrCorrupt)
	}
	for i, id := range missing {
		if err == nil && len(data[i]) != tileWidth*hashSize {
			err = fmt.Errorf("%w: tile %d of level %d is missing", ErrCorrupt, id.Index, id.Level)
		}
		if err != nil {
			clear(r.tiles)
			return err
		}
		r.tiles[id] = newFullTile(data[i])
	}
	return nil
}

// nodePlace returns which hash over a tile, of what height, is the one of that index, as package tlog counts.
func nodePlace(index int64) (id TileID, height, n int) {
	level, at := tlog.SplitStoredHashIndex(index)
	id.Level, height = level/tileHeight, level%tileHeight
	id.Index = uint64(at) >> (tileHeight - height)
	return id, height, int(at) & (tileWidth>>height - 1)
}

// fullTile is a full tile and, behind its hashes, those over them, height by height.
type fullTile []byte

func newFullTile(data []byte) fullTile {
	t := append(make([]byte, 0, (2*tileWidth-1)*hashSize), data...)
	for at := 0; len(t) < cap(t); at += 2 * hashSize {
		h := hashNode((*[hashSize]byte)(t[at:]), (*[hashSize]byte)(t[at+hashSize:]))
		t = append(t, h[:]...)
	}
	return t
}

// node is the nth hash of that height.
func (t fullTile) node(height, n int) [hashSize]byte {
	before := 2*tileWidth - 2*tileWidth>>height
	return [hashSize]byte(t[(before+n)*hashSize:])
}
