package rbac

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// tenants keeps the rules of the tenants in memory that are in use. A look at one takes no lock.
type tenants struct {
	a      *Authorizer
	shards [256]shard
	limit  int64
	bytes  atomic.Int64
	hand   atomic.Uint32 // the shard that gives way next
	seed   maphash.Seed
}

type shard struct {
	m     atomic.Pointer[table] // replaced whole
	mu    sync.Mutex
	hints map[string]*tenant
}

// tenant is one of them.
type tenant struct {
	id      tenancy.ID
	view    atomic.Pointer[view]
	news    atomic.Int64 // how often it was heard of: what was asked before the last time is not used any more
	touched atomic.Bool  // since the hand of the clock came by
	asking  atomic.Bool  // behind an answer
	mu      sync.Mutex
	flight  *flight // the question under way
	bytes   int64   // as counted, if it is in its shard: that one's lock is held
}

// view is what was known at a moment.
type view struct {
	rules *rules
	news  int64 // what had been heard when the store was asked
	asked int64 // and when that was, on the authorizer's clock
	now   int64 // what its clock said, in microseconds since 1970
}

// time is the store's time now, or a little later: what expires does so by the store's clock, whatever this machine's says.
// Where the authorizer's clock lags, on a machine without time to spare, it is still no time before that of the answer: what was revoked
// in that answer is.
func (v *view) time(a *Authorizer) int64 {
	return v.now + max(0, a.now.Load()-v.asked)/1000 + tickMicros
}

// tickMicros is how far the authorizer's clock may lag.
const tickMicros = 50_000

// perTenant is about what a tenant takes of which nothing is known.
const perTenant = 640

func newTenants(a *Authorizer, limit int) *tenants {
	ts := &tenants{a: a, limit: int64(limit), seed: maphash.MakeSeed()}
	for i := range ts.shards {
		ts.shards[i].m.Store(newTable(nil))
		ts.shards[i].hints = map[string]*tenant{}
	}
	return ts
}

// shard returns where a tenant is, and the hash of its id.
func (ts *tenants) shard(id tenancy.ID) (*shard, uint64) {
	h := maphash.String(ts.seed, id.String())
	return &ts.shards[h&255], h
}

// table finds tenants by the hash of their id, in fewer steps through memory than a map of Go's. Half of it is empty.
type table []place

type place struct {
	hash uint64
	t    *tenant // nil: empty
}

func newTable(all []place) *table {
	size := 2
	for size < 2*len(all) {
		size *= 2
	}
	out := make(table, size)
	for _, p := range all {
		*out.at(p.hash, p.t.id) = p
	}
	return &out
}

// at returns the place of that tenant, or the empty one that it would have.
func (tb table) at(hash uint64, id tenancy.ID) *place {
	for i := hash >> 8; ; i++ {
		if p := &tb[i&uint64(len(tb)-1)]; p.t == nil || p.hash == hash && p.t.id == id {
			return p
		}
	}
}

// taken returns the places that are not empty.
func (tb table) taken() (all []place) {
	for _, p := range tb {
		if p.t != nil {
			all = append(all, p)
		}
	}
	return all
}

// get returns the tenant, which may be one that is new and knows nothing.
func (ts *tenants) get(id tenancy.ID) *tenant {
	sh, h := ts.shard(id)
	if t := sh.m.Load().at(h, id).t; t != nil {
		return t
	}
	t, made := sh.add(h, id)
	if made {
		ts.bytes.Add(perTenant) // and not t.bytes: another may have counted what it takes by now
		ts.trim(t)
	}
	return t
}

func (sh *shard) add(h uint64, id tenancy.ID) (t *tenant, made bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	old := sh.m.Load()
	if t := old.at(h, id).t; t != nil {
		return t, false
	}
	t = &tenant{id: id, bytes: perTenant}
	sh.m.Store(newTable(append(old.taken(), place{h, t})))
	sh.hints[Hint(id)] = t
	return t, true
}

// current returns what is known of a tenant, no older than it may be.
func (ts *tenants) current(ctx context.Context, id tenancy.ID) (*view, error) {
	a := ts.a
	sh, h := ts.shard(id)
	t := sh.m.Load().at(h, id).t
	if t == nil {
		return ts.refreshed(ctx, id)
	}
	v := t.view.Load()
	if v == nil || v.news != t.news.Load() {
		return ts.refreshed(ctx, id)
	}
	age := a.now.Load() - v.asked
	if age > int64(a.o.FreshFor) {
		if age > int64(a.o.MaxStaleness) {
			return ts.refreshed(ctx, id)
		}
		ts.ask(t)
	}
	if a.closed.Load() {
		return nil, ErrClosed
	}
	if !t.touched.Load() {
		t.touched.Store(true)
	}
	return v, nil
}

// refreshed asks the store, and returns what it said. It waits no longer than ctx.
func (ts *tenants) refreshed(ctx context.Context, id tenancy.ID) (*view, error) {
	return ts.wait(ctx, id, false)
}

// fresh is refreshed by a question that was not asked before the call: its answer has all that was committed before.
func (ts *tenants) fresh(ctx context.Context, id tenancy.ID) (*view, error) {
	return ts.wait(ctx, id, true)
}

func (ts *tenants) wait(ctx context.Context, id tenancy.ID, fresh bool) (*view, error) {
	if ts.a.closed.Load() {
		return nil, ErrClosed
	}
	t := ts.get(id)
	f := ts.fly(t, fresh)
	if f == nil {
		return nil, ErrClosed
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrStale, ctx.Err())
	}
	switch {
	case f.err == nil:
		t.touched.Store(true)
		return f.view, nil
	case shut(f.err):
		return nil, f.err
	}
	return nil, fmt.Errorf("%w: %w", ErrStale, f.err)
}

// shut reports whether err says that the tenant lets nobody in: that is known, and not a lack of knowledge.
func shut(err error) bool {
	return errors.Is(err, tenancy.ErrUnknownTenant) || errors.Is(err, tenancy.ErrNotActive) || errors.Is(err, tenancy.ErrPurged)
}

// ask asks the store behind an answer.
func (ts *tenants) ask(t *tenant) {
	if !t.asking.Swap(true) {
		ts.fly(t, false)
	}
}

// flight is a question that several wait for.
type flight struct {
	done  chan struct{}
	begun atomic.Bool
	news  int64 // what had been heard when it began
	view  *view
	err   error
}

// maxQuestion is how long the store may take for an answer.
const maxQuestion = 10 * time.Second

// fly begins a question, or joins the one under way that began after the last news; a fresh one joins only what has not begun.
// It is nil when closed.
func (ts *tenants) fly(t *tenant, fresh bool) *flight {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f := t.flight; f != nil && f.news == t.news.Load() && !(fresh && f.begun.Load()) {
		return f
	}
	f := &flight{done: make(chan struct{}), news: t.news.Load()}
	before := t.flight
	begun := ts.a.begin(func() {
		if before != nil { // one at a time: the later one builds on what the earlier one found
			<-before.done
		}
		// Not with the asker's context: what is in a transaction under way is nobody else's business, and its end
		// not that of others who wait.
		ctx, stop := context.WithTimeout(tenancy.With(context.Background(), t.id), maxQuestion)
		defer stop()
		f.begun.Store(true)
		if f.view, f.err = ts.load(ctx, t, f.news); shut(f.err) {
			t.view.Store(nil) // nobody is let in on what was known before
		}
		t.mu.Lock()
		if t.flight == f {
			t.flight = nil
		}
		t.mu.Unlock()
		t.asking.Store(false)
		close(f.done)
	})
	if !begun {
		return nil
	}
	t.flight = f
	return f
}

// load asks for what is new.
func (ts *tenants) load(ctx context.Context, t *tenant, news int64) (*view, error) {
	asked := int64(time.Since(ts.a.started))
	old := t.view.Load()
	if old != nil {
		version, now, err := ts.a.store.Version(ctx)
		if err != nil {
			return nil, err
		}
		if version == old.rules.version {
			return ts.put(t, &view{old.rules, news, asked, ts.later(now, asked, old)}), nil
		}
		if version < old.rules.version { // another database than before: restored, or moved
			old = nil
		}
	}
	r := noRules(ts.a.c)
	if old != nil {
		r = old.rules
	}
	ch, err := ts.a.store.Changes(ctx, r.version)
	if err != nil {
		return nil, err
	}
	return ts.put(t, &view{r.apply(&ch), news, asked, ts.later(ch.Now, asked, old)}), nil
}

// later is the store's time. If its clock went back since it was last asked, time has gone on here: nothing lives longer by it.
func (ts *tenants) later(now time.Time, asked int64, old *view) int64 {
	if old == nil {
		return now.UnixMicro()
	}
	return max(now.UnixMicro(), old.now+(asked-old.asked)/1000)
}

// put makes v what is known.
func (ts *tenants) put(t *tenant, v *view) *view {
	t.view.Store(v)
	sh, h := ts.shard(t.id)
	sh.mu.Lock()
	if sh.m.Load().at(h, t.id).t == t { // and was not forgotten meanwhile
		size := int64(perTenant + v.rules.bytes)
		ts.bytes.Add(size - t.bytes)
		t.bytes = size
	}
	sh.mu.Unlock()
	ts.trim(t)
	return v
}

// trim forgets tenants, but not t, until the others take no more than they may.
func (ts *tenants) trim(t *tenant) {
	for range 2 * len(ts.shards) { // round twice: what is in use loses its mark first
		if ts.bytes.Load() <= ts.limit {
			return
		}
		ts.giveWay(t)
	}
}

// giveWay forgets the tenants of a shard that nobody asked for since it was last looked at, but not t.
func (ts *tenants) giveWay(t *tenant) {
	sh := &ts.shards[ts.hand.Add(1)&255]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	var kept []place
	for _, p := range sh.m.Load().taken() {
		o := p.t
		if o == t || o.touched.Swap(false) {
			kept = append(kept, p)
			continue
		}
		if hint := Hint(o.id); sh.hints[hint] == o {
			delete(sh.hints, hint)
		}
		ts.bytes.Add(-o.bytes)
	}
	sh.m.Store(newTable(kept))
}

// changed says that a tenant has changed: what was asked before is not used any more.
func (ts *tenants) changed(id tenancy.ID) { ts.get(id).news.Add(1) }

// hinted is told that a tenant has changed, by its [Hint].
func (ts *tenants) hinted(hint string) {
	for i := range ts.shards {
		sh := &ts.shards[i]
		sh.mu.Lock()
		t := sh.hints[hint]
		sh.mu.Unlock()
		if t != nil {
			t.news.Add(1)
			ts.ask(t)
			return
		}
	}
}

func (ts *tenants) close() {
	for i := range ts.shards {
		sh := &ts.shards[i]
		sh.mu.Lock()
		sh.m.Store(newTable(nil))
		sh.hints = map[string]*tenant{}
		sh.mu.Unlock()
	}
}
