package main

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/consent/banner"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

// What the shop stores, and why. Nothing else gets past the guard.
var policy = consent.Policy{Version: 1, Material: true, Effective: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Purposes: []consent.Purpose{
	{Key: "login", Category: consent.Essential, Text: texts("Signing in", "We remember that you signed in.", "Anmeldung", "Wir merken uns, dass Sie angemeldet sind."),
		Storage: []consent.Item{{Name: "session"}}},
	{Key: "visits", Category: consent.Analytics, Text: texts("Counting visits", "We count how often you come, for a year.", "Besuche zählen", "Wir zählen ein Jahr lang, wie oft Sie kommen."),
		Storage: []consent.Item{{Name: "visits", TTL: 365 * 24 * time.Hour}}, Data: []string{"number of visits"}},
	{Key: "ads", Category: consent.Marketing, TargetedAds: true, Text: texts("Advertising", "We show you what you looked at, elsewhere.", "Werbung", "Wir zeigen Ihnen anderswo, was Sie angesehen haben."),
		Storage: []consent.Item{{Name: "ads", TTL: 90 * 24 * time.Hour}}},
}}

func texts(title, body, titel, text string) map[string]consent.Text {
	return map[string]consent.Text{"en": {Title: title, Body: body}, "de": {Title: titel, Body: text}}
}

//go:embed page.gohtml shop.css
var files embed.FS

var page = template.Must(template.ParseFS(files, "page.gohtml"))

type shop struct {
	files *sqlite.DB
	m     *consent.Manager
	b     *banner.Banner
	site  http.Handler
}

func (s *shop) Close() error { return s.files.Close() }

func openShop(ctx context.Context, dir string) (_ *shop, err error) {
	steps, err := sqlite.ReadMigrations("consent", consentsql.SQLite())
	if err != nil {
		return nil, err
	}
	s := &shop{}
	if s.files, err = sqlite.Open(dir, sqlite.Options{Migrations: steps}); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	acme := tenancy.MustParseID("acme")
	if err := s.files.Provision(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}); err != nil {
		return nil, err
	}
	policies, err := consent.Compile(policy)
	if err != nil {
		return nil, err
	}
	store, err := consentsql.New(s.files.TenantDB())
	if err != nil {
		return nil, err
	}
	cookies, err1 := tenancy.NewKey("c1", []byte(rand.Text()+rand.Text())) // of a key store, in a real application: with this one
	people, err2 := tenancy.NewKey("p1", []byte(rand.Text()+rand.Text()))  // answers are forgotten when the program ends
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	s.m, err = consent.New(consent.Config{Registry: policies, Keys: tenancy.Keys{Current: cookies}, Store: store, Pseudonyms: people,
		Controller: consent.Controller{Name: "Acme Ltd", Contact: "privacy@acme.example", URL: "/privacy"}})
	if err != nil {
		return nil, err
	}
	if s.b, err = banner.New(s.m, banner.Options{PolicyURL: "/privacy"}); err != nil {
		return nil, err
	}
	inside := s.b.Wrap(s.pages())
	s.site = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'")
		inside.ServeHTTP(w, r.WithContext(tenancy.With(r.Context(), acme))) // tenancy.Gate does it, where there are more tenants
	})
	return s, nil
}

func (s *shop) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.front)
	mux.HandleFunc("GET /proof", s.proof)
	mux.HandleFunc("GET /privacy", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "What is stored, and why, is in the banner.")
	})
	mux.HandleFunc("GET /shop.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "shop.css") })
	mux.Handle("POST /counted", consent.Gate(consent.Analytics, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
	return mux
}

// front sets all its cookies, as if everybody had agreed.
func (s *shop) front(w http.ResponseWriter, r *http.Request) {
	for _, name := range []string{"session", "visits", "ads"} {
		http.SetCookie(w, &http.Cookie{Name: name, Value: "1", Path: "/", Secure: true, MaxAge: 90 * 24 * 3600})
	}
	type row struct {
		Category consent.Category
		Why      consent.Reason
	}
	d := consent.From(r.Context())
	view := struct {
		Banner template.HTML
		Rows   []row
	}{Banner: s.b.HTML(r)}
	for _, c := range []consent.Category{consent.Essential, consent.Analytics, consent.Marketing} {
		view.Rows = append(view.Rows, row{c, d.Why(c)})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.Execute(w, view); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
	}
}

// proof shows a visitor what the ledger has of their browser, as receipts.
func (s *shop) proof(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	for e, err := range s.m.BrowserHistory(r) {
		var receipt []byte
		if err == nil {
			receipt, err = s.m.Receipt(r.Context(), e)
		}
		if err != nil {
			http.Error(w, "there is no telling now", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, "%s\n", receipt)
	}
}
