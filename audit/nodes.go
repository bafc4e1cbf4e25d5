package audit

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// nodes reads the inner hashes of a tree, for package tlog: from its full tiles, and from its edge where they are not
// full yet. What it reads is to be checked against a root. It remembers tiles, and what it made of the edge.
type nodes struct {
	ctx   context.Context
	tree  Tree
	edge  *edge
	parts [tileLevels]tileNodes // of the edge, as far as they were asked for
	tiles map[TileID]tileNodes
}

func newNodes(ctx context.Context, t Tree, e *edge) *nodes {
	return &nodes{ctx: ctx, tree: t, edge: e, tiles: map[TileID]tileNodes{}}
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
		if id.Index != r.full(id.Level) || (n+1)<<height*hashSize > len(r.edge.part[id.Level]) {
			return nil, fmt.Errorf("audit: hash %d is not in a tree of %d leaves", index, r.edge.size)
		}
		part := &r.parts[id.Level]
		if part.width == 0 {
			*part = newTileNodes(r.edge.part[id.Level])
		}
		hashes[i] = part.node(height, n)
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
		r.tiles[id] = tileNodes{}
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
		r.tiles[id] = newTileNodes(data[i])
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

// tileNodes is a tile, full or not, and behind its hashes those over them, height by height.
type tileNodes struct {
	width  int
	hashes []byte
}

func newTileNodes(data []byte) tileNodes {
	t := tileNodes{len(data) / hashSize, append(make([]byte, 0, 2*len(data)), data...)}
	at := 0
	for n := t.width; n > 1; n /= 2 {
		for i := range n / 2 {
			pair := t.hashes[at+2*i*hashSize:]
			h := hashNode((*[hashSize]byte)(pair), (*[hashSize]byte)(pair[hashSize:]))
			t.hashes = append(t.hashes, h[:]...)
		}
		at += n * hashSize
	}
	return t
}

// node is the nth hash of that height.
func (t tileNodes) node(height, n int) [hashSize]byte {
	for h := range height {
		n += t.width >> h
	}
	return [hashSize]byte(t.hashes[n*hashSize:])
}
