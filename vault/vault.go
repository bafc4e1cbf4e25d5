package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Vault seals and opens what belongs to tenants. It is safe for concurrent use.
type Vault struct {
	store    Store
	keepers  []Keeper
	recorder audit.Recorder
	sealer   *AuditSealer // nil: what is recorded is not sealed here
	freshFor time.Duration

	rootMu sync.Mutex // one process loads its roots once at a time
	roots  atomic.Pointer[roots]
	opened *openers

	mu    sync.RWMutex
	rings map[tenancy.ID]*ring

	started time.Time
	now     atomic.Int64 // nanoseconds since started, to a twentieth of a second: reading a clock costs as much as sealing
	stop    func()
	ended   chan struct{}
}

// Options are what a [Vault] needs beside its store and its keeper. The zero value is good.
type Options struct {
	// Previous is the keeper of the root before: for the time in which [Vault.RotateRoot] brings all keys under the new one.
	Previous Keeper
	// Recorder records what is done with secrets and keys, and never their values. nil: nothing is recorded.
	Recorder audit.Recorder
	// Sealer is that of the log behind Recorder, if its values are sealed. It works from here on.
	Sealer *AuditSealer
	// FreshFor is how long this process may use a key that another one has shredded or replaced; 0: 5 seconds. A
	// transaction that began before adds its own time.
	FreshFor time.Duration
}

// maxRings is how many tenants' keys are kept in memory.
const maxRings = 4096

// ErrClosed is returned by what is called after Close.
var ErrClosed = errors.New("vault: closed")

// Open opens the roots in store, or makes the first one, with keeper; it is asked once for each. If keeper is the wrong
// one, or its key is lost, that is [ErrRoot] or [ErrKeeper] here, and nothing is written.
func Open(ctx context.Context, store Store, keeper Keeper, opts Options) (*Vault, error) {
	if store == nil || keeper == nil {
		return nil, errors.New("vault: Open needs a store and a keeper")
	}
	v := &Vault{
		store: store, keepers: []Keeper{keeper}, recorder: opts.Recorder, sealer: opts.Sealer, freshFor: opts.FreshFor,
		opened: new(openers), rings: map[tenancy.ID]*ring{}, started: time.Now(), ended: make(chan struct{}),
	}
	if opts.Previous != nil {
		v.keepers = append(v.keepers, opts.Previous)
	}
	if v.freshFor <= 0 {
		v.freshFor = 5 * time.Second
	}
	if _, err := v.loadRoots(ctx); err != nil {
		return nil, err
	}
	life, stop := context.WithCancel(context.Background())
	v.stop = stop
	go v.tick(life)
	if v.sealer != nil {
		v.sealer.v.Store(v)
	}
	return v, nil
}

// tick moves v's clock on.
func (v *Vault) tick(life context.Context) {
	defer close(v.ended)
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-life.Done():
			return
		case <-t.C:
			v.now.Store(int64(time.Since(v.started)))
		}
	}
}

// Format writes what v is, whatever the verb.
func (v *Vault) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "vault.Vault") }

// Close makes every later call fail with [ErrClosed], and forgets all keys.
func (v *Vault) Close() error {
	v.stop()
	<-v.ended
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, r := range v.rings {
		r.leave()
	}
	v.rings = nil
	v.roots.Store(new(roots))
	v.opened.clear()
	return nil
}

// isClosed is ErrClosed after Close.
func (v *Vault) isClosed() error {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.rings == nil {
		return ErrClosed
	}
	return nil
}

// ring returns the keys of ctx's tenant.
func (v *Vault) ring(ctx context.Context) (*ring, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return nil, err
	}
	v.mu.RLock()
	r, closed := v.rings[tenant], v.rings == nil
	v.mu.RUnlock()
	switch {
	case closed:
		return nil, ErrClosed
	case r != nil:
		return r, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.rings == nil {
		return nil, ErrClosed
	}
	if r = v.rings[tenant]; r == nil {
		for other := range v.rings { // any: who is used again is loaded again
			if len(v.rings) < maxRings {
				break
			}
			v.rings[other].leave()
			delete(v.rings, other)
		}
		r = &ring{v: v, tenant: tenant}
		v.rings[tenant] = r
	}
	return r, nil
}
