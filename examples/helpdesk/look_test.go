package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// lived is a desk in which something has happened, so that its pages have something on them.
func lived(t testing.TB) (d *testDesk, paths []string) {
	d = openDesk(t)
	ada := d.as("alder", "ada")
	ada.post("/connections/shop", url.Values{"secret": {plants[0]}})
	ada.post("/tokens", url.Values{"name": {"reports"}, "scope": {"conversations.read"}, "networks": {"203.0.113.0/24"}})
	ada.post("/team/invitations", url.Values{"email": {plants[2]}, "role": {"viewer"}})
	_, _, h := ada.do("POST", "/team/reviews", "application/x-www-form-urlencoded", strings.NewReader("overdue=keep"))
	d.as("alder", "vic").post("/privacy/requests", url.Values{"what": {"delete"}})
	ada.post("/privacy/requests", url.Values{"what": {"download"}})
	ctx := tenancy.With(t.Context(), seeds[0].id)
	g, err := d.support.Request(ctx, supportgrant.NewRequest{Staff: "sam", Ticket: "T-4711", Reason: "The list of conversations does not load", Scope: supportgrant.ScopeOf(supportgrant.Posts), Life: 2 * 3600e9})
	require.NoError(t, err)
	return d, []string{"/conversations", "/conversations/alder-1-1", "/team", h.Get("Location"), "/connections", "/tokens", "/networks", "/support", "/support/" + g.ID.String(),
		"/security", "/audit", "/audit/0/proof", "/processing", "/retention", "/privacy", "/requests", "/nowhere-but-here"}
}

// A page that is wider than the window has something that is cut off.
const tooWide = `[...document.querySelectorAll('body *')].filter(e => { const r = e.getBoundingClientRect(); return r.width && r.right > innerWidth + 1 && !e.closest('.wide, .skip, .stack thead') }).map(e => e.outerHTML.slice(0, 120))`

// Every page fits into 320 pixels, and its pictures can be looked at: BAILIWICK_SHOTS=folder.
func TestEveryPageFitsASmallWindow(t *testing.T) {
	t.Parallel()
	d, paths := lived(t)
	ada, sam, customer := d.person("alder", "ada"), d.person("operator", "sam"), d.tab()
	for _, look := range []struct {
		scheme string
		width  int64
	}{{"light", 320}, {"dark", 320}, {"light", 1280}, {"dark", 1280}} {
		if os.Getenv("BAILIWICK_SHOTS") == "" && (look.width != 320 || look.scheme != "light") {
			continue
		}
		check := func(b *tab, to, name string) {
			b.Size(look.width, map[int64]int64{320: 1100, 1280: 900}[look.width])
			b.Media("prefers-color-scheme", look.scheme)
			b.open(to)
			require.Empty(t, eval[[]string](b, tooWide), "%s at %d", to, look.width)
			require.LessOrEqual(t, eval[int](b, `document.documentElement.scrollWidth`), int(look.width)+1, to)
			require.Empty(t, b.Violations(), to)
			b.Shot(fmt.Sprintf("%s-%s-%d", name, look.scheme, look.width))
		}
		for i, path := range paths {
			check(ada, path, fmt.Sprintf("%02d-%s", i, strings.Split(path, "/")[1]))
		}
		check(sam, "/staff/", "20-staff")
		check(sam, "/staff/alder", "21-stafforg")
		check(customer, d.chatAt(seeds[0].id)+"/", "22-chat")
		check(customer, d.base()+"/sign-in?link=x", "23-signin")
		check(customer, d.shopAt(seeds[0].id)+"/", "24-shop")
	}
}

// The whole of a page can be reached and used by keys alone, and what has the focus is seen to have it.
func TestAKeyboardIsEnough(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	edda := d.person("alder", "edda")
	edda.open("/conversations/alder-1-1")
	press := func(key string) { t.Helper(); require.NoError(t, chromedp.Do(edda.Ctx, chromedp.KeyEvent(key))) }
	focus := func() string {
		return eval[string](edda, `(e => e.id || e.getAttribute('href') || e.textContent.trim())(document.activeElement)`)
	}
	for i := 0; focus() != "body"; i++ {
		require.Less(t, i, 60, "the answer is reached")
		press(kb.Tab)
		if eval[bool](edda, `!document.activeElement.closest('.bwc')`) && focus() != "" {
			require.Equal(t, "3px", eval[string](edda, `getComputedStyle(document.activeElement).outlineWidth`), focus())
		}
	}
	require.NoError(t, chromedp.Do(edda.Ctx, chromedp.KeyEvent("Written without a mouse")))
	press(kb.Tab)
	eval[bool](edda, `window.before = true`)
	press(kb.Enter)
	edda.Until(`document.readyState == 'complete' && !window.before`)
	require.Contains(t, edda.text(), "Written without a mouse")
	require.Contains(t, edda.text(), "Your answer was sent.")
}

// axe-core is not part of this repository (its license is another one): BAILIWICK_AXE names its file axe.min.js.
func TestAxeFindsNothing(t *testing.T) {
	path := os.Getenv("BAILIWICK_AXE")
	if path == "" {
		t.Skip("BAILIWICK_AXE names no axe.min.js: accessibility is tested without axe-core")
	}
	axe, err := os.ReadFile(path)
	require.NoError(t, err)
	d, paths := lived(t)
	ada, sam, customer := d.person("alder", "ada"), d.person("operator", "sam"), d.tab()
	for scheme, width := range map[string]int64{"light": 320, "dark": 1280} {
		check := func(b *tab, to string) {
			b.Size(width, 900)
			b.Media("prefers-color-scheme", scheme)
			b.open(to)
			eval[any](b, string(axe)+";0")
			require.Empty(t, eval[[]string](b, `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
				.then(r => r.violations.map(v => v.id + ' ' + v.impact + ' ' + v.nodes.map(n => n.html.slice(0, 200))))`), "%s, %s, %d", to, scheme, width)
		}
		for _, path := range paths {
			check(ada, path)
		}
		check(sam, "/staff/")
		check(sam, "/staff/alder")
		check(customer, d.chatAt(seeds[0].id)+"/")
		check(customer, d.base()+"/sign-in?link=x")
		check(customer, d.shopAt(seeds[0].id)+"/")
	}
}
