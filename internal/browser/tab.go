package browser

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A Tab is one page, or a frame of another site in one. What its methods ask for fails the test if it does not come.
type Tab struct {
	T   testing.TB
	Ctx context.Context // for chromedp

	profile cdp.BrowserContextID
}

// open opens a page in a profile, "" for that which o makes.
func open(t testing.TB, parent context.Context, profile cdp.BrowserContextID, o ...chromedp.ContextOption) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, o...)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx)) // the tab lives as long as ctx
	if profile == "" {
		profile = chromedp.FromContext(ctx).BrowserContextID
	}
	b := &Tab{t, ctx, profile}
	// What the page's policy refuses is told by what runs first.
	Call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `self.violations = []; addEventListener('securitypolicyviolation', e => violations.push(e.effectiveDirective + ' ' + e.blockedURI), true)`})
	return b
}

// Another opens another page of b's profile.
func (b *Tab) Another() *Tab { b.T.Helper(); return open(b.T, b.Ctx, b.profile) }

// Call runs one command of the protocol.
func Call[P, R any](b *Tab, c cdp.Command[P, R], params P) R {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, 30*time.Second)
	defer cancel()
	out, err := chromedp.Call(ctx, c, params)
	require.NoError(b.T, err)
	return out
}

// Open goes to an address, and waits until it has loaded.
func (b *Tab) Open(url string) {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, 30*time.Second)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Navigate(url))
	for range 3 {
		if err == nil || !strings.Contains(err.Error(), "ERR_ABORTED") {
			break
		}
		err = chromedp.Do(ctx, chromedp.Navigate(url)) // one that the page had begun itself came between
	}
	require.NoError(b.T, err)
}

// Eval returns what a script comes to. It waits for promises.
func Eval[T any](b *Tab, script string) T {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, 30*time.Second)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(b.T, err, script)
	return out
}

// Until waits for a script to be true. A page that goes away meanwhile is asked again.
func (b *Tab) Until(script string) {
	b.T.Helper()
	require.Eventually(b.T, func() bool {
		ctx, cancel := context.WithTimeout(b.Ctx, 10*time.Second)
		defer cancel()
		out, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("(async () => !!(await ("+script+")))()", chromedp.EvalAwaitPromise))
		return err == nil && out
	}, 20*time.Second, 20*time.Millisecond, script)
}

// Click clicks as a person does, where the element is.
func (b *Tab) Click(selector string) {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, 30*time.Second)
	defer cancel()
	require.NoError(b.T, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector))), selector)
}

// Violations are what the policies (Content-Security-Policy) of the page stopped: the directive and the address.
func (b *Tab) Violations() []string { b.T.Helper(); return Eval[[]string](b, `violations`) }

// Size makes the page so large, in CSS pixels.
func (b *Tab) Size(w, h int64) {
	b.T.Helper()
	require.NoError(b.T, chromedp.Do(b.Ctx, chromedp.EmulateViewport(w, h)))
}

// Media gives a media feature a value, such as prefers-color-scheme.
func (b *Tab) Media(name, value string) {
	b.T.Helper()
	Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: name, Value: value}}})
}

// Shot keeps a picture for people to look at, in the folder that BAILIWICK_SHOTS names.
func (b *Tab) Shot(file string) {
	b.T.Helper()
	dir := os.Getenv("BAILIWICK_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.Ctx, chromedp.CaptureScreenshot())
	require.NoError(b.T, err)
	require.NoError(b.T, os.WriteFile(dir+"/"+file+".png", png, 0o644))
}

// GPC switches Global Privacy Control of the whole browser, until the test ends: such a test is not parallel.
func (b *Tab) GPC(on bool) {
	b.T.Helper()
	set := func(on bool) {
		_, err := chromedp.CallBrowser(b.Ctx, browser.SetGlobalPrivacyControl, browser.SetGlobalPrivacyControlParams{Gpc: on})
		require.NoError(b.T, err)
	}
	set(on)
	b.T.Cleanup(func() { set(false) })
}
