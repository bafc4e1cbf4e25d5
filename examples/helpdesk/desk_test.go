package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	code := m.Run()
	chromium.Close()
	if seededAt != "" {
		_ = os.RemoveAll(seededAt)
	}
	if err := goleak.Find(goleak.IgnoreAnyFunction("github.com/bailiwick-dev/bailiwick/internal/pgserver.Start.func1")); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// everything is what left any desk of the tests beside its answers: logs, error reports. It is searched when a test ends.
type everything struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (e *everything) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.out.Write(b)
}

func (e *everything) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.out.String()
}

// testDesk is a desk that is served.
type testDesk struct {
	*desk
	t      testing.TB
	out    *everything
	dir    string
	server *httptest.Server
	mu     sync.Mutex
	mails  []string
}

// openDesk opens a seeded desk on SQLite, and serves it on the loopback.
func openDesk(t testing.TB) *testDesk { return serveDesk(t, config{dir: seededDir(t)}) }

// seededOnce is the folder of a desk that was seeded, once for all tests: each has a copy of its own.
var seededOnce = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "helpdesk-seeded-"); err != nil {
		return "", err
	}
	seededAt = dir
	ctx := context.Background()
	d, err := open(ctx, config{dir: dir, reports: io.Discard, log: slog.DiscardHandler}, "http", "localhost:1")
	if err != nil {
		return dir, err
	}
	return dir, errors.Join(d.seed(ctx), d.Close())
})

var seededAt string // "": no test has asked for it

func seededDir(t testing.TB) string {
	t.Helper()
	from, err := seededOnce()
	require.NoError(t, err)
	to := filepath.Join(t.TempDir(), "desk")
	require.NoError(t, filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		copied := to + strings.TrimPrefix(path, from)
		if e.IsDir() {
			return os.Mkdir(copied, info.Mode().Perm())
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(copied, b, info.Mode().Perm()) // a file that others may read is refused
	}))
	return to
}

// openDeskOnPostgres opens one in a database of its own, which is released as an application's is.
func openDeskOnPostgres(t *testing.T) *testDesk {
	pg, dir := dbtest.Postgres(t), t.TempDir()
	k, err := openKeys(dir)
	require.NoError(t, err)
	scope, err := key("s1", k.Scope)
	require.NoError(t, err)
	r := pgRoles{pg.Owner.DSN, pg.App.DSN, pg.System.DSN}
	rules, err := release(t.Context(), r, tenancy.Keys{Current: scope})
	require.NoError(t, err)
	owner, err := sql.Open("pgx", r.owner)
	require.NoError(t, err)
	t.Cleanup(func() { _ = owner.Close() })
	rls.Check(t, owner, rules)
	return serveDesk(t, config{dir: dir, roles: &r, undo: -1})
}

func serveDesk(t testing.TB, c config) *testDesk {
	t.Helper()
	d := &testDesk{t: t, out: &everything{}, dir: c.dir}
	c.patience = time.Minute // a machine may be busy
	c.reports, c.log = d.out, slog.NewTextHandler(d.out, &slog.HandlerOptions{Level: slog.LevelDebug})
	d.server = httptest.NewUnstartedServer(nil)
	var err error
	d.desk, err = open(t.Context(), c, "http", d.server.Listener.Addr().String())
	require.NoError(t, err)
	d.desk.mail = func(to, text string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.mails = append(d.mails, to+": "+text)
	}
	require.NoError(t, d.seed(t.Context()))
	d.server.Config.Handler = d.handler()
	d.server.Config.ErrorLog = slog.NewLogLogger(c.log, slog.LevelWarn)
	d.server.Start()
	t.Cleanup(func() {
		d.server.Close()
		require.NoError(t, d.Close())
		d.searched()
	})
	return d
}

// searched looks for what must not be in logs and reports: secrets, and what people are called.
func (d *testDesk) searched() {
	d.t.Helper()
	all := d.out.String()
	for _, s := range seeds {
		for _, p := range s.people {
			require.NotContains(d.t, all, p.Email)
		}
	}
	for _, planted := range append(append([]string{}, plants...), "rosalind@post.example", "celia@post.example", "+46 70 555", "Forest Road") {
		require.NotContains(d.t, all, planted)
	}
}

// plants are secrets and personal values that tests put in.
var plants = []string{"sk-shop-4f9a1c77d0e2", "xkeymail-b81d55aa90", "new.hire@alder.example", "Zebulon Quist", "the quick private note", "order-stranger@post.example"}

func (d *testDesk) mailTo(address string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := len(d.mails) - 1; i >= 0; i-- {
		if text, ok := strings.CutPrefix(d.mails[i], address+": "); ok {
			return text
		}
	}
	return ""
}

// A visitor is a client with cookies, as a browser has them.
type visitor struct {
	d       *testDesk
	host    string
	cookies map[string]string
	header  http.Header
	client  *http.Client
}

func (d *testDesk) visitor() *visitor {
	v := &visitor{d: d, host: d.host + ":" + d.port, cookies: map[string]string{}, header: http.Header{}}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 8,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, d.server.Listener.Addr().String())
		}}
	d.t.Cleanup(transport.CloseIdleConnections)
	v.client = &http.Client{Transport: transport, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return v
}

// as signs a seeded person in by a link, as they would.
func (d *testDesk) as(org, person string) *visitor {
	d.t.Helper()
	v := d.visitor()
	link, err := d.signInLink(d.t.Context(), tenancy.MustParseID(org), person)
	require.NoError(d.t, err)
	u, err := url.Parse(link)
	require.NoError(d.t, err)
	code, _ := v.post("/sign-in", url.Values{"link": {u.Query().Get("link")}})
	require.Equal(d.t, http.StatusSeeOther, code)
	require.NotEmpty(d.t, v.cookies[sessionCookie])
	return v
}

// customer is a visitor of an organisation's customers' page.
func (d *testDesk) customer(org string) *visitor {
	v := d.visitor()
	v.host = org + "." + v.host
	return v
}

func (v *visitor) do(method, path, contentType string, body io.Reader) (int, string, http.Header) {
	v.d.t.Helper()
	r, err := http.NewRequestWithContext(v.d.t.Context(), method, "http://"+v.host+path, body)
	require.NoError(v.d.t, err)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for k, x := range v.header {
		r.Header[k] = x
	}
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w, err := v.client.Do(r)
	require.NoError(v.d.t, err)
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	require.NoError(v.d.t, err)
	for _, c := range w.Cookies() {
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		} else {
			v.cookies[c.Name] = c.Value
		}
	}
	return w.StatusCode, string(b), w.Header
}

func (v *visitor) get(path string) (int, string) {
	v.d.t.Helper()
	code, body, _ := v.do(http.MethodGet, path, "", nil)
	return code, body
}

func (v *visitor) post(path string, form url.Values) (int, string) {
	v.d.t.Helper()
	code, body, _ := v.do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	return code, body
}

// searchFiles looks for values in all that is kept on the disk.
func (d *testDesk) searchFiles(values []string) {
	d.t.Helper()
	require.NoError(d.t, filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, v := range values {
			require.NotContains(d.t, string(b), v, e.Name())
		}
		return err
	}))
}
