package breach

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
	tenants map[tenancy.ID]*memoryRegister
	now     func() time.Time
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Memory. Its clock is now, or that of the computer if that is nil.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{tenants: map[tenancy.ID]*memoryRegister{}, now: now}
}

type memoryRegister struct {
	turn     chan struct{} // is full while a transaction runs
	breaches map[ID][]Entry
}

type memoryTx struct {
	of       tenancy.ID
	ended    bool
	failed   error
	breaches map[ID][]Entry
}

type memoryKey struct{ m *Memory }

var errMemoryTx = errors.New("breach: the context's transaction has ended, or is another tenant's")

// Tx implements [Store].
func (m *Memory) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return m.in(ctx, func(ctx context.Context, _ *memoryTx) error { return f(ctx) })
}

func (m *Memory) in(ctx context.Context, f func(context.Context, *memoryTx) error) error {
	id, err := tenancy.From(ctx)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
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
		r = &memoryRegister{turn: make(chan struct{}, 1), breaches: map[ID][]Entry{}}
		m.tenants[id] = r
	}
	m.mu.Unlock()
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	x := &memoryTx{of: id, breaches: maps.Clone(r.breaches)}
	defer func() { x.ended = true; <-r.turn }()
	if err := f(context.WithValue(ctx, memoryKey{m}, x), x); err != nil {
		return err
	}
	if err := cmp.Or(x.failed, ctx.Err()); err != nil {
		return err
	}
	r.breaches = x.breaches
	return nil
}

// Now implements [Store].
func (m *Memory) Now(ctx context.Context) (time.Time, error) {
	if _, err := tenancy.From(ctx); err != nil {
		return time.Time{}, err
	}
	return m.now().UTC().Truncate(time.Microsecond), ctx.Err()
}

// Append implements [Store].
func (m *Memory) Append(ctx context.Context, e Entry) error {
	return m.in(ctx, func(_ context.Context, x *memoryTx) error {
		old := x.breaches[e.Breach]
		var last [32]byte
		if len(old) > 0 {
			last = old[len(old)-1].Hash
		}
		if e.Seq != uint64(len(old))+1 || e.Prev != last || slices.ContainsFunc(old, func(o Entry) bool { return o.Key == e.Key }) {
			return ErrConflict
		}
		x.breaches[e.Breach] = append(slices.Clip(old), copyOf(e))
		return nil
	})
}

// Entries implements [Store].
func (m *Memory) Entries(ctx context.Context, id ID) (entries []Entry, err error) {
	err = m.look(ctx, func(x *memoryTx) error {
		for _, e := range x.breaches[id] {
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
	err = m.look(ctx, func(x *memoryTx) error {
		for _, id := range slices.Sorted(maps.Keys(x.breaches)) {
			if id > after && len(ids) < limit {
				ids = append(ids, id)
			}
		}
		return nil
	})
	return ids, err
}

// look reads in a transaction, which an error of f does not undo.
func (m *Memory) look(ctx context.Context, f func(*memoryTx) error) (err error) {
	if failed := m.in(ctx, func(_ context.Context, x *memoryTx) error { err = f(x); return nil }); failed != nil {
		return failed
	}
	return err
}

func copyOf(e Entry) Entry {
	e.Laws, e.Nonce = slices.Clone(e.Laws), slices.Clone(e.Nonce)
	return e
}
