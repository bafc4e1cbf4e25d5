package rbac

import (
	"context"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// uses gathers when members and tokens were last used, and tells the store now and then. A request never waits for that, nor
// fails by it.
type uses struct {
	seed  maphash.Seed
	parts [16]usesPart
}

type usesPart struct {
	mu sync.Mutex
	m  map[useKey]useNote
}

type useKey struct {
	tenant tenancy.ID
	kind   UseKind
	id     string
}

type useNote struct {
	noted int64 // on the authorizer's clock
	at    int64 // on the store's, in microseconds since 1970
	net   netip.Prefix
	told  bool
}

const (
	noteEvery   = int64(time.Minute) // of one member or token
	forgetAfter = int64(time.Hour)   // what the store does not take, such as of a tenant that was purged
	maxNotes    = 1 << 17            // some 20 MB; beyond that uses are not noted
	usesAtOnce  = 1000               // in one transaction
)

func newUses() *uses {
	u := &uses{seed: maphash.MakeSeed()}
	for i := range u.parts {
		u.parts[i].m = map[useKey]useNote{}
	}
	return u
}

// note notes a use, unless it did a minute ago.
func (u *uses) note(now int64, key useKey, at int64, addr netip.Addr) {
	p := &u.parts[maphash.Comparable(u.seed, key)&15]
	p.mu.Lock()
	defer p.mu.Unlock()
	old, ok := p.m[key]
	if ok && now-old.noted < noteEvery || !ok && len(p.m) >= maxNotes/len(u.parts) {
		return
	}
	p.m[key] = useNote{now, at, networkOf(addr), false}
}

// token notes the use of a token, and of the machine that it is of: a person is not at the keyboard.
func (u *uses) token(a *Authorizer, tenant tenancy.ID, t *token, at int64, addr netip.Addr) {
	now := a.now.Load()
	last := t.noted.Load()
	if last != 0 && now-last < noteEvery || !t.noted.CompareAndSwap(last, max(1, now)) {
		return
	}
	u.note(now, useKey{tenant, UseOfToken, t.row.ID}, at, addr)
	if t.row.Member.Kind == Machine {
		u.note(now, useKey{tenant, UseOfMachine, t.row.Member.ID}, at, addr)
	}
}

// Saw notes that p is here, for the list of who is dormant. A [Mux] does so, and [Authorizer.Token] for tokens; a server of
// another kind calls it for the members it lets in. It costs a map lookup, does not wait for the store and does not
// fail: of one member the store is told once a minute at most, with the network of addr (a /24 or /48), a little later.
func (a *Authorizer) Saw(p Principal, addr netip.Addr) {
	who := p.Subject()
	if who == (Subject{}) || p.via != nil || a.closed.Load() {
		return
	}
	kind := UseOfPerson
	if who.Kind == Machine {
		kind = UseOfMachine
	}
	if v := a.tenants.get(p.tenant).view.Load(); v != nil {
		a.uses.note(a.now.Load(), useKey{p.tenant, kind, who.ID}, v.time(a), addr)
	}
}

// flush tells the store what was noted since.
func (u *uses) flush(ctx context.Context, a *Authorizer) {
	now := a.now.Load()
	gathered := map[tenancy.ID][]Use{}
	for i := range u.parts {
		p := &u.parts[i]
		p.mu.Lock()
		for key, n := range p.m {
			switch {
			case !n.told && now-n.noted < forgetAfter:
				gathered[key.tenant] = append(gathered[key.tenant], Use{Kind: key.kind, ID: key.id, At: time.UnixMicro(n.at).UTC(), Net: n.net})
			case now-n.noted >= noteEvery:
				delete(p.m, key)
			}
		}
		p.mu.Unlock()
	}
	for tenant, all := range gathered {
		for len(all) > 0 && ctx.Err() == nil {
			some := all[:min(len(all), usesAtOnce)]
			all = all[len(some):]
			if u.tell(ctx, a, tenant, some) == nil {
				u.told(tenant, some)
			}
		}
	}
}

func (u *uses) tell(ctx context.Context, a *Authorizer, tenant tenancy.ID, some []Use) error {
	ctx, stop := context.WithTimeout(tenancy.With(ctx, tenant), maxClose)
	defer stop()
	return a.store.Saw(ctx, some)
}

// told marks what the store knows now.
func (u *uses) told(tenant tenancy.ID, some []Use) {
	for _, use := range some {
		key := useKey{tenant, use.Kind, use.ID}
		p := &u.parts[maphash.Comparable(u.seed, key)&15]
		p.mu.Lock()
		if n, ok := p.m[key]; ok && n.at == use.At.UnixMicro() {
			n.told = true
			p.m[key] = n
		}
		p.mu.Unlock()
	}
}
