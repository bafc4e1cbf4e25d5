package audit

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// memoryTree is the [Tree] of the log that at finds.
type memoryTree struct {
	at func(context.Context) (*memoryLog, *memoryTx, error)
}

func (t memoryTree) read(ctx context.Context) (memoryState, error) {
	l, tx, err := t.at(ctx)
	if err != nil {
		return memoryState{}, err
	}
	return l.read(tx), nil
}

func (t memoryTree) write(ctx context.Context, f func(*memoryState) error) error {
	l, tx, err := t.at(ctx)
	if err != nil {
		return err
	}
	return l.write(ctx, tx, f)
}

// Append implements [Tree].
func (t memoryTree) Append(ctx context.Context, entries []Entry) ([]Placed, error) {
	l, tx, err := t.at(ctx)
	if err != nil {
		return nil, err
	}
	var placed []Placed
	err = l.write(ctx, tx, func(s *memoryState) error {
		if err := l.reused(*s, tx, entries); err != nil {
			return err
		}
		placed = l.place(s, entries)
		return nil
	})
	return placed, err
}

// reused is ErrIDReused if an entry's id stands for another action in the log, among what is parked, or
// among the entries.
func (l *memoryLog) reused(s memoryState, tx *memoryTx, entries []Entry) error {
	actions := map[uuid.UUID]string{}
	if tx != nil {
		for _, e := range tx.parked {
			actions[e.ID] = e.Action
		}
	}
	for _, e := range entries {
		have, ok := actions[e.ID]
		if stored := l.find(s, e.ID); stored != nil {
			have, ok = stored.Action, true
		} else if !ok {
			l.mu.Lock()
			have, ok = l.waiting[e.ID]
			l.mu.Unlock()
		}
		if ok && have != e.Action {
			return ErrIDReused
		}
		actions[e.ID] = e.Action
	}
	return nil
}

// place gives entries the next places.
func (l *memoryLog) place(s *memoryState, entries []Entry) []Placed {
	placed := make([]Placed, 0, len(entries))
	for _, e := range entries {
		if have := l.find(*s, e.ID); have != nil {
			if have.Action != e.Action {
				s.reused++
			}
			placed = append(placed, Placed{Seq: have.Seq, Hash: have.Hash, Again: true})
			continue
		}
		seq := uint64(len(s.events))
		now := time.Now().UTC().Truncate(time.Microsecond)
		if seq > 0 && s.events[seq-1] != nil && now.Before(s.events[seq-1].Recorded) {
			now = s.events[seq-1].Recorded
		}
		s.events = append(s.events, &Stored{seq, now, cloneEntry(e)})
		s.hashes = append(s.hashes, e.Hash)
		s.added[e.ID] = seq
		placed = append(placed, Placed{Seq: seq, Hash: e.Hash})
	}
	return placed
}

func cloneEntry(e Entry) Entry {
	e.Leaf = bytes.Clone(e.Leaf)
	e.Open = slices.Clone(e.Open)
	for i := range e.Open {
		e.Open[i].Data = bytes.Clone(e.Open[i].Data)
	}
	return e
}

// lend calls f with a copy of e, and spoils the copy.
func (e *Stored) lend(f func(Stored) error) error {
	lent := Stored{e.Seq, e.Recorded, cloneEntry(e.Entry)}
	err := f(lent)
	clear(lent.Leaf)
	for i := range lent.Open {
		clear(lent.Open[i].Data)
	}
	clear(lent.Open)
	return err
}

// Size implements [Tree].
func (t memoryTree) Size(ctx context.Context) (uint64, error) {
	s, err := t.read(ctx)
	return uint64(len(s.events)), err
}

// Hashes implements [Tree].
func (t memoryTree) Hashes(ctx context.Context, from, to uint64) ([]byte, error) {
	s, err := t.read(ctx)
	switch {
	case err != nil:
		return nil, err
	case from > to || to-from > 65536:
		return nil, errors.New("audit: bad range of hashes")
	case from < to && (from < s.pruned || to > uint64(len(s.hashes))):
		return nil, fmt.Errorf("%w: hashes of %d to %d are missing", ErrCorrupt, from, to)
	}
	out := make([]byte, 0, (to-from)*32)
	if from == to {
		return out, nil
	}
	for _, h := range s.hashes[from:to] {
		out = append(out, h[:]...)
	}
	return out, nil
}

// Leaves implements [Tree].
func (t memoryTree) Leaves(ctx context.Context, from, to uint64, f func(Stored) error) error {
	s, err := t.read(ctx)
	if err != nil {
		return err
	}
	for seq := from; seq < min(to, uint64(len(s.events))); seq++ {
		if s.events[seq] == nil {
			continue
		}
		if err := cmp.Or(ctx.Err(), s.events[seq].lend(f)); err != nil {
			return err
		}
	}
	return nil
}

// Grown implements [Tree].
func (t memoryTree) Grown(ctx context.Context) (uint64, []byte, error) {
	s, err := t.read(ctx)
	return s.grown, bytes.Clone(s.front), err
}

// Grow implements [Tree].
func (t memoryTree) Grow(ctx context.Context, from, to uint64, frontier []byte, tiles []Tile) error {
	return t.write(ctx, func(s *memoryState) error {
		switch {
		case s.grown != from:
			return ErrConflict
		case to < from:
			return ErrBackwards
		case to > uint64(len(s.events)):
			return fmt.Errorf("%w: a tree of %d over %d events", ErrCorrupt, to, len(s.events))
		}
		s.grown, s.front = to, bytes.Clone(frontier)
		if len(tiles) > 0 {
			s.tiles = maps.Clone(s.tiles)
			if s.tiles == nil {
				s.tiles = map[TileID][]byte{}
			}
		}
		for _, tile := range tiles {
			s.tiles[tile.TileID] = bytes.Clone(tile.Data)
		}
		return nil
	})
}

// Tiles implements [Tree].
func (t memoryTree) Tiles(ctx context.Context, of []TileID) ([][]byte, error) {
	s, err := t.read(ctx)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(of))
	for i, id := range of {
		out[i] = bytes.Clone(s.tiles[id])
	}
	return out, nil
}

// Sign implements [Tree].
func (t memoryTree) Sign(ctx context.Context, c Signed) error {
	return t.write(ctx, func(s *memoryState) error {
		if n := len(s.signed); n > 0 && c.Size <= s.signed[n-1].Size {
			if c.Size < s.signed[n-1].Size {
				return ErrBackwards
			}
			return nil
		}
		c.Note = bytes.Clone(c.Note)
		s.signed = append(s.signed, c)
		return nil
	})
}

// Signed implements [Tree].
func (t memoryTree) Signed(ctx context.Context, from uint64, f func(Signed) error) error {
	s, err := t.read(ctx)
	if err != nil {
		return err
	}
	for _, c := range s.signed {
		if c.Size < from {
			continue
		}
		c.Note = bytes.Clone(c.Note)
		if err := cmp.Or(ctx.Err(), f(c)); err != nil {
			return err
		}
	}
	return nil
}

// Newest implements [Tree].
func (t memoryTree) Newest(ctx context.Context) (Signed, error) {
	s, err := t.read(ctx)
	if err != nil {
		return Signed{}, err
	}
	if len(s.signed) == 0 {
		return Signed{}, ErrNotFound
	}
	c := s.signed[len(s.signed)-1]
	c.Note = bytes.Clone(c.Note)
	return c, nil
}
