package rbac

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"sync"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Mux is an [http.ServeMux] on which a route cannot be registered without a rule. The rule is a part of the route: whatever
// reaches the handler, by whatever method or spelling of the path, was admitted by it. What the handler does it does for
// [From].
//
// It belongs behind a [tenancy.Gate], which puts the tenant into the context. It is safe for concurrent use.
type Mux struct {
	a        *Authorizer
	identify Identify
	o        MuxOptions
	mux      http.ServeMux

	mu     sync.RWMutex
	routes map[string]Rule
}

var _ http.Handler = (*Mux)(nil)

// MuxOptions are what a [Mux] can do without.
type MuxOptions struct {
	// Client finds the client's address, for the networks of tokens, records of last use, and limits: ipallow's Clients.Addr
	// behind a proxy. nil: it is the connection's. An address that cannot be known is in no network.
	Client func(*http.Request) (netip.Addr, error)
	// Guard is put before every route that is for members, and not before those for the public: the Middleware of an
	// ipallow.Guard, so that a session or token is of no use outside of the tenant's networks. Who is nobody is answered before it
	// is asked, as [Nobody], from wherever they come: they are led to where one signs in, and learn nothing of the networks.
	Guard func(http.Handler) http.Handler
	// Refuse answers who is not let in, such as by a redirect to where one signs in; nil: [Refuse].
	Refuse func(w http.ResponseWriter, r *http.Request, err error)
}

// NewMux returns a Mux without routes. It panics if a or identify is nil.
func NewMux(a *Authorizer, identify Identify, o MuxOptions) *Mux {
	if a == nil || identify == nil {
		panic("rbac: a Mux needs an authorizer and a way to tell who a request is from")
	}
	if o.Client == nil {
		o.Client = peer
	}
	if o.Refuse == nil {
		o.Refuse = Refuse
	}
	return &Mux{a: a, identify: identify, o: o, routes: map[string]Rule{}}
}

// Handle registers a handler for a pattern of [http.ServeMux], for those whom the rule lets in. It panics on a rule that is
// none, such as the zero Permission or one of another catalogue, and where ServeMux does: on a pattern that is malformed or
// conflicts with another.
func (m *Mux) Handle(pattern string, rule Rule, h http.Handler) {
	if rule == nil || h == nil {
		panic(fmt.Sprintf("rbac: the route %q has no rule or no handler", pattern))
	}
	if err := rule.rule(m.a.c); err != nil {
		panic(fmt.Sprintf("rbac: the route %q: %v", pattern, err))
	}
	var admitted http.Handler = &route{m, rule, h}
	switch rule.(type) {
	case onSurface:
	default:
		if m.o.Guard != nil && rule != Rule(Public) {
			admitted = m.named(m.o.Guard(admitted))
		}
	}
	m.mux.Handle(pattern, admitted)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.routes[pattern] = rule
}

// named refuses who is nobody, or brings a token of no tenant, whose networks there are none to ask of; and notes for the rule who the
// others say they are.
func (m *Mux) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var who identified
		who.is, who.err = m.identify(r)
		_, homeless := tenancy.From(r.Context())
		switch {
		case who.err == nil && who.is.by == nobody:
			m.o.Refuse(w, r, denied(Nobody))
			return
		case homeless != nil && (errors.Is(who.err, ErrDenied) || who.err == nil && who.is.by == bearer):
			m.o.Refuse(w, r, denied(BadToken))
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), identifiedKey{m}, who)))
	})
}

// identified is what Identify said of a request, which is asked once.
type identified struct {
	is  Credential
	err error
}

type identifiedKey struct{ m *Mux }

// HandleFunc is Handle for a function.
func (m *Mux) HandleFunc(pattern string, rule Rule, h func(http.ResponseWriter, *http.Request)) {
	m.Handle(pattern, rule, http.HandlerFunc(h))
}

// Route is one route in a report.
type Route struct{ Pattern, Rule string }

// Routes returns the routes in order of their patterns: for a test that compares them with what was agreed on.
func (m *Mux) Routes() []Route {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make([]Route, 0, len(m.routes))
	for p, r := range m.routes {
		out = append(out, Route{p, r.String()})
	}
	slices.SortFunc(out, func(x, y Route) int { return cmp.Compare(x.Pattern, y.Pattern) })
	return out
}

// ServeHTTP implements [http.Handler]. A method that no pattern of the path has is answered with 405, a path that none has with 404, and
// one that ServeMux cleans with a redirect: no handler runs. CONNECT is refused. So is a path that can be read in two
// ways by which it is under different rules, such as /a%2Fb where there is a route for /a/b: a handler may read the other one.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		problem(w, http.StatusMethodNotAllowed, "")
	case m.ambiguous(r):
		problem(w, http.StatusBadRequest, "")
	default:
		m.mux.ServeHTTP(w, r)
	}
}

// ambiguous reports whether r's path, read as handlers read it, is under another rule than read as ServeMux does.
func (m *Mux) ambiguous(r *http.Request) bool {
	read := path.Clean("/" + r.URL.Path)
	if n := len(r.URL.Path); n > 1 && r.URL.Path[n-1] == '/' && read != "/" {
		read += "/"
	}
	if r.URL.RawPath == "" && read == r.URL.Path {
		return false
	}
	_, is := m.mux.Handler(r)
	other := *r
	other.URL = &url.URL{Path: read}
	_, as := m.mux.Handler(&other)
	if as == "" || as == is {
		return false
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.routes[is] == nil || m.routes[as] == nil || m.routes[is].String() != m.routes[as].String()
}

// route is a handler behind its rule.
type route struct {
	m    *Mux
	rule Rule
	next http.Handler
}

func (t *route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if t.rule == Rule(Public) {
		t.next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), fromKey{}, from{})))
		return
	}
	addr, err := t.m.o.Client(r)
	if err != nil {
		addr = netip.Addr{}
	}
	p, err := t.who(r, addr)
	if err == nil {
		err = t.rule.allows(p)
	}
	if err != nil {
		t.m.o.Refuse(w, r, err)
		return
	}
	t.m.a.Saw(p, addr)
	t.next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), fromKey{}, from{p, addr})))
}

// who is the principal of a request that a rule asks for.
func (t *route) who(r *http.Request, addr netip.Addr) (Principal, error) {
	a, ctx := t.m.a, r.Context()
	if on, ok := t.rule.(onSurface); ok {
		return a.Surface(ctx, on.s)
	}
	noted, ok := ctx.Value(identifiedKey{t.m}).(identified)
	if !ok {
		noted.is, noted.err = t.m.identify(r)
	}
	who, err := noted.is, noted.err
	switch {
	case errors.Is(err, ErrDenied):
		return Principal{}, err
	case err != nil:
		return Principal{}, fmt.Errorf("%w: who asks is not known: %w", ErrUnavailable, err)
	case who.by == bearer:
		p, err := a.Token(ctx, who.token.Reveal(), addr)
		if err == nil { // the gate has not looked at this tenant
			_, err = tenancy.From(ctx)
		}
		return p, err
	case who.by == signedIn:
		return a.Member(ctx, who.who)
	}
	return Principal{}, denied(Nobody)
}

// from is what a Mux puts into the context.
type from struct {
	p    Principal
	addr netip.Addr
}

type fromKey struct{}

// From returns who the request of ctx is from: nobody outside of a [Mux], on a [Public] route, and if ctx belongs to another
// tenant by now. On a public route neither the tenant's networks nor the rule were asked, so that nobody acts there: a page that shows
// somebody who is signed in what they may do elsewhere asks [Authorizer.Member] for that.
func From(ctx context.Context) Principal {
	f, _ := ctx.Value(fromKey{}).(from)
	if id, err := tenancy.From(ctx); err != nil || id != f.p.tenant {
		return Principal{}
	}
	return f.p
}

// With returns a context that p acts in, for servers of other protocols and for tests of handlers.
func With(ctx context.Context, p Principal) context.Context {
	f, _ := ctx.Value(fromKey{}).(from)
	return context.WithValue(ctx, fromKey{}, from{p, f.addr})
}
