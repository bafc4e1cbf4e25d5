package ipallow

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestForwardedIsReadAsRFC7239WritesIt(t *testing.T) {
	t.Parallel()
	const f = "Forwarded"
	var cases []clientCase
	for _, c := range []struct{ name, line, want string }{
		{"token", `for=203.0.113.7`, "203.0.113.7"},
		{"name in any case", `For=203.0.113.7`, "203.0.113.7"},
		{"with other parameters", `by=10.0.0.1;for=203.0.113.7;host=example.com;proto=https`, "203.0.113.7"},
		{"quoted IPv4", `for="203.0.113.7"`, "203.0.113.7"},
		{"quoted IPv4 with port", `for="203.0.113.7:4711"`, "203.0.113.7"},
		{"IPv6", `for="[2001:db8::7]"`, "2001:db8::7"},
		{"IPv6 with port", `For="[2001:db8:cafe::17]:4711"`, "2001:db8:cafe::17"},
		{"mapped", `for="[::ffff:203.0.113.7]"`, "203.0.113.7"},
		{"two hops", `for=203.0.113.7, for=173.245.48.9`, "203.0.113.7"},
		{"spoofed leftmost", `for=127.0.0.1, for=203.0.113.7, for=173.245.48.9`, "203.0.113.7"},
		{"comma in quotes", `for=203.0.113.7;host="a, for=127.0.0.1", for=10.0.0.1`, "203.0.113.7"},
		{"semicolon in quotes", `host="a;for=127.0.0.1";for=203.0.113.7`, "203.0.113.7"},
		{"escaped quote in quotes", `for=203.0.113.7;host="a\", for=127.0.0.1;b=\""`, "203.0.113.7"},
		{"escaped backslash before the quote", `for=203.0.113.7;host="a\\", for=10.0.0.1`, "203.0.113.7"},
		{"client left a quote open", `for="127.0.0.1, for=203.0.113.7`, "203.0.113.7"},
		{"client left an escape open", `for="\, for=203.0.113.7;host="h"`, "203.0.113.7"},
		{"space after semicolon", `for=203.0.113.7; proto=https`, "203.0.113.7"},
		{"empty pair", `for=203.0.113.7;;proto=https;`, "203.0.113.7"},
		{"unknown left of the client", `for=unknown, for=203.0.113.7`, "203.0.113.7"},

		{"unknown", `for=127.0.0.1, for=unknown`, ""},
		{"obfuscated", `for=127.0.0.1, for=_gazonk`, ""},
		{"obfuscated with port", `for="_gazonk:1234"`, ""},
		{"obfuscated port", `for="203.0.113.7:_port"`, ""},
		{"hop without for", `for=127.0.0.1, proto=https`, ""},
		{"for twice", `for=203.0.113.7;for=127.0.0.1`, ""},
		{"for twice, the same", `for=203.0.113.7;FOR=203.0.113.7`, ""},
		{"IPv6 without quotes", `for=[2001:db8::7]`, ""},
		{"IPv6 without brackets", `for="2001:db8::7"`, ""},
		{"mapped without brackets", `for="::ffff:203.0.113.7"`, ""},
		{"port without quotes", `for=203.0.113.7:80`, ""},
		{"plain address", `203.0.113.7`, ""},
		{"empty element", `for=127.0.0.1, , for=10.0.0.1`, ""},
		{"empty value", `for=`, ""},
		{"empty quoted value", `for=""`, ""},
		{"space before =", `for =203.0.113.7`, ""},
		{"space after =", `for= 203.0.113.7`, ""},
		{"quote open at the right", `for=127.0.0.1, for="203.0.113.7`, ""},
		{"escape in the address", `for="203.0.113.\7"`, ""},
		{"junk after quotes", `for="203.0.113.7"x`, ""},
		{"zone", `for="[fe80::1%25eth0]"`, ""},
		{"trusted proxies only", `for=10.0.0.1, for=10.0.0.2`, ""},
		{"control character", "for=203.0.113.7;host=\"\x01\"", ""},
		{"parameter without value", `for=203.0.113.7;secret`, ""},
		{"parameter with a bad name", `for=203.0.113.7;pro to=https`, ""},
		{"long element", `for=203.0.113.7;host="` + strings.Repeat("a", maxForwardedElement) + `"`, ""},
		{"long run of escapes", `for=203.0.113.7;host="` + strings.Repeat(`\"`, 1<<16) + `"`, ""},
		{"long chain of proxies", `for=203.0.113.7` + strings.Repeat(",for=10.0.0.1", 100_000), ""},
	} {
		cases = append(cases, clientCase{c.name, "10.1.2.3:80", []string{f, c.line}, c.want})
	}
	runClientCases(t, clientsFor(t, f), append(cases,
		clientCase{"lines are one list", "10.1.2.3:80", []string{f, "for=127.0.0.1", f, "for=203.0.113.7", f, "for=10.0.0.1"}, "203.0.113.7"},
		clientCase{"a quote does not reach over lines", "10.1.2.3:80", []string{f, `for="127.0.0.1`, f, `for=203.0.113.7;host="h"`}, "203.0.113.7"},
		clientCase{"X-Forwarded-For beside it is ignored", "10.1.2.3:80", []string{"X-Forwarded-For", "198.51.100.1", f, "for=203.0.113.7"}, "203.0.113.7"},
		clientCase{"X-Forwarded-For in its place is ignored", "10.1.2.3:80", []string{"X-Forwarded-For", "203.0.113.7"}, ""},
		clientCase{"missing", "10.1.2.3:80", nil, ""},
	))
}

// FuzzClient holds any header to what the documentation of Addr says of its answers.
func FuzzClient(f *testing.F) {
	for _, s := range []string{
		"203.0.113.7", "1.1.1.1, 203.0.113.7:80, 173.245.48.9", "[2001:db8::7]:80", "::ffff:10.0.0.1", "fe80::1%eth0",
		`for=203.0.113.7`, `for="[2001:db8::7]:80";proto=https, for=10.0.0.1`, `for="a\", b";for=_x`, `for="`, ",", "", "unknown",
	} {
		f.Add(s, "10.0.0.1")
		f.Add("127.0.0.1", s)
	}
	var all []*Clients
	for _, h := range []string{"X-Forwarded-For", "Forwarded", "X-Real-IP"} {
		c, err := NewClients(Proxies{Trusted: testProxies, Header: h})
		require.NoError(f, err)
		all = append(all, c)
	}
	f.Fuzz(func(t *testing.T, first, last string) {
		for _, c := range all {
			r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{c.header: {first, last}}}
			a, err := c.Addr(r)
			if err != nil {
				require.ErrorIs(t, err, ErrClient)
				require.False(t, a.IsValid())
				continue
			}
			require.True(t, a.IsValid() && !a.Is4In6() && a.Zone() == "" && !a.IsUnspecified(), a)
			require.False(t, c.trusted.Contains(a), a)

			// Another client, appended by a proxy, is the answer whatever stood there before.
			hop := "203.0.113.99"
			if c.header == "Forwarded" {
				hop = "for=203.0.113.99"
			}
			r.Header[c.header] = []string{first, last + "," + hop}
			if a, err = c.Addr(r); c.header != "X-Real-Ip" {
				require.NoError(t, err)
				require.Equal(t, "203.0.113.99", a.String())
			}
		}
	})
}
