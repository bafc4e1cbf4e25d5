package egress

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/internal/inmemory"
)

// Memory is a [Store] in memory, for tests and examples: what it holds ends with the process. Transactions of a tenant follow each other.
type Memory struct {
	rows *inmemory.Rows[string, Export]
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Memory. Its clock is now, or that of the computer if that is nil.
func NewMemory(now func() time.Time) *Memory { return &Memory{inmemory.New[string, Export](now)} }

// Tx implements [Store].
func (m *Memory) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return m.rows.Tx(ctx, func(ctx context.Context, _ map[string]Export) error { return f(ctx) })
}

// Now implements [Store].
func (m *Memory) Now(ctx context.Context) (time.Time, error) { return m.rows.Now(ctx) }

// Create implements [Store].
func (m *Memory) Create(ctx context.Context, e Export) (there Export, err error) {
	err = m.rows.Tx(ctx, func(_ context.Context, rows map[string]Export) error {
		if _, ok := rows[e.ID]; !ok {
			e.Version = 1
			rows[e.ID] = copyOf(e)
		}
		there = copyOf(rows[e.ID])
		return nil
	})
	return there, err
}

// Export implements [Store].
func (m *Memory) Export(ctx context.Context, id string) (e Export, err error) {
	err = m.rows.Look(ctx, func(rows map[string]Export) error {
		var ok bool
		if e, ok = rows[id]; !ok {
			return ErrNotFound
		}
		e = copyOf(e)
		return nil
	})
	return e, err
}

// Save implements [Store].
func (m *Memory) Save(ctx context.Context, e Export) error {
	return m.rows.Tx(ctx, func(_ context.Context, rows map[string]Export) error {
		switch old, ok := rows[e.ID]; {
		case !ok:
			return ErrNotFound
		case old.Version != e.Version:
			return ErrConflict
		default:
			e.Ask = old.Ask
		}
		e.Version++
		rows[e.ID] = copyOf(e)
		return nil
	})
}

// Taken implements [Store].
func (m *Memory) Taken(ctx context.Context, by Person, after time.Time) (sum Limit, err error) {
	err = m.rows.Look(ctx, func(rows map[string]Export) error {
		for _, e := range rows {
			if e.By != by || !e.Begun.After(after) {
				continue
			}
			l := e.Taken
			if e.Ended.IsZero() {
				l = e.Limit
			}
			sum.Rows, sum.Bytes = sum.Rows+l.Rows, sum.Bytes+l.Bytes
		}
		return nil
	})
	return sum, err
}

// List implements [Store].
func (m *Memory) List(ctx context.Context, after string, limit int) (out []Export, err error) {
	err = m.rows.Look(ctx, func(rows map[string]Export) error {
		for _, id := range slices.Sorted(maps.Keys(rows)) {
			if id > after && len(out) < limit {
				out = append(out, copyOf(rows[id]))
			}
		}
		return nil
	})
	return out, err
}

func copyOf(e Export) Export {
	e.Tables = slices.Clone(e.Tables)
	return e
}
