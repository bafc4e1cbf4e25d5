package tenancy

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Gate decides, once for each HTTP request, which tenant it is for, and lets it through or refuses it.
//
// Every resolver is asked, and a tenant that the request's context has already counts as one more
// answer: all that answer must agree. The tenant must then be in the directory, readable, and of a
// region this server serves. The handler behind finds it by [From].
//
// The fields must not be changed once the gate is in use.
type Gate struct {
	Directory Directory // required; see [Cache]
	Resolvers []Resolver
	Region    Region // of this server; without one it serves no tenant that is pinned to a region
	// Limiter holds a place for as long as the handler runs; nil: no limits. It must not be the one that
	// the handler's database was given (WithLimits): the handler would wait for its own request.
	Limiter *Limiter
	// Refuse answers a request that is not let through; nil is [Refuse].
	Refuse func(w http.ResponseWriter, r *http.Request, err error)
}

// Middleware puts the gate before next: a request that names no tenant is refused with [ErrNoTenant]. It
// panics if the gate has no directory.
func (g Gate) Middleware(next http.Handler) http.Handler { return g.handler(next, false) }

// Public is Middleware for routes that may do without a tenant, such as a sign-up page or a health check.
// A request that names one is checked all the same.
func (g Gate) Public(next http.Handler) http.Handler { return g.handler(next, true) }

func (g Gate) handler(next http.Handler, public bool) http.Handler {
	if g.Directory == nil || next == nil {
		panic("tenancy: a gate needs a directory and a handler behind it")
	}
	if g.Refuse == nil {
		g.Refuse = Refuse
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := g.resolve(r)
		switch {
		case err == nil && id.IsZero() && public:
			next.ServeHTTP(w, r)
			return
		case err == nil && id.IsZero():
			err = ErrNoTenant
		case err == nil:
			err = g.admit(r.Context(), id)
		}
		if err == nil && g.Limiter != nil {
			var release func()
			if release, err = g.Limiter.Acquire(r.Context(), id); err == nil {
				defer release()
			}
		}
		if err != nil {
			g.Refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(With(r.Context(), id)))
	})
}

// resolve returns the one tenant that all who answer name, and the zero ID if nobody answers.
func (g Gate) resolve(r *http.Request) (ID, error) {
	var id ID
	if b, bound := r.Context().Value(contextKey{}).(*binding); bound {
		if b.err != nil {
			return ID{}, b.err
		}
		id = b.id
	}
	for _, resolve := range g.Resolvers {
		named, err := resolve(r)
		switch {
		case err != nil:
			return ID{}, err
		case named.IsZero():
		case !id.IsZero() && id != named:
			return ID{}, ErrConflict
		default:
			id = named
		}
	}
	return id, nil
}

func (g Gate) admit(ctx context.Context, id ID) error {
	t, err := g.Directory.Lookup(ctx, id)
	if err != nil {
		return err
	}
	if err := t.State.CanRead(); err != nil {
		return err
	}
	return t.ServedBy(g.Region)
}

// StatusCode is the HTTP status that says err to a stranger: 400 for a request that names no tenant, or
// names one badly; 403 for a tenant that is not active; 404 for one that is unknown or purged, which a
// stranger cannot tell apart; 409 for a step that the tenant's state or an existing tenant of that id does not
// allow, as the calls that change tenants find; 421 for one served in another region; 429 for one over its
// limits; 503 for anything else, since a directory that does not answer is no reason to let anyone in.
func StatusCode(err error) int {
	for _, c := range []struct {
		err  error
		code int
	}{
		{ErrConflict, http.StatusBadRequest},
		{ErrMalformedID, http.StatusBadRequest},
		{ErrMalformedHost, http.StatusBadRequest},
		{ErrUntrusted, http.StatusBadRequest},
		{ErrNoTenant, http.StatusBadRequest},
		{ErrUnknownTenant, http.StatusNotFound},
		{ErrPurged, http.StatusNotFound},
		{ErrNotActive, http.StatusForbidden},
		{ErrReadOnly, http.StatusForbidden},
		{ErrWrongRegion, http.StatusMisdirectedRequest},
		{ErrBusy, http.StatusTooManyRequests},
		// Last: an error that also says the tenant is purged or unknown is 404, whatever was tried.
		{ErrExists, http.StatusConflict},
		{ErrState, http.StatusConflict},
	} {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return http.StatusServiceUnavailable
}

// Refuse answers with the status of err and the standard text of that status: nothing of the error, nor of
// the request. Nobody may store it. A tenant over its rate is told when to come back.
func Refuse(w http.ResponseWriter, _ *http.Request, err error) {
	h := w.Header()
	var busy *BusyError
	if errors.As(err, &busy) {
		h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(busy.RetryAfter.Round(time.Millisecond).Seconds())))))
	}
	h.Set("Cache-Control", "no-store")
	code := StatusCode(err)
	http.Error(w, http.StatusText(code), code)
}
