package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// The tests of the package share one browser, and each has profiles of its own.
var shared struct {
	once  sync.Once
	why   string // there is no browser
	ctx   context.Context
	close []func()
}

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
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("headless", "new"),
		chromedp.Flag("host-resolver-rules", "MAP *.localhost 127.0.0.1, MAP localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("test-third-party-cookie-phaseout", true), // nothing is kept of third parties but what is partitioned
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

// A tab is one page of a browser, and of a profile that no other person has.
type tab struct {
	t   testing.TB
	d   *testDesk
	ctx context.Context

	profile cdp.BrowserContextID
}

func (d *testDesk) tab() *tab {
	d.t.Helper()
	if shared.once.Do(startBrowser); shared.why != "" {
		if os.Getenv("BAILIWICK_REQUIRE_CHROMIUM") == "1" {
			d.t.Fatal(shared.why)
		}
		d.t.Skip(shared.why + ": what a browser does is not tested")
	}
	ctx, cancel := chromedp.NewContext(shared.ctx, chromedp.WithNewBrowserContext())
	d.t.Cleanup(cancel)
	require.NoError(d.t, chromedp.Do(ctx)) // the tab lives as long as ctx
	b := &tab{d.t, d, ctx, chromedp.FromContext(ctx).BrowserContextID}
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `self.violations = []; addEventListener('securitypolicyviolation', e => violations.push(e.effectiveDirective + ' ' + e.blockedURI), true)`})
	return b
}

// person opens a profile, and signs somebody in by a link as they would.
func (d *testDesk) person(org, who string) *tab {
	d.t.Helper()
	b := d.tab()
	link, err := d.signInLink(d.t.Context(), tenancy.MustParseID(org), who)
	require.NoError(d.t, err)
	b.open(strings.TrimPrefix(link, d.base()))
	b.submit("main form button")
	b.at("Conversations", "Organisations")
	b.click(".bwc [value=reject]")
	b.until(`!document.querySelector('.bwc').hasAttribute('data-ask')`)
	return b
}

// call runs one command of the protocol.
func call[P, R any](b *tab, c cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	out, err := chromedp.Call(ctx, c, params)
	require.NoError(b.t, err)
	return out
}

// open goes to a path of the desk, or to an address.
func (b *tab) open(to string) {
	b.t.Helper()
	if strings.HasPrefix(to, "/") {
		to = b.d.base() + to
	}
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, chromedp.Navigate(to)))
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

// submit clicks what sends a form, and waits for the page behind it.
func (b *tab) submit(selector string) {
	b.t.Helper()
	eval[bool](b, `window.before = true`)
	b.click(selector)
	b.until(`document.readyState == 'complete' && !window.before`)
}

// fill types into a field.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, chromedp.Focus(chromedp.CSS(selector)), chromedp.KeyEvent(text)), selector)
}

// choose picks an option of a list.
func (b *tab) choose(selector, value string) {
	b.t.Helper()
	require.True(b.t, eval[bool](b, fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event('change', { bubbles: true })); return e.value == %q })(document.querySelector(%q))`, value, value, selector)), selector)
}

// at requires that the page is one of those titles.
func (b *tab) at(titles ...string) {
	b.t.Helper()
	require.Contains(b.t, titles, eval[string](b, `document.querySelector('h1').textContent`), b.text())
}

func (b *tab) text() string { b.t.Helper(); return eval[string](b, `document.body.innerText`) }

func (b *tab) violations() []string { b.t.Helper(); return eval[[]string](b, `self.violations`) }

func (b *tab) size(w, h int64) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, chromedp.EmulateViewport(w, h)))
}

func (b *tab) media(name, value string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: name, Value: value}}})
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

// shot keeps a picture for people to look at, in the folder that BAILIWICK_SHOTS names.
func (b *tab) shot(file string) {
	b.t.Helper()
	dir := os.Getenv("BAILIWICK_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(dir+"/"+file+".png", png, 0o644))
}
