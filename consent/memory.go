package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Memory is a [Store] in memory, for tests and examples: what it holds ends with the process. Its transactions are real ones: who has
// read the head keeps all others of the tenant from doing so until the transaction has ended, and nobody else sees what it did before.
type Memory struct {
	mu      sync.Mutex
	tenants map[tenancy.ID]*memoryLedger
	now     func() time.Time
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Memory.
func NewMemory() *Memory { return &Memory{tenants: map[tenancy.ID]*memoryLedger{}, now: time.Now} }

// memoryLedger is what has been committed of one tenant. Entries are only added to, so that a copy of the slice is a view of one moment.
type memoryLedger struct {
	writing chan struct{} // is full while a transaction has the head
	entries []Entry
	keys    map[Key]uint64
	states  map[Who]State
	texts   map[Hash]Document
}

// memoryTx is a transaction: what it did lies over what has been committed.
type memoryTx struct {
	of      tenancy.ID
	ledger  *memoryLedger
	holds   bool // ledger.writing
	doomed  error
	ended   bool
	entries []Entry
	states  map[Who]State
	texts   map[Hash]Document
}

type memoryKey struct{ m *Memory }

var (
	errEnded   = errors.New("consent: the context's transaction has ended")
	errTenants = errors.New("consent: the context's transaction is another tenant's")
	errNoTx    = fmt.Errorf("%w: the head is read in a transaction", ErrRefused)
)

// InTx implements [Store].
func (m *Memory) InTx(ctx context.Context) bool {
	x, _ := ctx.Value(memoryKey{m}).(*memoryTx)
	id, err := tenancy.From(ctx)
	return x != nil && !x.ended && err == nil && x.of == id
}

// Tx implements [Store].
func (m *Memory) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return m.in(ctx, func(ctx context.Context, _ *memoryTx) error { return f(ctx) })
}

// in runs f in the transaction that ctx carries, or in one of its own.
func (m *Memory) in(ctx context.Context, f func(ctx context.Context, x *memoryTx) error) (err error) {
	id, err := tenancy.From(ctx)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	if x, _ := ctx.Value(memoryKey{m}).(*memoryTx); x != nil {
		switch {
		case x.ended:
			return errEnded
		case x.of != id:
			return errTenants
		case x.doomed != nil:
			return x.doomed
		}
		if err := f(ctx, x); err != nil {
			if x.doomed = err; errors.Is(err, ErrNotFound) {
				x.doomed = nil
			}
			return err
		}
		return nil
	}
	m.mu.Lock()
	l := m.tenants[id]
	if l == nil {
		l = &memoryLedger{writing: make(chan struct{}, 1), keys: map[Key]uint64{}, states: map[Who]State{}, texts: map[Hash]Document{}}
		m.tenants[id] = l
	}
	m.mu.Unlock()
	x := &memoryTx{of: id, ledger: l, states: map[Who]State{}, texts: map[Hash]Document{}}
	defer func() {
		if x.ended = true; x.holds {
			<-l.writing
		}
	}()
	if err := f(context.WithValue(ctx, memoryKey{m}, x), x); err != nil {
		return err
	}
	if x.doomed != nil {
		return x.doomed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range x.entries {
		l.keys[e.Key] = e.Seq
	}
	l.entries = append(l.entries, x.entries...)
	for w, s := range x.states {
		if l.states[w] = s; !s.known() {
			delete(l.states, w)
		}
	}
	for h, d := range x.texts {
		l.texts[h] = d
	}
	return nil
}

// micro is t as a store keeps it.
func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// hold waits until nobody else writes in the tenant.
func (x *memoryTx) hold(ctx context.Context) error {
	if x.holds {
		return nil
	}
	select {
	case x.ledger.writing <- struct{}{}:
		x.holds = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// end is the head as the transaction sees it.
func (x *memoryTx) end() (h Head) {
	all := x.entries
	if len(all) == 0 {
		all = x.ledger.entries
	}
	if len(all) > 0 {
		h.Seq, h.Hash = all[len(all)-1].Seq, all[len(all)-1].Hash
	}
	return h
}

// Head implements [Store].
func (m *Memory) Head(ctx context.Context) (h Head, err error) {
	if !m.InTx(ctx) {
		return h, errNoTx
	}
	err = m.in(ctx, func(ctx context.Context, x *memoryTx) error {
		if err := x.hold(ctx); err != nil {
			return err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		h = x.end()
		h.Now = micro(m.now())
		return nil
	})
	return h, err
}

// Write implements [Store].
func (m *Memory) Write(ctx context.Context, entries []Entry, states []State, texts []Document) error {
	return m.in(ctx, func(ctx context.Context, x *memoryTx) error {
		if err := CheckWrite(entries, states, texts); err != nil {
			return err
		}
		if err := x.hold(ctx); err != nil {
			return err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, d := range texts {
			if _, ok := x.ledger.texts[d.Hash]; !ok {
				d.Body = slices.Clone(d.Body)
				x.texts[d.Hash] = d
			}
		}
		for i := range entries {
			e := entries[i]
			_, taken := x.ledger.keys[e.Key]
			_, old := x.ledger.texts[e.Text]
			_, new := x.texts[e.Text]
			switch {
			case e.Seq != x.end().Seq+1:
				return ErrConflict
			case taken || slices.ContainsFunc(x.entries, func(o Entry) bool { return o.Key == e.Key }):
				return errKey
			case e.Text != (Hash{}) && !old && !new:
				return errNoText
			}
			e.At, e.Expires, e.Given = micro(e.At), micro(e.Expires), micro(e.Given)
			x.entries = append(x.entries, e)
		}
		for _, s := range states {
			s.At, s.Expires = micro(s.At), micro(s.Expires)
			x.states[s.Who] = s
		}
		return nil
	})
}

// Forget implements [Store].
func (m *Memory) Forget(ctx context.Context, who Who) error {
	return m.in(ctx, func(ctx context.Context, x *memoryTx) error {
		if err := x.hold(ctx); err != nil {
			return err
		}
		x.states[who] = State{}
		return nil
	})
}
