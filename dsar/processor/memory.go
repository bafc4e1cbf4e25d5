package processor

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Memory is a [Store] in memory, for tests and examples: what it holds ends with the process.
type Memory struct {
	mu    sync.Mutex
	calls map[memoryKey]Call
	now   func() time.Time
}

type memoryKey struct {
	tenant tenancy.ID
	key    string
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Memory. Its clock is now, or that of the computer if that is nil.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{calls: map[memoryKey]Call{}, now: now}
}

// Now implements [Store].
func (m *Memory) Now(ctx context.Context) (time.Time, error) {
	if _, err := tenancy.From(ctx); err != nil {
		return time.Time{}, err
	}
	return m.now().UTC().Truncate(time.Microsecond), ctx.Err()
}

// locked runs f for the tenant of ctx.
func (m *Memory) locked(ctx context.Context, f func(tenancy.ID) error) error {
	id, err := tenancy.From(ctx)
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return f(id)
}

// Begin implements [Store].
func (m *Memory) Begin(ctx context.Context, c Call) (there Call, err error) {
	err = m.locked(ctx, func(id tenancy.ID) error {
		var ok bool
		if there, ok = m.calls[memoryKey{id, c.Key}]; !ok {
			c.Version = 1
			m.calls[memoryKey{id, c.Key}], there = c, c
		}
		return nil
	})
	return there, err
}

// Call implements [Store].
func (m *Memory) Call(ctx context.Context, key string) (c Call, err error) {
	err = m.locked(ctx, func(id tenancy.ID) error {
		var ok bool
		if c, ok = m.calls[memoryKey{id, key}]; !ok {
			return ErrNotFound
		}
		return nil
	})
	return c, err
}

// Save implements [Store].
func (m *Memory) Save(ctx context.Context, c Call) error {
	return m.locked(ctx, func(id tenancy.ID) error {
		switch old, ok := m.calls[memoryKey{id, c.Key}]; {
		case !ok:
			return ErrNotFound
		case old.Version != c.Version:
			return ErrConflict
		}
		c.Version++
		m.calls[memoryKey{id, c.Key}] = c
		return nil
	})
}

// Calls implements [Store].
func (m *Memory) Calls(ctx context.Context, request string) (out []Call, err error) {
	err = m.locked(ctx, func(id tenancy.ID) error {
		for k, c := range m.calls {
			if k.tenant == id && c.Request == request {
				out = append(out, c)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Call) int { return cmp.Or(cmp.Compare(a.Processor, b.Processor), cmp.Compare(a.Verb, b.Verb)) })
	return out, err
}
