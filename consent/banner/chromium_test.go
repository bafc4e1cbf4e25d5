package banner

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// The tests of the package share one browser, and one server for all hosts that end in ".test".
var (
	chromium = browser.Browser{Options: startServer}
	shared   struct {
		server *httptest.Server
		mu     sync.Mutex
		site   map[string]http.Handler
		log    []hit
	}
)

// A hit is one request that came.
type hit struct{ host, path, gpc, dest string }

// closeBrowser is called when all tests are over.
func closeBrowser() {
	chromium.Close()
	if shared.server != nil {
		shared.server.Close()
	}
}

// startServer starts it, and tells the browser of it.
func startServer() []chromedp.ExecAllocatorOption {
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
	_, port, _ := net.SplitHostPort(shared.server.Listener.Addr().String())
	return []chromedp.ExecAllocatorOption{chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("host-resolver-rules", "MAP *.test 127.0.0.1:"+port+", MAP * ~NOTFOUND")}
}

// A tab is one page of a browser, and of a profile that no other test has.
type tab struct{ *browser.Tab }

// newTab opens a profile with one empty page.
func newTab(t testing.TB) *tab { t.Helper(); return &tab{chromium.Tab(t)} }

// another opens another page of b's profile.
func (b *tab) another() *tab { b.T.Helper(); return &tab{b.Another()} }

func do[P, R any](b *tab, c cdp.Command[P, R], params P) R {
	b.T.Helper()
	return browser.Call(b.Tab, c, params)
}

func eval[T any](b *tab, script string) T { b.T.Helper(); return browser.Eval[T](b.Tab, script) }

var yes = true

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
