package ipallow

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// serve sends one request of tenant id (zero: none) through the guard, and says whether it got through.
func serve(t *testing.T, h http.Handler, id tenancy.ID, remote string, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest("GET", "/admin/?token=secret", nil)
	r.RemoteAddr = remote
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	if !id.IsZero() {
		r = r.WithContext(tenancy.With(r.Context(), id))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	return w.Result(), string(body)
}

var portal = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the portal") })

func TestOnlyKnownNetworksReachThePortal(t *testing.T) {
	t.Parallel()
	s := newFake()
	s.set(t, acme, restricted(t, "203.0.113.0/24"))
	s.set(t, globex, Policy{Open: true})
	var seen []Decision
	g := newGuard(t, s, Options{Observe: func(_ context.Context, d Decision) { seen = append(seen, d) }})
	mux := http.NewServeMux()
	known := g.Middleware(clientsFor(t, "X-Forwarded-For").Addr)
	mux.Handle("/admin/", known(portal))
	mux.Handle("/", portal) // a route that is not guarded

	const proxy = "10.0.0.1:1"
	stranger := tenancy.MustParseID("initech")
	for name, c := range map[string]struct {
		id     tenancy.ID
		remote string
		header []string
		want   Reason
		addr   string
	}{
		"inside":                       {acme, "203.0.113.7:1", nil, Listed, "203.0.113.7"},
		"inside, through a proxy":      {acme, proxy, []string{"X-Forwarded-For", "203.0.113.7"}, Listed, "203.0.113.7"},
		"outside":                      {acme, "198.51.100.7:1", nil, NotListed, "198.51.100.7"},
		"outside, spoofing":            {acme, "198.51.100.7:1", []string{"X-Forwarded-For", "203.0.113.7"}, NotListed, "198.51.100.7"},
		"outside, spoofing at a proxy": {acme, proxy, []string{"X-Forwarded-For", "203.0.113.7, 198.51.100.7"}, NotListed, "198.51.100.7"},
		"header unreadable":            {acme, proxy, []string{"X-Forwarded-For", "203.0.113.7, unknown"}, NoAddress, ""},
		"header missing":               {acme, proxy, nil, NoAddress, ""},
		"open tenant":                  {globex, "198.51.100.7:1", nil, Open, "198.51.100.7"},
		"open tenant, no address":      {globex, proxy, []string{"X-Forwarded-For", "unknown"}, Open, ""},
		"unknown tenant":               {stranger, "203.0.113.7:1", nil, NoPolicy, "203.0.113.7"},
		"no tenant":                    {tenancy.ID{}, "203.0.113.7:1", nil, NoTenant, "203.0.113.7"},
	} {
		seen = nil
		resp, body := serve(t, mux, c.id, c.remote, c.header...)
		require.Len(t, seen, 1, name)
		d := seen[0]
		require.Equal(t, c.want, d.Reason, name)
		require.Equal(t, c.id, d.Tenant, name)
		if c.addr == "" {
			require.False(t, d.Addr.IsValid(), name)
		} else {
			require.Equal(t, netip.MustParseAddr(c.addr), d.Addr, name)
		}
		if c.want == Listed || c.want == Open {
			require.True(t, d.Allowed)
			require.Equal(t, "the portal", body, name)
			continue
		}
		require.False(t, d.Allowed)
		require.Equal(t, http.StatusForbidden, resp.StatusCode, name)
		require.Equal(t, "Forbidden\n", body, "every refusal is the same")
		require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
		if d.Err != nil {
			for _, secret := range []string{"203.0.113", "198.51.100", "secret", "10.0.0.1"} {
				require.NotContains(t, d.Err.Error(), secret)
			}
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	require.Equal(t, "the portal", w.Body.String())
}

func TestSessionBegunInsideIsOfNoUseOutside(t *testing.T) {
	t.Parallel()
	s := newFake()
	s.set(t, acme, restricted(t, "203.0.113.0/24"))
	clients, err := NewClients(Proxies{})
	require.NoError(t, err)
	h := newGuard(t, s, Options{}).Middleware(clients.Addr)(portal)
	resp, _ := serve(t, h, acme, "203.0.113.7:1", "Cookie", "session=1")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	resp, _ = serve(t, h, acme, "198.51.100.7:1", "Cookie", "session=1")
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
}

func TestStoreThatIsDownRefusesWithoutDetail(t *testing.T) {
	t.Parallel()
	s := newFake()
	s.onGet = func(context.Context) error { return errors.New("dial tcp 10.9.9.9: refused") }
	var got Decision
	g := newGuard(t, s, Options{OpenByDefault: true, Observe: func(_ context.Context, d Decision) { got = d }})
	clients, err := NewClients(Proxies{})
	require.NoError(t, err)
	resp, body := serve(t, g.Middleware(clients.Addr)(portal), acme, "203.0.113.7:1")
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
	require.Equal(t, "Forbidden\n", body)
	require.Equal(t, PolicyUnknown, got.Reason)
}

func TestContextOfTwoTenantsIsRefused(t *testing.T) {
	t.Parallel()
	s := newFake()
	s.set(t, acme, Policy{Open: true})
	s.set(t, globex, Policy{Open: true})
	clients, err := NewClients(Proxies{})
	require.NoError(t, err)
	h := newGuard(t, s, Options{}).Middleware(clients.Addr)(portal)
	r := httptest.NewRequest("GET", "/", nil)
	r = r.WithContext(tenancy.With(tenancy.With(r.Context(), acme), globex))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusForbidden, w.Code)
}

func TestAddressThatComesWithAnErrorIsNotUsed(t *testing.T) {
	t.Parallel()
	s := newFake()
	s.set(t, acme, restricted(t, "10.0.0.0/8"))
	h := newGuard(t, s, Options{}).Middleware(func(*http.Request) (netip.Addr, error) { return inside, ErrClient })(portal)
	resp, _ := serve(t, h, acme, "10.0.0.1:1")
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
}

func TestRefusalCanBeTheApplications(t *testing.T) {
	t.Parallel()
	s := newFake()
	s.set(t, acme, Policy{})
	teapot := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	clients, err := NewClients(Proxies{})
	require.NoError(t, err)
	resp, _ := serve(t, newGuard(t, s, Options{Refused: teapot}).Middleware(clients.Addr)(portal), acme, "10.0.0.1:1")
	require.Equal(t, http.StatusTeapot, resp.StatusCode)
}

func TestMiddlewareWithoutAClientFunctionPanicsAtStart(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { newGuard(t, newFake(), Options{}).Middleware(nil) })
}
