// Package browser gives tests a Chromium, to see what a browser does. The tests of a package share one:
//
//	var chromium browser.Browser
//
//	func TestMain(m *testing.M) { ...; chromium.Close() }
//
//	func TestThePageAsksForNothing(t *testing.T) {
//		tab := chromium.Tab(t) // a page with a profile of its own
//		tab.Open(url)
//		require.Empty(t, tab.Violations())
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

	"github.com/chromedp/chromedp"
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
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("headless", "new"),
		chromedp.Flag("enable-features", "GlobalPrivacyControl,GlobalPrivacyControlTest"))
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

// Tab opens a page with a profile of its own until the test ends.
func (b *Browser) Tab(t testing.TB) *Tab {
	t.Helper()
	if b.once.Do(b.start); b.why != "" {
		if os.Getenv("BAILIWICK_REQUIRE_CHROMIUM") == "1" {
			t.Fatal(b.why)
		}
		t.Skip(b.why + ": what a browser does is not tested")
	}
	return open(t, b.ctx, "", chromedp.WithNewBrowserContext())
}
