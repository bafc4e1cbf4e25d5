package ipallow

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"golang.org/x/sync/singleflight"
)

// cached is what was read for one tenant: a policy, or that there is none.
type cached struct {
	policy Policy
	none   bool
	until  time.Time // by this process's monotonic clock
	used   atomic.Bool
}

func (c *cached) weight() int { return 1 + c.policy.List.Len() }

// cache remembers policies for a while, asks the store once however many ask the cache, and forgets
// what was not used when it is full.
type cache struct {
	store    Store
	ttl      time.Duration // 0: nothing is remembered
	timeout  time.Duration
	capacity int

	flights singleflight.Group
	mu      sync.RWMutex
	known   map[tenancy.ID]*cached
	weight  int    // of known
	epoch   uint64 // counts invalidations: what was read before one is not kept after it
}

// get returns the policy of id, read at most ttl ago and never before the last invalidate that has
// returned.
func (c *cache) get(ctx context.Context, id tenancy.ID) (*cached, error) {
	c.mu.RLock()
	k := c.known[id]
	c.mu.RUnlock()
	if k != nil && time.Now().Before(k.until) {
		if !k.used.Load() { // do not dirty a cache line that others read
			k.used.Store(true)
		}
		return k, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	select {
	case r := <-c.flights.DoChan(id.String(), func() (any, error) { return c.load(id) }):
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*cached), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// load asks the store, for whoever waits: with a context that is no request's, so that nobody else's
// cancellation, transaction or tenant is in it.
func (c *cache) load(id tenancy.ID) (*cached, error) {
	c.mu.RLock()
	epoch := c.epoch
	c.mu.RUnlock()
	ctx, cancel := context.WithTimeout(tenancy.With(context.Background(), id), c.timeout)
	defer cancel()
	start := time.Now()
	r, err := c.ask(ctx, id)
	k := &cached{none: errors.Is(err, ErrNoPolicy)}
	if err != nil && !k.none {
		return nil, err
	}
	policy, left := r.Current()
	k.policy = policy
	k.until = start.Add(c.ttl)
	if end := start.Add(left); left > 0 && end.Before(k.until) {
		k.until = end // a trial is over on time, whatever ttl is
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ttl > 0 && c.epoch == epoch {
		c.remove(id)
		c.makeRoom(k.weight())
		c.known[id] = k
		c.weight += k.weight()
	}
	return k, nil
}

// ask turns a panic of the store into an error: it would not end a request here, but the process.
func (c *cache) ask(ctx context.Context, id tenancy.ID) (r Record, err error) {
	defer func() {
		if v := recover(); v != nil {
			r, err = Record{}, errors.New("ipallow: the store panicked")
		}
	}()
	return c.store.Get(ctx, id)
}

// invalidate forgets id: no decision that begins after it returns uses what was read before.
func (c *cache) invalidate(id tenancy.ID) {
	c.mu.Lock()
	c.epoch++
	c.remove(id)
	c.mu.Unlock()
	c.flights.Forget(id.String())
}

func (c *cache) remove(id tenancy.ID) {
	if k := c.known[id]; k != nil {
		c.weight -= k.weight()
		delete(c.known, id)
	}
}

// makeRoom forgets tenants until n more fits: first those that nobody asked for since it last came
// by, then any.
func (c *cache) makeRoom(n int) {
	for pass := 0; pass < 2; pass++ {
		for id, k := range c.known {
			if c.weight+n <= c.capacity {
				return
			}
			if !k.used.Swap(false) {
				c.remove(id)
			}
		}
	}
}
