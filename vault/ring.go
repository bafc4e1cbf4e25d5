package vault

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// ring is what this process knows of a tenant's keys.
//
// A key that a transaction has made and not committed is used in it and remembered nowhere: it may never have been.
type ring struct {
	v      *Vault
	tenant tenancy.ID
	left   atomic.Bool // v has another one for the tenant, or is closed

	mu       sync.Mutex // of loading
	set      atomic.Pointer[keySet]
	until    atomic.Int64 // by v.now: set holds until then
	forgets  atomic.Int64
	subjects subjectKeys
}

// keySet is the tenant's keys but those of persons, at one moment. It never changes.
type keySet struct {
	epoch  int64
	byID   map[KeyID]*key
	active map[string]*key // by purpose
	parent *key            // the tenant's own, under which new ones are wrapped; nil: none yet
}

// pending are the keys that transactions of this process have made and not committed yet, or have undone.
var pending sync.Map // KeyID → struct{}

// made notes that ctx's transaction has made a key.
func (r *ring) made(ctx context.Context, id KeyID) {
	if r.v.store.InTx(ctx) {
		pending.Store(id, struct{}{})
		r.v.store.Committed(ctx, func() { pending.Delete(id) })
	}
}

func isPending(id KeyID) bool {
	_, ok := pending.Load(id)
	return ok
}

// indexPurpose is that of the key which makes pseudonyms, fingerprints and index tokens. It is never replaced, since
// what it has made could not be found again.
const indexPurpose = ""

// current returns keys that hold.
func (r *ring) current(ctx context.Context) (*keySet, error) {
	if set := r.set.Load(); set != nil && r.v.now.Load() <= r.until.Load() {
		return set, nil
	}
	return r.load(ctx)
}

func (r *ring) load(ctx context.Context) (*keySet, error) {
	// Who is in a transaction has a connection, and must not wait for somebody who is waiting for one.
	if !r.v.store.InTx(ctx) {
		r.mu.Lock()
	} else if !r.mu.TryLock() {
		return r.read(ctx)
	}
	defer r.mu.Unlock()
	now, set := r.v.now.Load(), r.set.Load()
	if set != nil {
		if now <= r.until.Load() { // somebody else was faster
			return set, nil
		}
		epoch, err := r.v.store.Epoch(ctx)
		if err != nil {
			return nil, err
		}
		if epoch == set.epoch {
			r.until.Store(now + int64(r.v.freshFor))
			return set, nil
		}
	}
	forgets := r.forgets.Load()
	set, err := r.read(ctx)
	if err != nil || r.left.Load() {
		return set, err
	}
	for id := range set.byID {
		if isPending(id) {
			return set, nil
		}
	}
	r.set.Store(set)
	r.subjects.forget()
	r.until.Store(now + int64(r.v.freshFor))
	if r.forgets.Load() != forgets { // meanwhile: it may be what is to be forgotten
		r.set.Store(nil)
	}
	return set, nil
}

// read reads all keys.
func (r *ring) read(ctx context.Context) (*keySet, error) {
	rows, epoch, err := r.v.store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	set := &keySet{epoch: epoch, byID: map[KeyID]*key{}, active: map[string]*key{}}
	for _, level := range []Level{OfTenant, OfPurpose} {
		for i := range rows {
			if w := &rows[i]; w.Level == level {
				if err := r.add(ctx, set, w); err != nil {
					return nil, err
				}
			}
		}
	}
	return set, nil
}

// add unwraps w into set.
func (r *ring) add(ctx context.Context, set *keySet, w *WrappedKey) (err error) {
	parent := set.byID[w.Parent]
	if w.Level == OfTenant {
		if parent, err = r.v.root(ctx, w.Parent); err != nil {
			return err
		}
	}
	if parent == nil {
		return fmt.Errorf("vault: the stored key %s is wrapped under one that the tenant does not have: %w", w.ID, ErrUnknownKey)
	}
	k, err := w.unwrap(parent, r.tenant, r.v.opened)
	if err != nil {
		return err
	}
	set.byID[k.id] = k
	switch {
	case w.State != Active:
	case w.Level == OfTenant:
		set.parent = k
	default:
		set.active[w.Purpose] = k
	}
	return nil
}

// forget makes the next call load again. It waits for nobody.
func (r *ring) forget() {
	r.forgets.Add(1)
	r.set.Store(nil)
	r.subjects.forget()
}

// leave is forget for good: who still has r knows that it must ask v for another.
func (r *ring) leave() {
	r.left.Store(true)
	r.forget()
}

// purposeKey returns the key that seals for purpose, and makes it if there is none.
func (r *ring) purposeKey(ctx context.Context, purpose string) (*key, error) {
	set, err := r.current(ctx)
	if err != nil {
		return nil, err
	}
	if k := set.active[purpose]; k != nil {
		return k, nil
	}
	return r.untilParentIsActive(ctx, func() (*key, error) { return r.makePurposeKey(ctx, purpose) })
}

// untilParentIsActive calls f again if the key that was to wrap another one has been replaced since it was read.
func (r *ring) untilParentIsActive(ctx context.Context, f func() (*key, error)) (*key, error) {
	for try := 0; ; try++ {
		k, err := f()
		if !errors.Is(err, ErrConflict) || r.v.store.InTx(ctx) || ctx.Err() != nil || try == 10 {
			return k, err
		}
		r.forget()
	}
}

func (r *ring) makePurposeKey(ctx context.Context, purpose string) (*key, error) {
	set, err := r.read(ctx) // another process may have made it
	if err != nil {
		return nil, err
	}
	if set.parent == nil {
		if err := r.create(ctx, set, WrappedKey{Level: OfTenant}); err != nil {
			return nil, err
		}
	}
	if set.active[purpose] == nil {
		if err := r.create(ctx, set, WrappedKey{Level: OfPurpose, Purpose: purpose}); err != nil {
			return nil, err
		}
	}
	r.v.store.Committed(ctx, r.forget)
	return set.active[purpose], nil
}

// create makes the key that w describes and puts it into set; or that which another process has made just before.
func (r *ring) create(ctx context.Context, set *keySet, w WrappedKey) error {
	parent := set.parent
	var err error
	if w.Level == OfTenant {
		if parent, err = r.v.activeRoot(ctx); err != nil {
			return err
		}
	}
	w, err = wrap(w, generateKey(nil), parent, r.tenant)
	if err != nil {
		return err
	}
	stored, err := r.v.store.AddKey(ctx, w, KeyID{})
	if err != nil {
		return err
	}
	if stored.ID == w.ID {
		r.made(ctx, w.ID)
	}
	return r.add(ctx, set, &stored)
}

// byID returns a key that has sealed.
func (r *ring) byID(ctx context.Context, id KeyID) (*key, error) {
	set, err := r.current(ctx)
	if err != nil {
		return nil, err
	}
	if k := set.byID[id]; k != nil {
		return k, nil
	}
	if k := r.subjects.byID(id); k != nil {
		return k, nil
	}
	return r.fetchOne(ctx, id)
}

func (r *ring) fetchOne(ctx context.Context, id KeyID) (*key, error) {
	found, err := r.fetch(ctx, []KeyID{id})
	if err != nil {
		return nil, err
	}
	f, ok := found[id]
	if !ok {
		return nil, ErrUnknownKey
	}
	return f.key, f.err
}

// fetched is a key that was asked for, or why it is not to be had.
type fetched struct {
	key *key
	err error
}

// fetch asks the store for keys of any level, all at once. Those that are not there are not in the answer.
func (r *ring) fetch(ctx context.Context, ids []KeyID) (map[KeyID]fetched, error) {
	asked := r.subjects.age()
	rows, err := r.v.store.KeysByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	set, err := r.current(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[KeyID]fetched, len(rows))
	for i := range rows {
		w := &rows[i]
		if w.State == Shredded {
			out[w.ID] = fetched{err: ErrShredded}
			continue
		}
		above := w.ID // the key of set that it is, or is wrapped under
		if w.Level == OfSubject {
			above = w.Parent
		}
		if set.byID[above] == nil { // newer than what we have
			if set, err = r.read(ctx); err != nil {
				return nil, err
			}
			r.v.store.Committed(ctx, r.forget)
		}
		k, err := set.byID[above], error(nil)
		switch {
		case k == nil:
			err = ErrUnknownKey
		case w.Level == OfSubject:
			if k, err = w.unwrap(k, r.tenant, r.v.opened); err == nil && !isPending(w.ID) && !r.left.Load() {
				r.subjects.remember(subjectKey{k, w.Subject}, asked)
			}
		}
		out[w.ID] = fetched{k, err}
	}
	return out, nil
}
