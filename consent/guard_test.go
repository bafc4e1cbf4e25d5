package consent

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

var acme = tenancy.MustParseID("acme")

// inAcme puts requests into the tenant.
func inAcme(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(tenancy.With(r.Context(), acme)))
	})
}

func manager(t testing.TB, change func(*Config)) *Manager {
	t.Helper()
	c := Config{Registry: registry(t), Keys: tenancy.Keys{Current: testKey("k1")}}
	if change != nil {
		change(&c)
	}
	m, err := New(c)
	require.NoError(t, err)
	m.now = func() time.Time { return noon }
	return m
}

// A way sets the cookie that line sets, and answers.
type way struct {
	name   string
	h1only bool
	// trailing: browsers take no cookie from trailers, so what is allowed need not arrive.
	trailing bool
	handle   func(w http.ResponseWriter, r *http.Request, line string)
}

func add(w http.ResponseWriter, line string) { w.Header().Add("Set-Cookie", line) }

func hijack(w http.ResponseWriter, raw ...string) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "no", http.StatusInternalServerError)
		return
	}
	for i, s := range raw {
		if i%2 == 0 {
			_, _ = io.WriteString(conn, s)
			continue
		}
		_, _ = rw.WriteString(s)
		_ = rw.Flush()
	}
	_ = conn.Close()
}

const okHead = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"

func ways(t testing.TB) []way {
	backend := func(h http.HandlerFunc) *httputil.ReverseProxy {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		u, err := url.Parse(s.URL)
		require.NoError(t, err)
		p := httputil.NewSingleHostReverseProxy(u)
		p.ErrorLog = log.New(io.Discard, "", 0)
		return p
	}
	behind := backend(func(w http.ResponseWriter, r *http.Request) {
		add(w, r.Header.Get("X-Line"))
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "x")
	})
	upgrading := backend(func(w http.ResponseWriter, r *http.Request) {
		hijack(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nSet-Cookie: "+r.Header.Get("X-Line")+"\r\n\r\n", "frames")
	})
	return []way{
		{"Write", false, false, func(w http.ResponseWriter, r *http.Request, l string) { add(w, l); _, _ = w.Write([]byte("x")) }},
		{"nothing written", false, false, func(w http.ResponseWriter, r *http.Request, l string) { add(w, l) }},
		{"status only", false, false, func(w http.ResponseWriter, r *http.Request, l string) { add(w, l); w.WriteHeader(500) }},
		{"http.Error", false, false, func(w http.ResponseWriter, r *http.Request, l string) { add(w, l); http.Error(w, "x", 500) }},
		{"http.Redirect", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			add(w, l)
			http.Redirect(w, r, "/x", http.StatusSeeOther)
		}},
		{"ResponseController.Flush", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			add(w, l)
			_ = http.NewResponseController(w).Flush()
		}},
		{"Flusher", false, false, func(w http.ResponseWriter, r *http.Request, l string) { add(w, l); w.(http.Flusher).Flush() }},
		{"server-sent events", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			w.Header().Set("Content-Type", "text/event-stream")
			add(w, l)
			for range 3 {
				fmt.Fprint(w, "data: x\n\n")
				w.(http.Flusher).Flush()
			}
		}},
		{"103, then 200", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			w.Header().Set("Link", "</a.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			add(w, l)
			w.WriteHeader(http.StatusOK)
		}},
		{"in the 103", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			add(w, l)
			w.WriteHeader(http.StatusEarlyHints)
			add(w, l)
			w.WriteHeader(http.StatusProcessing)
		}},
		{"lower-case key", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			w.Header()["set-cookie"] = []string{l}
			w.WriteHeader(200)
		}},
		{"odd-case keys", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			w.Header()["sEt-cOOkie"], w.Header()["SET-COOKIE"] = []string{l}, []string{l}
			w.WriteHeader(200)
		}},
		{"many", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			add(w, "csrf=1; Path=/")
			add(w, l)
			add(w, "__Host-session=1; Path=/; Secure")
			add(w, l)
		}},
		{"blanks before the name", false, false, func(w http.ResponseWriter, r *http.Request, l string) { add(w, "  \t"+l) }},
		{"blanks after the name", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			add(w, strings.Replace(l, "=", " \t =", 1))
		}},
		{"after the head", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			h := w.Header()
			add(w, l)
			w.WriteHeader(200)
			h.Add("Set-Cookie", l)
			_, _ = w.Write([]byte("x"))
		}},
		{"trailer", false, true, func(w http.ResponseWriter, r *http.Request, l string) {
			_, _ = io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			w.Header().Set(http.TrailerPrefix+"Set-Cookie", l)
		}},
		{"lower-case trailer", false, true, func(w http.ResponseWriter, r *http.Request, l string) {
			w.Header()[http.TrailerPrefix+"set-cookie"] = []string{l}
			_, _ = io.WriteString(w, "x")
			w.(http.Flusher).Flush()
		}},
		{"declared trailer", false, true, func(w http.ResponseWriter, r *http.Request, l string) {
			w.Header().Set("Trailer", "Set-Cookie")
			_, _ = io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			add(w, l)
		}},
		{"io.Copy", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			add(w, l)
			_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("x")})
		}},
		{"ReadFrom", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			add(w, l)
			_, _ = w.(io.ReaderFrom).ReadFrom(strings.NewReader("x"))
		}},
		{"WriteString", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			add(w, l)
			_, _ = w.(io.StringWriter).WriteString("x")
		}},
		{"http.ServeContent", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			add(w, l)
			http.ServeContent(w, r, "a.txt", noon, strings.NewReader("x"))
		}},
		{"http.TimeoutHandler", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				add(w, l)
				_, _ = io.WriteString(w, "x")
			}), time.Minute, "late").ServeHTTP(w, r)
		}},
		{"reverse proxy", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			r.Header.Set("X-Line", l)
			behind.ServeHTTP(w, r)
		}},
		{"a panic that somebody around answers", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			add(w, l)
			panic("caught by the test's server")
		}},
		{"deadlines and duplex", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			c := http.NewResponseController(w)
			_ = c.SetReadDeadline(time.Now().Add(time.Minute))
			_ = c.SetWriteDeadline(time.Now().Add(time.Minute))
			_ = c.EnableFullDuplex()
			add(w, l)
		}},
		{"Push", false, false, func(w http.ResponseWriter, r *http.Request, l string) {
			_ = w.(http.Pusher).Push("/pushed", nil)
			add(w, l)
		}},
		{"hijack", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			hijack(w, okHead+"Set-Cookie: "+l+"\r\n\r\n")
		}},
		{"hijack, buffered", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			hijack(w, "", okHead+"Set-Cookie: "+l+"\r\n\r\n")
		}},
		{"hijack, byte by byte", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			hijack(w, strings.Split(okHead+"set-cookie : "+l+"\r\n\r\n", "")...)
		}},
		{"hijack, line feeds only", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			hijack(w, "HTTP/1.1 200 OK\nContent-Length: 0\nSet-Cookie: "+l+"\n\n")
		}},
		{"hijack, 103 first", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			hijack(w, "HTTP/1.1 103 Early Hints\r\nSet-Cookie: "+l+"\r\n\r\n"+okHead+"Set-Cookie: "+l+"\r\n\r\n")
		}},
		{"hijack, copied", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = io.Copy(conn, strings.NewReader(okHead+"Set-Cookie: "+l+"\r\n\r\n"))
				_, _ = io.Copy(conn, strings.NewReader("more"))
				_ = conn.Close()
			}
		}},
		{"reverse proxy of an upgrade", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			r.Header.Set("X-Line", l)
			r.Header.Set("Connection", "Upgrade")
			r.Header.Set("Upgrade", "echo")
			upgrading.ServeHTTP(w, r)
		}},
	}
}

// refusedShapes are ways that are no use for a cookie that is allowed: they are refused, whatever they set.
func refusedShapes() []way {
	return []way{
		{"no name", false, false, func(w http.ResponseWriter, r *http.Request, l string) { add(w, "="+l) }},
		{"a trailer of trailers", false, false, func(w http.ResponseWriter, r *http.Request, l string) { // which HTTP/2 unpacks as it comes upon them
			for n := range 40 {
				w.Header()[strings.Repeat(http.TrailerPrefix, n)+"set-cookie"] = []string{l}
			}
			_, _ = io.WriteString(w, "x")
			w.(http.Flusher).Flush()
		}},
		{"a source that is shown the writer", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			_, _ = w.(io.ReaderFrom).ReadFrom(showing(func(to io.Writer) {
				if to, ok := to.(http.ResponseWriter); ok {
					hijack(to, okHead+"Set-Cookie: "+l+"\r\n\r\n")
				}
			}))
		}},
		{"no name and no sign", false, false, func(w http.ResponseWriter, r *http.Request, l string) { add(w, "_ga") }},
		{"hijack, folded", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			hijack(w, okHead+"Set-Cookie:\r\n "+l+"\r\n\r\n")
		}},
		{"hijack, a carriage return alone", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			hijack(w, okHead+"X: y\rSet-Cookie: "+l+"\r\n\r\n")
		}},
		{"hijack, in the status line", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			hijack(w, "HTTP/1.1 200 OK\rSet-Cookie: "+l+"\r\nContent-Length: 0\r\n\r\n")
		}},
		{"hijack, an odd status line", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			hijack(w, "HTTP/1.1  103 Early Hints\r\n\r\n"+okHead+"Set-Cookie: "+l+"\r\n\r\n")
		}},
		{"hijack, bytes before it", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			hijack(w, "\r\n", okHead+"Set-Cookie: "+l+"\r\n\r\n")
		}},
		{"hijack, no end", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			hijack(w, okHead+"Set-Cookie: "+l+"\r\n")
		}},
		{"hijack, too long", true, false, func(w http.ResponseWriter, r *http.Request, l string) {
			hijack(w, okHead+"X: "+strings.Repeat("x", maxHead), "\r\nSet-Cookie: "+l+"\r\n\r\n")
		}},
	}
}

// showing is a source that io.Copy shows what it copies to.
type showing func(io.Writer)

func (showing) Read([]byte) (int, error)             { return 0, io.EOF }
func (f showing) WriteTo(w io.Writer) (int64, error) { f(w); return 0, nil }

// serve runs a handler for one request and returns the Set-Cookie lines that a browser would find anywhere in what came back.
func serve(t testing.TB, h http.Handler, http2 bool, cookie string) (lines []string) {
	t.Helper()
	recovering := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		h.ServeHTTP(w, r)
	})
	s := httptest.NewUnstartedServer(recovering)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer s.Close()
	if !http2 {
		s.Start()
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nTE: trailers\r\n%s\r\n", cookieHeader(cookie))
		raw, err := io.ReadAll(conn)
		require.NoError(t, err)
		// By any line end that any client knows, in the head, in trailers and in the body.
		for _, line := range strings.FieldsFunc(string(raw), func(r rune) bool { return r == '\r' || r == '\n' }) {
			name, value, ok := strings.Cut(line, ":")
			if ok && strings.EqualFold(strings.TrimSpace(name), "Set-Cookie") {
				lines = append(lines, strings.TrimSpace(value))
			} else if strings.HasPrefix(line, " ") {
				lines = append(lines, strings.TrimSpace(line)) // a fold
			}
		}
		return lines
	}
	s.EnableHTTP2 = true
	s.StartTLS()
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		Got1xxResponse: func(_ int, h textproto.MIMEHeader) error { lines = append(lines, h["Set-Cookie"]...); return nil }})
	req, err := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
	require.NoError(t, err)
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	client := s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(req)
	require.NoError(t, err)
	require.Equal(t, 2, res.ProtoMajor)
	_, _ = io.Copy(io.Discard, res.Body)
	require.NoError(t, res.Body.Close())
	lines = append(lines, res.Header["Set-Cookie"]...)
	return append(lines, res.Trailer["Set-Cookie"]...)
}

func cookieHeader(c string) string {
	if c == "" {
		return ""
	}
	return "Cookie: " + c + "\r\n"
}

// has reports whether a browser that gets lines has a cookie of that name, or one without a name that passes for it.
func has(lines []string, name string) bool {
	return slices.ContainsFunc(lines, func(l string) bool {
		n, _, _ := strings.Cut(strings.TrimLeft(l, "= \t"), "=")
		n, _, _ = strings.Cut(n, ";")
		return strings.TrimSpace(n) == name
	})
}

const (
	gaLine  = "_ga=GA1.1.1; Path=/; Max-Age=63072000"
	gaGone  = "_ga=; Path=/; Max-Age=0"
	session = "__Host-session=1; Path=/; Secure; HttpOnly"
)

func TestNoCookieWithoutConsentLeavesTheServer(t *testing.T) {
	t.Parallel()
	m := manager(t, nil)
	agreed := CookieName + "=" + m.sealer.seal(m.sealer.current, "acme", yes(Analytics))
	run := func(w way, line string) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.handle(rw, r, line) })
	}
	leaksWithout := 0
	for _, w := range slices.Concat(ways(t), refusedShapes()) {
		for _, http2 := range []bool{false, true} {
			if http2 && w.h1only {
				continue
			}
			name := fmt.Sprintf("%s, HTTP/2 %v", w.name, http2)
			guarded := func(line string) http.Handler { return inAcme(m.Wrap(run(w, line))) }
			require.False(t, has(serve(t, guarded(gaLine), http2, ""), "_ga"), "%s leaks", name)
			if has(serve(t, run(w, gaLine), http2, ""), "_ga") {
				leaksWithout++
			}
		}
	}
	require.Greater(t, leaksWithout, 60, "without the guard the same handlers do set it: the test would see it")
	for _, w := range ways(t) {
		if w.trailing {
			continue
		}
		for _, http2 := range []bool{false, true} {
			if http2 && w.h1only {
				continue
			}
			name := fmt.Sprintf("%s, HTTP/2 %v", w.name, http2)
			guarded := func(line string) http.Handler { return inAcme(m.Wrap(run(w, line))) }
			require.True(t, has(serve(t, guarded(gaLine), http2, agreed), "_ga"), "%s: not sent with consent", name)
			require.True(t, has(serve(t, guarded(session), http2, ""), "__Host-session"), "%s: the essential cookie is not sent", name)
			require.True(t, has(serve(t, guarded(gaGone), http2, ""), "_ga"), "%s: not deleted", name)
		}
	}
}

func TestWhichLinesAreDeletions(t *testing.T) {
	t.Parallel()
	past, future := noon.Add(-time.Hour).UTC().Format(http.TimeFormat), noon.Add(time.Hour).UTC().Format(http.TimeFormat)
	for line, want := range map[string]bool{
		"_ga=; Max-Age=0":                                true,
		"_ga=1; max-age=-1":                              true,
		"_ga=;MAX-AGE = 0 ":                              true,
		"_ga=; Expires=" + past:                          true,
		"_ga=; expires=Thu, 01-Jan-1970 00:00:00 GMT":    true,
		"_ga=; Max-Age=0; Expires=" + future:             true,
		"_ga=; Max-Age=5; Max-Age=0":                     true,
		"_ga=; Max-Age=0; Path=/; Domain=a.test; Secure": true,
		"_ga=1":                                          false,
		"_ga=1; Max-Age=1":                               false,
		"_ga=1; Max-Age=0; Max-Age=1":                    false,
		"_ga=1; Max-Age=1; Expires=" + past:              false,
		"_ga=1; Max-Age=\"0\"":                           false,
		"_ga=1; Max-Age=0x":                              false,
		"_ga=1; Max-Age=":                                false,
		"_ga=1; Max-Age":                                 false,
		"_ga=1; Max-Age=+0":                              false,
		"_ga=1; Max-Age=" + strings.Repeat("0", 1025):    false,
		"_ga=1; Max-Age=0; Max-Age=x":                    false,
		"_ga=1; Expires=" + future:                       false,
		"_ga=1; Expires=" + past + "; Expires=" + future: false,
		"_ga=1; Expires=0":                               false,
		"_ga=1; Expires=Thu, 01 Jan 1600 00:00:00 GMT":   false,
		"_ga=1; Expires=Thu, 01-Jan-70 00:00:00 GMT":     false,
		"_ga=1; Expires=Thu, 01 Jan 1970 00:00:00 PST":   false,
		"_ga=1\n; Max-Age=0":                             false,
		"_ga=1\x00; Max-Age=0":                           false,
		"_ga=1; Max-Age=0\x7f":                           false,
		"_ga=Max-Age=0":                                  false,
		"_ga=1; x=Max-Age=0":                             false,
		"":                                               false,
	} {
		require.Equal(t, want, deletes(line, func() time.Time { return noon }), line)
	}
}

func TestTheNameOfACookieIsTheOneABrowserGivesIt(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"a=b": "a", " \ta \t=b": "a", "a=b=c": "a", "=a=b": "", "a": "", "a;b=c": "", "": "", ";a=b": "", `"a"=b`: `"a"`, "a\x00=b": "a\x00",
		"\u00a0a=b": "\u00a0a", "A=b": "A",
	} {
		require.Equal(t, want, setCookieName(line), "%q", line)
	}
}

func TestAnUnknownCookieIsRemovedAndToldOfWithoutItsValue(t *testing.T) {
	t.Parallel()
	for _, mode := range []GuardMode{Enforce, Report} {
		var mu sync.Mutex
		var told []Refusal
		m := manager(t, func(c *Config) {
			c.Guard = mode
			c.Refused = func(_ context.Context, r Refusal) { mu.Lock(); told = append(told, r); mu.Unlock() }
		})
		long := strings.Repeat("n", 4096)
		lines := serve(t, inAcme(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, l := range []string{"who=secret", gaLine, long + "=1", "=nameless", session, "draft=x; Max-Age=0"} {
				add(w, l)
			}
		}))), true, "")
		removed := mode == Enforce
		require.Equal(t, !removed, has(lines, "who"))
		require.Equal(t, !removed, has(lines, "_ga"))
		require.True(t, has(lines, "__Host-session"))
		require.Equal(t, []Refusal{
			{"who", 0, false, DeniedUndeclared, removed},
			{"_ga", Analytics, true, DeniedNoChoice, removed},
			{long[:64], 0, false, DeniedUndeclared, removed},
			{"", 0, false, DeniedUndeclared, removed},
		}, told)
	}
}

func TestASliceOfCookiesThatIsSharedStaysAsItWas(t *testing.T) {
	t.Parallel()
	m := manager(t, nil)
	shared := []string{session, gaLine, "csrf=1"}
	want := slices.Clone(shared)
	h := inAcme(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header()["Set-Cookie"] = shared })))
	for range 3 {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
		require.Equal(t, []string{session, "csrf=1"}, rec.Result().Header["Set-Cookie"])
	}
	require.Equal(t, want, shared)
}

func TestResponsesVaryBySignalAndCookie(t *testing.T) {
	t.Parallel()
	m := manager(t, nil)
	for name, c := range map[string]struct {
		handle func(w http.ResponseWriter)
		want   []string
	}{
		"nothing":      {func(w http.ResponseWriter) {}, []string{varyOn}},
		"a body":       {func(w http.ResponseWriter) { _, _ = w.Write(nil) }, []string{varyOn}},
		"its own":      {func(w http.ResponseWriter) { w.Header().Set("Vary", "Accept") }, []string{"Accept", varyOn}},
		"there before": {func(w http.ResponseWriter) { w.Header().Set("Vary", varyOn) }, []string{varyOn}},
		"after a 103":  {func(w http.ResponseWriter) { w.WriteHeader(103); w.Header().Add("Vary", "Accept"); w.WriteHeader(200) }, []string{varyOn, "Accept"}},
	} {
		rec := httptest.NewRecorder()
		m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.handle(w) })).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
		require.Equal(t, c.want, rec.Header()["Vary"], name)
	}
}

// A hijacked connection speaks another protocol once the head has passed, in both directions.
func TestAnUpgradedConnectionIsFreeAfterItsHead(t *testing.T) {
	t.Parallel()
	m := manager(t, nil)
	s := httptest.NewServer(inAcme(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nSet-Cookie: " + gaLine + "\r\n\r\n")
		_ = rw.Flush()
		for {
			line, err := rw.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 "+line)
		}
	}))))
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst\n")
	br := bufio.NewReader(conn)
	res, err := http.ReadResponse(br, nil)
	require.NoError(t, err)
	require.Equal(t, 101, res.StatusCode)
	require.Equal(t, "Upgrade", res.Header.Get("Connection"))
	require.Empty(t, res.Header["Set-Cookie"])
	line, err := br.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 200 first\n", line)
	fmt.Fprint(conn, "second\n")
	line, err = br.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 200 second\n", line)
}

// After a hijacked response the client reads no second one, whose head nobody looked at.
func TestAHijackedResponseIsTheLastOfItsConnection(t *testing.T) {
	t.Parallel()
	m := manager(t, nil)
	s := httptest.NewServer(inAcme(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hijack(w, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx"+okHead+"Set-Cookie: "+gaLine+"\r\n\r\n")
	}))))
	defer s.Close()
	res, err := s.Client().Get(s.URL)
	require.NoError(t, err)
	require.True(t, res.Close, "Connection: close")
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, "x", string(body))

	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
	raw, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(raw), "\r\nConnection: close\r\n")
	require.NotContains(t, string(raw), "keep-alive", "of two that contradict each other, clients take the first")
}

func TestAGateLetsThroughWithConsentOnly(t *testing.T) {
	t.Parallel()
	m := manager(t, nil)
	passed := 0
	gate := Gate(Analytics, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { passed++ }))
	ask := func(h http.Handler, cookie string) int {
		r := httptest.NewRequest("POST", "/collect", nil)
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Code
	}
	with := func(cs ...Category) string {
		return CookieName + "=" + m.sealer.seal(m.sealer.current, "acme", yes(cs...))
	}
	require.Equal(t, 403, ask(inAcme(m.Wrap(gate)), ""))
	require.Equal(t, 403, ask(inAcme(m.Wrap(gate)), with(Marketing)))
	require.Equal(t, 403, ask(gate, with(Analytics)), "outside of Wrap")
	require.Equal(t, 403, ask(m.Wrap(gate), with(Analytics)), "without a tenant")
	require.Zero(t, passed)
	require.Equal(t, 200, ask(inAcme(m.Wrap(gate)), with(Analytics)))
	require.Equal(t, 1, passed)
}

func TestAHeadThatDoesNotEndIsRefused(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	c := &hijacked{Conn: near, g: &guard{}}
	_, err := io.WriteString(c, okHead+"X: "+strings.Repeat("x", maxHead))
	require.ErrorIs(t, err, errHead)
}

func TestBytesThatAreNoTextBeforeAResponseAreSkipped(t *testing.T) {
	t.Parallel()
	server, client := net.Pipe()
	go func() {
		defer server.Close()
		c := &hijacked{Conn: server, g: &guard{}}
		for _, part := range []string{strings.Repeat("\xff", maxJunk) + "http/", "1.1 200 OK\r\nSet-Cookie: " + gaLine + "\r\n\r\n"} {
			_, _ = c.Write([]byte(part))
		}
	}()
	out, err := io.ReadAll(client)
	require.NoError(t, err)
	require.Empty(t, out, "a status line that clients read otherwise")
}
