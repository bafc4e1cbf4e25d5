package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// growStep is how many leaf hashes one call of [Tree.Hashes] and one of [Tree.Grow] deal with: 2 MiB of them.
const growStep = 1 << 16

// grow takes all places that t has given into its tree and returns its edge. Many processes may do so at
// once: one of them extends the tree, the others find it extended. The edge is made of what is read after
// all of that was stored, so nothing can be signed that is not durable.
func grow(ctx context.Context, t Tree) (*edge, error) {
	target, err := t.Size(ctx)
	if err != nil {
		return nil, err
	}
	for {
		from, above, err := t.Grown(ctx)
		if err != nil {
			return nil, err
		}
		start := from &^ (tileWidth - 1)
		to := from
		if from < target {
			to = min(target, start+growStep)
		}
		hashes, err := leafHashes(ctx, t, start, to)
		if err != nil {
			return nil, err
		}
		e, err := readEdge(from, above, hashes[:(from-start)*hashSize])
		if err != nil || from >= target {
			return e, err
		}
		if err := extend(ctx, t, e, hashes[(from-start)*hashSize:]); err != nil && !errors.Is(err, ErrConflict) {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// extend adds leaf hashes to e and stores what comes of it.
func extend(ctx context.Context, t Tree, e *edge, hashes []byte) error {
	from := e.size
	var tiles []Tile
	for ; len(hashes) > 0; hashes = hashes[hashSize:] {
		err := e.add((*[hashSize]byte)(hashes), func(id TileID, data []byte) error {
			tiles = append(tiles, Tile{id, bytes.Clone(data)})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return t.Grow(ctx, from, e.size, e.above(), tiles)
}

func leafHashes(ctx context.Context, t Tree, from, to uint64) ([]byte, error) {
	if from == to {
		return nil, nil
	}
	hashes, err := t.Hashes(ctx, from, to)
	if err != nil {
		return nil, err
	}
	if uint64(len(hashes)) != (to-from)*hashSize {
		return nil, fmt.Errorf("%w: hashes of the places %d to %d are missing", ErrCorrupt, from, to)
	}
	return hashes, nil
}

// checkExtends returns nil if the tree of which e is the edge begins with all that old covers.
func checkExtends(ctx context.Context, t Tree, e *edge, old Checkpoint) error {
	root := e.root()
	switch {
	case old.Size == 0:
		return nil
	case old.Size > e.size:
		return fmt.Errorf("%w: it has %d leaves, and had %d", ErrBackwards, e.size, old.Size)
	case old.Size == e.size:
		if root != old.Root {
			return fmt.Errorf("%w: of %d leaves, it has another root", ErrBackwards, e.size)
		}
		return nil
	}
	proof, err := tlog.ProveTree(int64(e.size), int64(old.Size), newNodes(ctx, t, e))
	if err != nil {
		return err
	}
	if tlog.CheckTree(proof, int64(e.size), root, int64(old.Size), old.Root) != nil {
		return fmt.Errorf("%w: of %d leaves, it does not begin with the %d it had", ErrBackwards, e.size, old.Size)
	}
	return nil
}
