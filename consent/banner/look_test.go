package banner

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// A look is where a button is, and what it looks like.
type look struct {
	X, Y, Width, Height float64
	Seen                bool // all of it, with nothing over it
	Style               []string
}

// looks returns those of the elements of selectors.
func (b *tab) looks(selectors ...string) []look {
	b.T.Helper()
	return eval[[]look](b, `[`+"`"+strings.Join(selectors, "`,`")+"`"+`].map(s => { const e = document.querySelector(s), r = e.getBoundingClientRect(), c = getComputedStyle(e)
		return {x: r.x, y: r.y, width: r.width, height: r.height,
			seen: e.scrollWidth <= e.clientWidth + 1 && document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2) == e,
			style: [c.color, c.backgroundColor, c.border, c.borderRadius, c.fontFamily, c.fontWeight, c.fontSize, c.fontStyle, c.padding, c.boxShadow, c.textDecoration, c.opacity, c.cursor, e.className]} })`)
}

func byLanguage(r *http.Request) string { return r.URL.Query().Get("lang") }

func TestRejectingLooksAsAcceptingDoesAndComesFirst(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	url := site{csp: strict}.serve(t, name(t, "shop"), newBanner(t, Options{Accept: byLanguage}))
	check := func(of string, rtl bool) {
		t.Helper()
		both := b.looks("[value=reject]", "[value=accept]")
		reject, accept := both[0], both[1]
		require.InDelta(t, reject.Width, accept.Width, 2, of)
		require.InDelta(t, reject.Height, accept.Height, 2, of)
		require.Equal(t, reject.Style, accept.Style, of)
		require.NotEqual(t, reject.Style[0], reject.Style[1], of)
		require.True(t, reject.Seen && accept.Seen, "%s: both are there to see", of)
		require.True(t, reject.Y < accept.Y || reject.Y == accept.Y && (reject.X < accept.X) != rtl, "%s: %v %v", of, reject, accept)
	}
	for _, w := range []int64{320, 1280} {
		b.Size(w, 700)
		for _, lang := range []string{"en", "de", "fi", "ja", "ar"} { // short and long, wide and right to left
			b.Open(url + "/?lang=" + lang)
			check(fmt.Sprint(lang, w), lang == "ar" || lang == "he")
		}
	}
	for _, f := range [][2]string{{"prefers-color-scheme", "light"}, {"prefers-color-scheme", "dark"}, {"forced-colors", "active"}} {
		b.Media(f[0], f[1])
		b.Open(url + "/?lang=en")
		check(f[1], false)
	}
	require.Empty(t, b.Violations())
}

func TestAt320PixelsNothingIsCutOffInAnyLanguage(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	b.Size(320, 640)
	url := site{csp: strict}.serve(t, name(t, "shop"), newBanner(t, Options{Accept: byLanguage}))
	const cutOff = `(() => { const section = document.querySelector('.bwc'), [sheet, withdraw] = section.children, cut = {}
		const look = of => { const l = [...document.querySelectorAll('.bwc *')].filter(e => { const r = e.getBoundingClientRect()
				return e.checkVisibility() && (r.left < 0 || r.right > 320 || !e.matches('input') && e.scrollWidth > Math.ceil(r.width) + 1) }).map(e => e.outerHTML.slice(0, 99))
			if (document.documentElement.scrollWidth > 320) l.push('the page')
			if (l.length) cut[of] = l }
		look('asks'); document.querySelector('.bwc-settings').open = true; look('settings')
		section.toggleAttribute('data-ask'); withdraw.hidden = sheet.open = false; look('afterwards')
		return {cut, dir: section.dir} })()`
	type found struct {
		Cut map[string][]string
		Dir string
	}
	for _, lang := range languages {
		b.Open(url + "/?lang=" + lang)
		f := eval[found](b, cutOff)
		require.Empty(t, f.Cut, lang)
		require.Equal(t, lang == "ar" || lang == "he", f.Dir == "rtl")
	}
	// 1280 by 1024 at 400 %
	b.Size(320, 256)
	b.Open(url + "/")
	require.Empty(t, eval[found](b, cutOff).Cut)
	require.Equal(t, "static", eval[string](b, `getComputedStyle(document.querySelector('.bwc')).position`), "it takes no room from the page")
	require.Empty(t, b.Violations())
}

func TestAKeyboardIsEnough(t *testing.T) {
	t.Parallel()
	b, _ := strictly(t, Options{PolicyURL: "/privacy"}, "")
	focus := func() string {
		return eval[string](b, `(e => e == document.body ? '' : e.value || e.textContent)(document.activeElement)`)
	}
	press := func(key string) { b.T.Helper(); require.NoError(t, chromedp.Do(b.Ctx, chromedp.KeyEvent(key))) }
	require.Equal(t, "", focus(), "the focus is where it was")
	var seen []string
	for range 4 {
		press(kb.Tab)
		seen = append(seen, focus())
		require.Equal(t, "3px", eval[string](b, `getComputedStyle(document.activeElement).outlineWidth`), "%v is seen to have it", seen)
	}
	require.Equal(t, []string{"Privacy policy", "reject", "accept", "Settings"}, seen)
	press(kb.Enter)
	for !strings.HasPrefix(focus(), "analytics") {
		press(kb.Tab)
	}
	press(" ")
	for focus() != "save" {
		press(kb.Tab)
	}
	press(kb.Enter)
	b.Until(`!document.querySelector('.bwc').hasAttribute('data-ask')`)
	require.Equal(t, "analytics", b.allowed())
	require.Equal(t, "Your privacy choices", focus(), "the focus is not lost")
	require.Equal(t, "Your choice is saved.", eval[string](b, `document.querySelector('.bwc [role=status]').textContent`))
	press(kb.Tab)
	press(kb.Enter)
	b.Until(`document.querySelector('.bwc-withdraw').hidden`)
	require.Equal(t, "", b.allowed())
	require.NotEqual(t, "", focus(), "the focus is not lost")
	require.Empty(t, b.Violations())
}

func TestWhatHasTheFocusIsNotUnderTheBanner(t *testing.T) {
	t.Parallel()
	links := strings.Repeat(`<p><a href="/x">A link of the page</a></p>`, 40)
	for _, script := range []bool{true, false} {
		b := newTab(t)
		b.Size(800, 600)
		url := site{csp: strict, body: links}.serve(t, name(t, "shop"), newBanner(t, Options{}))
		do(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script})
		b.Open(url + "/")
		do(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{})
		for i := range 46 {
			require.NoError(t, chromedp.Do(b.Ctx, chromedp.KeyEvent(kb.Tab)))
			require.True(t, eval[bool](b, `(() => { const e = document.activeElement; if (e == document.body || e.closest('.bwc')) return true
				const r = e.getBoundingClientRect(); return document.elementFromPoint(r.x + 2, r.y + r.height / 2) == e })()`), "element %d, script %v", i, script)
		}
		require.True(t, eval[bool](b, `(() => { scrollTo(0, 1e6); const r = [...document.querySelectorAll('main a')].at(-1).getBoundingClientRect()
			return r.bottom <= document.querySelector('.bwc-sheet').getBoundingClientRect().top })()`), "the end of the page is above it")
	}
}

func TestEverythingThatIsPressedIs24PixelsLarge(t *testing.T) {
	t.Parallel()
	b, _ := strictly(t, Options{}, "")
	small := `[...document.querySelectorAll('.bwc summary, .bwc button, .bwc input')].filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.width < 24 || r.height < 24) }).map(e => e.outerHTML)`
	require.Empty(t, eval[[]string](b, small))
	b.Click(".bwc-settings>summary")
	require.Empty(t, eval[[]string](b, small))
	b.Click("[value=accept]")
	b.Until(`!document.querySelector('.bwc').hasAttribute('data-ask')`)
	require.Empty(t, eval[[]string](b, small))
}

func TestNothingMoves(t *testing.T) {
	t.Parallel()
	require.NotRegexp(t, "transition|animation|[^r]scroll-behavior|@keyframes", styleSource, "and so nothing moves for those who asked for less")
	require.NotRegexp(t, `[^-](left|right|top|bottom)\s*:|(margin|padding|border)-(left|right)|text-align:(left|right)`, styleSource, "logical properties fit both directions")
}

func TestInForcedColorsItHasBorders(t *testing.T) {
	t.Parallel()
	b, _ := strictly(t, Options{}, "")
	b.Media("forced-colors", "active")
	for _, s := range []string{".bwc-sheet", "[value=reject]", "[value=accept]"} {
		require.Contains(t, b.looks(s)[0].Style[2], "1px solid", s)
	}
}

// For people to look at: BAILIWICK_SHOTS=folder go test -run Pictures
func TestPictures(t *testing.T) {
	if os.Getenv("BAILIWICK_SHOTS") == "" {
		t.Skip("BAILIWICK_SHOTS names no folder: nobody looks")
	}
	b := newTab(t)
	url := site{csp: strict}.serve(t, name(t, "shop"), newBanner(t, Options{PolicyURL: "/privacy", Accept: byLanguage}))
	all := func(of string) {
		for _, c := range []struct {
			name string
			w, h int64
		}{{"phone", 320, 640}, {"desktop", 1280, 800}} {
			b.Size(c.w, c.h)
			for _, scheme := range []string{"light", "dark"} {
				b.Media("prefers-color-scheme", scheme)
				b.Shot(c.name + "-" + scheme + "-" + of)
			}
		}
	}
	b.Open(url + "/")
	all("asks")
	eval[bool](b, `document.querySelector('.bwc-settings').open = true`)
	all("settings")
	b.Open(url + "/?lang=ar")
	all("arabic")
	b.GPC(true)
	b.Open(url + "/")
	all("signal")
	b.Click("[value=accept]")
	b.Until(`!document.querySelector('.bwc').hasAttribute('data-ask')`)
	all("after")
	eval[any](b, `document.querySelector('.bwc-sheet').open = document.querySelector('.bwc-settings').open = true, document.querySelector('.bwc-sheet').scrollTop = 1e5`)
	all("again")
}
