package tenancy

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Memory is a [Store] that forgets everything when the process ends, tombstones of purged ids
// included. It is for tests and toys; a service needs package tenancysql.
type Memory struct {
	mu      sync.Mutex
	tenants map[ID]Tenant
	steps   map[ID][]Step
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{tenants: map[ID]Tenant{}, steps: map[ID][]Step{}}
}

func memoryNow() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Lookup implements [Directory].
func (m *Memory) Lookup(ctx context.Context, id ID) (Tenant, error) {
	if err := ctx.Err(); err != nil {
		return Tenant{}, err
	}
	if id.IsZero() {
		return Tenant{}, ErrNoTenant
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tenants[id]
	if !ok {
		return Tenant{}, ErrUnknownTenant
	}
	return t, nil
}

// Create implements [Store].
func (m *Memory) Create(ctx context.Context, t Tenant) (Tenant, error) {
	if err := ctx.Err(); err != nil {
		return Tenant{}, err
	}
	if t.ID.IsZero() {
		return Tenant{}, ErrNoTenant
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.tenants[t.ID]; ok {
		return Tenant{}, ErrExists
	}
	now := memoryNow()
	t = Tenant{ID: t.ID, State: Provisioning, Region: t.Region, Shard: t.Shard, Epoch: 1, CreatedAt: now, ChangedAt: now}
	m.tenants[t.ID] = t
	return t, nil
}

// List implements [Store].
func (m *Memory) List(ctx context.Context, q Query) ([]Tenant, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	var out []Tenant
	for id, t := range m.tenants {
		if id.s > q.After.s && (q.State == "" || q.State == t.State) &&
			(q.Region == "" || q.Region == t.Region) && (q.Shard == "" || q.Shard == t.Shard) {
			out = append(out, t)
		}
	}
	m.mu.Unlock()
	slices.SortFunc(out, func(a, b Tenant) int { return cmp.Compare(a.ID.s, b.ID.s) })
	return out[:min(len(out), q.PageSize())], nil
}

// Claim implements [Store].
func (m *Memory) Claim(ctx context.Context, t Tenant) (Tenant, error) {
	return m.swap(ctx, t, func(*Tenant) error { return nil })
}

// Transition implements [Store].
func (m *Memory) Transition(ctx context.Context, t Tenant, to State) (Tenant, error) {
	return m.swap(ctx, t, func(cur *Tenant) error {
		if !cur.State.CanBecome(to) {
			return ErrState
		}
		cur.Prior, cur.State = cur.State, to
		return nil
	})
}

// Place implements [Store].
func (m *Memory) Place(ctx context.Context, t Tenant, shard string, region Region) (Tenant, error) {
	return m.swap(ctx, t, func(cur *Tenant) error {
		if cur.State == Purging || cur.State == Purged {
			return ErrPurged
		}
		cur.Shard, cur.Region, cur.Epoch = shard, region, cur.Epoch+1
		return nil
	})
}

// swap changes the entry if it still is as t was read.
func (m *Memory) swap(ctx context.Context, t Tenant, change func(*Tenant) error) (Tenant, error) {
	if err := ctx.Err(); err != nil {
		return Tenant{}, err
	}
	if t.ID.IsZero() {
		return Tenant{}, ErrNoTenant
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	cur, ok := m.tenants[t.ID]
	switch {
	case !ok:
		return Tenant{}, ErrUnknownTenant
	case cur.Epoch != t.Epoch:
		return Tenant{}, ErrStaleEpoch
	case !cur.ChangedAt.Equal(t.ChangedAt):
		return Tenant{}, ErrState
	}
	if err := change(&cur); err != nil {
		return Tenant{}, err
	}
	before := cur.ChangedAt
	if cur.ChangedAt = memoryNow(); !cur.ChangedAt.After(before) {
		cur.ChangedAt = before.Add(time.Microsecond)
	}
	m.tenants[t.ID] = cur
	return cur, nil
}

// Record implements [Store].
func (m *Memory) Record(ctx context.Context, s Step) (Step, error) {
	if err := cmp.Or(ctx.Err(), s.Check()); err != nil {
		return Step{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.tenants[s.Tenant]; !ok {
		return Step{}, ErrUnknownTenant
	}
	for _, have := range m.steps[s.Tenant] {
		if have.Op == s.Op && have.Name == s.Name {
			return have, nil
		}
	}
	s.At = memoryNow()
	m.steps[s.Tenant] = append(m.steps[s.Tenant], s)
	return s, nil
}

// Steps implements [Store].
func (m *Memory) Steps(ctx context.Context, id ID, op string) ([]Step, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Step
	for _, s := range m.steps[id] {
		if s.Op == op {
			out = append(out, s)
		}
	}
	return out, nil
}
