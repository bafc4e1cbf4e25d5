package supportgrant

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// Memory is a [Store] in memory, for tests and examples, in one process: what it holds ends with it. Its transactions are real
// ones: those of a tenant come one after the other, and nobody sees what one did before it has committed. It has the
// application's tables too: see [Memory.Fill].
type Memory struct {
	clock   func() time.Time
	mu      sync.Mutex
	tenants map[tenancy.ID]*memoryTenant
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Memory, whose clock is that one; nil: [time.Now].
func NewMemory(clock func() time.Time) *Memory {
	if clock == nil {
		clock = time.Now
	}
	return &Memory{clock: clock, tenants: map[tenancy.ID]*memoryTenant{}}
}

// memoryTenant is what a tenant has, under Memory.mu.
type memoryTenant struct {
	rows    *memoryRows   // as committed; never changed
	writing chan struct{} // is full while a transaction runs
	holds   map[GrantID]map[*memoryHold]bool
	tables  map[string]*memoryTable
}

// memoryRows are the rows of one moment. What a transaction changes it copies first; the log only grows, so that older moments are the
// beginnings of newer ones.
type memoryRows struct {
	grants     map[GrantID]GrantRow
	challenges map[[32]byte]memoryChallenge
	proofs     map[GrantID][]ProofRow
	log        []Entry
	latest     map[GrantID]time.Time // of the log
	notes      map[string]memoryNote
	spent      map[GrantID]int64
}

func newMemoryRows() *memoryRows {
	return &memoryRows{grants: map[GrantID]GrantRow{}, challenges: map[[32]byte]memoryChallenge{}, proofs: map[GrantID][]ProofRow{},
		latest: map[GrantID]time.Time{}, notes: map[string]memoryNote{}, spent: map[GrantID]int64{}}
}

func (r *memoryRows) clone() *memoryRows {
	return &memoryRows{maps.Clone(r.grants), maps.Clone(r.challenges), maps.Clone(r.proofs), r.log, maps.Clone(r.latest), maps.Clone(r.notes), maps.Clone(r.spent)}
}

// memoryTx is a transaction.
type memoryTx struct {
	of     tenancy.ID
	tenant *memoryTenant
	rows   *memoryRows
	doomed error
	ended  bool
}

// memoryKey finds the transaction of one Memory in a context.
type memoryKey struct{ m *Memory }

var (
	errEnded   = errors.New("supportgrant: the context's transaction has ended")
	errTenants = errors.New("supportgrant: the context's transaction is another tenant's")
)

// Tx implements [Store].
func (m *Memory) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return m.tx(ctx, func(ctx context.Context, _ *memoryTx) error { return f(ctx) })
}

// tx runs f in the transaction that ctx carries, or in a new one.
func (m *Memory) tx(ctx context.Context, f func(ctx context.Context, x *memoryTx) error) error {
	x, err := m.joined(ctx)
	if err != nil {
		return err
	}
	failed := errors.New("supportgrant: the transaction's function did not return")
	if x != nil {
		defer func() { x.fail(failed) }()
		failed = f(ctx, x)
		return failed
	}
	id, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	t := m.tenant(id)
	select {
	case t.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	x = &memoryTx{of: id, tenant: t, rows: m.committed(t).clone()}
	defer func() {
		x.ended = true
		<-t.writing
	}()
	if err := f(context.WithValue(ctx, memoryKey{m}, x), x); err != nil {
		return err
	}
	if x.doomed != nil {
		return fmt.Errorf("supportgrant: transaction rolled back: a call inside it failed: %w", x.doomed)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t.rows = x.rows
	return nil
}

// fail dooms the transaction by an error that is no answer.
func (x *memoryTx) fail(err error) {
	for _, answer := range []error{ErrNotFound, ErrExists, ErrStale, ErrTooMany} {
		if errors.Is(err, answer) {
			return
		}
	}
	if x.doomed == nil {
		x.doomed = err
	}
}

// write changes something.
func (m *Memory) write(ctx context.Context, f func(r *memoryRows, now time.Time) error) error {
	return m.tx(ctx, func(_ context.Context, x *memoryTx) error { return f(x.rows, m.now()) })
}

// read shows f a moment.
func (m *Memory) read(ctx context.Context, f func(r *memoryRows, now time.Time) error) error {
	x, err := m.joined(ctx)
	if err != nil {
		return err
	}
	if x != nil {
		return f(x.rows, m.now())
	}
	id, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	return f(m.committed(m.tenant(id)), m.now())
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

// InTx implements [Store].
func (m *Memory) InTx(ctx context.Context) bool {
	x, _ := ctx.Value(memoryKey{m}).(*memoryTx)
	return x != nil
}

func (m *Memory) tenant(id tenancy.ID) *memoryTenant {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tenants[id]
	if t == nil {
		t = &memoryTenant{rows: newMemoryRows(), writing: make(chan struct{}, 1), holds: map[GrantID]map[*memoryHold]bool{}, tables: map[string]*memoryTable{}}
		m.tenants[id] = t
	}
	return t
}

func (m *Memory) committed(t *memoryTenant) *memoryRows {
	m.mu.Lock()
	defer m.mu.Unlock()
	return t.rows
}

func (m *Memory) now() time.Time { return m.clock().UTC().Truncate(time.Microsecond) }

// before orders what is the newest first.
func (p Place) compare(o Place) int {
	if c := p.At.Compare(o.At); c != 0 {
		return c
	}
	return compareIDs(p.ID, o.ID)
}

func compareIDs(a, b uuid.UUID) int {
	for i := range a {
		if a[i] != b[i] {
			return int(a[i]) - int(b[i])
		}
	}
	return 0
}
