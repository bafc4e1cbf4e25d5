package banner

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
)

// plain is the least that a server can show: a form of two buttons with a little style, and no script.
func plain(hostName string) string {
	return host(hostName, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/plain.css" {
			w.Header().Set("Content-Type", "text/css")
			fmt.Fprint(w, `.sheet{position:fixed;inset:auto 0 0;padding:1rem;background:#fff;color:#111;border-top:1px solid #555;font:1rem/1.5 system-ui}.sheet button{min-width:9rem;padding:.5rem;font:inherit}`)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width,initial-scale=1"><title>Shop</title><link rel=stylesheet href=/plain.css></head>`+
			`<body><form class=sheet method=post action=/choose><p>We ask before we store anything that is not essential.</p><button name=do value=reject>Reject all</button> <button name=do value=accept>Accept all</button></form>`+
			`<main><h1>Shop</h1><p>Some text. <a href="/privacy">Privacy</a></p></main></body></html>`)
	}))
}

// BenchmarkVisible has a browser without a cache open, in turns, a plain form and a page with the banner, and reports how long after the beginning of
// the navigation the frame was made that shows the accepting button, in the median, and ours to the form's before or after it: in the median, and
// undisturbed (the 20th percentile of ours to that of the form's).
//
//	go test ./consent/banner -run '^$' -bench Visible -benchtime 200x
func BenchmarkVisible(b *testing.B) {
	t := newTab(b)
	do(t, network.Enable, network.EnableParams{})
	do(t, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	do(t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `self.shown = new Promise(ok => { const look = () => {
		const e = document.querySelector('[value=accept]'), r = e && e.checkVisibility() && e.getBoundingClientRect()
		r && r.width && r.bottom <= innerHeight ? requestAnimationFrame(() => ok(performance.now())) : requestAnimationFrame(look) }; requestAnimationFrame(look) })`})
	ours := site{csp: strict}.serve(b, name(b, "ours"), newBanner(b, Options{}))
	form := plain(name(b, "plain"))
	shown := func(url string) float64 {
		t.Open(url + "/")
		return eval[float64](t, `shown`)
	}
	for range 5 {
		shown(ours)
		shown(form)
	}
	var all [2][]float64
	var ratios []float64
	for i := 0; b.Loop(); i++ {
		var ms [2]float64
		for k := range ms {
			if at := (i + k) % 2; at == 0 {
				ms[0] = shown(form)
			} else {
				ms[1] = shown(ours)
			}
		}
		for k := range ms {
			all[k] = append(all[k], ms[k])
		}
		ratios = append(ratios, ms[1]/ms[0])
	}
	at := func(list []float64, part float64) float64 {
		slices.Sort(list)
		return list[int(part*float64(len(list)-1))]
	}
	b.ReportMetric(at(all[0], .5), "plain-ms")
	b.ReportMetric(at(all[1], .5), "ours-ms")
	b.ReportMetric(at(ratios, .5), "x-plain")
	b.ReportMetric(at(all[1], .2)/at(all[0], .2), "undisturbed-x-plain")
}
