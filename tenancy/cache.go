package tenancy

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Cache is a [Directory] that remembers what another one answered. Only answers are remembered: not that a
// tenant is unknown, and no error. Many who ask for the same tenant at once wait for one answer. It is safe
// for concurrent use.
//
// For as long as an answer is remembered, up to the ttl, this process goes by it: a tenant suspended
// meanwhile passes here, and is refused by its database.
type Cache struct {
	dir   Directory
	ttl   time.Duration
	known sync.Map // ID -> remembered

	mu      sync.Mutex
	flights map[ID]*flight
	swept   time.Time
}

type remembered struct {
	t     Tenant
	until time.Time // by the steady clock
}

// flight is one question to the directory and all who wait for its answer.
type flight struct {
	done  chan struct{}
	t     Tenant
	err   error
	stale bool // Invalidate was called since it began
	gone  bool // who asked went away before the answer came
}

// NewCache returns a cache over dir. A ttl of 0 remembers nothing.
func NewCache(dir Directory, ttl time.Duration) *Cache {
	return &Cache{dir: dir, ttl: ttl, flights: map[ID]*flight{}}
}

// Lookup implements [Directory]. The directory is asked without the values of ctx: an answer from inside
// the caller's transaction would be one that may never come to be.
func (c *Cache) Lookup(ctx context.Context, id ID) (Tenant, error) {
	for {
		if v, ok := c.known.Load(id); ok {
			if r := v.(remembered); time.Now().Before(r.until) {
				return r.t, nil
			}
		}
		c.mu.Lock()
		f, waits := c.flights[id]
		if !waits {
			f = &flight{done: make(chan struct{}), gone: true}
			c.flights[id] = f
		}
		c.mu.Unlock()
		if !waits {
			c.ask(ctx, id, f)
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return Tenant{}, ctx.Err()
		}
		if again := f.stale || f.gone && waits; !again {
			return f.t, f.err
		}
		if err := ctx.Err(); err != nil {
			return Tenant{}, err
		}
	}
}

// ask asks the directory, tells who waits, and remembers the answer unless it was overtaken.
func (c *Cache) ask(ctx context.Context, id ID, f *flight) {
	f.err = errors.New("tenancy: the directory gave no answer") // if it panics
	start := time.Now()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.flights[id] == f {
			delete(c.flights, id)
			if f.err == nil && c.ttl > 0 {
				c.known.Store(id, remembered{f.t, start.Add(c.ttl)})
				c.sweep(start)
			} else {
				c.known.Delete(id)
			}
		} else {
			f.stale = true
		}
		close(f.done)
	}()
	t, err := c.dir.Lookup(bare{ctx}, id)
	f.t, f.err, f.gone = t, err, ctx.Err() != nil
}

// bare is a context without values.
type bare struct{ context.Context }

func (bare) Value(any) any { return nil }

// sweep forgets, once in a ttl, what is past its time.
func (c *Cache) sweep(now time.Time) {
	if now.Sub(c.swept) < c.ttl {
		return
	}
	c.swept = now
	c.known.Range(func(id, v any) bool {
		if !now.Before(v.(remembered).until) {
			c.known.Delete(id)
		}
		return true
	})
}

// Invalidate forgets what is known of id. A Lookup that begins after it, or is still waiting for the
// directory, does not return what was read before it. Call it in every process after a change, once the
// change is committed.
func (c *Cache) Invalidate(id ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.flights, id)
	c.known.Delete(id)
}
