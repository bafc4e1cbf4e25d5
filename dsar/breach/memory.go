package breach

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/internal/inmemory"
)

// Memory is a [Store] in memory, for tests and examples: what it holds ends with the process. Transactions of a tenant follow each other.
type Memory struct{ rows *inmemory.Rows[ID, []Entry] }

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Memory. Its clock is now, or that of the computer if that is nil.
func NewMemory(now func() time.Time) *Memory { return &Memory{inmemory.New[ID, []Entry](now)} }

// Tx implements [Store].
func (m *Memory) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return m.rows.Tx(ctx, func(ctx context.Context, _ map[ID][]Entry) error { return f(ctx) })
}

// Now implements [Store].
func (m *Memory) Now(ctx context.Context) (time.Time, error) { return m.rows.Now(ctx) }

// Append implements [Store].
func (m *Memory) Append(ctx context.Context, e Entry) error {
	return m.rows.Tx(ctx, func(_ context.Context, rows map[ID][]Entry) error {
		old := rows[e.Breach]
		var last [32]byte
		if len(old) > 0 {
			last = old[len(old)-1].Hash
		}
		if e.Seq != uint64(len(old))+1 || e.Prev != last || slices.ContainsFunc(old, func(o Entry) bool { return o.Key == e.Key }) {
			return ErrConflict
		}
		rows[e.Breach] = append(slices.Clip(old), copyOf(e))
		return nil
	})
}

// Entries implements [Store].
func (m *Memory) Entries(ctx context.Context, id ID) (entries []Entry, err error) {
	err = m.rows.Look(ctx, func(rows map[ID][]Entry) error {
		for _, e := range rows[id] {
			entries = append(entries, copyOf(e))
		}
		if entries == nil {
			return ErrNotFound
		}
		return nil
	})
	return entries, err
}

// List implements [Store].
func (m *Memory) List(ctx context.Context, after ID, limit int) (ids []ID, err error) {
	err = m.rows.Look(ctx, func(rows map[ID][]Entry) error {
		for _, id := range slices.Sorted(maps.Keys(rows)) {
			if id > after && len(ids) < limit {
				ids = append(ids, id)
			}
		}
		return nil
	})
	return ids, err
}

func copyOf(e Entry) Entry {
	e.Laws, e.Nonce = slices.Clone(e.Laws), slices.Clone(e.Nonce)
	return e
}
