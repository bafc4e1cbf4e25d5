// Package browser gives tests a Chromium, to see what a browser does. The tests of a package share one:
//
//	var chromium browser.Browser
//
//	func TestMain(m *testing.M) { ...; chromium.Close() }
//
//	func TestThePageAsksForNothing(t *testing.T) {
//		ctx := chromium.Tab(t) // a page with a profile of its own
//		chromedp.Do(ctx, chromedp.Navigate(url))
//		require.Empty(t, browser.Eval[[]string](t, ctx, `violations`))
//	}
//
// Where there is no chromium the test is skipped with one line; BAILIWICK_REQUIRE_CHROMIUM=1 turns the skip into a failure. Tests whose
// browser is to know hosts or features of its own say so by Options, which is called as it starts: a server that they need can be started there.
package browser

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Browser is one Chromium. It starts when a test first asks for a page.
type Browser struct {
	Options func() []chromedp.ExecAllocatorOption // beside those of every test; nil: none

	once  sync.Once
	why   string // there is none
	ctx   context.Context
	close []func()
}

func (b *Browser) start() {
	path, err := exec.LookPath("chromium")
	if err != nil {
		b.why = "there is no chromium"
		return
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("headless", "new"))
	if b.Options != nil {
		options = append(options, b.Options()...)
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	b.close = append(b.close, cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	b.close = append(b.close, cancel)
	if err := chromedp.Do(ctx); err != nil {
		b.why = "chromium does not start: " + err.Error()
		return
	}
	b.ctx = ctx
}

// Close ends the browser, if a test began it. It is called when all tests are over, before anybody looks for goroutines that are left.
func (b *Browser) Close() {
	slices.Reverse(b.close)
	for _, f := range b.close {
		f()
	}
}

// Tab opens a page with a profile of its own until the test ends, and returns its context, for chromedp. Its pages have a list "violations"
// of what their policies (Content-Security-Policy) stopped: the directive and the address.
func (b *Browser) Tab(t testing.TB) context.Context {
	t.Helper()
	if b.once.Do(b.start); b.why != "" {
		if os.Getenv("BAILIWICK_REQUIRE_CHROMIUM") == "1" {
			t.Fatal(b.why)
		}
		t.Skip(b.why + ": what a browser does is not tested")
	}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx)) // the tab lives as long as ctx
	_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `self.violations = []; addEventListener('securitypolicyviolation', e => violations.push(e.effectiveDirective + ' ' + e.blockedURI), true)`})
	require.NoError(t, err)
	return ctx
}

// Eval returns what a script comes to in the page that a tab shows. It waits for promises.
func Eval[T any](t testing.TB, ctx context.Context, script string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(t, err, script)
	return out
}
