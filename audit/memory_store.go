package audit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Park implements [Store].
func (m *memory) Park(ctx context.Context, entries []Entry) ([]Placed, error) {
	l, tx, err := m.at(ctx)
	if err != nil {
		return nil, err
	}
	s := l.read(tx)
	if err := l.reused(s, tx, entries); err != nil {
		return nil, err
	}
	placed := make([]Placed, len(entries))
	var own *memoryTx
	if own = tx; own == nil {
		own = &memoryTx{log: l}
	}
	for i, e := range entries {
		if have := l.find(s, e.ID); have != nil {
			placed[i] = Placed{Seq: have.Seq, Hash: have.Hash, Again: true}
			continue
		}
		placed[i].Parked = true
		own.parked = append(own.parked, cloneEntry(e))
	}
	if tx == nil {
		l.end(own, true)
	}
	return placed, nil
}

// Drain implements [Store].
func (m *memory) Drain(ctx context.Context, limit int) (int, error) {
	l, tx, err := m.at(ctx)
	if err != nil {
		return 0, err
	}
	n, reused := 0, 0
	err = l.write(ctx, tx, func(s *memoryState) error {
		l.mu.Lock()
		waiting := l.parked[s.drained:]
		l.mu.Unlock()
		take := waiting[:min(len(waiting), max(limit, 0))]
		l.place(s, take)
		s.drained += len(take)
		n = len(take)
		if tx != nil { // what this transaction parked itself
			take = tx.parked[:min(len(tx.parked), max(limit-n, 0))]
			l.place(s, take)
			tx.parked = tx.parked[len(take):]
			n += len(take)
		}
		reused = s.reused
		return nil
	})
	switch {
	case err != nil:
		return 0, err
	case n == 0 && reused > 0 && limit > 0:
		return 0, ErrIDReused
	}
	return n, nil
}

// SignedTile implements [Store].
func (m *memory) SignedTile(ctx context.Context, id TileID) (newest Signed, tile []byte, err error) {
	s, err := m.read(ctx)
	if n := len(s.signed); n > 0 {
		newest = s.signed[n-1]
		newest.Note = bytes.Clone(newest.Note)
	}
	return newest, bytes.Clone(s.tiles[id]), err
}

// Find implements [Store].
func (m *memory) Find(ctx context.Context, q Find, f func(Stored) error) error {
	s, err := m.read(ctx)
	if err != nil {
		return err
	}
	if q.Limit < 1 {
		return errors.New("audit: a query needs a limit")
	}
	found := slices.Clone(s.events)
	if q.Desc {
		slices.Reverse(found)
	}
	for _, e := range found {
		if e == nil || !q.matches(e) {
			continue
		}
		if err := cmp.Or(ctx.Err(), e.lend(f)); err != nil {
			return err
		}
		if q.Limit--; q.Limit == 0 {
			break
		}
	}
	return nil
}

func (q Find) matches(e *Stored) bool {
	return e.Seq >= q.From && (q.To == 0 || e.Seq < q.To) &&
		(len(q.Actions) == 0 || slices.Contains(q.Actions, e.Action)) &&
		(len(q.Outcomes) == 0 || slices.Contains(q.Outcomes, e.Outcome)) &&
		(q.Subject == nil || e.opening(*q.Subject) >= 0) &&
		(q.Since.IsZero() || !e.Recorded.Before(q.Since)) &&
		(q.Until.IsZero() || e.Recorded.Before(q.Until))
}

// opening returns the index of who's opening, or -1.
func (e *Stored) opening(who Pseudonym) int {
	return slices.IndexFunc(e.Open, func(o Opening) bool { return o.Subject == who })
}

// ByID implements [Store].
func (m *memory) ByID(ctx context.Context, id uuid.UUID) (Stored, error) {
	l, tx, err := m.at(ctx)
	if err != nil {
		return Stored{}, err
	}
	e := l.find(l.read(tx), id)
	if e == nil {
		return Stored{}, ErrNotFound
	}
	return Stored{e.Seq, e.Recorded, cloneEntry(e.Entry)}, nil
}

// Subjects implements [Store].
func (m *memory) Subjects(ctx context.Context, who Pseudonym, f func(uint64, []byte) error) error {
	s, err := m.read(ctx)
	if err != nil {
		return err
	}
	for _, e := range s.events {
		if e == nil {
			continue
		}
		i := e.opening(who)
		if i < 0 || len(e.Open[i].Data) == 0 {
			continue
		}
		lent := bytes.Clone(e.Open[i].Data)
		err := cmp.Or(ctx.Err(), f(e.Seq, lent))
		clear(lent)
		if err != nil {
			return err
		}
	}
	return nil
}

// Reopen implements [Store].
func (m *memory) Reopen(ctx context.Context, who Pseudonym, with []Reopening) error {
	return m.write(ctx, func(s *memoryState) error {
		if slices.ContainsFunc(s.holds, func(h Hold) bool { return h.Subject == nil || *h.Subject == who }) {
			return ErrHeld
		}
		events := slices.Clone(s.events)
		for _, r := range with {
			if r.Seq >= uint64(len(events)) || events[r.Seq] == nil {
				return ErrNotFound
			}
			e := Stored{r.Seq, events[r.Seq].Recorded, cloneEntry(events[r.Seq].Entry)}
			i := e.opening(who)
			switch {
			case i < 0:
				return ErrNotFound
			case r.Data == nil:
				e.Open = slices.Delete(e.Open, i, i+1)
			case len(r.Data) >= len(e.Open[i].Data):
				return errors.New("audit: an opening can only get shorter")
			default:
				e.Open[i].Data = bytes.Clone(r.Data)
			}
			events[r.Seq] = &e
		}
		s.events = events
		return nil
	})
}

// Prune implements [Store].
func (m *memory) Prune(ctx context.Context, to, event uint64) error {
	return m.write(ctx, func(s *memoryState) error {
		if to <= s.pruned {
			return nil
		}
		if event < to || event >= uint64(len(s.events)) || s.events[event] == nil || !s.events[event].prunes(to) {
			return fmt.Errorf("%w: place %d is no pruning to %d", ErrNotFound, event, to)
		}
		for _, e := range s.events[s.pruned:to] {
			for _, h := range s.holds {
				if h.Subject == nil || e.opening(*h.Subject) >= 0 {
					return ErrHeld
				}
			}
		}
		s.events = slices.Clone(s.events)
		clear(s.events[s.pruned:to])
		s.pruned = to
		return nil
	})
}

// prunes reports whether e records a pruning to that place.
func (e *Stored) prunes(to uint64) bool {
	var leaf struct {
		Data struct {
			To uint64 `json:"to"`
		} `json:"data"`
	}
	return e.Action == "audit.pruned" && json.Unmarshal(e.Leaf, &leaf) == nil && leaf.Data.To == to
}

// PrunedTo implements [Store].
func (m *memory) PrunedTo(ctx context.Context) (uint64, error) {
	s, err := m.read(ctx)
	return s.pruned, err
}

// Hold implements [Store].
func (m *memory) Hold(ctx context.Context, h Hold) error {
	return m.write(ctx, func(s *memoryState) error {
		if slices.ContainsFunc(s.holds, func(o Hold) bool { return o.ID == h.ID }) {
			return nil
		}
		if h.Subject != nil {
			who := *h.Subject
			h.Subject = &who
		}
		h.Placed = time.Now().UTC().Truncate(time.Microsecond)
		s.holds = append(slices.Clone(s.holds), h)
		slices.SortFunc(s.holds, func(a, b Hold) int { return cmp.Compare(a.ID, b.ID) })
		return nil
	})
}

// Release implements [Store].
func (m *memory) Release(ctx context.Context, id string) error {
	return m.write(ctx, func(s *memoryState) error {
		i := slices.IndexFunc(s.holds, func(h Hold) bool { return h.ID == id })
		if i < 0 {
			return ErrNotFound
		}
		s.holds = slices.Delete(slices.Clone(s.holds), i, i+1)
		return nil
	})
}

// Holds implements [Store].
func (m *memory) Holds(ctx context.Context) ([]Hold, error) {
	s, err := m.read(ctx)
	return slices.Clone(s.holds), err
}

// Indexed implements [Store].
func (m *memory) Indexed(ctx context.Context, size uint64, index int64) error {
	return m.write(ctx, func(s *memoryState) error {
		i := slices.IndexFunc(s.signed, func(c Signed) bool { return c.Size == size })
		if i < 0 {
			return ErrNotFound
		}
		s.signed = slices.Clone(s.signed)
		s.signed[i].HeadsIndex = index
		return nil
	})
}
