package rbac

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// homes knows which tenant a token is of. What is made up costs the store a question now and then, and never what is known.
type homes struct {
	a       *Authorizer
	known   recent[tenancy.ID]
	unknown recent[int64] // until when nobody is asked again, on the authorizer's clock
	mu      sync.Mutex
	flights map[apitoken.ID]*homeFlight

	network, all *pace // of questions about what turned out to be unknown
}

type homeFlight struct {
	done   chan struct{}
	tenant tenancy.ID
	err    error
}

const (
	knownHomes     = 1 << 17 // some 20 MB when they are all there
	unknownHomes   = 1 << 14
	unknownFor     = 10 * time.Second
	homesAtOnce    = 64
	homesOfNetwork = 50 // unknown ones at once, of one client's network, and then 5 a second
	homesOfAll     = 1000
)

func newHomes(a *Authorizer) *homes {
	h := &homes{a: a, flights: map[apitoken.ID]*homeFlight{}}
	h.known.init(knownHomes)
	h.unknown.init(unknownHomes)
	h.network = newPace(time.Second/5, homesOfNetwork, paceCells)
	h.all = newPace(time.Second/200, homesOfAll, 1)
	return h
}

// of returns the tenant of a token, or the zero ID if it is no token's. It is an error if that cannot be known now.
func (h *homes) of(ctx context.Context, id apitoken.ID, addr netip.Addr) (tenancy.ID, error) {
	if t, ok := h.known.get(id); ok {
		return t, nil
	}
	if until, ok := h.unknown.get(id); ok && h.a.now.Load() < until {
		return tenancy.ID{}, nil
	}
	now, network := int64(time.Since(h.a.started)), networkOf(addr)
	if wait := take(h.network, now, network); wait > 0 {
		return tenancy.ID{}, busy(wait)
	}
	if wait := take(h.all, now, struct{}{}); wait > 0 {
		giveBack(h.network, network)
		return tenancy.ID{}, busy(wait)
	}
	f := h.ask(id)
	if f == nil {
		return tenancy.ID{}, busy(time.Second)
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return tenancy.ID{}, fmt.Errorf("%w: %w", ErrStale, ctx.Err())
	}
	if f.err == nil && !f.tenant.IsZero() {
		giveBack(h.network, network)
		giveBack(h.all, struct{}{})
	}
	return f.tenant, f.err
}

// busy says that too much is asked that nobody knows.
func busy(wait time.Duration) error {
	return fmt.Errorf("rbac: too much that is not known: %w", &tenancy.BusyError{Rate: true, RetryAfter: wait})
}

// ask asks the store, once for all who ask the same. It is nil if too many questions are under way, or it is closed.
func (h *homes) ask(id apitoken.ID) *homeFlight {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.flights[id]; f != nil {
		return f
	}
	f := &homeFlight{done: make(chan struct{})}
	if len(h.flights) >= homesAtOnce {
		return nil
	}
	begun := h.a.begin(func() {
		// Not with an asker's context: the others wait for the same answer.
		ctx, stop := context.WithTimeout(context.Background(), maxQuestion)
		defer stop()
		ids, err := h.a.store.Homes(ctx, HomeOfToken, id.String())
		switch {
		case err != nil:
			f.err = fmt.Errorf("%w: %w", ErrStale, err)
		case len(ids) == 1:
			f.tenant = ids[0]
			h.known.put(id, f.tenant)
		default: // of two, which cannot be, it is neither's
			h.unknown.put(id, h.a.now.Load()+int64(unknownFor))
		}
		h.mu.Lock()
		delete(h.flights, id)
		h.mu.Unlock()
		close(f.done)
	})
	if !begun {
		f.err = ErrClosed
		close(f.done)
		return f
	}
	h.flights[id] = f
	return f
}

// TokenTenant returns a [tenancy.Resolver] of the tenant that a request's API token is of, for a [tenancy.Gate] where no
// host or path says it, or to have it checked that they agree. It resolves what has the form of a token and is known,
// and does not authenticate: put [Gate.Public] before a [Mux], which does, so that a token that is not good is answered with 401.
// client finds the client's address, by which the questions about made-up tokens are bounded, as ipallow.Clients.Addr does;
// nil: it is the connection's.
//
// [Gate.Public]: https://pkg.go.dev/github.com/bailiwick-dev/bailiwick/tenancy#Gate.Public
func (a *Authorizer) TokenTenant(client func(*http.Request) (netip.Addr, error)) tenancy.Resolver {
	if client == nil {
		client = peer
	}
	return func(r *http.Request) (tenancy.ID, error) {
		raw, err := apitoken.FromRequest(r)
		if err != nil {
			return tenancy.ID{}, nil
		}
		id, err := a.o.Tokens.Parse(raw)
		if err != nil {
			return tenancy.ID{}, nil
		}
		addr, _ := client(r)
		return a.homes.of(r.Context(), id, addr)
	}
}

// peer is the address of the connection.
func peer(r *http.Request) (netip.Addr, error) {
	p, err := netip.ParseAddrPort(r.RemoteAddr)
	return p.Addr().Unmap().WithZone(""), err
}
