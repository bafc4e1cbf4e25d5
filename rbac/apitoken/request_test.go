package apitoken_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/stretchr/testify/require"
)

func TestOneBearerHeaderIsReadInAnyCase(t *testing.T) {
	t.Parallel()
	longest := apitoken.MustNew(strings.Repeat("a", 16), strings.Repeat("b", 16)).Mint().Secret.Reveal()
	for _, raw := range []string{published, longest} {
		for _, scheme := range []string{"Bearer", "bearer", "BEARER", "bEaReR"} {
			got, err := apitoken.FromRequest(&http.Request{Header: http.Header{"Authorization": {scheme + " " + raw}}})
			require.NoError(t, err)
			require.Equal(t, raw, got)
		}
	}
}

func TestEveryOtherFormOfTheHeaderIsRefused(t *testing.T) {
	t.Parallel()
	for _, values := range [][]string{
		{""}, {" "}, {"Bearer"}, {"Bearer "}, {"Bearer  "}, {published}, {"Bearer" + published}, {"Bearer\t" + published}, {"Bearer  " + published}, {" Bearer " + published}, {"Bearer " + published + " "},
		{"Bearer\u00a0" + published}, {"Bearer " + published + ","}, {"Bearer " + published + ", Bearer " + published}, {"Bearer " + published + " " + published}, {`Bearer "` + published + `"`},
		{"Bearer token=" + published}, {"Bearer: " + published}, {"Basic " + published}, {"Token " + published}, {"Bear " + published}, {"Bearers " + published}, {"Ｂearer " + published},
		{"Bearer " + published + "\n"}, {"Bearer " + published + "\x00"}, {"Bearer " + published[:20] + "é" + published[20:]}, {"Bearer " + strings.Repeat("a", 96)}, {"Bearer " + strings.Repeat("a", 1<<20)},
		{"Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"}, {"Basic dXNlcjpwYXNz"}, {"Digest username=x"}, {"Bearer " + published, "Bearer " + published}, {"Bearer " + published, ""}, {"", "Bearer " + published},
		{"Basic dXNlcjpwYXNz", "Bearer " + published},
	} {
		got, err := apitoken.FromRequest(&http.Request{Header: http.Header{"Authorization": values}})
		require.True(t, err == apitoken.ErrMalformed, "%q: %v", values, err) // the error itself: nothing was added to it
		require.Empty(t, got)
	}
}

func TestATokenElsewhereInARequestIsNotSeen(t *testing.T) {
	t.Parallel()
	form := "access_token=" + published + "&token=" + published
	r, err := http.NewRequestWithContext(context.Background(), "POST", "https://"+published+":x@app.example/"+published+"?"+form+"#"+published, strings.NewReader(form))
	require.NoError(t, err)
	r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Cookie": {"token=" + published + "; Authorization=Bearer " + published},
		"Proxy-Authorization": {"Bearer " + published}, "X-Api-Key": {published}, "X-Authorization": {"Bearer " + published}, "Sec-Websocket-Protocol": {"bearer, " + published}}
	r.Trailer = http.Header{"Authorization": {"Bearer " + published}}
	for _, r := range []*http.Request{r, {}, nil, {Header: http.Header{"Authorization": nil}}} {
		got, err := apitoken.FromRequest(r)
		require.ErrorIs(t, err, apitoken.ErrMissing)
		require.ErrorIs(t, err, apitoken.ErrMalformed)
		require.Empty(t, got)
	}
	require.NoError(t, r.ParseForm())
	require.Equal(t, published, r.Form.Get("access_token"), "it was there to be found, and the body was not read")
}

// As bytes over the wire, for the server has a say in what a header is.
func TestARequestOverTheWireHasOneHeader(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := apitoken.FromRequest(r)
		_, _ = fmt.Fprintf(w, "%t %v", raw == published, err)
	}))
	defer s.Close()
	for head, want := range map[string]string{
		"Authorization: Bearer " + published:                                               "true <nil>",
		"authorization:bearer " + published:                                                "true <nil>",
		"AUTHORIZATION: \t BEARER " + published + " \t":                                    "true <nil>",
		"Authorization: Bearer " + published + "\r\nauthorization: Bearer " + published:    "false " + apitoken.ErrMalformed.Error(),
		"Authorization: Basic eA==\r\nAuthorization: Bearer " + published:                  "false " + apitoken.ErrMalformed.Error(),
		"Authorization:\r\nAuthorization: Bearer " + published:                             "false " + apitoken.ErrMalformed.Error(),
		"Authorization: Bearer " + published[:30] + "\r\n " + published[30:]:               "false " + apitoken.ErrMalformed.Error(), // folded
		"Authorization_: Bearer " + published + "\r\nX-Authorization: Bearer " + published: "false " + apitoken.ErrMissing.Error(),
	} {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		require.NoError(t, err)
		_, err = fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: app.example\r\n%s\r\nConnection: close\r\n\r\n", head)
		require.NoError(t, err)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		got := make([]byte, 200)
		n, _ := resp.Body.Read(got)
		require.Equal(t, want, string(got[:n]), head)
		require.NoError(t, c.Close())
	}
}

func TestReadingTheHeaderAllocatesNothing(t *testing.T) {
	for _, v := range []string{"Bearer " + published, "Basic x", "Bearer " + strings.Repeat("_", 80)} {
		r := &http.Request{Header: http.Header{"Authorization": {v}}}
		require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = apitoken.FromRequest(r) }))
	}
}

// FuzzFromRequest: what is returned is what stands behind the scheme, in one value, and could be a token.
func FuzzFromRequest(f *testing.F) {
	for _, s := range []string{"Bearer " + published, "bearer x", "Bearer  x", "Bearer x y", "Bearer", "Basic x", "", "Bearer x,y", "Bearer \x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		raw, err := apitoken.FromRequest(&http.Request{Header: http.Header{"Authorization": {value}}})
		scheme, rest, _ := strings.Cut(value, " ")
		want := strings.EqualFold(scheme, "bearer") && rest != "" && len(rest) <= 95 && strings.Trim(rest, alphabet+"_") == ""
		if want != (err == nil) || want && raw != rest || !want && (raw != "" || err != apitoken.ErrMalformed) {
			t.Fatalf("%q: %q, %v", value, raw, err)
		}
	})
}
