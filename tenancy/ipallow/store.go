package ipallow

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Store keeps the policy of each tenant. Implementations are safe for concurrent use; package
// ipallowtest holds the suite that they pass. Applications change policies through a [Guard], which
// looks after the people who would lock themselves out: a Store does as it is told.
type Store interface {
	// Get returns the record of id with the store's clock in Now. [ErrNoPolicy] if there is none; any
	// other error, such as a stored list that does not parse, means that it is not known. It never
	// returns a record together with an error.
	Get(ctx context.Context, id tenancy.ID) (Record, error)
	// Put replaces the record of id by w in one step, if its version is base (0: there is none), and
	// returns the new record, of version base+1. If the version is base+1 already and w.Key made it, this
	// is the same call again, and the same record is returned. Anything else is [ErrVersion], and
	// nothing is changed.
	Put(ctx context.Context, id tenancy.ID, base int64, w Write) (Record, error)
}

// Write is one change as a [Store] is told to make it.
type Write struct {
	Key    string // not empty; unlike that of any other change
	Policy Policy
	// Trial, unless nil, holds for Duration from now by the store's clock; Policy holds afterwards.
	Trial    *Policy
	Duration time.Duration
}

// Memory is a [Store] in memory, for tests and for policies that come from a file. What it holds ends
// with the process.
type Memory struct {
	mu      sync.RWMutex
	records map[tenancy.ID]Record
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory { return &Memory{records: make(map[tenancy.ID]Record)} }

// Get implements [Store].
func (m *Memory) Get(ctx context.Context, id tenancy.ID) (Record, error) {
	if err := check(ctx, id); err != nil {
		return Record{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	r, ok := m.records[id]
	if !ok {
		return Record{}, ErrNoPolicy
	}
	return r.at(time.Now()), nil
}

// Put implements [Store].
func (m *Memory) Put(ctx context.Context, id tenancy.ID, base int64, w Write) (Record, error) {
	if err := check(ctx, id); err != nil {
		return Record{}, err
	}
	if err := w.Check(); err != nil {
		return Record{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	r := m.records[id]
	switch {
	case base >= 0 && r.Version == base:
		r = Record{Version: base + 1, Key: w.Key, Policy: w.Policy}
		if w.Trial != nil {
			r.Trial = &Trial{Policy: *w.Trial, Since: now, Until: now.Add(w.Duration)}
		}
		m.records[id] = r
	case r.Version != base+1 || r.Key != w.Key:
		return Record{}, ErrVersion
	}
	return r.at(now), nil
}

// at returns a copy of r as read at now.
func (r Record) at(now time.Time) Record {
	r.Now = now
	if r.Trial != nil {
		t := *r.Trial
		r.Trial = &t
	}
	return r
}

func check(ctx context.Context, id tenancy.ID) error {
	if id.IsZero() {
		return tenancy.ErrNoTenant
	}
	return ctx.Err()
}

// Check reports what makes w no change at all. Stores call it first.
func (w Write) Check() error {
	switch {
	case w.Key == "":
		return errors.New("ipallow: a change without an idempotency key")
	case (w.Trial == nil) != (w.Duration == 0) || w.Duration < 0:
		return errors.New("ipallow: a trial has a duration, and nothing else has")
	}
	return nil
}
