package consent

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

func BenchmarkDecide(b *testing.B) {
	r := registry(b, history()...)
	sig := Signals{GPC: true, Now: noon}
	c := yes(Functional, Analytics, Marketing)
	c.Policy = 4
	s := Stored{Choice: c}
	b.ReportAllocs()
	for b.Loop() {
		if d := Decide(r, sig, s); !d.Allows(Analytics) {
			b.Fatal("denied")
		}
	}
}

// BenchmarkAllow asks with the context that a handler in Wrap is given, and with one made by With.
func BenchmarkAllow(b *testing.B) {
	d := Decide(registry(b), Signals{Now: noon}, Stored{Choice: yes(Analytics)})
	for name, ctx := range map[string]context.Context{"wrapped": &wrapped{Context: context.Background(), d: d}, "with": With(context.Background(), d)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !Allow(ctx, Analytics) {
					b.Fatal("denied")
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	s := newTestSealer(b, kindPage, "k1", "")
	h := http.Header{"Cookie": {"__Host-session=3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAA; theme=dark; " + CookieName + "=" + s.seal(s.current, "acme", sampleChoice) + "; csrf=AAAAAAAAAAAAAAAA"}}
	b.ReportAllocs()
	for b.Loop() {
		if k := s.read(h, "acme", new(Choice)); k == nil {
			b.Fatal("not opened")
		}
	}
}

// BenchmarkRequest is all of a decision: header, cookie, signature, rule.
func BenchmarkRequest(b *testing.B) {
	m := manager(b, nil)
	for name, cookie := range map[string]string{"first-visit": "", "chosen": "; " + CookieName + "=" + m.sealer.seal(m.sealer.current, "acme", yes(Analytics))} {
		r := httptest.NewRequest("GET", "https://shop.test/chat", nil)
		r = r.WithContext(tenancy.With(r.Context(), acme))
		r.Header.Set("Sec-GPC", "1")
		r.Header.Set("Cookie", "__Host-session=3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAA; theme=dark"+cookie+"; csrf=AAAAAAAAAAAAAAAA")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d := m.Decide(r); d.Allows(Analytics) == (cookie == "") {
					b.Fatal("decided otherwise")
				}
			}
		})
	}
}

type nullWriter struct{ h http.Header }

func (n *nullWriter) Header() http.Header         { return n.h }
func (n *nullWriter) Write(p []byte) (int, error) { return len(p), nil }
func (n *nullWriter) WriteHeader(int)             {}

// BenchmarkGuard is a handler with four cookies, one of which is removed, without and with the guard; and Wrap as a whole.
func BenchmarkGuard(b *testing.B) {
	cookies := [...]string{session, "csrf=AAAAAAAAAAAAAAAA; Path=/; Secure; SameSite=Strict", "draft=eyJ0IjoiaGVsbG8ifQ; Path=/chat; Max-Age=259200", gaLine}
	body := []byte("ok")
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for i := range cookies {
			h.Add("Set-Cookie", cookies[i])
		}
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(body)
	})
	m := manager(b, nil)
	d := Decide(m.c.Registry, Signals{Now: noon}, Stored{Choice: yes(Functional)})
	r := httptest.NewRequest("GET", "/", nil)
	r = r.WithContext(tenancy.With(r.Context(), acme))
	for _, c := range []struct {
		name string
		h    http.Handler
	}{
		{"none", next},
		{"guard", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			g := &guard{inner: w, d: d}
			defer g.end()
			next.ServeHTTP(g, r)
		})},
		{"wrap", m.Wrap(next)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			w := &nullWriter{http.Header{"Content-Type": {"text/html"}, "Cache-Control": {"no-store"}}}
			var lines [4]string
			for b.Loop() {
				w.h["Set-Cookie"] = lines[:0]
				c.h.ServeHTTP(w, r)
			}
		})
	}
}
