package bench

import (
	"errors"
	"net/http"
	"testing"
)

// Workload C, guard: one operation is a handler that sets four cookies of which one has no consent, behind what removes that one.
// none removes nothing; ours is the whole middleware, which also decides; parse is a wrapper with net/http's parser.
func BenchmarkConsentGuard(b *testing.B) { compare(b, consentGuardWays(), nil) }

func TestGuardsRemoveTheOneCookie(t *testing.T) { checkWays(t, consentGuardWays()) }

type consentGuard struct {
	name string
	wrap func(tb testing.TB, next http.Handler) http.Handler
}

var consentGuards = []consentGuard{
	{"none", func(_ testing.TB, next http.Handler) http.Handler { return next }},
	{"ours", func(tb testing.TB, next http.Handler) http.Handler { return consentManager(tb).Wrap(next) }},
}

var guardLines = [...]string{
	"__Host-session=3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAA; Path=/; Secure; HttpOnly; SameSite=Lax",
	"csrf=AAAAAAAAAAAAAAAA; Path=/; Secure; SameSite=Strict",
	"draft=eyJ0IjoiaGVsbG8ifQ; Path=/chat; Max-Age=259200; Secure; SameSite=Lax",
	"_ga=GA1.1.1234567890.1767225600; Path=/; Max-Age=63072000; SameSite=Lax",
}

type heldWriter struct{ h http.Header }

func (w *heldWriter) Header() http.Header         { return w.h }
func (w *heldWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w *heldWriter) WriteHeader(int)             {}

func consentGuardWays() (ways []way) {
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for i := range guardLines {
			h.Add("Set-Cookie", guardLines[i])
		}
		w.WriteHeader(http.StatusOK)
	})
	for _, g := range consentGuards {
		w := way{name: g.name, vs: []string{"none"}, open: func(tb testing.TB) func(int) error {
			h := g.wrap(tb, next)
			m := consentManager(tb)
			r := consentRequest(chosenCookie(tb, m, 0b0011))
			want := 3
			if g.name == "none" {
				want = 4
			}
			out := &heldWriter{http.Header{"Content-Type": {"text/html"}}}
			var room [4]string
			return shared(1, func() error {
				out.h["Set-Cookie"] = room[:0]
				h.ServeHTTP(out, r)
				if len(out.h["Set-Cookie"]) != want {
					return errors.New("not the cookies that should be left")
				}
				return nil
			})
		}}
		ways = append(ways, w)
	}
	return ways
}
