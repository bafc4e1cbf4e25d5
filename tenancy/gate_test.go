package tenancy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// directory is a fixed directory.
type directory map[tenancy.ID]tenancy.Tenant

func (d directory) Lookup(_ context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	if t, ok := d[id]; ok {
		return t, nil
	}
	return tenancy.Tenant{}, tenancy.ErrUnknownTenant
}

func tenants(states map[string]tenancy.State) directory {
	d := directory{}
	for s, state := range states {
		id := tenancy.MustParseID(s)
		d[id] = tenancy.Tenant{ID: id, State: state}
	}
	return d
}

// says resolves a header from anybody: a stand-in for whatever names a tenant.
func says(header string) tenancy.Resolver {
	return tenancy.Header(header, func(*http.Request) bool { return true })
}

// whoami answers with the tenant it finds.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	id, err := tenancy.From(r.Context())
	if errors.Is(err, tenancy.ErrNoTenant) {
		_, _ = io.WriteString(w, "nobody")
		return
	}
	_, _ = io.WriteString(w, id.String())
})

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestGateLetsThroughTheTenantsThatMayBeRead(t *testing.T) {
	t.Parallel()
	g := tenancy.Gate{Resolvers: []tenancy.Resolver{says("A")}, Directory: tenants(map[string]tenancy.State{
		"active": tenancy.Active, "exporting": tenancy.Exporting, "moving": tenancy.Moving,
		"provisioning": tenancy.Provisioning, "suspended": tenancy.Suspended,
		"purging": tenancy.Purging, "purged": tenancy.Purged, "strange": "strange", "stateless": ""})}
	for name, want := range map[string]int{
		"active": 200, "exporting": 200, "moving": 200, "provisioning": 403, "suspended": 403, "strange": 403, "stateless": 403,
		"purging": 404, "purged": 404, "unknown": 404, "Mal Formed": 400, "null": 400, "": 400,
	} {
		for _, h := range []http.Handler{g.Middleware(whoami), g.Public(whoami)} {
			w := serve(h, request("", "", "A", name))
			if name == "" && w.Code == 200 {
				require.Equal(t, "nobody", w.Body.String())
				continue
			}
			require.Equal(t, want, w.Code, name)
			if want == 200 {
				require.Equal(t, name, w.Body.String())
				continue
			}
			require.Equal(t, http.StatusText(want), strings.TrimSpace(w.Body.String()))
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		}
	}
	require.Equal(t, 400, serve(g.Middleware(whoami), request("", "")).Code)
	require.Equal(t, "nobody", serve(g.Public(whoami), request("", "")).Body.String())
}

func TestResolversThatDisagreeAreRefused(t *testing.T) {
	t.Parallel()
	all := tenants(map[string]tenancy.State{"a": tenancy.Active, "b": tenancy.Active})
	values := []string{"", "a", "b", "Bad!"}
	rapid.Check(t, func(t *rapid.T) {
		var resolvers []tenancy.Resolver
		r := request("", "")
		names, bad := map[string]bool{}, false
		for _, h := range []string{"A", "B", "C"}[:rapid.IntRange(0, 3).Draw(t, "resolvers")] {
			resolvers = append(resolvers, says(h))
			v := rapid.SampledFrom(values).Draw(t, h)
			r.Header.Set(h, v)
			if bad = bad || v == "Bad!"; v != "" {
				names[v] = true
			}
		}
		if v := rapid.SampledFrom(values[:3]).Draw(t, "context"); v != "" {
			r = r.WithContext(tenancy.With(r.Context(), tenancy.MustParseID(v)))
			names[v] = true
		}
		public := rapid.Bool().Draw(t, "public")
		g := tenancy.Gate{Directory: all, Resolvers: resolvers}
		h := g.Middleware(whoami)
		if public {
			h = g.Public(whoami)
		}
		w := serve(h, r)
		switch {
		case bad || len(names) > 1 || len(names) == 0 && !public:
			require.Equal(t, 400, w.Code)
		case len(names) == 0:
			require.Equal(t, "nobody", w.Body.String())
		default:
			require.Equal(t, 200, w.Code)
			require.True(t, names[w.Body.String()])
		}
	})
}

func TestGateRefusesAContextThatIsSpoiled(t *testing.T) {
	t.Parallel()
	g := tenancy.Gate{Directory: tenants(map[string]tenancy.State{"acme": tenancy.Active}), Resolvers: []tenancy.Resolver{says("A")}}
	for _, ctx := range []context.Context{
		tenancy.With(tenancy.With(t.Context(), acme), globex), tenancy.With(t.Context(), tenancy.ID{}),
	} {
		for _, h := range []http.Handler{g.Middleware(whoami), g.Public(whoami)} {
			require.Equal(t, 400, serve(h, request("", "", "A", "acme").WithContext(ctx)).Code)
			require.Equal(t, 400, serve(h, request("", "").WithContext(ctx)).Code)
		}
	}
}

func TestAServerServesTheTenantsOfItsRegion(t *testing.T) {
	t.Parallel()
	d := directory{}
	for _, region := range []string{"eu", "us", ""} {
		id := tenancy.MustParseID("t" + region)
		d[id] = tenancy.Tenant{ID: id, State: tenancy.Active, Region: tenancy.Region(region)}
	}
	for server, want := range map[tenancy.Region]map[string]int{
		"eu": {"teu": 200, "tus": 421, "t": 200},
		"us": {"teu": 421, "tus": 200, "t": 200},
		"":   {"teu": 421, "tus": 421, "t": 200},
	} {
		g := tenancy.Gate{Directory: d, Resolvers: []tenancy.Resolver{says("A")}, Region: server}
		for name, code := range want {
			require.Equal(t, code, serve(g.Middleware(whoami), request("", "", "A", name)).Code, "%s in %q", name, server)
		}
	}
}

func TestADirectoryThatDoesNotAnswerLetsNobodyIn(t *testing.T) {
	t.Parallel()
	secret := errors.New("dial postgres://user:pa55@db")
	var told error
	g := tenancy.Gate{Resolvers: []tenancy.Resolver{says("A")},
		Directory: lookup(func(context.Context, tenancy.ID) (tenancy.Tenant, error) { return tenancy.Tenant{}, secret })}
	w := serve(g.Middleware(whoami), request("", "", "A", "acme"))
	require.Equal(t, 503, w.Code)
	require.NotContains(t, w.Body.String(), "pa55")
	g.Refuse = func(w http.ResponseWriter, _ *http.Request, err error) {
		told = err
		w.WriteHeader(tenancy.StatusCode(err))
	}
	require.Equal(t, 503, serve(g.Middleware(whoami), request("", "", "A", "acme")).Code)
	require.ErrorIs(t, told, secret)
	require.Panics(t, func() { tenancy.Gate{}.Middleware(whoami) })
	require.Panics(t, func() { g.Middleware(nil) })
}

func TestAStatusSaysWhatWentWrongAndNotWhichTenantsThereWere(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]int{
		tenancy.ErrState: 409, tenancy.ErrExists: 409, tenancy.ErrStaleEpoch: 503, errors.New("other"): 503,
		tenancy.ErrPurged: 404, tenancy.ErrUnknownTenant: 404, tenancy.ErrNotActive: 403,
		fmt.Errorf("%w: %w", tenancy.ErrState, tenancy.ErrPurged): 404,
	} {
		require.Equal(t, want, tenancy.StatusCode(err), err)
		w := httptest.NewRecorder()
		tenancy.Refuse(w, request("", ""), fmt.Errorf("%w: of acme", err))
		require.Equal(t, http.StatusText(want)+"\n", w.Body.String())
	}
}

func TestGateHoldsAPlaceWhileTheHandlerRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, gateHoldsAPlace)
}

func gateHoldsAPlace(t *testing.T) {
	l := tenancy.NewLimiter(func(tenancy.ID) tenancy.Limit { return tenancy.Limit{Concurrent: 1, Rate: 0.5, Burst: 2} })
	g := tenancy.Gate{Directory: tenants(map[string]tenancy.State{"acme": tenancy.Active, "globex": tenancy.Active}),
		Resolvers: []tenancy.Resolver{says("A")}, Limiter: l}
	var inner *httptest.ResponseRecorder
	h := g.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		require.Equal(t, 1, l.Usage(acme).InFlight)
		inner = serve(g.Middleware(whoami), request("", "", "A", "acme"))
		require.Equal(t, 200, serve(g.Middleware(whoami), request("", "", "A", "globex")).Code)
		panic(http.ErrAbortHandler)
	}))
	require.Panics(t, func() { serve(h, request("", "", "A", "acme")) })
	require.Equal(t, 429, inner.Code)
	require.Equal(t, "1", inner.Header().Get("Retry-After"))
	require.Zero(t, l.Usage(acme).InFlight, "a handler that panics gives its place back")
	for range 2 {
		inner = serve(g.Middleware(whoami), request("", "", "A", "acme"))
	}
	require.Equal(t, 429, inner.Code)
	require.Equal(t, "2", inner.Header().Get("Retry-After"))
}
