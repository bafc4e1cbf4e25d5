package tenancy

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"time"
)

// Limit is how much of a process one tenant may use. The zero Limit is a safe one: 16 pieces of work at
// once, none waits, no rate.
type Limit struct {
	Concurrent int           // at once; 0 means 16, less means none at all
	Rate       float64       // admitted per second on average; 0 means any
	Burst      int           // admitted at once after a pause, when there is a Rate; 0 means one second's worth
	Wait       time.Duration // how long work waits for a place; 0 means not at all
	Queue      int           // how many may wait at once; 0 means as many as Concurrent
}

func (l Limit) normal() Limit {
	if l.Concurrent == 0 {
		l.Concurrent = 16
	}
	if l.Queue == 0 {
		l.Queue = l.Concurrent
	}
	if l.Burst <= 0 {
		l.Burst = max(1, int(l.Rate))
	}
	return l
}

// BusyError says which limit a tenant is over. It is an [ErrBusy].
type BusyError struct {
	Rate       bool          // over its rate; else over its concurrency
	RetryAfter time.Duration // when there may be room; 0: not known
}

func (e *BusyError) Error() string {
	if e.Rate {
		return fmt.Sprintf("%v: too many requests, room in %v", ErrBusy, e.RetryAfter.Round(time.Millisecond))
	}
	return ErrBusy.Error() + ": too many at once"
}

// Unwrap returns [ErrBusy].
func (e *BusyError) Unwrap() error { return ErrBusy }

// Usage counts what a tenant, or all of them, did since it was last forgotten.
type Usage struct {
	Admitted int64 // let in
	Refused  int64 // sent away, or gone while they waited
	Waited   int64 // of both, those that waited
	InFlight int   // let in and not yet released
	Waiting  int   // waiting now
}

// Limiter admits work of tenants within their limits, so that one tenant cannot use up a process for
// the others. It knows this process only. What is over a limit is refused, or waits a bounded time in a
// bounded queue, first come first served. It is safe for concurrent use.
//
// Tenants with no work for ten minutes are forgotten, their counters too, so memory is bounded by the
// tenants at work.
type Limiter struct {
	limits func(ID) Limit
	seed   maphash.Seed
	shards [32]limitShard
}

type limitShard struct {
	mu      sync.Mutex
	tenants map[ID]*meter
	_       [40]byte // a cache line each
}

// NewLimiter returns a limiter. limits says what a tenant is allowed; it is asked for every piece of work,
// so it has to be fast and safe for concurrent use, and may change its mind. nil gives every tenant the
// zero Limit.
func NewLimiter(limits func(ID) Limit) *Limiter {
	if limits == nil {
		limits = func(ID) Limit { return Limit{} }
	}
	l := &Limiter{limits: limits, seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].tenants = map[ID]*meter{}
	}
	return l
}

func (l *Limiter) shard(id ID) *limitShard {
	return &l.shards[maphash.String(l.seed, id.s)%uint64(len(l.shards))]
}

// Acquire admits one piece of work of tenant id; release, which may be called more than once, ends it.
// A [*BusyError] if the tenant is over a limit; ctx's error if that ends first.
//
// Work that is admitted must not Acquire from the same limiter again: it could wait for itself.
func (l *Limiter) Acquire(ctx context.Context, id ID) (release func(), err error) {
	if id.IsZero() {
		return nil, ErrNoTenant
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limit, now, s := l.limits(id).normal(), time.Now(), l.shard(id)
	s.mu.Lock()
	m := s.meter(id, now)
	m.limit, m.last = limit, now
	m.admit() // the limit may have grown
	if d := m.take(now); d > 0 {
		m.Refused++
		s.mu.Unlock()
		return nil, &BusyError{Rate: true, RetryAfter: d}
	}
	if m.InFlight < limit.Concurrent && len(m.queue) == 0 {
		m.InFlight++
		m.Admitted++
		s.mu.Unlock()
		return s.releaser(m), nil
	}
	if limit.Wait <= 0 || limit.Concurrent < 0 || len(m.queue) >= limit.Queue {
		m.Refused++
		m.giveBack()
		s.mu.Unlock()
		return nil, &BusyError{}
	}
	w := make(chan struct{})
	m.queue = append(m.queue, w)
	m.Waited++
	s.mu.Unlock()
	return s.wait(ctx, m, w, limit.Wait)
}

func (s *limitShard) wait(ctx context.Context, m *meter, w chan struct{}, d time.Duration) (func(), error) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	var err error
	select {
	case <-w:
		return s.releaser(m), nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = &BusyError{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !m.leave(w) { // it was admitted at the same moment
		return s.releaser(m), nil
	}
	m.Refused++
	m.giveBack()
	return nil, err
}

func (s *limitShard) releaser(m *meter) func() {
	released := false
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !released {
			released = true
			m.InFlight--
			m.last = time.Now()
			m.admit()
		}
	}
}

// Usage returns what tenant id did; the zero Usage if it was never seen or is forgotten.
func (l *Limiter) Usage(id ID) Usage {
	s := l.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.tenants[id]; ok {
		return m.usage()
	}
	return Usage{}
}

// Each calls f for every tenant that is not forgotten, in no order, until f returns false. f may call the
// limiter.
func (l *Limiter) Each(f func(ID, Usage) bool) {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		seen := make(map[ID]Usage, len(s.tenants))
		for id, m := range s.tenants {
			seen[id] = m.usage()
		}
		s.mu.Unlock()
		for id, u := range seen {
			if !f(id, u) {
				return
			}
		}
	}
}
