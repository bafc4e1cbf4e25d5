package banner

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// strict is a policy that allows nothing that the banner does not need.
const strict = "default-src 'self'; base-uri 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types"

// A page is a test site. Its paths below / are one page, in which body follows the banner.
type site struct {
	csp   string
	body  string
	lang  string
	dir   string
	paths map[string]http.HandlerFunc
}

// serve puts the site on a host, and returns its address.
func (s site) serve(t testing.TB, hostName string, b *Banner) string {
	t.Helper()
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := s.paths[r.URL.Path]; ok {
			h(w, r)
			return
		}
		if r.URL.Path == "/favicon.ico" {
			http.NotFound(w, r)
			return
		}
		for _, name := range []string{"_ga", "_ga_1", "_fbp"} {
			http.SetCookie(w, &http.Cookie{Name: name, Value: "1", Path: "/", Secure: true})
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if s.csp != "" {
			w.Header().Set("Content-Security-Policy", s.csp)
		}
		lang, dir := "en", "ltr"
		if s.lang != "" {
			lang, dir = s.lang, s.dir
		}
		fmt.Fprintf(w, `<!doctype html><html lang=%q dir=%q><head><meta charset=utf-8><meta name=viewport content="width=device-width,initial-scale=1"><title>Shop</title></head>`+
			`<body>%s<main><h1>Shop</h1><p>Some text. <a href="/privacy">Privacy</a></p>%s</main></body></html>`, lang, dir, b.HTML(r), s.body)
	})
	return host(hostName, inAcme(b.Wrap(page)))
}

// strictly is a tab on a site of a strict policy.
func strictly(t testing.TB, o Options, body string) (*tab, string) {
	t.Helper()
	b := newTab(t)
	url := site{csp: strict, body: body}.serve(t, name(t, "shop"), newBanner(t, o))
	b.Open(url + "/")
	return b, url
}

func (b *tab) allowed() string {
	b.T.Helper()
	return eval[string](b, `['functional','analytics','marketing','replay'].filter(consent.allows).join(' ')`)
}

// A third is a host of somebody else, of one category, which answers everything.
type third struct{ name, url string }

// trackers has a script, a frame and an image of marketing and an image of analytics wait in a page, and returns their hosts and a policy that lets the
// page load them.
func trackers(t testing.TB) (ads, stats third, body, csp string) {
	t.Helper()
	ads.name, stats.name = name(t, "ads"), name(t, "stats")
	ads.url = host(ads.name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ad.js": // asks all the time, and when the page ends
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprintf(w, `const tab = name
setInterval(() => fetch('https://%[1]s/ping' + tab, {mode: 'no-cors'}).catch(() => {}), 20)
addEventListener('pagehide', () => navigator.sendBeacon('https://%[1]s/bye'))
addEventListener('visibilitychange', () => navigator.sendBeacon('https://%[1]s/bye'))
document.currentScript.dataset.site && (window.adRan = document.currentScript.dataset.site)`, r.Host)
		case "/frame":
			fmt.Fprintf(w, "<title>ad</title><img src=/in-frame>")
		}
	}))
	stats.url = host(stats.name, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	body = fmt.Sprintf(`<script type="text/plain" data-consent="marketing" data-src="%[1]s/ad.js" data-site="7"></script>`+
		`<iframe title="ad" data-consent="marketing" data-src="%[1]s/frame"></iframe>`+
		`<img alt="" data-consent="analytics" data-src="%[2]s/pixel"><img alt="" data-consent="analytics marketing" data-src="%[2]s/both">`, ads.url, stats.url)
	csp = fmt.Sprintf("default-src 'self' %s %s; base-uri 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types bailiwick-consent", ads.url, stats.url)
	return ads, stats, body, csp
}

// paths returns which paths a host was asked for, sorted and once each.
func (h third) paths() string {
	seen := map[string]bool{}
	for _, h := range hits(h.name) {
		seen[h.path] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(seen)), " ")
}

// cached is a host that answers with the same page for everybody, as a cache does that was told wrong.
func cached(t testing.TB, hostName, csp, page string, b *Banner) string {
	t.Helper()
	return host(hostName, inAcme(b.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", csp)
		fmt.Fprint(w, page)
	}))))
}
