package banner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
)

// Options say what a [Banner] looks like and where it is. The zero value is of use.
type Options struct {
	// Path is where [Banner.Handler] answers, "" for "/consent/". It begins and ends with '/'.
	Path string
	// PolicyURL is the address of the privacy policy, "" for no link.
	PolicyURL string
	// Language is what is shown to whom no language of the policy suits. "" is "en", or the first by its tag.
	Language string
	// Accept returns what languages a visitor reads, in the form of an Accept-Language field. nil: what that field says.
	Accept func(*http.Request) string
	// Texts replaces words of the banner, by language tag: a field that is empty keeps what ships. For a language that does not ship,
	// all are needed.
	Texts map[string]Texts
	// Hosts are the origins of pages that embed this one in a frame ("https://shop.example"): they may pass on what was agreed to there.
	Hosts []string
	// Nonce returns the nonce of a response's Content-Security-Policy, where scripts and styles need one. Gated scripts then need
	// it, too.
	Nonce func(*http.Request) string
	// Failed is told why an answer that holds in a browser is not in the ledger. The person is asked to try again.
	Failed func(context.Context, error)
	// ConsentMode tells Google's tags by Consent Mode, version 2.
	ConsentMode bool
	// GPCSince is what /.well-known/gpc.json says as its lastUpdate. Zero is the day that the policy in force is from.
	GPCSince time.Time
}

// A Banner asks visitors, takes their answers, and shows them what they chose. It is safe for concurrent use.
type Banner struct {
	m        *consent.Manager
	o        Options
	editions map[uint16]*edition
	css, js  asset
	assets   map[string]asset // by name
	pages    sync.Map         // pageKey -> []string
	kept     atomic.Int32
	mux      *http.ServeMux
}

// An edition is what one policy shows, in each of its languages.
type edition struct {
	policy     consent.Policy
	categories []category        // without Essential
	optOut     consent.Set       // what an opt-out takes away
	langs      []string          // the first is for whom none suits
	texts      map[string]*Texts // by language
	documents  map[string]consent.Document
	manifest   asset
}

// A category is one switch.
type category struct {
	consent.Category
	key string
}

// New returns a banner that asks for m. The error names the language, the text or the option that is wrong.
func New(m *consent.Manager, o Options) (*Banner, error) {
	if m == nil {
		return nil, errors.New("consent/banner: New needs a manager")
	}
	if o.Path == "" {
		o.Path = "/consent/"
	}
	if p, ok := back(o.Path); !ok || !strings.HasSuffix(p, "/") || strings.ContainsAny(p, "?#{}") || p == "/" {
		return nil, errors.New("consent/banner: Options.Path begins and ends with '/', and is not all of the site")
	}
	for _, h := range o.Hosts {
		if u, err := url.Parse(h); err != nil || u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != h || strings.ContainsAny(h, "* ") {
			return nil, errors.New("consent/banner: Options.Hosts has what is no origin such as https://shop.example")
		}
	}
	if u, err := url.Parse(o.PolicyURL); err != nil || u.Scheme != "" && u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("consent/banner: Options.PolicyURL is no address")
	}
	o.Hosts, o.Texts = slices.Clone(o.Hosts), maps.Clone(o.Texts)
	b := &Banner{m: m, o: o, editions: map[uint16]*edition{}, css: assetOf("banner", ".css", style), js: assetOf("banner", ".js", script)}
	b.assets = map[string]asset{b.css.name: b.css, b.js.name: b.js}
	for p := range m.Registry().Policies() {
		e, err := newEdition(m.Registry(), p, o)
		if err != nil {
			return nil, err
		}
		b.editions[p.Version] = e
		b.assets[e.manifest.name] = e.manifest
	}
	b.route()
	return b, nil
}

func newEdition(r *consent.Registry, p consent.Policy, o Options) (*edition, error) {
	e := &edition{policy: p, texts: map[string]*Texts{}, documents: map[string]consent.Document{}}
	e.langs = slices.Sorted(maps.Keys(p.Purposes[0].Text))
	first := o.Language
	if first == "" {
		first = "en"
	}
	if i := slices.Index(e.langs, first); i > 0 {
		e.langs = slices.Insert(slices.Delete(e.langs, i, i+1), 0, first)
	} else if i < 0 && o.Language != "" {
		return nil, fmt.Errorf("consent/banner: version %d of the policy has no text in %q", p.Version, first)
	}
	for _, lang := range e.langs {
		t, err := textsOf(lang, o.Texts)
		if err != nil {
			return nil, err
		}
		e.texts[lang] = &t
		if d, ok := r.Document(p.Effective, lang); ok && d.Version == p.Version { // if not, it is never in force
			e.documents[lang] = d
		}
	}
	keys := map[consent.Category]string{}
	for _, c := range p.Categories {
		keys[c.Category] = c.Key
	}
	var has consent.Set
	for _, q := range p.Purposes {
		has |= consent.Of(q.Category)
		if q.Sale || q.Share || q.TargetedAds {
			e.optOut |= consent.Of(q.Category)
		}
	}
	for c := range has.All() {
		key := c.String()
		if own, ok := keys[c]; ok {
			key = own
		}
		if c != consent.Essential {
			e.categories = append(e.categories, category{c, key})
		}
	}
	var err error
	e.manifest, err = e.newManifest()
	return e, err
}

// decision returns what was decided about r, and the edition that is shown for it, nil before the first policy.
func (b *Banner) decision(r *http.Request) (consent.Decision, *edition) {
	d := consent.From(r.Context())
	if d.Version() == 0 { // outside of Wrap
		d = b.m.Decide(r)
	}
	return d, b.editions[d.Version()]
}

// language returns in which language of e to speak to r's sender.
func (b *Banner) language(r *http.Request, e *edition) string {
	accept := r.Header.Get("Accept-Language")
	if b.o.Accept != nil {
		accept = b.o.Accept(r)
	}
	return preferred(e.langs, accept)
}

// names returns the keys of those of cs that a person is asked about.
func (e *edition) names(cs consent.Set) []string {
	keys := []string{}
	for _, c := range e.categories {
		if cs.Has(c.Category) {
			keys = append(keys, c.key)
		}
	}
	return keys
}

// all returns the categories that a person is asked about.
func (e *edition) all() (s consent.Set) {
	for _, c := range e.categories {
		s |= consent.Of(c.Category)
	}
	return s
}
