package consent

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Over the wire, as the W3C text has it: section 3.3 of w3.org/TR/gpc.
func TestTheSignalIsExactlyOneInAnyFieldAndNoTrailer(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, GPC(r.Header))
	}))
	defer s.Close()
	for name, c := range map[string]struct {
		lines string
		want  bool
	}{
		"none":                  {"", false},
		"1":                     {"Sec-GPC: 1\r\n", true},
		"lower case":            {"sec-gpc: 1\r\n", true},
		"blanks around":         {"Sec-GPC: \t 1 \t\r\n", true},
		"0":                     {"Sec-GPC: 0\r\n", false},
		"empty":                 {"Sec-GPC:\r\n", false},
		"true":                  {"Sec-GPC: true\r\n", false},
		"?1":                    {"Sec-GPC: ?1\r\n", false},
		"11":                    {"Sec-GPC: 11\r\n", false},
		"01":                    {"Sec-GPC: 01\r\n", false},
		"quoted":                {"Sec-GPC: \"1\"\r\n", false},
		"a list":                {"Sec-GPC: 1, 1\r\n", false},
		"with a parameter":      {"Sec-GPC: 1;q=1\r\n", false},
		"two fields, one is 1":  {"Sec-GPC: 0\r\nSec-GPC: 1\r\n", true},
		"the other way round":   {"Sec-GPC: 1\r\nSec-GPC: 0\r\n", true},
		"two fields, none is 1": {"Sec-GPC: 0\r\nSec-GPC: true\r\n", false},
		"another name":          {"X-Sec-GPC: 1\r\nDNT: 1\r\n", false},
		"a trailer":             {"Trailer: Sec-GPC\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nSec-GPC: 1\r\n", false},
	} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		require.NoError(t, err)
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n%s\r\n", c.lines)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, name)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(c.want), string(body), name)
		require.NoError(t, conn.Close())
	}
	require.True(t, GPC(http.Header{"Sec-Gpc": {" 1 "}}), "what is around a value is no part of it")
	require.False(t, GPC(http.Header{"Sec-Gpc": {"1\u00a0", " ", "\x001"}}))
}

func TestTheSupportResourceIsWhatTheSpecificationAsksFor(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle(GPCResourcePath, GPCResource(time.Date(2026, 11, 22, 23, 30, 0, 0, time.FixedZone("", -7200))))
	s := httptest.NewServer(mux)
	defer s.Close()
	res, err := s.Client().Get(s.URL + "/.well-known/gpc.json")
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "application/json", res.Header.Get("Content-Type"))
	var got map[string]any
	require.NoError(t, json.NewDecoder(res.Body).Decode(&got))
	require.Equal(t, map[string]any{"gpc": true, "lastUpdate": "2026-11-23"}, got)
	head, err := s.Client().Head(s.URL + GPCResourcePath)
	require.NoError(t, err)
	require.NoError(t, head.Body.Close())
	require.Equal(t, http.StatusOK, head.StatusCode)
	post, err := s.Client().Post(s.URL+GPCResourcePath, "text/plain", strings.NewReader("x"))
	require.NoError(t, err)
	require.NoError(t, post.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, post.StatusCode)
	require.Equal(t, "GET, HEAD", post.Header.Get("Allow"))
}
