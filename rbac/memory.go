package rbac

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Memory is a [Store] in memory, for tests and examples: what it holds ends with the process. Its transactions are real ones. A
// transaction that changes something keeps all others of its tenant from doing so until it ends, and nobody else sees
// what it did before.
type Memory struct {
	mu      sync.Mutex
	tenants map[tenancy.ID]*memoryTenant
	homes   map[memoryHome]map[tenancy.ID]bool
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	return &Memory{tenants: map[tenancy.ID]*memoryTenant{}, homes: map[memoryHome]map[tenancy.ID]bool{}}
}

type memoryHome struct {
	kind HomeKind
	id   string
}

// memoryTenant is what has been committed.
type memoryTenant struct {
	memoryRows
	changes []memoryChange // in the order of their versions
	writing chan struct{}  // is full while a transaction changes something
}

// memoryTx is a transaction: what it did lies over what has been committed.
type memoryTx struct {
	memoryRows
	of      tenancy.ID
	tenant  *memoryTenant
	holds   bool // tenant.writing
	doomed  error
	ended   bool
	told    []func()
	changed []memoryChange
}

// memoryKey finds the transaction of one Memory in a context.
type memoryKey struct{ m *Memory }

var (
	errEnded   = errors.New("rbac: the context's transaction has ended")
	errTenants = errors.New("rbac: the context's transaction is another tenant's")
	errNoTx    = fmt.Errorf("%w: rules that change outside of a transaction", ErrRefused)
)

// Tx implements [Store].
func (m *Memory) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return m.tx(ctx, func(ctx context.Context, _ *memoryTx) error { return f(ctx) })
}

// tx runs f in the transaction that ctx carries, or in a new one.
func (m *Memory) tx(ctx context.Context, f func(ctx context.Context, x *memoryTx) error) (err error) {
	x, err := m.joined(ctx)
	if err != nil {
		return err
	}
	failed := errors.New("rbac: the transaction's function did not return")
	if x != nil {
		defer func() {
			if x.doomed == nil {
				x.doomed = failed
			}
		}()
		failed = f(ctx, x)
		return failed
	}
	id, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	x = &memoryTx{memoryRows: newMemoryRows(), of: id, tenant: m.tenant(id)}
	defer func() {
		x.ended = true
		if x.holds {
			<-x.tenant.writing
		}
		if failed == nil {
			for _, f := range x.told {
				f()
			}
		}
	}()
	failed = f(context.WithValue(ctx, memoryKey{m}, x), x)
	switch {
	case failed != nil:
	case x.doomed != nil:
		failed = fmt.Errorf("rbac: transaction rolled back: a call inside it failed: %w", x.doomed)
	case ctx.Err() != nil:
		failed = ctx.Err()
	default:
		m.commit(x)
	}
	return failed
}

// joined returns the transaction that ctx carries, or nil.
func (m *Memory) joined(ctx context.Context) (*memoryTx, error) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	x, _ := ctx.Value(memoryKey{m}).(*memoryTx)
	switch {
	case x == nil:
		return nil, nil
	case x.ended:
		return nil, errEnded
	case x.of != id:
		return nil, errTenants
	}
	return x, nil
}

func (m *Memory) tenant(id tenancy.ID) *memoryTenant {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tenants[id]
	if t == nil {
		t = &memoryTenant{memoryRows: newMemoryRows(), writing: make(chan struct{}, 1)}
		m.tenants[id] = t
	}
	return t
}

// hold keeps all other transactions of the tenant from changing anything until this one has ended.
func (x *memoryTx) hold(ctx context.Context) error {
	if x.holds {
		return nil
	}
	select {
	case x.tenant.writing <- struct{}{}:
		x.holds = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *Memory) commit(x *memoryTx) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x.tenant.put(x.memoryRows)
	x.tenant.changes = append(x.tenant.changes, x.changed...)
}

// write changes something. An error of f undoes the transaction.
func (m *Memory) write(ctx context.Context, f func(x *memoryTx) error) error {
	return m.tx(ctx, func(ctx context.Context, x *memoryTx) error {
		if err := x.hold(ctx); err != nil {
			return err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		return f(x)
	})
}

// read shows f a moment's view: of what lies over what.
func (m *Memory) read(ctx context.Context, f func(x *memoryTx)) error {
	x, err := m.joined(ctx)
	if err != nil {
		return err
	}
	if x == nil {
		id, err := tenancy.From(ctx)
		if err != nil {
			return err
		}
		x = &memoryTx{tenant: m.tenant(id)}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f(x)
	return nil
}

// InTx implements [Store].
func (m *Memory) InTx(ctx context.Context) bool {
	x, err := m.joined(context.WithoutCancel(ctx))
	return err == nil && x != nil
}

// Committed implements [Store].
func (m *Memory) Committed(ctx context.Context, f func()) {
	if x, err := m.joined(context.WithoutCancel(ctx)); err == nil && x != nil {
		x.told = append(x.told, f)
		return
	}
	f()
}

func memoryNow() time.Time { return kept(time.Now()) }

// kept is t as a store keeps it.
func kept(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
