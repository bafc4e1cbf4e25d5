package audit

import (
	"context"
	"errors"
	"maps"
	"sync"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// NewMemory returns an empty store that forgets everything when the process ends. It is for tests, and
// strict: what its callbacks are lent is overwritten when they return, so that code that keeps it is found
// out. The log of heads commits on its own, never with a transaction of a tenant's.
func NewMemory() Store {
	m := &memory{logs: map[tenancy.ID]*memoryLog{}, heads: newMemoryLog()}
	m.memoryTree = memoryTree{m.at}
	return m
}

// memory is a tree of the context's tenant, and what a [Store] does beside it.
type memory struct {
	memoryTree
	heads *memoryLog

	mu   sync.Mutex
	logs map[tenancy.ID]*memoryLog
}

// memoryLog is one log. Readers see what is committed; at most one transaction changes it at a time, in a copy.
type memoryLog struct {
	lock chan struct{} // holds a token while a transaction writes

	mu        sync.Mutex
	committed memoryState
	ids       map[uuid.UUID]uint64 // of what is committed
	parked    []Entry              // in the order of their commits
	waiting   map[uuid.UUID]string // the actions of those
}

func newMemoryLog() *memoryLog {
	return &memoryLog{lock: make(chan struct{}, 1), ids: map[uuid.UUID]uint64{}, waiting: map[uuid.UUID]string{}}
}

// memoryState is a log at one moment. Slices are only ever appended to, or else copied before a change, so
// that a copy of the struct stays what it was.
type memoryState struct {
	events  []*Stored // by place, nil where pruned; an event is replaced and not changed
	hashes  [][32]byte
	pruned  uint64
	signed  []Signed
	holds   []Hold
	tiles   map[TileID][]byte
	grown   uint64
	front   []byte
	added   map[uuid.UUID]uint64 // by the transaction whose copy this is
	drained int                  // entries it took off the front of parked
	reused  int                  // entries that got no place: their ids are others'
}

// memoryTx is a transaction of one tenant, carried by the context.
type memoryTx struct {
	log    *memoryLog
	work   *memoryState // nil until it writes
	parked []Entry
	after  []func()
	failed error // of a transaction that joined
	ended  bool
}

type memoryTxKey struct{ m *memory }

var (
	errMemoryEnded  = errors.New("audit: the context's transaction has ended")
	errMemoryDoomed = errors.New("audit: transaction rolled back: one that joined it failed")
)

// at returns the log of ctx's tenant, and the transaction to join if ctx carries one.
func (m *memory) at(ctx context.Context) (*memoryLog, *memoryTx, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	id, err := tenancy.From(ctx)
	if err != nil {
		return nil, nil, err
	}
	m.mu.Lock()
	l := m.logs[id]
	if l == nil {
		l = newMemoryLog()
		m.logs[id] = l
	}
	m.mu.Unlock()
	tx, _ := ctx.Value(memoryTxKey{m}).(*memoryTx)
	switch {
	case tx == nil:
		return l, nil, nil
	case tx.ended:
		return nil, nil, errMemoryEnded
	case tx.log != l:
		return nil, nil, tenancy.ErrConflict
	}
	return l, tx, nil
}

// Heads implements [Store].
func (m *memory) Heads() Tree {
	return memoryTree{func(ctx context.Context) (*memoryLog, *memoryTx, error) { return m.heads, nil, ctx.Err() }}
}

// InTx implements [Store].
func (m *memory) InTx(ctx context.Context) bool {
	_, tx, err := m.at(ctx)
	return err == nil && tx != nil
}

// Tx implements [Store].
func (m *memory) Tx(ctx context.Context, f func(context.Context) error) (err error) {
	l, tx, err := m.at(ctx)
	if err != nil {
		return err
	}
	if tx != nil {
		before := tx.failed
		tx.failed = errMemoryDoomed // should f panic, or fail
		if err = f(ctx); err == nil {
			tx.failed = before
		}
		return err
	}
	tx = &memoryTx{log: l}
	err = errMemoryDoomed
	defer func() {
		tx.ended = true
		if err == nil {
			err = ctx.Err()
		}
		l.end(tx, err == nil)
		for _, f := range tx.after {
			if err == nil {
				f()
			}
		}
	}()
	if err = f(context.WithValue(ctx, memoryTxKey{m}, tx)); err == nil {
		err = tx.failed
	}
	return err
}

// Committed implements [Store].
func (m *memory) Committed(ctx context.Context, f func()) {
	if tx, _ := ctx.Value(memoryTxKey{m}).(*memoryTx); tx != nil && !tx.ended {
		tx.after = append(tx.after, f)
		return
	}
	f()
}

// begin gives tx a copy of the log to work on, when no other transaction has one.
func (l *memoryLog) begin(ctx context.Context, tx *memoryTx) error {
	if tx.work != nil {
		return nil
	}
	select {
	case l.lock <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	s := l.snapshot()
	s.added = map[uuid.UUID]uint64{}
	tx.work = &s
	return nil
}

// end puts in force what tx did, or forgets it.
func (l *memoryLog) end(tx *memoryTx, commit bool) {
	l.mu.Lock()
	if commit {
		if tx.work != nil {
			maps.Copy(l.ids, tx.work.added)
			for _, e := range l.parked[:tx.work.drained] {
				delete(l.waiting, e.ID)
			}
			l.parked = l.parked[tx.work.drained:]
			l.committed = *tx.work
			l.committed.added, l.committed.drained = nil, 0
		}
		l.parked = append(l.parked, tx.parked...)
		for _, e := range tx.parked {
			l.waiting[e.ID] = e.Action
		}
	}
	l.mu.Unlock()
	if tx.work != nil {
		<-l.lock
	}
}

func (l *memoryLog) snapshot() memoryState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.committed
}

// write runs f in the transaction to join, or in one of its own. f checks all before it changes anything.
func (l *memoryLog) write(ctx context.Context, tx *memoryTx, f func(*memoryState) error) (err error) {
	if tx == nil {
		tx = &memoryTx{log: l}
		err = errMemoryDoomed // should f panic
		defer func() { l.end(tx, err == nil) }()
	}
	if err = l.begin(ctx, tx); err != nil {
		return err
	}
	err = f(tx.work)
	return err
}

// read returns what ctx's transaction sees.
func (l *memoryLog) read(tx *memoryTx) memoryState {
	if tx != nil && tx.work != nil {
		return *tx.work
	}
	return l.snapshot()
}

// find returns the event of that id, or nil.
func (l *memoryLog) find(s memoryState, id uuid.UUID) *Stored {
	seq, ok := s.added[id]
	if !ok {
		l.mu.Lock()
		seq, ok = l.ids[id]
		l.mu.Unlock()
	}
	if !ok || seq >= uint64(len(s.events)) || s.events[seq] == nil || s.events[seq].ID != id {
		return nil
	}
	return s.events[seq]
}
