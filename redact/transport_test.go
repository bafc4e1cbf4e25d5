package redact_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/bailiwick-dev/bailiwick/redact"
)

func TestAnExchangeIsLoggedAsAReadableGroup(t *testing.T) {
	t.Parallel()
	x := Exchange{Method: "GET", URL: "http://h/", Status: 200, ResponseHeader: http.Header{"Age": {"1"}}, ResponseBody: []byte(`{"n":1}`)}
	want := `"x":{"method":"GET","url":"http://h/","status":200,"took":0,"response":{"header":{"Age":["1"]},"body":"{\"n\":1}"}}`
	require.Contains(t, logged(func(l *slog.Logger) { l.Info("call", "x", x) }), want)
	x = Exchange{RequestBody: []byte("a"), RequestTrailer: http.Header{"B": {"c"}}, Err: Default().Error(errors.New("to " + plantedMail))}
	out := logged(func(l *slog.Logger) { l.Info("call", "x", x) })
	require.Contains(t, out, `"request":{"body":"a","trailer":{"B":["c"]}},"err":"to [redacted:email]"}`)
	require.NotContains(t, out, "response")
}

func TestAnExchangeIsLoggedRedactedOnBothSidesAndPassesUnchanged(t *testing.T) {
	t.Parallel()
	l := "[redacted:credential]"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(plantedMail))
	require.NoError(t, z.Close())
	for name, c := range map[string]struct{ kind, encoding, body, shown string }{
		"json":      {"application/json", "", `{"password":"` + plantedWord + `"}`, `{"password":"` + l + `"}`},
		"form":      {"application/x-www-form-urlencoded; charset=utf-8", "", "a=1&token=" + plantedToken, "a=1&token=" + l},
		"text":      {"text/plain", "", "to " + plantedMail, "to [redacted:email]"},
		"long":      {"text/plain", "", strings.Repeat(plantedMail+"\n", 1<<14), "[redacted:limit]"},
		"gzip":      {"text/plain", "gzip", packed.String(), "[redacted:encoded]"},
		"multipart": {"multipart/form-data; boundary=x", "", "--x\r\n\r\n" + plantedWord + "\r\n--x--", "[redacted:multipart]"},
		"binary":    {"application/octet-stream", "", "\x00" + plantedMail, "[redacted:binary]"},
		"empty":     {"", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := make(chan Exchange, 2)
			echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, err := io.ReadAll(r.Body)
				if err != nil || string(b) != c.body || r.Header.Get("Authorization") != "Bearer "+plantedWord {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				w.Header().Set("Set-Cookie", "sid="+plantedWord+"; Path=/")
				w.Header().Set("Content-Type", c.kind)
				if c.encoding != "" {
					w.Header().Set("Content-Encoding", c.encoding)
				}
				w.Header().Set("Trailer", "X-Api-Key")
				w.WriteHeader(http.StatusCreated)
				_, _ = w.Write(b)
				w.(http.Flusher).Flush()
				w.Header().Set("X-Api-Key", plantedWord)
			})
			srv := httptest.NewServer(Default().Middleware(func(x Exchange) { seen <- x })(echo))
			defer srv.Close()
			req, err := http.NewRequest("POST", srv.URL+"/"+plantedMail+"?token="+plantedToken, strings.NewReader(c.body))
			require.NoError(t, err)
			req.Header.Set("Authorization", "Bearer "+plantedWord)
			req.Header.Set("Content-Type", c.kind)
			req.Header.Set("Accept-Encoding", "identity")
			if c.encoding != "" {
				req.Header.Set("Content-Encoding", c.encoding)
			}
			body := req.Body
			rt := Default().Transport(srv.Client().Transport, func(x Exchange) { seen <- x })
			resp, err := rt.RoundTrip(req)
			require.NoError(t, err)
			require.Equal(t, body, req.Body, "the request is left alone")
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, c.body, string(got))
			require.Equal(t, plantedWord, resp.Trailer.Get("X-Api-Key"))
			for range 2 {
				x := <-seen
				require.Equal(t, http.StatusCreated, x.Status)
				require.Equal(t, c.shown, string(x.RequestBody))
				require.Equal(t, c.shown, string(x.ResponseBody))
				require.Equal(t, "sid="+l+"; Path=/", x.ResponseHeader.Get("Set-Cookie"))
				noneOf(t, dump(x))
				require.True(t, strings.HasSuffix(x.URL, "/[redacted:email]?token="+l), x.URL)
			}
		})
	}
}

type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no route to " + plantedMail)
}

func TestAnExchangeThatFailsIsLoggedToo(t *testing.T) {
	t.Parallel()
	var seen []Exchange
	rt := Default().Transport(refusing{}, func(x Exchange) { seen = append(seen, x) })
	_, err := rt.RoundTrip(httptest.NewRequest("GET", "http://h.example/", nil))
	require.ErrorContains(t, err, plantedMail, "the caller gets the error itself")
	require.Len(t, seen, 1)
	require.EqualError(t, seen[0].Err, "no route to [redacted:email]")

	h := Default().Middleware(func(x Exchange) { seen = append(seen, x) })(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("x") }))
	require.Panics(t, func() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/?password="+plantedWord, nil))
	})
	require.Len(t, seen, 2)
	noneOf(t, dump(seen[1]))
}

func TestABodyIsLoggedOnceAndOnlyAsFarAsItWasRead(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }))
	defer srv.Close()
	n := 0
	c := http.Client{Transport: Default().Transport(srv.Client().Transport, func(x Exchange) { n++; require.Empty(t, x.ResponseBody) })}
	resp, err := c.Get(srv.URL)
	require.NoError(t, err)
	require.Zero(t, n)
	require.NoError(t, resp.Body.Close())
	_ = resp.Body.Close()
	require.Equal(t, 1, n)
}
