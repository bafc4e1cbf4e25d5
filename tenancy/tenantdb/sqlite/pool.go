package sqlite

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// pool keeps the handles of tenants' files: at most max of them, closed when they have not been used
// for a while or when another tenant needs the place, never while somebody uses them.
type pool struct {
	open   func(context.Context, tenancy.ID) (*handle, error)
	max    int
	seed   maphash.Seed
	shards [16]shard
	closed atomic.Bool

	mu      sync.Mutex
	opened  int
	waiters []chan struct{}
	waiting atomic.Int32 // len(waiters)
}

type shard struct {
	mu   sync.Mutex
	m    map[tenancy.ID]*entry
	idle entry // ring of the handles nobody uses; next is the last used, prev the longest unused
}

// entry is a tenant's place in the pool. Its fields belong to the shard's mutex.
type entry struct {
	shard      *shard
	id         tenancy.ID
	h          *handle       // set once ready is closed without err
	err        error         // why it could not be opened
	ready      chan struct{} // closed when h or err is set
	refs       int
	held       error         // refuses everybody, while the file is maintained
	changed    chan struct{} // closed when refs reaches 0 while held, or the entry has been closed
	closing    bool
	prev, next *entry
	idleSince  time.Time
}

var errClosed = fmt.Errorf("%w: it was closed", tenantdb.ErrUnavailable)

func newPool(limit int, open func(context.Context, tenancy.ID) (*handle, error)) *pool {
	p := &pool{open: open, max: limit, seed: maphash.MakeSeed()}
	for i := range p.shards {
		s := &p.shards[i]
		s.m = map[tenancy.ID]*entry{}
		s.idle.prev, s.idle.next = &s.idle, &s.idle
	}
	return p
}

func (p *pool) shard(id tenancy.ID) *shard {
	return &p.shards[maphash.Comparable(p.seed, id)%uint64(len(p.shards))]
}

func (e *entry) unlink() {
	e.prev.next, e.next.prev = e.next, e.prev
	e.prev, e.next = nil, nil
}

func (s *shard) pushIdle(e *entry) {
	e.idleSince = time.Now()
	e.prev, e.next = &s.idle, s.idle.next
	e.prev.next, e.next.prev = e, e
}

// acquire returns the handle of id, opened if need be by one of those who ask, and counted as used
// until release.
func (p *pool) acquire(ctx context.Context, id tenancy.ID) (*handle, error) {
	s := p.shard(id)
	for {
		s.mu.Lock()
		e := s.m[id]
		switch {
		case p.closed.Load():
			s.mu.Unlock()
			return nil, errClosed
		case e == nil:
			e = &entry{shard: s, id: id, refs: 1, ready: make(chan struct{}), changed: make(chan struct{})}
			s.m[id] = e
			s.mu.Unlock()
			return p.fill(ctx, e)
		case e.held != nil:
			defer s.mu.Unlock()
			return nil, e.held
		case e.h == nil:
			s.mu.Unlock()
			if err := wait(ctx, e.ready); err != nil {
				return nil, err
			}
			if e.err != nil && !errors.Is(e.err, context.Canceled) && !errors.Is(e.err, context.DeadlineExceeded) {
				return nil, e.err
			}
		case e.closing:
			s.mu.Unlock()
			if err := wait(ctx, e.changed); err != nil {
				return nil, err
			}
		default:
			if e.refs == 0 {
				e.unlink()
			}
			e.refs++
			s.mu.Unlock()
			return e.h, nil
		}
	}
}

// fill opens the file of a new entry.
func (p *pool) fill(ctx context.Context, e *entry) (h *handle, err error) {
	permitted := false
	defer func() {
		if h == nil && permitted {
			p.giveBack()
		}
		s := e.shard
		s.mu.Lock()
		defer s.mu.Unlock()
		defer close(e.ready)
		if h != nil {
			h.entry, e.h = e, h
			return
		}
		if e.err = err; err == nil { // a migration panicked: the next one may try again
			e.err = context.Canceled
		}
		delete(s.m, e.id)
		close(e.changed)
	}()
	if err := p.permit(ctx); err != nil {
		return nil, err
	}
	permitted = true
	return p.open(ctx, e.id)
}

// release ends a use that acquire began.
func (p *pool) release(e *entry) {
	s := e.shard
	s.mu.Lock()
	e.refs--
	if e.refs == 0 {
		if e.held != nil {
			close(e.changed)
		} else {
			s.pushIdle(e)
		}
	}
	idle := e.refs == 0 && e.held == nil
	s.mu.Unlock()
	if idle && p.waiting.Load() > 0 {
		p.wake()
	}
}

// permit waits for the right to have one more handle open.
func (p *pool) permit(ctx context.Context) error {
	for {
		if p.tryPermit() || p.evict(time.Time{}) {
			return nil
		}
		w := make(chan struct{}, 1)
		p.mu.Lock()
		p.waiters = append(p.waiters, w)
		p.waiting.Add(1)
		p.mu.Unlock()
		// Once more, for what came free before anybody could see that we wait.
		if p.tryPermit() || p.evict(time.Time{}) {
			p.leave(w)
			return nil
		}
		err := wait(ctx, w)
		p.leave(w)
		if err != nil {
			return err
		}
	}
}

func (p *pool) tryPermit() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.opened >= p.max {
		return false
	}
	p.opened++
	return true
}

func (p *pool) giveBack() {
	p.mu.Lock()
	p.opened--
	p.mu.Unlock()
	p.wake()
}

// wake lets the one who waits longest try again.
func (p *pool) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiters) > 0 {
		p.waiters[0] <- struct{}{}
		p.waiters = p.waiters[1:]
		p.waiting.Add(-1)
	}
}

// leave stops waiting; a wake-up that came too late goes to the next.
func (p *pool) leave(w chan struct{}) {
	p.mu.Lock()
	for i, x := range p.waiters {
		if x == w {
			p.waiters = append(p.waiters[:i:i], p.waiters[i+1:]...)
			p.waiting.Add(-1)
			break
		}
	}
	p.mu.Unlock()
	select {
	case <-w:
		p.wake()
	default:
	}
}

// evict closes the handle that has been unused longest, of those unused since before (zero: of all),
// and reports whether there was one. Its permit then belongs to the caller.
func (p *pool) evict(before time.Time) bool {
	for {
		var victim *shard
		var since time.Time
		for i := range p.shards {
			s := &p.shards[i]
			s.mu.Lock()
			if e := s.idle.prev; e != &s.idle && (victim == nil || e.idleSince.Before(since)) {
				victim, since = s, e.idleSince
			}
			s.mu.Unlock()
		}
		if victim == nil || !before.IsZero() && since.After(before) {
			return false
		}
		victim.mu.Lock()
		e := victim.idle.prev
		if e == &victim.idle || e.idleSince != since {
			victim.mu.Unlock()
			continue // somebody was faster
		}
		e.unlink()
		e.closing = true
		victim.mu.Unlock()
		p.finish(e)
		return true
	}
}

// finish closes the file of an entry that is closing and forgets it.
func (p *pool) finish(e *entry) {
	_ = e.h.close() // what was committed is in the file or its log; there is nobody to tell
	e.shard.mu.Lock()
	delete(e.shard.m, e.id)
	close(e.changed)
	e.shard.mu.Unlock()
}

// hold closes the handle of id once nobody uses it, and makes acquire answer why until the function
// it returns is called.
func (p *pool) hold(ctx context.Context, id tenancy.ID, why error) (lift func(), err error) {
	s := p.shard(id)
	for {
		s.mu.Lock()
		e := s.m[id]
		if e == nil {
			e = &entry{shard: s, id: id, held: why, ready: make(chan struct{}), changed: make(chan struct{})}
			s.m[id] = e
			s.mu.Unlock()
			return func() { p.lift(e) }, nil
		}
		var on chan struct{}
		switch {
		case e.held != nil:
			s.mu.Unlock()
			return nil, fmt.Errorf("%w: the file is being maintained", tenantdb.ErrConflict)
		case e.h == nil:
			on = e.ready
		case e.closing:
			on = e.changed
		case e.refs == 0:
			e.unlink()
			e.closing = true
			s.mu.Unlock()
			p.finish(e)
			p.giveBack()
			continue
		default:
			e.held = why
			s.mu.Unlock()
			if err := wait(ctx, e.changed); err != nil {
				s.mu.Lock()
				defer s.mu.Unlock()
				e.held = nil
				if e.refs == 0 { // the last user left meanwhile
					e.changed = make(chan struct{})
					s.pushIdle(e)
					p.wake() // somebody may wait for its place
				}
				return nil, err
			}
			err := e.h.close()
			p.giveBack()
			s.mu.Lock()
			e.h = nil
			s.mu.Unlock()
			return func() { p.lift(e) }, err
		}
		s.mu.Unlock()
		if err := wait(ctx, on); err != nil {
			return nil, err
		}
	}
}

func (p *pool) lift(e *entry) {
	e.shard.mu.Lock()
	delete(e.shard.m, e.id)
	e.shard.mu.Unlock()
}

// closeIdle closes what has been unused since before.
func (p *pool) closeIdle(before time.Time) {
	for p.evict(before) {
		p.giveBack()
	}
}

// close refuses new users, waits for those there are and closes everything.
func (p *pool) close() {
	p.closed.Store(true)
	for i := range p.shards {
		s := &p.shards[i]
		for {
			s.mu.Lock()
			var id tenancy.ID
			for id = range s.m {
				break
			}
			s.mu.Unlock()
			if id.IsZero() {
				break
			}
			if lift, err := p.hold(context.Background(), id, errClosed); err == nil {
				lift()
			} else {
				time.Sleep(time.Millisecond) // maintenance under way
			}
		}
	}
}

// size returns how many handles are open.
func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.opened
}

// wait waits for c to be closed or sent on.
func wait(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", tenantdb.ErrPoolFull, context.Cause(ctx))
	}
}
