package banner

import (
	"net/http"
	"strings"

	"github.com/bailiwick-dev/bailiwick/consent"
)

// route names what answers where, below Options.Path.
func (b *Banner) route() {
	p := b.o.Path
	b.mux = http.NewServeMux()
	b.mux.HandleFunc("POST "+p+"choose", b.choose)
	b.mux.HandleFunc("POST "+p+"withdraw", b.withdraw)
	b.mux.HandleFunc("GET "+p+"state.json", b.state)
	b.mux.HandleFunc("GET "+p+"manifest.json", b.manifest)
	for _, a := range b.assets {
		b.mux.Handle("GET "+p+a.name, a)
	}
	b.mux.HandleFunc("GET "+consent.GPCResourcePath, b.gpc)
}

// Handler answers what the banner's form and script ask for, below [Options].Path, and [consent.GPCResourcePath]. It takes answers only
// inside of [consent.Manager.Wrap], or of [Banner.Wrap], which mounts it, too.
func (b *Banner) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		b.mux.ServeHTTP(w, r)
	})
}

// Wrap is [consent.Manager.Wrap] with [Banner.Handler] mounted before next. It adds that responses vary by language.
func (b *Banner) Wrap(next http.Handler) http.Handler {
	own := b.Handler()
	inside := b.m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, b.o.Path) {
			own.ServeHTTP(w, r)
			return
		}
		if b.o.Accept == nil {
			w.Header().Add("Vary", "Accept-Language")
		}
		next.ServeHTTP(w, r)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, b.o.Path)
		if _, asset := b.assets[name]; ok && asset || r.URL.Path == consent.GPCResourcePath {
			own.ServeHTTP(w, r) // the same for everybody
			return
		}
		inside.ServeHTTP(w, r)
	})
}

// gpc answers for /.well-known/gpc.json.
func (b *Banner) gpc(w http.ResponseWriter, r *http.Request) {
	since := b.o.GPCSince
	if since.IsZero() {
		if _, e := b.decision(r); e != nil {
			since = e.policy.Effective
		}
	}
	consent.GPCResource(since).ServeHTTP(w, r)
}
