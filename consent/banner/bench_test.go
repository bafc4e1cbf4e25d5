package banner

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// The banner is part of every page.
func BenchmarkHTML(b *testing.B) {
	shop := newBanner(b, Options{})
	r := httptest.NewRequest("GET", "/page", nil)
	r = r.WithContext(tenancy.With(r.Context(), acme))
	r.Header.Set("Accept-Language", "de-CH, de;q=0.9, en;q=0.8")
	shop.m.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b.ReportAllocs()
		for b.Loop() {
			shop.HTML(r)
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
}
