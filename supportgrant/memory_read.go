package supportgrant

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// memoryHold is a hold of a grant by one read.
type memoryHold struct{ released chan struct{} }

// hold takes a hold.
func (m *Memory) hold(t *memoryTenant, id GrantID) (release func()) {
	h := &memoryHold{make(chan struct{})}
	m.mu.Lock()
	defer m.mu.Unlock()
	if t.holds[id] == nil {
		t.holds[id] = map[*memoryHold]bool{}
	}
	t.holds[id][h] = true
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		close(h.released)
		if delete(t.holds[id], h); len(t.holds[id]) == 0 {
			delete(t.holds, id)
		}
	}
}

// Drain implements [Store].
func (m *Memory) Drain(ctx context.Context, ids ...GrantID) error {
	if m.InTx(ctx) {
		return ErrInTransaction
	}
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	t := m.tenant(tenant)
	var held []*memoryHold
	m.mu.Lock()
	for _, id := range ids {
		for h := range t.holds[id] {
			held = append(held, h)
		}
	}
	m.mu.Unlock()
	for _, h := range held {
		select {
		case <-h.released:
		case <-ctx.Done():
			return ErrStillReading
		}
	}
	return nil
}

// Read implements [Store]: the hold is taken first, so one check serves.
func (m *Memory) Read(ctx context.Context, r Reading, handOver func(ctx context.Context, rows Rows) error) error {
	if m.InTx(ctx) {
		return ErrInTransaction
	}
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	t := m.tenant(tenant)
	defer m.hold(t, r.Entry.Grant)()
	held, cancel := context.WithTimeout(ctx, r.Hold)
	defer cancel()
	care := false
	err = m.tx(held, func(ctx context.Context, x *memoryTx) error {
		now := m.now()
		g, ok := x.rows.grants[r.Entry.Grant]
		if !ok || !x.rows.live(&g, &r.Entry, now) {
			return ErrNotGranted
		}
		care = g.Care
		if err := x.rows.add(r.Entry, now); err != nil {
			return err
		}
		if r.Record != nil {
			return r.Record(ctx, now)
		}
		return nil
	})
	if err != nil {
		if errors.Is(held.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
			return ErrTooSlow
		}
		return err
	}
	rows, err := m.data(t, &r, care)
	if err != nil {
		return err
	}
	return handOver(held, rows)
}

func (r *memoryRows) live(g *GrantRow, e *Entry, now time.Time) bool {
	return g.State == Approved && g.Staff == e.By && slices.Contains(g.Scope, e.Category) && !now.Before(g.Approved) && now.Before(g.Expires) &&
		!r.latest[g.ID].After(now.Add(time.Second))
}
