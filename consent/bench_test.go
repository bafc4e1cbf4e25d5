package consent

import (
	"context"
	"net/http"
	"testing"
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

func BenchmarkAllow(b *testing.B) {
	ctx := With(context.Background(), Decide(registry(b), Signals{Now: noon}, Stored{Choice: yes(Analytics)}))
	b.ReportAllocs()
	for b.Loop() {
		if !Allow(ctx, Analytics) {
			b.Fatal("denied")
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	s := newTestSealer(b, kindPage, "k1", "")
	h := http.Header{"Cookie": {"__Host-session=3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAA; theme=dark; " + CookieName + "=" + s.seal(s.current, "acme", sampleChoice) + "; csrf=AAAAAAAAAAAAAAAA"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, k := s.read(h, "acme"); k == nil {
			b.Fatal("not opened")
		}
	}
}
