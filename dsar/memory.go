package dsar

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Memory is a [Store] in memory, for tests and examples, in one process: what it holds ends with it. Its transactions are real
// ones: those of a tenant come one after the other, and nobody sees what one did before it has committed.
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
}

// memoryRows are the rows of one moment. What a transaction changes it copies first.
type memoryRows struct {
	requests   map[ID]RequestRow
	steps      map[ID][]StepRow
	events     map[ID][]EventRow
	holds      map[ID]HoldRow
	restraints []RestraintRow
	retentions map[string]RetentionRow
}

func newMemoryRows() *memoryRows {
	return &memoryRows{requests: map[ID]RequestRow{}, steps: map[ID][]StepRow{}, events: map[ID][]EventRow{}, holds: map[ID]HoldRow{}, retentions: map[string]RetentionRow{}}
}

func (r *memoryRows) clone() *memoryRows {
	return &memoryRows{maps.Clone(r.requests), maps.Clone(r.steps), maps.Clone(r.events), maps.Clone(r.holds), slices.Clone(r.restraints), maps.Clone(r.retentions)}
}

// memoryTx is a transaction.
type memoryTx struct {
	of     tenancy.ID
	rows   *memoryRows
	doomed error
	ended  bool
}

// memoryKey finds the transaction of one Memory in a context.
type memoryKey struct{ m *Memory }

var errMemoryTx = errors.New("dsar: the context's transaction has ended, or is another tenant's")

// Tx implements [Store].
func (m *Memory) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return m.tx(ctx, func(ctx context.Context, _ *memoryTx) error { return f(ctx) })
}

// tx runs f in the transaction that ctx carries, or in a new one.
func (m *Memory) tx(ctx context.Context, f func(ctx context.Context, x *memoryTx) error) error {
	id, x, err := m.joined(ctx)
	if err != nil {
		return err
	}
	failed := errors.New("dsar: the transaction's function did not return")
	if x != nil {
		defer func() { x.fail(failed) }()
		failed = f(ctx, x)
		return failed
	}
	t := m.tenant(id)
	select {
	case t.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	x = &memoryTx{of: id, rows: m.committed(t).clone()}
	defer func() {
		x.ended = true
		<-t.writing
	}()
	if err := f(context.WithValue(ctx, memoryKey{m}, x), x); err != nil {
		return err
	}
	if x.doomed != nil {
		return fmt.Errorf("dsar: transaction rolled back: a call inside it failed: %w", x.doomed)
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
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrExists) && x.doomed == nil {
		x.doomed = err
	}
}

// write changes something. An answer of f does not undo it.
func (m *Memory) write(ctx context.Context, f func(r *memoryRows, now time.Time) error) error {
	return m.tx(ctx, func(_ context.Context, x *memoryTx) error { return f(x.rows, m.now()) })
}

// read shows f a moment.
func (m *Memory) read(ctx context.Context, f func(r *memoryRows, now time.Time) error) error {
	id, x, err := m.joined(ctx)
	if err != nil {
		return err
	}
	if x != nil {
		return f(x.rows, m.now())
	}
	return f(m.committed(m.tenant(id)), m.now())
}

// joined returns the tenant, and the transaction that ctx carries, or nil.
func (m *Memory) joined(ctx context.Context) (tenancy.ID, *memoryTx, error) {
	id, err := tenancy.From(ctx)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return id, nil, err
	}
	x, _ := ctx.Value(memoryKey{m}).(*memoryTx)
	if x != nil && (x.ended || x.of != id) {
		return id, nil, errMemoryTx
	}
	return id, x, nil
}

// InTx implements [Store].
func (m *Memory) InTx(ctx context.Context) bool {
	x, _ := ctx.Value(memoryKey{m}).(*memoryTx)
	return x != nil
}

// Now implements [Store].
func (m *Memory) Now(ctx context.Context) (time.Time, error) {
	if _, _, err := m.joined(ctx); err != nil {
		return time.Time{}, err
	}
	return m.now(), nil
}

func (m *Memory) tenant(id tenancy.ID) *memoryTenant {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tenants[id]
	if t == nil {
		t = &memoryTenant{rows: newMemoryRows(), writing: make(chan struct{}, 1)}
		m.tenants[id] = t
	}
	return t
}

func (m *Memory) committed(t *memoryTenant) *memoryRows {
	m.mu.Lock()
	defer m.mu.Unlock()
	return t.rows
}

func (m *Memory) now() time.Time { return micro(m.clock()) }

// micro is a time as stores keep it.
func micro(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func refused(why string) error { return fmt.Errorf("%w: %s", ErrRefused, why) }

// kept is nil for text that comes back as it was.
func kept(all ...string) error {
	for _, s := range all {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return refused("text that is not UTF-8, or has a NUL")
		}
	}
	return nil
}

// isID reports whether id can be one.
func isID(id ID) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(string(id), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
}
