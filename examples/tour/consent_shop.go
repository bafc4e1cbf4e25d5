package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Larch has a web shop. What it wants to store on a visitor's device, and what for:
var shopPolicy = consent.Policy{Version: 1, Material: true, Effective: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Purposes: []consent.Purpose{
	{Key: "login", Category: consent.Essential, Text: inEnglish("Signing in", "We remember that you signed in."), Storage: []consent.Item{{Name: "session"}}},
	{Key: "visits", Category: consent.Analytics, Text: inEnglish("Counting visits", "We count who comes how often."), Storage: []consent.Item{{Name: "_ga*"}}},
	{Key: "ads", Category: consent.Marketing, TargetedAds: true, Text: inEnglish("Advertising", "We show you ads elsewhere."), Storage: []consent.Item{{Name: "_fbp"}}},
}}

func inEnglish(title, body string) map[string]consent.Text {
	return map[string]consent.Text{"en": {Title: title, Body: body}}
}

const byConsent = "consent.Manager"

// shop is a web shop that asks its visitors. The tests have a worse one.
type shop struct {
	store *outage
	m     *consent.Manager
	text  consent.Hash
	site  http.Handler
}

// An outage is a store that can be made to fail.
type outage struct {
	consent.Store
	down atomic.Bool
}

func (o *outage) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	if o.down.Load() {
		return consent.ErrUnavailable
	}
	return o.Store.Tx(ctx, f)
}

func (o *outage) State(ctx context.Context, who consent.Who) (consent.State, error) {
	if o.down.Load() {
		return consent.State{}, consent.ErrUnavailable
	}
	return o.Store.State(ctx, who)
}

// keepConsent opens larch's shop.
func (d *desk) keepConsent() error {
	policies, err := consent.Compile(shopPolicy)
	if err != nil {
		return err
	}
	store, err := consentsql.New(d.db)
	if err != nil {
		return err
	}
	key := func(id string) tenancy.Key {
		k, keyErr := tenancy.NewKey(id, []byte(rand.Text()+rand.Text()))
		err = errors.Join(err, keyErr)
		return k
	}
	s := &shop{store: &outage{Store: store}}
	c := consent.Config{Registry: policies, Keys: tenancy.Keys{Current: key("c1")}, Store: s.store, Pseudonyms: key("c2"), User: signedIn}
	if err != nil {
		return err
	}
	if s.m, err = consent.New(c); err != nil {
		return err
	}
	shown, _ := policies.Document(time.Now(), "en")
	s.text, s.site = shown.Hash, s.m.Wrap(s.pages())
	d.shop = s
	return nil
}

// signedIn stands for a session.
func signedIn(r *http.Request) string {
	if c, err := r.Cookie("session"); err == nil {
		return c.Value
	}
	return ""
}

// pages sets cookies as if everybody had agreed.
func (s *shop) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { setAll(w, r.URL.Query().Get("way")) })
	mux.HandleFunc("POST /answer", func(w http.ResponseWriter, r *http.Request) {
		var err error
		if grant := consent.Of(consent.Analytics, consent.Marketing); r.FormValue("no") == "" {
			_, err = s.m.Choose(w, r, consent.Answer{Grant: grant, Document: s.text})
		} else {
			_, err = s.m.Withdraw(w, r)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	})
	return mux
}

// device is a visitor's, which keeps the cookies it is given.
type device struct {
	site   http.Handler
	tenant tenancy.ID
	user   string // who is signed in
	gpc    bool
	jar    map[string]string
	set    []string // names of the cookies that the last answer set
}

func (d *desk) device(user string) *device {
	return &device{site: d.shop.site, tenant: larch, user: user, jar: map[string]string{}}
}

// visit makes a request, and returns what it was answered with.
func (v *device) visit(ctx context.Context, method, path string, change func(*http.Request)) *http.Response {
	r := httptest.NewRequest(method, "https://larch.example"+path, nil)
	r = r.WithContext(tenancy.With(ctx, v.tenant)) // tenancy.Gate does that
	if v.user != "" {
		r.AddCookie(&http.Cookie{Name: "session", Value: v.user})
	}
	for name, value := range v.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if v.gpc {
		r.Header.Set("Sec-GPC", "1")
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	v.site.ServeHTTP(w, r)
	v.set = nil
	for _, c := range w.Result().Cookies() {
		v.set = append(v.set, c.Name)
		if strings.Contains(c.Name, "consent") {
			v.jar[c.Name] = c.Value
		}
	}
	return w.Result()
}

func (v *device) accept(ctx context.Context) error { return v.answer(ctx, "/answer") }

func (v *device) withdraw(ctx context.Context) error { return v.answer(ctx, "/answer?no=1") }

func (v *device) answer(ctx context.Context, path string) error {
	if code := v.visit(ctx, "POST", path, nil).StatusCode; code != http.StatusOK {
		return fmt.Errorf("the answer is refused with %d", code)
	}
	return nil
}

// gets returns which of the cookies that take consent a page sets.
func (v *device) gets(ctx context.Context) string {
	v.visit(ctx, "GET", "/", nil)
	var got []string
	for _, name := range v.set {
		if name == "_ga" || name == "_fbp" {
			got = append(got, name)
		}
	}
	if got == nil {
		return "none"
	}
	return strings.Join(got, " ")
}

// step is what a device is to get.
type step struct {
	when string
	v    *device
	want string
}

// look makes an outcome of what each device gets, which must be what it is to get.
func look(ctx context.Context, came *strings.Builder, s step) error {
	got := s.v.gets(ctx)
	fmt.Fprintf(came, "%s: %s\n", s.when, got)
	if got != s.want {
		return fmt.Errorf("%s it gets %s", s.when, got)
	}
	return nil
}

func larchsVisitors(ctx context.Context, d *desk) (string, error) {
	v := d.device("")
	if got := v.gets(ctx); got != "none" {
		return "larch's shop asks nobody", nil // which the attacks show
	}
	if err := v.accept(ctx); err != nil {
		return "", err
	}
	if got := v.gets(ctx); got != "_ga _fbp" {
		return "", fmt.Errorf("who accepts all gets %s", got)
	}
	return "larch has a web shop that wants to count its visitors, and to advertise to them; one of them agreed", nil
}
