package banner

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

//go:embed section.gohtml
var sectionSource string

var section = template.Must(template.New("section").Parse(sectionSource))

// What differs between two pages of one key is put in for these.
const (
	backMark  = "/bailiwick-back"
	nonceMark = "bailiwick-nonce"
	mostPages = 1000 // that are kept
)

// A pageKey is all that a banner's HTML depends on, but for its address and nonce.
type pageKey struct {
	version           uint16
	lang              string
	state             [2]consent.Set // allowed, open
	signal, optOut    consent.Set    // taken away
	present, honoured bool
	confirm, unknown  bool
}

// HTML returns the banner for r's page: put it first into its body. It asks who has something to answer; for others it is a small bar with their
// choices and, if they agreed to something, the button that takes it back. It has the stylesheet and the script with it.
//
// Before the first policy is in force it is empty, and so it is where r's context has no tenant, such as on the page where one signs in: no answer could
// be kept there, so nobody is asked, and nothing that waits for consent is allowed.
func (b *Banner) HTML(r *http.Request) template.HTML {
	d, e := b.decision(r)
	if _, err := tenancy.From(r.Context()); err != nil || e == nil {
		return ""
	}
	k := pageKey{version: d.Version(), lang: b.language(r, e), state: [2]consent.Set{d.Allowed(), d.Open()}}
	k.present, k.honoured = d.Signal()
	account := consent.Set(0)
	for _, c := range e.categories {
		switch d.Why(c.Category) {
		case consent.DeniedUnknown:
			k.unknown = true
		case consent.DeniedAccount:
			account |= consent.Of(c.Category) & e.optOut
		case consent.DeniedSignal:
			k.signal |= consent.Of(c.Category)
		case consent.DeniedOptOut:
			k.optOut |= consent.Of(c.Category)
		}
	}
	if account != 0 && b.m.OptedOut(r) {
		k.optOut |= account
	}
	k.confirm = k.signal|k.optOut != 0 && b.m.MayConfirm(r)
	parts, ok := b.pages.Load(k)
	if !ok {
		parts = strings.Split(b.render(k, d, e), backMark)
		if b.kept.Add(1) <= mostPages {
			b.pages.Store(k, parts)
		}
	}
	own := parts.([]string)
	if b.o.Nonce != nil { // before the address, which anybody may have put the mark into
		nonce := template.HTMLEscapeString(b.o.Nonce(r))
		own = slices.Clone(own)
		for i := range own {
			own[i] = strings.ReplaceAll(own[i], nonceMark, nonce)
		}
	}
	return template.HTML(strings.Join(own, template.HTMLEscapeString(here(r))))
}

// What the template is given.
type (
	view struct {
		CSS, JS, Nonce, Config         string
		Lang, Dir, Path, Back          string
		Text, PolicyURL                string
		T                              *Texts
		Ask, Granted, Honoured, OptOut bool
		Rows                           []row
	}
	row struct {
		Key               string
		Text              consent.Text
		Switch, On, Again bool
		Off               string
		Purposes          []purpose
	}
	purpose struct {
		consent.Text
		Stores []stored
	}
	stored struct{ Name, For string }
)

// configJSON is what the script needs to know beside the state.
type configJSON struct {
	Path        string                      `json:"path"`
	Cookie      string                      `json:"cookie"`
	Categories  map[string]consent.Category `json:"categories"`
	Manifest    string                      `json:"manifest"`
	Hosts       []string                    `json:"hosts,omitempty"`
	Widget      bool                        `json:"widget,omitempty"`
	ConsentMode bool                        `json:"consentMode,omitempty"`
	State       stateJSON                   `json:"state"`
}

func (b *Banner) render(k pageKey, d consent.Decision, e *edition) string {
	t, p := e.texts[k.lang], b.o.Path
	c := configJSON{p, b.m.Cookie(), map[string]consent.Category{}, p + e.manifest.name, b.o.Hosts, b.m.Widget(), b.o.ConsentMode, stateOf(d, e)}
	v := view{CSS: p + b.css.name, JS: p + b.js.name, Lang: k.lang, Dir: direction(k.lang), Path: p, Back: backMark, Text: e.documents[k.lang].Hash.String(),
		PolicyURL: b.o.PolicyURL, T: t, Ask: k.state[1] != 0, Granted: k.state[0]&e.all() != 0, Honoured: k.honoured, OptOut: e.optOut&^k.signal&^k.optOut != 0}
	if b.o.Nonce != nil {
		v.Nonce = nonceMark
	}
	v.Rows = append(v.Rows, row{Text: e.titleOf(category{Category: consent.Essential}, k.lang), Purposes: e.purposes(consent.Essential, k.lang)})
	for _, cat := range e.categories {
		c.Categories[cat.key] = cat.Category
		r := row{Key: cat.key, Text: e.titleOf(cat, k.lang), Switch: true, On: k.state[0].Has(cat.Category), Purposes: e.purposes(cat.Category, k.lang)}
		switch {
		case k.signal.Has(cat.Category):
			r.Off = t.OffSignal
		case k.optOut.Has(cat.Category):
			r.Off = t.OffOptOut
		}
		if r.Off != "" {
			r.Switch, r.Again = false, k.confirm
		}
		v.Rows = append(v.Rows, r)
	}
	v.Config = mustJSON(c)
	var out strings.Builder
	if err := section.Execute(&out, v); err != nil {
		panic(fmt.Sprintf("consent/banner: %v", err)) // of our own template and types
	}
	return out.String()
}

func mustJSON(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("consent/banner: %v", err)) // of our own types
	}
	return string(out)
}

// titleOf returns what a category is called: by the policy, or else by the banner.
func (e *edition) titleOf(c category, lang string) consent.Text {
	for _, own := range e.policy.Categories {
		if own.Category == c.Category {
			return own.Text[lang]
		}
	}
	return e.texts[lang].category(c.Category)
}

func (e *edition) purposes(c consent.Category, lang string) (all []purpose) {
	for _, q := range e.policy.Purposes {
		if q.Category != c {
			continue
		}
		p := purpose{Text: q.Text[lang]}
		for _, it := range q.Storage {
			p.Stores = append(p.Stores, stored{it.Name, e.texts[lang].lasts(it.TTL)})
		}
		all = append(all, p)
	}
	return all
}

// lasts says how long something is stored, in whole days or hours.
func (t *Texts) lasts(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == 0:
		return t.Session
	case d%day == 0:
		return fmt.Sprintf("%s: %d", t.Days, d/day)
	}
	return fmt.Sprintf("%s: %d", t.Hours, (d+time.Hour-1)/time.Hour)
}
