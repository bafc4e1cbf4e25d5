package ipallow

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var testProxies = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("173.245.48.0/20"),
	netip.MustParsePrefix("2001:db8:ffff::/48"), netip.MustParsePrefix("fe80::/10"),
}

func clientsFor(t testing.TB, header string) *Clients {
	t.Helper()
	c, err := NewClients(Proxies{Trusted: testProxies, Header: header})
	require.NoError(t, err)
	return c
}

// request builds one as net/http hands it to a handler: names are canonical, lines are in order.
func request(remote string, header ...string) *http.Request {
	r := &http.Request{RemoteAddr: remote, Header: http.Header{}}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

type clientCase struct {
	name, remote string
	header       []string
	want         string // "" for ErrClient
}

func runClientCases(t *testing.T, c *Clients, cases []clientCase) {
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := c.Addr(request(tc.remote, tc.header...))
			if tc.want == "" {
				require.ErrorIs(t, err, ErrClient)
				require.False(t, got.IsValid())
				return
			}
			require.NoError(t, err)
			require.Equal(t, netip.MustParseAddr(tc.want), got)
		})
	}
}

func TestWithoutProxiesTheConnectionsPeerIsTheClient(t *testing.T) {
	t.Parallel()
	c, err := NewClients(Proxies{})
	require.NoError(t, err)
	spoof := []string{"X-Forwarded-For", "198.51.100.1", "Forwarded", "for=198.51.100.1", "X-Real-Ip", "198.51.100.1"}
	runClientCases(t, c, []clientCase{
		{"IPv4", "203.0.113.7:4711", spoof, "203.0.113.7"},
		{"IPv6", "[2001:db8::7]:4711", spoof, "2001:db8::7"},
		{"loopback is no exception", "127.0.0.1:4711", spoof, "127.0.0.1"},
		{"IPv4-mapped", "[::ffff:203.0.113.7]:4711", spoof, "203.0.113.7"},
		{"zone of a link-local peer is taken off", "[fe80::1%eth0]:4711", spoof, "fe80::1"},
		{"no port: something rewrote RemoteAddr", "203.0.113.7", spoof, ""},
		{"unix socket", "@", spoof, ""},
		{"empty", "", spoof, ""},
		{"a name", "localhost:80", spoof, ""},
		{"unspecified", "0.0.0.0:80", spoof, ""},
		{"leading zero", "010.0.0.1:80", spoof, ""},
	})
}

func TestClientIsTheRightmostAddressNoProxyHas(t *testing.T) {
	t.Parallel()
	const xff = "X-Forwarded-For"
	runClientCases(t, clientsFor(t, "x-forwarded-for"), []clientCase{
		{"one hop", "10.1.2.3:80", []string{xff, "203.0.113.7"}, "203.0.113.7"},
		{"two hops", "10.1.2.3:80", []string{xff, "203.0.113.7, 173.245.48.9"}, "203.0.113.7"},
		{"spoofed leftmost", "10.1.2.3:80", []string{xff, "127.0.0.1, 203.0.113.7, 173.245.48.9"}, "203.0.113.7"},
		{"spoofed as a trusted proxy", "10.1.2.3:80", []string{xff, "198.51.100.1, 10.9.9.9, 203.0.113.7"}, "203.0.113.7"},
		{"spoofed by a line of its own before", "10.1.2.3:80", []string{xff, "198.51.100.1", xff, "203.0.113.7"}, "203.0.113.7"},
		{"proxies on lines of their own", "10.1.2.3:80", []string{xff, "198.51.100.1", xff, "203.0.113.7", xff, "173.245.48.9", xff, "10.0.0.9"}, "203.0.113.7"},
		{"peer is not trusted", "203.0.113.99:80", []string{xff, "198.51.100.1"}, "203.0.113.99"},
		{"peer is not trusted and header is junk", "203.0.113.99:80", []string{xff, ",,unknown"}, "203.0.113.99"},
		{"mapped peer is the trusted proxy it maps", "[::ffff:10.1.2.3]:80", []string{xff, "203.0.113.7"}, "203.0.113.7"},
		{"peer with zone", "[fe80::9%eth0]:80", []string{xff, "203.0.113.7"}, "203.0.113.7"},
		{"white space", "10.1.2.3:80", []string{xff, "198.51.100.1 ,\t 203.0.113.7 \t,\t173.245.48.9  "}, "203.0.113.7"},
		{"no white space", "10.1.2.3:80", []string{xff, "198.51.100.1,203.0.113.7,173.245.48.9"}, "203.0.113.7"},
		{"IPv4 with port", "10.1.2.3:80", []string{xff, "203.0.113.7:49152"}, "203.0.113.7"},
		{"IPv6", "10.1.2.3:80", []string{xff, "2001:db8::7, 2001:db8:ffff::1"}, "2001:db8::7"},
		{"IPv6 in brackets", "10.1.2.3:80", []string{xff, "[2001:db8::7]"}, "2001:db8::7"},
		{"IPv6 in brackets with port", "10.1.2.3:80", []string{xff, "[2001:DB8::7]:49152"}, "2001:db8::7"},
		{"mapped client", "10.1.2.3:80", []string{xff, "::ffff:203.0.113.7"}, "203.0.113.7"},
		{"mapped client in hexadecimal", "10.1.2.3:80", []string{xff, "::ffff:cb00:7107"}, "203.0.113.7"},
		{"mapped trusted hop", "10.1.2.3:80", []string{xff, "203.0.113.7, ::ffff:10.0.0.1"}, "203.0.113.7"},
		{"6to4 of a trusted address is itself", "10.1.2.3:80", []string{xff, "198.51.100.1, 2002:a00:1::1"}, "2002:a00:1::1"},
		{"NAT64 of a trusted address is itself", "10.1.2.3:80", []string{xff, "198.51.100.1, 64:ff9b::10.0.0.1"}, "64:ff9b::a00:1"},
		{"IPv4-compatible of a trusted address is itself", "10.1.2.3:80", []string{xff, "198.51.100.1, ::10.0.0.1"}, "::a00:1"},
		{"Teredo is itself", "10.1.2.3:80", []string{xff, "2001:0:a00:1::1"}, "2001:0:a00:1::1"},
		{"junk left of the client is not looked at", "10.1.2.3:80", []string{xff, strings.Repeat("<script>,", 5000) + "203.0.113.7"}, "203.0.113.7"},
		{"other headers are ignored", "10.1.2.3:80", []string{"Forwarded", "for=198.51.100.1", "X-Real-IP", "198.51.100.2", "True-Client-IP", "198.51.100.3", "X_Forwarded_For", "198.51.100.4", xff, "203.0.113.7"}, "203.0.113.7"},

		{"no header", "10.1.2.3:80", nil, ""},
		{"only another header", "10.1.2.3:80", []string{"Forwarded", "for=203.0.113.7"}, ""},
		{"name with underscores", "10.1.2.3:80", []string{"X_Forwarded_For", "203.0.113.7"}, ""},
		{"stripped as hop-by-hop, then appended to", "10.1.2.3:80", []string{"Connection", "close, X-Forwarded-For", xff, "10.0.0.2"}, ""},
		{"trusted proxies only", "10.1.2.3:80", []string{xff, "10.0.0.1, 173.245.48.9"}, ""},
		{"empty header", "10.1.2.3:80", []string{xff, ""}, ""},
		{"empty line last", "10.1.2.3:80", []string{xff, "203.0.113.7", xff, ""}, ""},
		{"empty element: a hop nobody vouches for", "10.1.2.3:80", []string{xff, "198.51.100.1, , 10.0.0.1"}, ""},
		{"trailing comma", "10.1.2.3:80", []string{xff, "203.0.113.7,"}, ""},
		{"unknown", "10.1.2.3:80", []string{xff, "198.51.100.1, unknown"}, ""},
		{"obfuscated", "10.1.2.3:80", []string{xff, "198.51.100.1, _hidden"}, ""},
		{"a proxy's unix socket", "10.1.2.3:80", []string{xff, "198.51.100.1, unix:"}, ""},
		{"a host name", "10.1.2.3:80", []string{xff, "198.51.100.1, localhost"}, ""},
		{"zone", "10.1.2.3:80", []string{xff, "fe80::1%eth0"}, ""},
		{"zone in brackets", "10.1.2.3:80", []string{xff, "[2001:db8::7%25eth0]"}, ""},
		{"zone on a mapped address", "10.1.2.3:80", []string{xff, "::ffff:203.0.113.7%1"}, ""},
		{"leading zero", "10.1.2.3:80", []string{xff, "203.0.113.007"}, ""},
		{"leading zero in a mapped address", "10.1.2.3:80", []string{xff, "::ffff:203.0.113.007"}, ""},
		{"octal that is ten elsewhere", "10.1.2.3:80", []string{xff, "198.51.100.1, 012.0.0.1"}, ""},
		{"hexadecimal", "10.1.2.3:80", []string{xff, "0xcb.0.113.7"}, ""},
		{"one number", "10.1.2.3:80", []string{xff, "3405803783"}, ""},
		{"three parts", "10.1.2.3:80", []string{xff, "203.0.113"}, ""},
		{"a network", "10.1.2.3:80", []string{xff, "203.0.113.0/24"}, ""},
		{"quotes", "10.1.2.3:80", []string{xff, `"203.0.113.7"`}, ""},
		{"syntax of Forwarded", "10.1.2.3:80", []string{xff, "for=203.0.113.7"}, ""},
		{"unspecified IPv4", "10.1.2.3:80", []string{xff, "0.0.0.0"}, ""},
		{"unspecified IPv6", "10.1.2.3:80", []string{xff, "::"}, ""},
		{"unspecified mapped", "10.1.2.3:80", []string{xff, "::ffff:0.0.0.0"}, ""},
		{"IPv4 in brackets", "10.1.2.3:80", []string{xff, "[203.0.113.7]"}, ""},
		{"open bracket", "10.1.2.3:80", []string{xff, "[2001:db8::7"}, ""},
		{"close bracket", "10.1.2.3:80", []string{xff, "2001:db8::7]"}, ""},
		{"junk after bracket", "10.1.2.3:80", []string{xff, "[2001:db8::7]x"}, ""},
		{"empty port", "10.1.2.3:80", []string{xff, "203.0.113.7:"}, ""},
		{"port too large", "10.1.2.3:80", []string{xff, "203.0.113.7:65536"}, ""},
		{"port is a name", "10.1.2.3:80", []string{xff, "203.0.113.7:http"}, ""},
		{"signed port", "10.1.2.3:80", []string{xff, "203.0.113.7:+80"}, ""},
		{"space inside", "10.1.2.3:80", []string{xff, "203.0. 113.7"}, ""},
		{"NUL", "10.1.2.3:80", []string{xff, "203.0.113.7\x00"}, ""},
		{"full-width digits", "10.1.2.3:80", []string{xff, "２03.0.113.7"}, ""},
		{"no-break space is no white space here", "10.1.2.3:80", []string{xff, "\u00a0203.0.113.7"}, ""},
		{"semicolon list", "10.1.2.3:80", []string{xff, "198.51.100.1; 203.0.113.7"}, ""},
		{"absurdly long element", "10.1.2.3:80", []string{xff, strings.Repeat(" ", 1<<16) + "203.0.113.7"}, ""},
		{"absurdly long chain of proxies", "10.1.2.3:80", []string{xff, "203.0.113.7" + strings.Repeat(",10.0.0.1", 100_000)}, ""},
		{"absurdly many lines", "10.1.2.3:80", append([]string{xff, "203.0.113.7"}, strings.Split(strings.Repeat(xff+"|10.0.0.1|", 5000), "|")...), ""},
	})
}

func TestLongestAcceptedChainIsMaxHops(t *testing.T) {
	t.Parallel()
	c := clientsFor(t, "X-Forwarded-For")
	chain := func(n int) string { return "203.0.113.7" + strings.Repeat(",10.0.0.1", n-1) }
	a, err := c.Addr(request("10.0.0.1:1", "X-Forwarded-For", chain(maxHops)))
	require.NoError(t, err)
	require.Equal(t, "203.0.113.7", a.String())
	_, err = c.Addr(request("10.0.0.1:1", "X-Forwarded-For", chain(maxHops+1)))
	require.ErrorIs(t, err, ErrClient)
}

func TestSingleHeaderHoldsOneAddressOnOneLine(t *testing.T) {
	t.Parallel()
	const h = "CF-Connecting-IP"
	runClientCases(t, clientsFor(t, h), []clientCase{
		{"plain", "10.1.2.3:80", []string{h, "203.0.113.7"}, "203.0.113.7"},
		{"white space", "10.1.2.3:80", []string{h, " 203.0.113.7\t"}, "203.0.113.7"},
		{"IPv6", "10.1.2.3:80", []string{h, "2001:db8::7"}, "2001:db8::7"},
		{"mapped", "10.1.2.3:80", []string{h, "::ffff:203.0.113.7"}, "203.0.113.7"},
		{"X-Forwarded-For beside it is ignored", "10.1.2.3:80", []string{"X-Forwarded-For", "198.51.100.1", h, "203.0.113.7"}, "203.0.113.7"},
		{"peer is not trusted", "203.0.113.99:80", []string{h, "198.51.100.1"}, "203.0.113.99"},
		{"two lines: one is the client's own", "10.1.2.3:80", []string{h, "198.51.100.1", h, "203.0.113.7"}, ""},
		{"a list", "10.1.2.3:80", []string{h, "198.51.100.1, 203.0.113.7"}, ""},
		{"missing", "10.1.2.3:80", []string{"X-Forwarded-For", "203.0.113.7"}, ""},
		{"empty", "10.1.2.3:80", []string{h, ""}, ""},
		{"a proxy", "10.1.2.3:80", []string{h, "10.0.0.1"}, ""},
		{"zone", "10.1.2.3:80", []string{h, "fe80::1%1"}, ""},
		{"too long", "10.1.2.3:80", []string{h, strings.Repeat(" ", 1<<16)}, ""},
	})
}

func TestUnixSocketIsTrustedOnlyWhenSaidSo(t *testing.T) {
	t.Parallel()
	yes, err := NewClients(Proxies{Sockets: true, Header: "X-Forwarded-For"})
	require.NoError(t, err)
	no := clientsFor(t, "X-Forwarded-For")

	got := make(chan [2]string, 1)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text := func(c *Clients) string {
			a, err := c.Addr(r)
			if err != nil {
				return "refused"
			}
			return a.String()
		}
		got <- [2]string{text(yes), text(no)}
	}))
	path := filepath.Join(t.TempDir(), "s")
	srv.Listener.Close()
	srv.Listener, err = net.Listen("unix", path)
	require.NoError(t, err)
	srv.Start()
	defer srv.Close()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequest("GET", "http://socket/", nil)
	require.NoError(t, err)
	r.Header.Set("X-Forwarded-For", "198.51.100.1, 203.0.113.7")
	resp, err := transport.RoundTrip(r)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, [2]string{"203.0.113.7", "refused"}, <-got)

	// The text that unix sockets have in RemoteAddr is not enough.
	_, err = yes.Addr(request("@", "X-Forwarded-For", "203.0.113.7"))
	require.ErrorIs(t, err, ErrClient)
	// Whoever connects names its own end, and that can look like anyone's address.
	for _, name := range []string{"203.0.113.7:80", "10.1.2.3:80"} {
		r := request(name, "X-Forwarded-For", "198.51.100.1")
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(&net.UnixAddr{Name: path})))
		_, err = no.Addr(r)
		require.ErrorIs(t, err, ErrClient, name)
		a, err := yes.Addr(r)
		require.NoError(t, err)
		require.Equal(t, "198.51.100.1", a.String(), name)
	}
	// And a TCP peer of that server is still a stranger.
	a, err := yes.Addr(request("192.0.2.1:1", "X-Forwarded-For", "203.0.113.7"))
	require.NoError(t, err)
	require.Equal(t, "192.0.2.1", a.String())
}

func TestUnusableProxiesAreRefusedAtStart(t *testing.T) {
	t.Parallel()
	p := netip.MustParsePrefix
	for name, bad := range map[string]Proxies{
		"header nobody writes":      {Header: "X-Forwarded-For"},
		"trust without header":      {Trusted: testProxies},
		"sockets without header":    {Sockets: true},
		"everyone":                  {Trusted: []netip.Prefix{p("0.0.0.0/0")}, Header: "Forwarded"},
		"everyone, IPv6":            {Trusted: []netip.Prefix{p("::/0")}, Header: "Forwarded"},
		"everyone in two halves":    {Trusted: []netip.Prefix{p("0.0.0.0/1"), p("128.0.0.0/1")}, Header: "Forwarded"},
		"all public IPv6":           {Trusted: []netip.Prefix{p("2000::/3")}, Header: "Forwarded"},
		"everyone, mapped":          {Trusted: []netip.Prefix{p("::ffff:0:0/96")}, Header: "Forwarded"},
		"host bits":                 {Trusted: []netip.Prefix{p("10.0.0.1/8")}, Header: "Forwarded"},
		"zero prefix":               {Trusted: []netip.Prefix{{}}, Header: "Forwarded"},
		"header with a space":       {Trusted: testProxies, Header: "X Real IP"},
		"header with a line break":  {Trusted: testProxies, Header: "X-Real-IP\r\nX"},
		"header net/http takes out": {Trusted: testProxies, Header: "host"},
	} {
		_, err := NewClients(bad)
		require.ErrorIs(t, err, ErrProxies, name)
	}
}

func TestMappedProxyPrefixTrustsTheIPv4Network(t *testing.T) {
	t.Parallel()
	c, err := NewClients(Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")}, Header: "X-Real-IP"})
	require.NoError(t, err)
	a, err := c.Addr(request("10.7.7.7:1", "X-Real-IP", "203.0.113.7"))
	require.NoError(t, err)
	require.Equal(t, "203.0.113.7", a.String())
}

// What the client writes comes before what the proxies append. Whatever it is, the answer is the same.
func TestNothingAClientWritesChangesItsAddress(t *testing.T) {
	t.Parallel()
	type style struct {
		header string
		hop    func(netip.Addr) string
	}
	for _, s := range []style{
		{"X-Forwarded-For", func(a netip.Addr) string { return a.String() }},
		{"Forwarded", func(a netip.Addr) string {
			if a.Is4() {
				return `for=` + a.String() + `;proto=https;host="a\", b"`
			}
			return `proto=https;for="[` + a.String() + `]:443";by=_me`
		}},
	} {
		c := clientsFor(t, s.header)
		t.Run(s.header, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				client := drawAddr(t, "client")
				if c.trusted.Contains(client) || client.IsUnspecified() {
					t.Skip("a proxy")
				}
				spoofed := rapid.SliceOfN(rapid.OneOf(
					rapid.StringOfN(rapid.RuneFrom([]rune("\",;=\\[]: for127.0.1%_")), 0, 40, -1),
					rapid.SampledFrom([]string{"127.0.0.1", "10.0.0.1", `for=10.0.0.1`, `for="`, `for="x\`, "", `"`, `for=1.1.1.1;x="`}),
				), 0, 3).Draw(t, "spoofed")
				chain := []string{s.hop(client)}
				for range rapid.IntRange(0, 3).Draw(t, "proxies") {
					chain = append(chain, s.hop(netip.MustParseAddr(rapid.SampledFrom([]string{"10.1.1.1", "173.245.48.1", "2001:db8:ffff::5"}).Draw(t, "proxy"))))
				}
				lines := spoofed
				for _, hop := range chain { // each proxy appends to the last line, or adds one
					if len(lines) > 0 && rapid.Bool().Draw(t, "append") {
						lines[len(lines)-1] += ", " + hop
					} else {
						lines = append(lines, hop)
					}
				}
				r := request("10.0.0.1:1")
				r.Header[c.header] = lines
				a, err := c.Addr(r)
				if err != nil || a != client {
					t.Fatalf("%q: got %v, %v; want %v", lines, a, err, client)
				}
			})
		})
	}
}

func drawAddr(t *rapid.T, label string) netip.Addr {
	if rapid.Bool().Draw(t, label+" is IPv4") {
		return netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, label)))
	}
	return netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label))).Unmap()
}

func TestFindingTheClientAllocatesNothing(t *testing.T) {
	for header, line := range map[string]string{
		"X-Forwarded-For": "1.1.1.1, 203.0.113.7, 173.245.48.9",
		"Forwarded":       `for=1.1.1.1, for="[2001:db8::7]:443";proto=https, for=173.245.48.9;host="x.example"`,
		"X-Real-IP":       "203.0.113.7",
	} {
		c := clientsFor(t, header)
		r := request("[::ffff:10.1.2.3]:4711", header, line)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if _, err := c.Addr(r); err != nil {
				t.Error(err)
			}
		}), header)
	}
}
