package audit

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Pruning says up to where a log is cut off at its old end: the events recorded before Before, or those of places
// below To.
type Pruning struct {
	Before time.Time
	To     uint64
	// Basis is why it is done, such as "retention of 400 days", and By is who did it. Both are recorded. Basis is clear
	// text for ever: nothing personal in it.
	Basis string
	By    Party
}

// PruningResult is what a pruning removed: the events of places From <= seq < To.
type PruningResult struct {
	From, To uint64
	Root     [32]byte  // of the tree of size To
	Receipts []Receipt // of the audit.pruned events, none if there was nothing to prune
}

// How many events are pruned in a transaction, and are compared with the tree at once: multiples of tileWidth.
const (
	prunedAtOnce  = 1 << 16
	checkedAtOnce = 1 << 12
)

var errPrunedMeanwhile = fmt.Errorf("%w: another pruning", ErrConflict)

// Prune removes old events with all that was said in them, and keeps their hashes: the rest of the log still verifies,
// and that this was a pruning and no deletion is told by events of the log, with the tree's root at the cut (audit.pruned).
// It removes whole tiles of 256 events, and only what a signed checkpoint covers, so it may stop short of what was
// asked for; To of the result says where. Before it removes anything it compares the events with the newest checkpoint: it does
// not help to hide what was tampered with ([ErrCorrupt]). A hold of everything, or of a subject who is in one of the events,
// forbids it ([ErrHeld]). Two prunings at once: one of them fails with [ErrConflict].
//
// Much is pruned in several transactions. If ctx ends, or one fails, the result tells what was pruned until then, and a
// further call goes on from there.
func (l *Log) Prune(ctx context.Context, p Pruning) (PruningResult, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return PruningResult{}, err
	}
	if err := checkAct(p.Basis, p.By); err != nil {
		return PruningResult{}, err
	}
	if p.Before.IsZero() == (p.To == 0) {
		return PruningResult{}, badField("pruning", "it needs one of before and to")
	}
	from, err := l.store.PrunedTo(ctx)
	if err != nil {
		return PruningResult{}, err
	}
	done := PruningResult{From: from, To: from}
	newest, err := l.newestSigned(ctx, l.store, l.origin(tenant))
	if err != nil {
		return done, err
	}
	to, err := l.pruneEnd(ctx, p, newest.Size)
	if err != nil || to <= from {
		return done, err
	}
	if err := l.prunable(ctx, to); err != nil {
		return done, err
	}
	for done.To < to {
		if err := l.pruneTo(ctx, tenant, p, newest.Checkpoint, min(to, done.To+prunedAtOnce), &done); err != nil {
			return done, err
		}
	}
	return done, nil
}

// pruneEnd is where the cut can be: below what was asked for and what is signed, between tiles.
func (l *Log) pruneEnd(ctx context.Context, p Pruning, signed uint64) (uint64, error) {
	to := signed
	if p.To > 0 {
		to = min(to, p.To)
	} else { // the store's clock never goes back, so what comes before the first that is too new is old enough
		page, _, err := l.page(ctx, Find{Since: p.Before, Limit: 1})
		if err != nil {
			return 0, err
		}
		if len(page) > 0 {
			to = min(to, page[0].Seq)
		}
	}
	return to - to%tileWidth, nil
}

// prunable looks for holds on anything below to, before anything is removed. The store looks again when it removes.
func (l *Log) prunable(ctx context.Context, to uint64) error {
	holds, err := l.store.Holds(ctx)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if h.Subject == nil {
			return ErrHeld
		}
		page, _, err := l.page(ctx, Find{To: to, Subject: h.Subject, Limit: 1})
		if err != nil {
			return err
		}
		if len(page) > 0 {
			return ErrHeld
		}
	}
	return nil
}

func (l *Log) pruneTo(ctx context.Context, tenant tenancy.ID, p Pruning, newest Checkpoint, to uint64, done *PruningResult) error {
	root, err := l.intact(ctx, done.To, to, newest)
	if err != nil {
		return err
	}
	var receipts []Receipt
	err = l.store.Tx(ctx, func(ctx context.Context) error {
		receipts, err = l.appendOwn(ctx, tenant, Event{Action: Pruned, Actor: p.By, Data: map[string]any{
			"to": to, "root": base64.StdEncoding.EncodeToString(root[:]), "basis": p.Basis,
		}})
		if err != nil {
			return err
		}
		if pruned, err := l.store.PrunedTo(ctx); err != nil || pruned != done.To {
			return cmp.Or(err, errPrunedMeanwhile)
		}
		return l.store.Prune(ctx, to, receipts[0].Seq)
	})
	if err != nil {
		return err
	}
	l.store.Committed(ctx, func() { l.expunge(ctx, tenant) })
	done.To, done.Root = to, root
	done.Receipts = append(done.Receipts, receipts...)
	return nil
}

// intact compares the leaves from <= seq < to, which begin and end with tiles, with the tree and with what was signed, and
// returns the root of the tree of size to. The tiles only tell where it is that something is wrong.
func (l *Log) intact(ctx context.Context, from, to uint64, newest Checkpoint) (root [hashSize]byte, err error) {
	tree, err := l.peaksAt(ctx, from)
	if err != nil {
		return root, err
	}
	if err := l.addIntact(ctx, &tree, from, to); err != nil {
		return root, err
	}
	root = tree.root()
	p, err := newProver(ctx, l.store)
	if err != nil {
		return root, err
	}
	if p.size < newest.Size {
		return root, fmt.Errorf("%w: its tree has %d leaves, and its newest checkpoint %d", ErrBackwards, p.size, newest.Size)
	}
	path, err := p.proveConsistency(to, newest.Size)
	if err != nil {
		return root, err
	}
	if VerifyConsistency(Checkpoint{Origin: newest.Origin, Size: to, Root: root}, newest, path) != nil {
		return root, fmt.Errorf("%w: the %d events to be pruned are not those that were signed", ErrCorrupt, to-from)
	}
	return root, nil
}

// addIntact adds the leaves from <= seq < to to the tree, if they are those of its tiles.
func (l *Log) addIntact(ctx context.Context, tree *frontier, from, to uint64) error {
	for first := from; first < to; first += checkedAtOnce {
		end := min(to, first+checkedAtOnce)
		var of []TileID
		for at := first; at < end; at += tileWidth {
			of = append(of, TileID{0, at / tileWidth})
		}
		tiles, err := l.fullTiles(ctx, of)
		if err != nil {
			return err
		}
		next := first
		err = l.store.Leaves(ctx, first, end, func(s Stored) error {
			if s.Seq != next {
				return nil // next stays behind, and tells
			}
			hash, tile := hashOfLeaf(s.Leaf), tiles[(next-first)/tileWidth]
			if at := next % tileWidth * hashSize; string(hash[:]) != string(tile[at:at+hashSize]) {
				return fmt.Errorf("%w: the leaf at %d is not the one in the tree", ErrCorrupt, next)
			}
			tree.add(&hash)
			next++
			return nil
		})
		if err != nil {
			return err
		}
		if next == end {
			continue
		}
		if pruned, err := l.store.PrunedTo(ctx); err != nil || pruned > next {
			return cmp.Or(err, errPrunedMeanwhile)
		}
		return fmt.Errorf("%w: nothing is at %d", ErrCorrupt, next)
	}
	return nil
}

// fullTiles returns tiles that must be there.
func (l *Log) fullTiles(ctx context.Context, of []TileID) ([][]byte, error) {
	tiles, err := l.store.Tiles(ctx, of)
	if err != nil {
		return nil, err
	}
	for i, t := range tiles {
		if len(t) != tileWidth*hashSize {
			return nil, fmt.Errorf("%w: tile %d of level %d is not there", ErrCorrupt, of[i].Index, of[i].Level)
		}
	}
	return tiles, nil
}

// peaksAt returns the tree of the first size leaves, a multiple of tileWidth, from the largest tiles that make it up.
func (l *Log) peaksAt(ctx context.Context, size uint64) (f frontier, err error) {
	var of []TileID
	levels := 0
	for size>>(8*(levels+1)) > 0 {
		levels++
	}
	for level, at := levels-1, uint64(0); level >= 0; level-- {
		for width := uint64(1) << (8 * (level + 1)); at+width <= size; at += width {
			of = append(of, TileID{level, at / width})
		}
	}
	tiles, err := l.fullTiles(ctx, of)
	if err != nil {
		return frontier{}, err
	}
	for i, t := range tiles {
		root := perfectRoot(t)
		f.addPeak(&root, 8*(of[i].Level+1))
	}
	return f, nil
}
