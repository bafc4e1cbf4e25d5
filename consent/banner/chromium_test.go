package banner

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// The tests of a package share one browser, and one server for all hosts that end in ".test".
var shared struct {
	once   sync.Once
	why    string // there is no browser
	server *httptest.Server
	ctx    context.Context
	close  []func()

	mu   sync.Mutex
	site map[string]http.Handler
	log  []hit
}

// A hit is one request that came.
type hit struct{ host, path, gpc, dest string }

// closeBrowser is called when all tests are over.
func closeBrowser() {
	slices.Reverse(shared.close)
	for _, f := range shared.close {
		f()
	}
}

func startBrowser() {
	path, err := exec.LookPath("chromium")
	if err != nil {
		shared.why = "there is no chromium"
		return
	}
	shared.site = map[string]http.Handler{}
	shared.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shared.mu.Lock()
		shared.log = append(shared.log, hit{r.Host, r.URL.Path, r.Header.Get("Sec-GPC"), r.Header.Get("Sec-Fetch-Dest")})
		h := shared.site[r.Host]
		shared.mu.Unlock()
		if h == nil {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	}))
	shared.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	shared.server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	shared.server.StartTLS()
	shared.close = append(shared.close, shared.server.Close)
	_, port, _ := net.SplitHostPort(shared.server.Listener.Addr().String())
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("headless", "new"), chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("host-resolver-rules", "MAP *.test 127.0.0.1:"+port+", MAP * ~NOTFOUND"),
		chromedp.Flag("enable-features", "GlobalPrivacyControl,GlobalPrivacyControlTest"))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	shared.close = append(shared.close, cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	shared.close = append(shared.close, cancel)
	if err := chromedp.Do(ctx); err != nil {
		shared.why = "chromium does not start: " + err.Error()
		return
	}
	shared.ctx = ctx
}

// A tab is one page of a browser, and of a profile that no other test has.
type tab struct {
	t   testing.TB
	ctx context.Context
}

// newTab opens a profile with one empty page.
func newTab(t testing.TB) *tab {
	t.Helper()
	if shared.once.Do(startBrowser); shared.why != "" {
		if os.Getenv("BAILIWICK_REQUIRE_CHROMIUM") == "1" {
			t.Fatal(shared.why)
		}
		t.Skip(shared.why + ": what a browser does is not tested")
	}
	return openTab(t, shared.ctx, chromedp.WithNewBrowserContext())
}

func openTab(t testing.TB, parent context.Context, o ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, o...)
	t.Cleanup(cancel)
	b := &tab{t, ctx}
	require.NoError(t, chromedp.Do(ctx)) // the tab lives as long as ctx
	// What the page's policy refuses, and what it stores before it says so, is told by what runs first.
	do(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `self.violations = []; addEventListener('securitypolicyviolation', e => violations.push(e.effectiveDirective + ' ' + e.blockedURI), true)`})
	return b
}

// another opens another page of b's profile.
func (b *tab) another() *tab { return openTab(b.t, b.ctx) }

// do runs one command of the protocol.
func do[P, R any](b *tab, c cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	out, err := chromedp.Call(ctx, c, params)
	require.NoError(b.t, err)
	return out
}

// open goes to an address, and waits until it has loaded.
func (b *tab) open(url string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Navigate(url))
	for range 3 {
		if err == nil || !strings.Contains(err.Error(), "ERR_ABORTED") {
			break
		}
		err = chromedp.Do(ctx, chromedp.Navigate(url)) // one that the page had begun itself came between
	}
	require.NoError(b.t, err)
}

// eval returns what a script comes to.
func eval[T any](b *tab, script string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, script)
	return out
}

var yes = true

// until waits for a script to be true. A page that goes away meanwhile is asked again.
func (b *tab) until(script string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
		defer cancel()
		out, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("(async () => !!(await ("+script+")))()", chromedp.EvalAwaitPromise))
		return err == nil && out
	}, 20*time.Second, 20*time.Millisecond, script)
}

// click clicks as a person does, where the element is.
func (b *tab) click(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector))), selector)
}

// gpc switches the signal of the whole browser, until the test ends: such a test is not parallel.
func gpc(b *tab, on bool) {
	b.t.Helper()
	set := func(on bool) {
		_, err := chromedp.CallBrowser(shared.ctx, browser.SetGlobalPrivacyControl, browser.SetGlobalPrivacyControlParams{Gpc: on})
		require.NoError(b.t, err)
	}
	set(on)
	b.t.Cleanup(func() { set(false) })
}

// host has a host answer. Its name is the test's own.
func host(name string, h http.Handler) string {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.site[name] = h
	return "https://" + name
}

// hits returns what came to a host, and forget forgets it.
func hits(name string) (all []hit) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	for _, h := range shared.log {
		if h.host == name && h.path != "/favicon.ico" {
			all = append(all, h)
		}
	}
	return all
}

func forget(names ...string) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.log = slices.DeleteFunc(shared.log, func(h hit) bool { return slices.Contains(names, h.host) })
}

// name returns a host name of the test's own.
func name(t testing.TB, of string) string {
	return strings.ToLower(of + "-" + strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()[max(0, len(t.Name())-40):]) + ".test")
}
