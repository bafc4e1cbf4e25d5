package egress

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Memory is a [Store] in memory, for tests and examples: what it holds ends with the process. Transactions of a tenant follow each other.
type Memory struct {
	mu      sync.Mutex
	tenants map[tenancy.ID]*memoryExports
	now     func() time.Time
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Memory. Its clock is now, or that of the computer if that is nil.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{tenants: map[tenancy.ID]*memoryExports{}, now: now}
}

type memoryExports struct {
	turn chan struct{} // is full while a transaction runs
	all  map[string]Export
}

type memoryTx struct {
	of     tenancy.ID
	ended  bool
	failed error
	all    map[string]Export
}

type memoryKey struct{ m *Memory }

var errMemoryTx = errors.New("egress: the context's transaction has ended, or is another tenant's")

// Tx implements [Store].
func (m *Memory) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return m.in(ctx, func(ctx context.Context, _ *memoryTx) error { return f(ctx) })
}

func (m *Memory) in(ctx context.Context, f func(context.Context, *memoryTx) error) error {
	id, err := tenancy.From(ctx)
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	if x, _ := ctx.Value(memoryKey{m}).(*memoryTx); x != nil {
		if x.ended || x.of != id {
			return errMemoryTx
		}
		if err := f(ctx, x); err != nil {
			x.failed = err
			return err
		}
		return nil
	}
	m.mu.Lock()
	r := m.tenants[id]
	if r == nil {
		r = &memoryExports{turn: make(chan struct{}, 1), all: map[string]Export{}}
		m.tenants[id] = r
	}
	m.mu.Unlock()
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	x := &memoryTx{of: id, all: maps.Clone(r.all)}
	defer func() { x.ended = true; <-r.turn }()
	if err := f(context.WithValue(ctx, memoryKey{m}, x), x); err != nil {
		return err
	}
	if err := cmp.Or(x.failed, ctx.Err()); err != nil {
		return err
	}
	r.all = x.all
	return nil
}

// look reads in a transaction, which an error of f does not undo.
func (m *Memory) look(ctx context.Context, f func(*memoryTx) error) (err error) {
	if failed := m.in(ctx, func(_ context.Context, x *memoryTx) error { err = f(x); return nil }); failed != nil {
		return failed
	}
	return err
}

// Now implements [Store].
func (m *Memory) Now(ctx context.Context) (time.Time, error) {
	if _, err := tenancy.From(ctx); err != nil {
		return time.Time{}, err
	}
	return m.now().UTC().Truncate(time.Microsecond), ctx.Err()
}

// Create implements [Store].
func (m *Memory) Create(ctx context.Context, e Export) (there Export, err error) {
	err = m.in(ctx, func(_ context.Context, x *memoryTx) error {
		if _, ok := x.all[e.ID]; !ok {
			e.Version = 1
			x.all[e.ID] = copyOf(e)
		}
		there = copyOf(x.all[e.ID])
		return nil
	})
	return there, err
}

// Export implements [Store].
func (m *Memory) Export(ctx context.Context, id string) (e Export, err error) {
	err = m.look(ctx, func(x *memoryTx) error {
		var ok bool
		if e, ok = x.all[id]; !ok {
			return ErrNotFound
		}
		e = copyOf(e)
		return nil
	})
	return e, err
}

// Save implements [Store].
func (m *Memory) Save(ctx context.Context, e Export) error {
	return m.in(ctx, func(_ context.Context, x *memoryTx) error {
		switch old, ok := x.all[e.ID]; {
		case !ok:
			return ErrNotFound
		case old.Version != e.Version:
			return ErrConflict
		default:
			e.Ask = old.Ask
		}
		e.Version++
		x.all[e.ID] = copyOf(e)
		return nil
	})
}

// Taken implements [Store].
func (m *Memory) Taken(ctx context.Context, by Person, after time.Time) (sum Limit, err error) {
	err = m.look(ctx, func(x *memoryTx) error {
		for _, e := range x.all {
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
	err = m.look(ctx, func(x *memoryTx) error {
		for _, id := range slices.Sorted(maps.Keys(x.all)) {
			if id > after && len(out) < limit {
				out = append(out, copyOf(x.all[id]))
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
