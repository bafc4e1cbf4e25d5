package banner

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/require"
)

// The signal is the browser's own, and the same for all its pages: these tests are not parallel.

func TestAfterAcceptAllTheSignalTakesMarketingAwayInTheSameLoad(t *testing.T) {
	b := newTab(t)
	ads, stats, body, csp := trackers(t)
	url := site{csp: csp, body: body}.serve(t, name(t, "shop"), newBanner(t, Options{}))
	b.Open(url + "/")
	b.Click("[value=accept]")
	b.Until(`window.adRan`)
	eval[bool](b, `new Promise(ok => indexedDB.open('ads').onsuccess = e => { e.target.result.close(); ok(true) })`)
	eval[bool](b, `new Promise(ok => indexedDB.open('drafts').onsuccess = e => { e.target.result.close(); ok(true) })`)
	b.Open(url + "/cookies")
	require.Contains(t, b.cookies(url), "_fbp")
	b.GPC(true)
	b.Open("about:blank")
	forget(ads.name, stats.name)
	b.Open(url + "/")
	require.True(t, eval[bool](b, `navigator.globalPrivacyControl`))
	require.Equal(t, "functional analytics replay", b.allowed(), "and the rest stays")
	require.Equal(t, "Opt-out signal honoured", eval[string](b, `(e => e.checkVisibility() ? e.textContent : '')(document.querySelector('.bwc-signal'))`))
	require.Eventually(t, func() bool { return stats.paths() == "/pixel" }, 10*time.Second, 20*time.Millisecond)
	b.Until(`indexedDB.databases().then(d => d.map(d => d.name).join() == 'drafts' && !document.cookie.includes('_fbp'))`)
	require.NotContains(t, b.cookies(url), "_fbp")

	b.GPC(false)
	b.Open(url + "/")
	require.Equal(t, "functional analytics replay", b.allowed(), "its absence is no new yes")
	require.False(t, eval[bool](b, `!!window.adRan`))
	for _, h := range hits(ads.name) { // what the page before asked for may come late
		require.Contains(t, "/ping /bye", h.path)
	}
	require.Empty(t, b.Violations())
}

func TestTheSignalCountsOnEveryKindOfRequest(t *testing.T) {
	b := newTab(t)
	var mu sync.Mutex
	seen := map[string]string{}
	probe := func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, honoured := consent.From(r.Context()).Signal()
		seen[r.URL.Query().Get("of")] = fmt.Sprintf("%s: signal %v, marketing %v, analytics %v", r.Header.Get("Sec-Fetch-Dest"), honoured,
			consent.Allow(r.Context(), consent.Marketing), consent.Allow(r.Context(), consent.Analytics))
		if r.URL.Query().Get("of") == "worker" {
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, `fetch('/probe?of=workerfetch').then(() => postMessage(navigator.globalPrivacyControl))`)
		}
	}
	url := site{paths: map[string]http.HandlerFunc{"/probe": probe}}.serve(t, name(t, "shop"), newBanner(t, Options{}))
	b.Open(url + "/")
	b.Click("[value=accept]")
	b.Until(`!document.querySelector('.bwc').hasAttribute('data-ask')`)
	accepted := do(b, network.GetCookies, network.GetCookiesParams{URLs: []string{url}}).Cookies[0]
	b.GPC(true)
	for of, script := range map[string]string{
		"document":    `location.href = '/probe?of=document'`,
		"image":       `new Promise(ok => { const i = new Image; i.onerror = i.onload = ok; i.src = '/probe?of=image' }).then(() => 1)`,
		"iframe":      `new Promise(ok => { const i = document.createElement('iframe'); i.onload = ok; i.src = '/probe?of=iframe'; document.body.append(i) }).then(() => 1)`,
		"fetch":       `fetch('/probe?of=fetch').then(() => 1)`,
		"worker":      `new Promise(ok => { const w = new Worker('/probe?of=worker'); w.onmessage = w.onerror = ok }).then(() => 1)`,
		"workerfetch": ``,
	} {
		if script == "" {
			continue
		}
		// Each is the first that has the signal after accept-all.
		do(b, network.SetCookie, network.SetCookieParams{Name: accepted.Name, Value: accepted.Value, URL: url, Path: "/", Secure: &yes})
		eval[any](b, script)
		require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return seen[of] != "" }, 10*time.Second, 10*time.Millisecond, of)
		b.Open(url + "/privacy")
	}
	mu.Lock()
	defer mu.Unlock()
	const rest = ": signal true, marketing false, analytics true"
	require.Equal(t, map[string]string{"document": "document" + rest, "image": "image" + rest, "iframe": "iframe" + rest, "fetch": "empty" + rest,
		"worker": "worker" + rest, "workerfetch": "empty" + rest}, seen)
}

func TestTheSignalAloneStoresNothingAndAsksForTheRest(t *testing.T) {
	b := newTab(t)
	ads, _, body, csp := trackers(t)
	b.GPC(true)
	url := site{csp: csp, body: body}.serve(t, name(t, "shop"), newBanner(t, Options{}))
	for range 3 {
		b.Open(url + "/")
	}
	require.Empty(t, b.cookies(url))
	require.Empty(t, b.stored())
	require.True(t, eval[bool](b, `document.querySelector('.bwc-signal').checkVisibility() && document.querySelector('.bwc').hasAttribute('data-ask')`))
	b.Click(".bwc-settings>summary")
	require.Equal(t, "functional analytics replay", eval[string](b, `[...document.querySelectorAll('[name=grant]')].map(i => i.value).join(' ')`), "marketing has no switch")
	b.Click("[value=accept]")
	b.Until(`!document.querySelector('.bwc').hasAttribute('data-ask')`)
	require.Equal(t, "functional analytics replay", b.allowed())
	b.Open(url + "/")
	require.Equal(t, "functional analytics replay", b.allowed())
	require.Empty(t, ads.paths())
	require.Equal(t, 0, eval[int](b, `document.querySelectorAll('[value="confirm:marketing"]').length`), "nobody is signed in who could override it")
}

func TestWhoIsSignedInOverridesTheSignalInASecondStep(t *testing.T) {
	b := newTab(t)
	b.GPC(true)
	url := site{csp: strict}.serve(t, name(t, "shop"), newBanner(t, Options{}))
	do(b, network.SetCookie, network.SetCookieParams{Name: "__Host-session", Value: "ann", URL: url, Path: "/", Secure: &yes})
	b.Open(url + "/")
	b.Click("[value=reject]")
	b.Until(`!document.querySelector('.bwc').hasAttribute('data-ask')`)
	b.Open(url + "/")
	b.Click(".bwc-sheet>summary")
	b.Click(".bwc-settings>summary")
	require.False(t, eval[bool](b, `document.querySelector('[value="confirm:marketing"]').checkVisibility()`))
	b.Click(".bwc-row details>summary")
	b.Click(`[value="confirm:marketing"]`)
	b.Until(`window.consent?.allows('marketing')`)
	require.Equal(t, "marketing", b.allowed())
	b.GPC(false)
	b.Open(url + "/")
	b.GPC(true)
	b.Open(url + "/")
	require.Equal(t, "", b.allowed(), "the next signal is another one")
}
