package banner

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/require"
)

// cookies returns the names of the cookies that a page's host has in the browser, also of those that scripts cannot see.
func (b *tab) cookies(url string) (names []string) {
	b.T.Helper()
	for _, c := range do(b, network.GetCookies, network.GetCookiesParams{URLs: []string{url + "/", url + "/chat"}}).Cookies {
		names = append(names, c.Name)
	}
	return names
}

// stored returns what scripts have stored, by kind.
func (b *tab) stored() []string {
	b.T.Helper()
	return eval[[]string](b, `(async () => [...Object.keys(localStorage).map(n => 'local ' + n), ...Object.keys(sessionStorage).map(n => 'session ' + n),
		...(await indexedDB.databases()).map(d => 'db ' + d.name), ...(await caches.keys()).map(n => 'cache ' + n)].sort())()`)
}

func TestBeforeAChoiceNothingIsStoredAndNobodyElseIsAsked(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	ads, stats, body, csp := trackers(t)
	shop := name(t, "shop")
	url := site{csp: csp, body: body}.serve(t, shop, newBanner(t, Options{ConsentMode: true}))
	b.Open(url + "/")
	require.Equal(t, "", b.allowed(), "and the script is there to say so")
	require.True(t, eval[bool](b, `document.querySelector('.bwc-sheet').checkVisibility()`))
	time.Sleep(200 * time.Millisecond) // for what would come late
	require.Empty(t, ads.paths())
	require.Empty(t, stats.paths())
	require.Empty(t, b.cookies(url))
	require.Empty(t, b.stored())
	require.Empty(t, b.Violations())
	require.Len(t, hits(shop), 3, "the page, its style and its script")
	require.Equal(t, 0, eval[int](b, `document.querySelectorAll('.bwc input:checked, .bwc input[checked]').length`), "nothing is ticked")
}

func TestWhatWaitsIsOpenedByTheAnswerAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		clicks         []string
		allowed        string
		ads, stats     string
		cookies, ticks string
	}{
		{"accept", []string{"[value=accept]"}, "functional analytics marketing replay", "/ad.js /frame /in-frame /ping", "/both /pixel",
			"__Host-consent _fbp _ga _ga_1", "functional analytics marketing replay"},
		{"reject", []string{"[value=reject]"}, "", "", "", "__Host-consent", ""},
		{"partial", []string{".bwc-settings>summary", "[value=analytics]", "[value=save]"}, "analytics", "", "/pixel",
			"__Host-consent _ga _ga_1", "analytics"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newTab(t)
			ads, stats, body, csp := trackers(t)
			url := site{csp: csp, body: body}.serve(t, name(t, "shop"), newBanner(t, Options{}))
			b.Open(url + "/")
			at := eval[float64](b, `performance.timeOrigin`)
			for _, s := range c.clicks {
				b.Click(s)
			}
			b.Until(`!document.querySelector('.bwc').hasAttribute('data-ask')`)
			require.Equal(t, c.allowed, b.allowed())
			require.Equal(t, at, eval[float64](b, `performance.timeOrigin`), "without a new page")
			if c.ads != "" {
				b.Until(`window.adRan == '7'`)
			}
			require.Eventually(t, func() bool { return ads.paths() == c.ads && stats.paths() == c.stats }, 10*time.Second, 20*time.Millisecond)
			require.Equal(t, c.ticks, eval[string](b, `[...document.querySelectorAll('.bwc input:checked')].map(i => i.value).join(' ')`))
			b.Open(url + "/next") // which sets cookies as if everybody had agreed
			require.Equal(t, c.allowed, b.allowed())
			require.ElementsMatch(t, strings.Fields(c.cookies), b.cookies(url))
			require.False(t, eval[bool](b, `document.querySelector('.bwc').hasAttribute('data-ask')`), "nobody is asked twice")
			require.Empty(t, b.Violations())
		})
	}
}

func TestAWithdrawalIsOneClickAndEndsRequestsInEveryTab(t *testing.T) {
	t.Parallel()
	one := newTab(t)
	ads, stats, body, csp := trackers(t)
	url := site{csp: csp, body: body}.serve(t, name(t, "shop"), newBanner(t, Options{}))
	one.Open(url + "/")
	one.Click("[value=accept]")
	two := one.another()
	two.Open(url + "/other")
	for i, b := range []*tab{one, two} {
		b.Until(`window.adRan`)
		b.Until(`document.querySelector('iframe').src`)
		eval[string](b, "window.name = '"+string(rune('1'+i))+"'")
		eval[int](b, `window.before = 1`)
	}
	require.Eventually(t, func() bool { return strings.Contains(ads.paths(), "/ping") }, 10*time.Second, 10*time.Millisecond)
	one.Click(".bwc-withdraw button")
	for _, b := range []*tab{one, two} {
		b.Until(`!window.before && document.readyState == 'complete' && window.consent`) // the page is another one
		require.Equal(t, "", b.allowed())
	}
	require.NotContains(t, ads.paths(), "/bye", "not even as the page ended")
	forget(ads.name, stats.name)
	for _, b := range []*tab{one, two} {
		require.Equal(t, 0, eval[int](b, `document.querySelectorAll('[data-consent][src]').length`))
	}
	one.Open(url + "/again")
	time.Sleep(300 * time.Millisecond)
	require.Empty(t, hits(ads.name))
	require.Empty(t, hits(stats.name))
	require.Equal(t, []string{"__Host-consent"}, one.cookies(url))
}

// A tab that nobody tells, because the choice was made without the script, sees the cookie.
func TestAWithdrawalWithoutTheScriptReachesOtherTabsToo(t *testing.T) {
	t.Parallel()
	one := newTab(t)
	ads, _, body, csp := trackers(t)
	url := site{csp: csp, body: body}.serve(t, name(t, "shop"), newBanner(t, Options{}))
	one.Open(url + "/")
	one.Click("[value=accept]")
	one.Until(`window.adRan`)
	eval[int](one, `window.before = 1`)
	two := one.another()
	do(two, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	two.Open(url + "/other")
	two.Click(".bwc-withdraw button")
	do(two, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{})
	require.Eventually(t, func() bool { return len(two.cookies(url)) == 1 }, 10*time.Second, 20*time.Millisecond)
	two.Open(url + "/next")
	one.Until(`!window.before && window.consent`)
	require.Equal(t, "", one.allowed())
	require.NotContains(t, ads.paths(), "/bye")
}

func TestWithoutScriptAChoiceIsAFormAndAWithdrawalIsOneClick(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	url := site{csp: strict}.serve(t, name(t, "shop"), newBanner(t, Options{}))
	do(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.Open(url + "/page?q=1&r=%2F")
	b.Click("[value=accept]")
	require.Eventually(t, func() bool { return len(b.cookies(url)) == 4 }, 10*time.Second, 20*time.Millisecond)
	b.Until(`location.href == '` + url + `/page?q=1&r=%2F' && !document.querySelector('.bwc').hasAttribute('data-ask')`)
	b.Click(".bwc-withdraw button")
	require.Eventually(t, func() bool { return len(b.cookies(url)) == 1 }, 10*time.Second, 20*time.Millisecond)
	b.Until(`location.href == '` + url + `/page?q=1&r=%2F' && document.querySelector('.bwc-withdraw').hidden`)
	b.Click(".bwc-sheet>summary")
	b.Click(".bwc-settings>summary")
	b.Click("[value=analytics]")
	b.Click("[value=save]")
	require.Eventually(t, func() bool { return len(b.cookies(url)) == 3 }, 10*time.Second, 20*time.Millisecond)
	require.ElementsMatch(t, []string{"__Host-consent", "_ga", "_ga_1"}, b.cookies(url))
}

// A page that a cache kept for somebody else, or from before a withdrawal, opens nothing.
func TestAPageOfSomebodyElsesConsentOpensNothing(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	ads, stats, body, csp := trackers(t)
	shop := newBanner(t, Options{})
	s := site{csp: csp, body: body}
	url := s.serve(t, name(t, "shop"), shop)
	b.Open(url + "/")
	b.Click("[value=accept]")
	b.Until(`window.adRan`)
	b.Open(url + "/kept")
	stale := eval[string](b, `fetch('/kept').then(r => r.text())`)
	b.Open(url + "/kept")
	forget(ads.name, stats.name)

	other := newTab(t)
	keeper := cached(t, name(t, "kept"), csp, stale, shop)
	other.Open(keeper + "/kept")
	require.Equal(t, "", other.allowed())
	time.Sleep(100 * time.Millisecond)
	for _, h := range hits(ads.name) {
		require.NotContains(t, h.path, "/ad.js", "the other tab still asks for the rest")
	}
	require.Empty(t, hits(stats.name))
}

// Where a policy trusts what a trusted script adds, markup that somebody slipped into the page must not become a script.
func TestWhereScriptsNeedANonceOnlyThoseThatHaveItAreOpened(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	ads := name(t, "ads")
	host(ads, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprintf(w, "window.ran = (window.ran ?? '') + %q", r.URL.Path)
	}))
	shop := newBanner(t, Options{Nonce: func(*http.Request) string { return "n0nce" }})
	url := site{csp: "default-src 'self'; script-src 'nonce-n0nce' 'strict-dynamic'; style-src 'nonce-n0nce'; require-trusted-types-for 'script'; trusted-types bailiwick-consent",
		body: fmt.Sprintf(`<script type="text/plain" data-consent="analytics" data-src="https://%[1]s/slipped-in"></script>`+
			`<script type="text/plain" nonce="wrong" data-consent="analytics" data-src="https://%[1]s/guessed"></script>`+
			`<script type="text/plain" nonce="n0nce" data-consent="analytics" data-src="https://%[1]s/trusted"></script>`, ads)}.serve(t, name(t, "shop"), shop)
	b.Open(url + "/")
	b.Click("[value=accept]")
	b.Until(`window.ran`)
	b.Open(url + "/")
	b.Until(`window.ran`)
	require.Equal(t, "/trusted", eval[string](b, `ran`))
	require.Empty(t, b.Violations())
}

// A browser keeps pages as they were, and shows them again on the way back.
func TestGoingBackToAPageFromBeforeAWithdrawalOpensNothing(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	ads, stats, body, csp := trackers(t)
	url := site{csp: csp, body: body}.serve(t, name(t, "shop"), newBanner(t, Options{}))
	b.Open(url + "/")
	b.Click("[value=accept]")
	b.Until(`window.adRan && document.querySelector('iframe').src`)
	do(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}) // so that no script tells the page
	b.Open(url + "/next")
	b.Click(".bwc-withdraw button")
	require.Eventually(t, func() bool { return len(b.cookies(url)) == 1 }, 10*time.Second, 20*time.Millisecond)
	do(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{})
	eval[any](b, `history.go(-2)`)
	b.Until(`location.pathname == '/' && window.consent && !consent.allows('marketing') && !document.querySelector('[data-consent][src]')`)
	b.Until(`!window.adRan`) // the page is a new one
	forget(ads.name, stats.name)
	time.Sleep(200 * time.Millisecond)
	require.Empty(t, hits(ads.name))
	require.Empty(t, hits(stats.name))
}

// An application adds elements, and hears of changes.
func TestAnApplicationAsksOpensAndHears(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	_, stats, _, csp := trackers(t)
	url := site{csp: csp}.serve(t, name(t, "shop"), newBanner(t, Options{}))
	b.Open(url + "/")
	eval[any](b, `window.heard = [], document.addEventListener('consent', e => heard.push(e.detail.join()))`)
	b.Click(".bwc-settings>summary")
	b.Click("[value=analytics]")
	b.Click("[value=save]")
	b.Until(`heard.length`)
	eval[any](b, `(() => { const i = document.createElement('img'); i.dataset.consent = 'analytics'; i.dataset.src = '`+stats.url+`/later'; document.body.append(i); consent.scan() })()`)
	require.Eventually(t, func() bool { return stats.paths() == "/later" }, 10*time.Second, 20*time.Millisecond)
	b.Click(".bwc-withdraw button")
	b.Until(`heard.length == 2`)
	require.Equal(t, []string{"analytics", ""}, eval[[]string](b, `heard`))
	require.True(t, eval[bool](b, `consent.allows('essential') && !consent.allows('unheard of')`))
}

func TestAChoiceHoldsInOtherTabsAtOnce(t *testing.T) {
	t.Parallel()
	one := newTab(t)
	_, stats, _, csp := trackers(t)
	url := site{csp: csp, body: `<img alt="" data-consent="analytics" data-src="` + stats.url + `/pixel">`}.serve(t, name(t, "shop"), newBanner(t, Options{}))
	one.Open(url + "/")
	two := one.another()
	two.Open(url + "/other")
	eval[int](two, `window.before = 1`)
	one.Click("[value=accept]")
	two.Until(`document.querySelector('[data-consent]').src && !document.querySelector('.bwc').hasAttribute('data-ask')`)
	one.Click(".bwc-withdraw button")
	two.Until(`!document.querySelector('[data-consent]').hasAttribute('src') && document.querySelector('.bwc-withdraw').hidden`)
	require.Equal(t, 1, eval[int](two, `window.before`), "no script ran that the page would have to be loaded anew for")
}
