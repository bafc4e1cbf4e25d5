package vault

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Memory is a [Store] in memory, for tests: what it holds ends with the process. It has no transactions.
type Memory struct {
	mu      sync.Mutex
	roots   []Root
	tenants map[tenancy.ID]*memoryTenant
	clock   func() time.Time
}

type memoryTenant struct {
	keys    []WrappedKey
	epoch   int64
	secrets map[[2]string]*memorySecret
}

type memorySecret struct {
	StoredSecret
	lease string
	until time.Time
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory { return &Memory{tenants: map[tenancy.ID]*memoryTenant{}, clock: time.Now} }

var _ Store = (*Memory)(nil)

// of runs f on what is ctx's tenant's, alone.
func (m *Memory) of(ctx context.Context, f func(t *memoryTenant) error) error {
	id, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tenants[id]
	if t == nil {
		t = &memoryTenant{secrets: map[[2]string]*memorySecret{}}
		m.tenants[id] = t
	}
	return f(t)
}

// Roots implements [Store].
func (m *Memory) Roots(ctx context.Context) ([]Root, time.Time, error) {
	if err := ctx.Err(); err != nil {
		return nil, time.Time{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.roots), m.clock(), nil
}

// AddRoot implements [Store].
func (m *Memory) AddRoot(ctx context.Context, r Root, after KeyID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	active := slices.IndexFunc(m.roots, func(r Root) bool { return r.State == Active })
	taken := slices.ContainsFunc(m.roots, func(old Root) bool { return old.ID == r.ID })
	switch {
	case active < 0 && after != KeyID{}, active >= 0 && m.roots[active].ID != after, taken:
		return ErrConflict
	case active >= 0:
		m.roots[active].State = Retired
	}
	r.State, r.Created = Active, m.clock()
	m.roots = append(m.roots, r)
	return nil
}

// Now implements [Store].
func (m *Memory) Now(ctx context.Context) (now time.Time, err error) {
	err = m.of(ctx, func(*memoryTenant) error { now = m.clock(); return nil })
	return now, err
}

// Tx implements [Store], but for its promise: what f did before it failed stays.
func (m *Memory) Tx(ctx context.Context, f func(ctx context.Context) error) error { return f(ctx) }

// DestroyRoot implements [Store].
func (m *Memory) DestroyRoot(ctx context.Context, id KeyID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.roots {
		switch r := &m.roots[i]; {
		case r.ID != id:
		case r.State == Active:
			return ErrConflict
		default:
			r.Wrapped, r.State = nil, Shredded
			return nil
		}
	}
	return ErrNotFound
}

// Under implements [Store].
func (m *Memory) Under(ctx context.Context, parent KeyID, after int64, limit int) (out []WrappedKey, err error) {
	err = m.of(ctx, func(t *memoryTenant) error {
		for _, k := range t.keys {
			if k.Parent == parent && k.State != Shredded && k.Seq > after && len(out) < limit {
				out = append(out, k)
			}
		}
		return nil
	})
	return out, err
}

// CountUnder implements [Store].
func (m *Memory) CountUnder(ctx context.Context, parent KeyID) (n int, err error) {
	err = m.of(ctx, func(t *memoryTenant) error { n = t.under(parent); return nil })
	return n, err
}

// under is how many keys and secrets are under parent.
func (t *memoryTenant) under(parent KeyID) (n int) {
	for _, k := range t.keys {
		if k.Parent == parent && k.State != Shredded {
			n++
		}
	}
	for _, s := range t.secrets {
		if s.Key == parent {
			n++
		}
	}
	return n
}

// Rewrap implements [Store].
func (m *Memory) Rewrap(ctx context.Context, rows []WrappedKey, from KeyID) (n int, err error) {
	err = m.of(ctx, func(t *memoryTenant) error {
		for _, row := range rows {
			if row.Level != OfTenant && !t.isActive(row.Parent) {
				return ErrConflict
			}
		}
		for _, row := range rows {
			i := slices.IndexFunc(t.keys, func(k WrappedKey) bool { return k.ID == row.ID && k.Seq == row.Seq })
			if i < 0 || t.keys[i].Parent != from || t.keys[i].State == Shredded {
				continue
			}
			t.keys[i].Parent, t.keys[i].Wrapped = row.Parent, bytes.Clone(row.Wrapped)
			n++
		}
		return nil
	})
	return n, err
}

// DestroyKey implements [Store].
func (m *Memory) DestroyKey(ctx context.Context, id KeyID) error {
	return m.of(ctx, func(t *memoryTenant) error {
		for i := range t.keys {
			k := &t.keys[i]
			if k.ID != id {
				continue
			}
			if k.State == Shredded {
				return nil
			}
			if k.State == Active || t.under(id) > 0 {
				return ErrConflict
			}
			t.epoch++
			k.Wrapped, k.State = nil, Shredded
			return nil
		}
		return ErrNotFound
	})
}

// Residue implements [Store].
func (m *Memory) Residue() []string { return nil }

// InTx implements [Store].
func (m *Memory) InTx(context.Context) bool { return false }

// Committed implements [Store].
func (m *Memory) Committed(_ context.Context, f func()) { f() }

// Keys implements [Store].
func (m *Memory) Keys(ctx context.Context) (out []WrappedKey, epoch int64, err error) {
	err = m.of(ctx, func(t *memoryTenant) error {
		epoch = t.epoch
		for _, k := range t.keys {
			if k.Level != OfSubject && k.State != Shredded {
				out = append(out, k)
			}
		}
		return nil
	})
	return out, epoch, err
}

// Epoch implements [Store].
func (m *Memory) Epoch(ctx context.Context) (epoch int64, err error) {
	err = m.of(ctx, func(t *memoryTenant) error { epoch = t.epoch; return nil })
	return epoch, err
}

// KeysByID implements [Store].
func (m *Memory) KeysByID(ctx context.Context, ids []KeyID) (out []WrappedKey, err error) {
	err = m.of(ctx, func(t *memoryTenant) error {
		for _, k := range t.keys {
			if slices.Contains(ids, k.ID) {
				out = append(out, k)
			}
		}
		return nil
	})
	return out, err
}

// SubjectKeys implements [Store].
func (m *Memory) SubjectKeys(ctx context.Context, purpose string, who []Pseudonym) (out []WrappedKey, err error) {
	err = m.of(ctx, func(t *memoryTenant) error {
		for _, k := range t.keys {
			if k.Level == OfSubject && k.State == Active && k.Purpose == purpose && slices.Contains(who, k.Subject) {
				out = append(out, k)
			}
		}
		return nil
	})
	return out, err
}

func (t *memoryTenant) isActive(id KeyID) bool {
	return slices.ContainsFunc(t.keys, func(k WrappedKey) bool { return k.ID == id && k.State == Active })
}

// AddKey implements [Store].
func (m *Memory) AddKey(ctx context.Context, k WrappedKey, after KeyID) (out WrappedKey, err error) {
	err = m.of(ctx, func(t *memoryTenant) error {
		if k.Level != OfTenant && !t.isActive(k.Parent) {
			return ErrConflict
		}
		var replaced *WrappedKey
		for i := range t.keys {
			old := &t.keys[i]
			if old.State != Active || old.Level != k.Level || old.Purpose != k.Purpose || old.Subject != k.Subject {
				continue
			}
			if old.ID != after {
				out = *old
				return nil
			}
			replaced = old
		}
		if slices.ContainsFunc(t.keys, func(old WrappedKey) bool { return old.ID == k.ID }) {
			return ErrConflict
		}
		if replaced != nil {
			replaced.State = Retired
			t.epoch++
		}
		k.State, k.Created, k.Seq = Active, m.clock(), int64(len(t.keys)+1)
		t.keys = append(t.keys, k)
		out = k
		return nil
	})
	return out, err
}

// Shred implements [Store].
func (m *Memory) Shred(ctx context.Context, who Pseudonym) (n int, err error) {
	err = m.of(ctx, func(t *memoryTenant) error {
		t.epoch++
		for i := range t.keys {
			if k := &t.keys[i]; k.Level == OfSubject && k.Subject == who && k.State != Shredded {
				k.Wrapped, k.State = nil, Shredded
				n++
			}
		}
		return nil
	})
	return n, err
}
