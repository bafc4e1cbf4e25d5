package tenancy_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func request(host, peer string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Host, r.RemoteAddr = host, peer
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func TestSubdomainReadsTheHost(t *testing.T) {
	t.Parallel()
	resolve := tenancy.Subdomain("Example.com.", "www", "api")
	for host, want := range map[string]string{
		"acme.example.com":      "acme",
		"acme.example.com:8443": "acme",
		"acme.example.com:":     "acme",
		"acme.example.com.":     "acme",
		"acme.example.com.:443": "acme",
		"ACME.Example.COM":      "acme",
		"6BA7B810-9DAD-11D1-80B4-00C04FD430C8.example.com": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
		// These name nobody.
		"": "", "example.com": "", "example.com:80": "", "www.example.com": "", "API.example.com": "",
		"acme.example.org": "", "acmeexample.com": "", "evil-example.com": "", "example.com.evil.org": "",
		"acme.example.com.evil.org": "", "127.0.0.1": "", "127.0.0.1:80": "", "[::1]": "", "[::1]:8080": "", "localhost": "",
	} {
		id, err := resolve(request(host, ""))
		require.NoError(t, err, host)
		require.Equal(t, want, id.String(), host)
	}
	for host, want := range map[string]error{
		"acme..example.com":                      tenancy.ErrMalformedHost,
		".example.com":                           tenancy.ErrMalformedHost,
		"acme.example.com..":                     tenancy.ErrMalformedHost,
		".":                                      tenancy.ErrMalformedHost,
		":80":                                    tenancy.ErrMalformedHost,
		"user@acme.example.com":                  tenancy.ErrMalformedHost,
		"acme.example.com@evil.org":              tenancy.ErrMalformedHost,
		"evil.org#.example.com":                  tenancy.ErrMalformedHost,
		"acme.example.com/../x":                  tenancy.ErrMalformedHost,
		"acme%2eexample.com":                     tenancy.ErrMalformedHost,
		"acme.example.com\x00":                   tenancy.ErrMalformedHost,
		"acme .example.com":                      tenancy.ErrMalformedHost,
		"acme.example.com:80:80":                 tenancy.ErrMalformedHost,
		"acme.example.com:http":                  tenancy.ErrMalformedHost,
		"acme.example.com:123456":                tenancy.ErrMalformedHost,
		"ácme.example.com":                       tenancy.ErrMalformedHost,
		"acme。example.com":                       tenancy.ErrMalformedHost,
		"[::1":                                   tenancy.ErrMalformedHost,
		"[acme].example.com":                     tenancy.ErrMalformedHost,
		"[::1]acme.example.com":                  tenancy.ErrMalformedHost,
		"[fe80::1%25eth0]":                       tenancy.ErrMalformedHost,
		"::1":                                    tenancy.ErrMalformedHost,
		"a[b].example.com":                       tenancy.ErrMalformedHost,
		strings.Repeat("a", 64) + ".example.com": tenancy.ErrMalformedHost,
		strings.Repeat("a.", 130) + "acme.example.com": tenancy.ErrMalformedHost,
		"a.b.example.com":         tenancy.ErrMalformedID,
		"www.acme.example.com":    tenancy.ErrMalformedID,
		"xn--cme-hoa.example.com": tenancy.ErrMalformedID,
		"XN--cme-hoa.example.com": tenancy.ErrMalformedID,
		"_acme.example.com":       tenancy.ErrMalformedID,
		"null.example.com":        tenancy.ErrMalformedID,
		"public.example.com":      tenancy.ErrMalformedID,
	} {
		id, err := resolve(request(host, ""))
		require.ErrorIs(t, err, want, host)
		require.True(t, id.IsZero())
		require.NotContains(t, err.Error(), "acme")
	}
	r := request("example.com", "", "X-Forwarded-Host", "acme.example.com", "Forwarded", "host=acme.example.com")
	id, err := resolve(r)
	require.NoError(t, err)
	require.True(t, id.IsZero(), "forwarded hosts are not read")
	for _, base := range []string{"", "[::1]", "exa mple.com", "a..b"} {
		require.Panics(t, func() { tenancy.Subdomain(base) }, base)
	}
}

func FuzzSubdomain(f *testing.F) {
	resolve := tenancy.Subdomain("example.com", "www")
	for _, h := range []string{"acme.example.com", "acme.example.com:80", "a.b.example.com", "[::1]:80", "x@y.example.com", "acme.example.com.", "İ.example.com", "K.example.com"} {
		f.Add(h)
	}
	f.Fuzz(func(t *testing.T, host string) {
		id, err := resolve(request(host, ""))
		if err != nil || id.IsZero() {
			require.True(t, id.IsZero())
			return
		}
		name, _, _ := strings.Cut(host, ":")
		require.Equal(t, id.String()+".example.com", strings.ToLower(strings.TrimSuffix(name, ".")))
		require.NotContains(t, id.String(), ".")
	})
}

func TestPathValueReadsWhatTheMuxMatched(t *testing.T) {
	t.Parallel()
	var got tenancy.ID
	var err error
	mux := http.NewServeMux()
	mux.HandleFunc("GET /t/{tenant}/inbox", func(_ http.ResponseWriter, r *http.Request) {
		got, err = tenancy.PathValue("tenant")(r)
	})
	get := func(path string) (int, string, error) {
		got, err = tenancy.ID{}, nil
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, got.String(), err
	}
	code, id, err := get("/t/acme/inbox")
	require.NoError(t, err)
	require.Equal(t, 200, code)
	require.Equal(t, "acme", id)
	for _, bad := range []string{"/t/a%2Fb/inbox", "/t/%2e%2e/inbox", "/t/ACME/inbox", "/t/acme%00/inbox", "/t/null/inbox", "/t/a%20b/inbox"} {
		_, id, err = get(bad)
		require.ErrorIs(t, err, tenancy.ErrMalformedID, bad)
		require.Empty(t, id)
	}
	code, id, err = get("/t/acme/../globex/inbox")
	require.NoError(t, err)
	require.NotEqual(t, 200, code)
	require.Empty(t, id)
	none, err := tenancy.PathValue("tenant")(request("", ""))
	require.NoError(t, err)
	require.True(t, none.IsZero(), "in front of the mux nobody answers")
}

func TestHeaderIsBelievedFromATrustedPeerOnly(t *testing.T) {
	t.Parallel()
	resolve := tenancy.Header("X-Tenant", tenancy.Peers(
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("::ffff:192.0.2.0/120")))
	for _, c := range []struct {
		peer   string
		values []string
		want   string
		err    error
	}{
		{"10.1.2.3:99", []string{"acme"}, "acme", nil},
		{"[::ffff:10.1.2.3]:99", []string{"acme"}, "acme", nil},
		{"[fd00::1%eth0]:99", []string{"acme"}, "acme", nil},
		{"192.0.2.7:99", []string{"acme"}, "acme", nil},
		{"10.1.2.3:99", nil, "", nil},
		{"10.1.2.3:99", []string{""}, "", nil},
		{"10.1.2.3:99", []string{"acme", "acme"}, "", tenancy.ErrConflict},
		{"10.1.2.3:99", []string{"acme, globex"}, "", tenancy.ErrMalformedID},
		{"10.1.2.3:99", []string{"Acme"}, "", tenancy.ErrMalformedID},
		{"11.1.2.3:99", []string{"acme"}, "", tenancy.ErrUntrusted},
		{"11.1.2.3:99", []string{""}, "", tenancy.ErrUntrusted},
		{"11.1.2.3:99", nil, "", nil},
		{"[::a01:203]:99", []string{"acme"}, "", tenancy.ErrUntrusted},
		{"@", []string{"acme"}, "", tenancy.ErrUntrusted},
		{"", []string{"acme"}, "", tenancy.ErrUntrusted},
		{"10.1.2.3", []string{"acme"}, "", tenancy.ErrUntrusted},
		{"localhost:99", []string{"acme"}, "", tenancy.ErrUntrusted},
	} {
		r := request("", c.peer)
		for _, v := range c.values {
			r.Header.Add("x-tenant", v)
		}
		r.Header.Set("X-Forwarded-For", "10.9.9.9")
		id, err := resolve(r)
		require.ErrorIs(t, err, c.err, "%+v", c)
		require.Equal(t, c.want, id.String(), "%+v", c)
	}
	require.Panics(t, func() { tenancy.Header("X-Tenant", nil) })
	_, err := tenancy.Header("X-Tenant", tenancy.Peers())(request("", "10.1.2.3:99", "X-Tenant", "acme"))
	require.ErrorIs(t, err, tenancy.ErrUntrusted, "no prefixes trust nobody")
	socket := request("", "10.1.2.3:99", "X-Tenant", "acme") // a name that the peer gave its end of the socket
	socket = socket.WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(&net.UnixAddr{Name: "s"})))
	_, err = resolve(socket)
	require.ErrorIs(t, err, tenancy.ErrUntrusted)
}
