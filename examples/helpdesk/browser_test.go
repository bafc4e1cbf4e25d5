package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/browser"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// The tests of the package share one browser, and each has profiles of its own.
var chromium = browser.Browser{Options: func() []chromedp.ExecAllocatorOption {
	return []chromedp.ExecAllocatorOption{
		chromedp.Flag("host-resolver-rules", "MAP *.localhost 127.0.0.1, MAP localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("test-third-party-cookie-phaseout", true), // nothing is kept of third parties but what is partitioned
	}
}}

// A tab is one page of a browser, and of a profile that no other person has.
type tab struct {
	*browser.Tab
	d *testDesk
}

func (d *testDesk) tab() *tab { d.t.Helper(); return &tab{chromium.Tab(d.t), d} }

// person opens a profile, and signs somebody in by a link as they would.
func (d *testDesk) person(org, who string) *tab {
	d.t.Helper()
	b := d.tab()
	link, err := d.signInLink(d.t.Context(), tenancy.MustParseID(org), who)
	require.NoError(d.t, err)
	b.open(strings.TrimPrefix(link, d.base()))
	b.submit("main form button")
	b.at("Conversations", "Organisations")
	b.Click(".bwc [value=reject]")
	b.Until(`!document.querySelector('.bwc').hasAttribute('data-ask')`)
	return b
}

func call[P, R any](b *tab, c cdp.Command[P, R], params P) R {
	b.T.Helper()
	return browser.Call(b.Tab, c, params)
}

func eval[T any](b *tab, script string) T { b.T.Helper(); return browser.Eval[T](b.Tab, script) }

// open goes to a path of the desk, or to an address.
func (b *tab) open(to string) {
	b.T.Helper()
	if strings.HasPrefix(to, "/") {
		to = b.d.base() + to
	}
	b.Open(to)
}

// submit clicks what sends a form, and waits for the page behind it.
func (b *tab) submit(selector string) {
	b.T.Helper()
	eval[bool](b, `window.before = true`)
	b.Click(selector)
	b.Until(`document.readyState == 'complete' && !window.before`)
}

// fill types into a field.
func (b *tab) fill(selector, text string) {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, 30*time.Second)
	defer cancel()
	require.NoError(b.T, chromedp.Do(ctx, chromedp.Focus(chromedp.CSS(selector)), chromedp.KeyEvent(text)), selector)
}

// choose picks an option of a list.
func (b *tab) choose(selector, value string) {
	b.T.Helper()
	require.True(b.T, eval[bool](b, fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event('change', { bubbles: true })); return e.value == %q })(document.querySelector(%q))`, value, value, selector)), selector)
}

// at requires that the page is one of those titles.
func (b *tab) at(titles ...string) {
	b.T.Helper()
	require.Contains(b.T, titles, eval[string](b, `document.querySelector('h1').textContent`), b.text())
}

func (b *tab) text() string { b.T.Helper(); return eval[string](b, `document.body.innerText`) }
