package banner_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/consent/banner"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func words(title, body string) map[string]consent.Text {
	return map[string]consent.Text{"en": {Title: title, Body: body}, "de": {Title: title, Body: body}}
}

var (
	day      = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	purposes = []consent.Purpose{
		{Key: "login", Category: consent.Essential, Text: words("Signing in", "We remember that you signed in."), Storage: []consent.Item{{Name: "__Host-session"}}},
		{Key: "visits", Category: consent.Analytics, Text: words("Counting visits", "We count visits for a year."), Storage: []consent.Item{{Name: "_ga*", TTL: 365 * 24 * time.Hour}}},
	}
	key, _ = tenancy.NewKey("k1", bytes.Repeat([]byte("x"), 32)) // of a key store, and random
	keys   = tenancy.Keys{Current: key}
)

// From nothing to a page that asks, in ten lines: all that is stored is declared in purposes, and the tenant is found by what is around
// handler (tenancy.Gate).
func Example() {
	policies, err := consent.Compile(consent.Policy{Version: 1, Material: true, Effective: day, Purposes: purposes})
	if err != nil {
		panic(err)
	}
	m, _ := consent.New(consent.Config{Registry: policies, Keys: keys})
	b, _ := banner.New(m, banner.Options{PolicyURL: "/privacy"})
	handler := b.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "_ga", Value: "1", Secure: true}) // as if everybody had agreed
		fmt.Fprintf(w, "<!doctype html><html lang=en><title>Shop</title><body>%s<h1>Shop</h1>", b.HTML(r))
	}))

	r := httptest.NewRequest("GET", "https://shop.example/", nil)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r.WithContext(tenancy.With(r.Context(), tenancy.MustParseID("acme"))))
	page := w.Body.String()
	fmt.Println("cookies:", len(w.Result().Cookies()))
	fmt.Println("asks:", strings.Index(page, "Reject all") < strings.Index(page, "Accept all"), strings.Contains(page, "checked"))
	// Output:
	// cookies: 0
	// asks: true false
}

// The ten lines of the example are counted: from its first to the one that ends the handler, without what handles errors.
func TestAPageThatAsksTakesTenLines(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	_, body, ok := strings.Cut(string(source), "\nfunc Example() {\n")
	require.True(t, ok)
	body, _, ok = strings.Cut(body, "\n\n")
	require.True(t, ok)
	require.LessOrEqual(t, len(strings.Split(body, "\n")), 10, body)
}

// Without a policy in the language that is asked for, the page is in one that there is.
func ExampleBanner_HTML() {
	policies, _ := consent.Compile(consent.Policy{Version: 1, Material: true, Effective: day, Purposes: purposes})
	m, _ := consent.New(consent.Config{Registry: policies, Keys: keys})
	b, _ := banner.New(m, banner.Options{Texts: map[string]banner.Texts{"de": {Accept: "Einverstanden"}}})
	for _, accept := range []string{"de-CH, fr;q=0.9", "fr"} {
		r := httptest.NewRequest("GET", "https://shop.example/", nil)
		r = r.WithContext(tenancy.With(r.Context(), tenancy.MustParseID("acme"))) // as behind a tenancy.Gate
		r.Header.Set("Accept-Language", accept)
		html := string(b.HTML(r))
		fmt.Println(strings.Contains(html, "Alle ablehnen"), strings.Contains(html, "Einverstanden"), strings.Contains(html, "Reject all"))
	}
	// Output:
	// true true false
	// false false true
}
