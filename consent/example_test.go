package consent_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

func text(title, body string) map[string]consent.Text {
	return map[string]consent.Text{"en": {Title: title, Body: body}}
}

var policies, _ = consent.Compile(consent.Policy{Version: 1, Material: true, Effective: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	Purposes: []consent.Purpose{
		{Key: "login", Category: consent.Essential, Text: text("Signing in", "We remember that you signed in."),
			Storage: []consent.Item{{Name: "__Host-session"}}},
		{Key: "visits", Category: consent.Analytics, Text: text("Counting visits", "We count visits for a year."),
			Storage: []consent.Item{{Name: "_ga*", TTL: 365 * 24 * time.Hour}}},
		{Key: "ads", Category: consent.Marketing, TargetedAds: true, Text: text("Advertising", "We show you ads."),
			Storage: []consent.Item{{Name: "_fbp", TTL: 90 * 24 * time.Hour}}},
	}})

// A handler sets cookies as if everybody had agreed. Nobody gets one before a yes, and a browser with Global Privacy Control gets
// no advertising after it.
func Example() {
	key, _ := tenancy.NewKey("k1", bytes.Repeat([]byte("x"), 32)) // of a key store, and random
	m, err := consent.New(consent.Config{Registry: policies, Keys: tenancy.Keys{Current: key}})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"__Host-session", "_ga", "_fbp"} {
			http.SetCookie(w, &http.Cookie{Name: name, Value: "1", Path: "/", Secure: true})
		}
		d := consent.From(r.Context())
		fmt.Fprintf(w, "analytics %v; marketing %v", d.Why(consent.Analytics), d.Why(consent.Marketing))
	})
	mux.HandleFunc("POST /accept", func(w http.ResponseWriter, r *http.Request) {
		shown, err := consent.ParseHash(r.FormValue("text"))
		if err == nil {
			_, err = m.Choose(w, r, consent.Answer{Grant: consent.Of(consent.Analytics, consent.Marketing), Document: shown})
		}
		if err != nil {
			http.Error(w, "not accepted", http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, "accepted")
	})
	acme := tenancy.MustParseID("acme")
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.Wrap(mux).ServeHTTP(w, r.WithContext(tenancy.With(r.Context(), acme))) // in an application, tenancy.Gate finds it
	})

	var jar []*http.Cookie
	visit := func(method, url string, gpc bool) {
		r := httptest.NewRequest(method, url, nil)
		for _, c := range jar {
			r.AddCookie(c)
		}
		if gpc {
			r.Header.Set("Sec-GPC", "1")
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			fmt.Print(c.Name, " ")
			if c.Name == consent.CookieName {
				jar = []*http.Cookie{c}
			}
		}
		body, _ := io.ReadAll(w.Body)
		fmt.Printf("| %s\n", body)
	}
	shown, _ := policies.Document(time.Now(), "en")
	visit("GET", "/", false)
	visit("POST", "/accept?text="+shown.Hash.String(), false)
	visit("GET", "/", false)
	visit("GET", "/", true)
	visit("GET", "/", false)
	// Output:
	// __Host-session | analytics denied: not answered; marketing denied: not answered
	// __Host-consent | accepted
	// __Host-session _ga _fbp | analytics allowed: the person said yes; marketing allowed: the person said yes
	// __Host-consent __Host-session _ga | analytics allowed: the person said yes; marketing denied: opt-out signal (Sec-GPC)
	// __Host-session _ga | analytics allowed: the person said yes; marketing denied: opted out in this browser
}

// What laws ask for is data, by place and day.
func ExampleLaws() {
	laws, err := consent.CompileRegimes(consent.Regimes()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, day := range []string{"2027-12-31", "2028-01-01"} {
		t, _ := time.Parse(time.DateOnly, day)
		for _, r := range laws.Regimes(consent.PlaceOf("US-VT"), t) {
			fmt.Println(day, r.Duties, "-", r.Statute)
		}
	}
	fmt.Println(laws.Duties(consent.PlaceOf("DE"), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)))
	// Output:
	// 2028-01-01 opt-out right, opt-out signal - Vermont Data Privacy and Online Surveillance Act (S.71, Act 145)
	// prior consent
}
