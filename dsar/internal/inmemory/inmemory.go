// Package inmemory is what the stores in memory of dsar's packages stand on: rows of tenants, changed in transactions that follow each other.
package inmemory

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Rows are the rows of each tenant, by their keys. They are safe for concurrent use.
type Rows[K comparable, V any] struct {
	mu      sync.Mutex
	tenants map[tenancy.ID]*tenant[K, V]
	now     func() time.Time
}

type tenant[K comparable, V any] struct {
	turn chan struct{} // is full while a transaction runs
	rows map[K]V
}

type transaction[K comparable, V any] struct {
	of     tenancy.ID
	ended  bool
	failed error
	rows   map[K]V
}

type key[K comparable, V any] struct{ r *Rows[K, V] }

var errTx = errors.New("dsar: the context's transaction has ended, or is another tenant's")

// New returns no rows. Their clock is now, or that of the computer if that is nil.
func New[K comparable, V any](now func() time.Time) *Rows[K, V] {
	if now == nil {
		now = time.Now
	}
	return &Rows[K, V]{tenants: map[tenancy.ID]*tenant[K, V]{}, now: now}
}

// Now returns the time by the clock, to the microsecond.
func (r *Rows[K, V]) Now(ctx context.Context) (time.Time, error) {
	if _, err := tenancy.From(ctx); err != nil {
		return time.Time{}, err
	}
	return r.now().UTC().Truncate(time.Microsecond), ctx.Err()
}

// Tx runs f on the rows of ctx's tenant, in the transaction that ctx carries or one of its own. What f changes is in force together or, if
// f or whoever joined returned an error, not at all. Values are to be replaced, and not changed in place.
func (r *Rows[K, V]) Tx(ctx context.Context, f func(ctx context.Context, rows map[K]V) error) error {
	id, err := tenancy.From(ctx)
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	if x, _ := ctx.Value(key[K, V]{r}).(*transaction[K, V]); x != nil {
		if x.ended || x.of != id {
			return errTx
		}
		if err := f(ctx, x.rows); err != nil {
			x.failed = err
			return err
		}
		return nil
	}
	r.mu.Lock()
	t := r.tenants[id]
	if t == nil {
		t = &tenant[K, V]{turn: make(chan struct{}, 1), rows: map[K]V{}}
		r.tenants[id] = t
	}
	r.mu.Unlock()
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	x := &transaction[K, V]{of: id, rows: maps.Clone(t.rows)}
	defer func() { x.ended = true; <-t.turn }()
	if err := f(context.WithValue(ctx, key[K, V]{r}, x), x.rows); err != nil {
		return err
	}
	if err := cmp.Or(x.failed, ctx.Err()); err != nil {
		return err
	}
	t.rows = x.rows
	return nil
}

// Look is Tx for reading: an error of f does not undo the transaction that it joins.
func (r *Rows[K, V]) Look(ctx context.Context, f func(rows map[K]V) error) (err error) {
	if failed := r.Tx(ctx, func(_ context.Context, rows map[K]V) error { err = f(rows); return nil }); failed != nil {
		return failed
	}
	return err
}
