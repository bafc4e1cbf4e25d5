package ipallow

import (
	"net/http"
	"net/netip"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Middleware returns net/http middleware that passes on requests which the tenant of their context
// lets in, by the address that client finds: [Clients.Addr], or a function that calls the Clients of
// the moment. All others are answered with 403 and no detail, or by [Options].Refused.
//
// It belongs behind the middleware that puts the tenant into the context. Wrap the whole application
// with it, or one portal, or chosen routes. Who is not signed in is best asked to sign in before the guard is asked, or the answer tells a
// stranger, or whoever has an old cookie, whether they come from one of the tenant's networks: a Mux of package rbac does so with its Guard. It panics if client is nil.
func (g *Guard) Middleware(client func(*http.Request) (netip.Addr, error)) func(http.Handler) http.Handler {
	if client == nil {
		panic("ipallow: middleware without a way to find the client")
	}
	refused := g.opts.Refused
	if refused == nil {
		refused = http.HandlerFunc(forbid)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d := g.decide(r, client)
			if g.opts.Observe != nil {
				g.opts.Observe(r.Context(), d)
			}
			if d.Allowed {
				next.ServeHTTP(w, r)
			} else {
				refused.ServeHTTP(w, r)
			}
		})
	}
}

func (g *Guard) decide(r *http.Request, client func(*http.Request) (netip.Addr, error)) Decision {
	a, unknown := client(r)
	if unknown != nil {
		a = netip.Addr{} // whatever came with the error
	}
	id, err := tenancy.From(r.Context())
	if err != nil {
		return Decision{Reason: NoTenant, Addr: a, Err: err}
	}
	d := g.Decide(r.Context(), id, a)
	if d.Reason == NoAddress && unknown != nil {
		d.Err = unknown
	}
	return d
}

// forbid says no, and that the answer holds for this request only: the list may change.
func forbid(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
}
