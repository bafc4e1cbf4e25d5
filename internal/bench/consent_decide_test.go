package bench

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Workload C, consent: one operation decides about one request, from its header to the set of categories that are allowed. In chosen, the third of
// four cookies holds a choice with everything granted, and Global Privacy Control takes marketing away; in first_visit there is none. ours is all of
// it: tenant, cookie, signature, policies, signal, rule. floor finds its cookie of the same size by a scan, and looks at signature, signal and
// one version. The peers are a library each, for the cookie or for the rule, with net/http for the rest.
func BenchmarkConsentDecide(b *testing.B) {
	for _, chosen := range []bool{false, true} {
		b.Run(consentCase(chosen), func(b *testing.B) { compare(b, consentWays(chosen), nil) })
	}
}

// The rule alone, over what was read.
func BenchmarkConsentRule(b *testing.B) { compare(b, consentRules(), nil) }

func TestConsentIsDecidedAlike(t *testing.T) {
	for _, chosen := range []bool{false, true} {
		t.Run(consentCase(chosen), func(t *testing.T) { checkWays(t, consentWays(chosen)) })
	}
	checkWays(t, consentRules())
}

func consentCase(chosen bool) string {
	if chosen {
		return "chosen"
	}
	return "first_visit"
}

var errConsent = errors.New("decided otherwise")

// wantConsent is what is allowed: of four categories, by bit.
func wantConsent(chosen bool) uint16 {
	if chosen {
		return 0b0111
	}
	return 0b0001
}

// A consentPeer decides about requests whose cookie it wrote.
type consentPeer struct {
	name string
	open func(tb testing.TB) (cookie func(granted uint16) string, decide func(*http.Request) uint16)
}

var consentPeers []consentPeer

const consentCookie = "__Host-consent"

func consentRequest(cookie string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://shop.example/chat", nil)
	r = r.WithContext(tenancy.With(r.Context(), tenancy.MustParseID("acme")))
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	r.Header.Set("Accept-Language", "de-DE,de;q=0.8,en;q=0.5")
	r.Header.Set("Sec-GPC", "1")
	c := "__Host-session=3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAA; theme=dark"
	if cookie != "" {
		c += "; " + consentCookie + "=" + cookie
	}
	r.Header.Set("Cookie", c+"; csrf=AAAAAAAAAAAAAAAA")
	return r
}

func consentWays(chosen bool) (ways []way) {
	peers := append([]consentPeer{{"ours", oursConsent}, {"floor", floorConsent}}, consentPeers...)
	for _, p := range peers {
		w := way{name: p.name, vs: []string{"ours"}, open: func(tb testing.TB) func(int) error {
			cookie, decide := p.open(tb)
			value := ""
			if chosen {
				value = cookie(0b1111)
			}
			r := consentRequest(value)
			want := wantConsent(chosen)
			return shared(1, func() error {
				if decide(r) != want {
					return errConsent
				}
				return nil
			})
		}}
		if p.name == "ours" {
			w.vs = []string{"floor"}
		}
		ways = append(ways, w)
	}
	return ways
}

func consentPolicy(tb testing.TB) *consent.Registry {
	text := map[string]consent.Text{"en": {Title: "t", Body: "b"}}
	p := consent.Policy{Version: 7, Material: true, Effective: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for c, key := range []string{"login", "drafts", "visits", "ads"} {
		p.Purposes = append(p.Purposes, consent.Purpose{Key: key, Category: consent.Category(c), TargetedAds: c == 3, Text: text})
	}
	for i, name := range []string{"__Host-session", "draft", "_ga"} {
		p.Purposes[i].Storage = []consent.Item{{Name: name}}
	}
	p.Purposes[0].Storage = append(p.Purposes[0].Storage, consent.Item{Name: "csrf"})
	r, err := consent.Compile(p)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func consentManager(tb testing.TB) *consent.Manager {
	key, err := tenancy.NewKey("k1", bytes.Repeat([]byte("k"), 32))
	if err != nil {
		tb.Fatal(err)
	}
	m, err := consent.New(consent.Config{Registry: consentPolicy(tb), Keys: tenancy.Keys{Current: key}})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func oursConsent(tb testing.TB) (func(uint16) string, func(*http.Request) uint16) {
	m := consentManager(tb)
	return func(granted uint16) string { return chosenCookie(tb, m, granted) },
		func(r *http.Request) uint16 { return uint16(m.Decide(r).Allowed()) }
}

// chosenCookie lets a browser without the signal choose, and returns what it keeps.
func chosenCookie(tb testing.TB, m *consent.Manager, granted uint16) string {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r = r.WithContext(tenancy.With(r.Context(), tenancy.MustParseID("acme")))
	doc, _ := consentPolicy(tb).Document(time.Now(), "en")
	w := httptest.NewRecorder()
	if _, err := m.Choose(w, r, consent.Answer{Grant: consent.Set(granted), Document: doc.Hash}); err != nil {
		tb.Fatal(err)
	}
	return w.Result().Cookies()[0].Value
}

func consentRules() []way {
	return []way{{name: "ours", open: func(tb testing.TB) func(int) error {
		p := consentPolicy(tb)
		now := time.Now()
		s := consent.Stored{Choice: consent.Choice{Granted: 0b1110, Policy: 7, At: now.Add(-time.Hour)}}
		sig := consent.Signals{GPC: true, Now: now}
		return func(n int) error {
			for range n {
				if d := consent.Decide(p, sig, s); d.Allowed() != 0b0111 {
					return errConsent
				}
			}
			return nil
		}
	}}}
}

// sealedConsent is the floor's cookie: what ours holds, in as many bytes and with the same hash.
type sealedConsent struct{ macs sync.Pool }

type floorMAC struct {
	mac hash.Hash
	buf [rawConsent]byte
	sum [sha256.Size]byte
}

const rawConsent = 48

func newSealedConsent() *sealedConsent {
	key := bytes.Repeat([]byte("k"), 32)
	return &sealedConsent{sync.Pool{New: func() any { return &floorMAC{mac: hmac.New(sha256.New, key)} }}}
}

func (s *sealedConsent) sum(b []byte, ok func(sum []byte) bool) bool {
	m := s.macs.Get().(*floorMAC)
	defer s.macs.Put(m)
	copy(m.buf[:], b)
	m.mac.Reset()
	_, _ = m.mac.Write(m.buf[:rawConsent-16])
	return ok(m.mac.Sum(m.sum[:0])[:16])
}

func (s *sealedConsent) seal(granted uint16) string {
	var b [rawConsent]byte
	binary.BigEndian.PutUint16(b[2:], granted)
	binary.BigEndian.PutUint16(b[4:], 7)
	s.sum(b[:], func(sum []byte) bool { copy(b[rawConsent-16:], sum); return true })
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (s *sealedConsent) open(v string) (granted, policy uint16, ok bool) {
	if len(v) != 64 {
		return 0, 0, false
	}
	var in [64]byte
	var b [rawConsent]byte
	copy(in[:], v)
	if n, err := base64.RawURLEncoding.Decode(b[:], in[:]); err != nil || n != rawConsent {
		return 0, 0, false
	}
	ok = s.sum(b[:], func(sum []byte) bool { return hmac.Equal(sum, b[rawConsent-16:]) })
	return binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b[4:]), ok
}

// ruleOf is the rule of these peers: the least that answers these requests rightly.
func ruleOf(h http.Header, granted, policy uint16, ok bool) uint16 {
	allow := uint16(1)
	if ok && policy == 7 {
		allow |= granted
	}
	for _, v := range h["Sec-Gpc"] {
		if v == "1" {
			allow &^= 0b1000
		}
	}
	return allow
}

func floorConsent(testing.TB) (func(uint16) string, func(*http.Request) uint16) {
	s := newSealedConsent()
	return s.seal, func(r *http.Request) uint16 {
		var granted, policy uint16
		ok := false
		for _, line := range r.Header["Cookie"] {
			for line != "" {
				var pair string
				pair, line, _ = strings.Cut(line, ";")
				if v, found := strings.CutPrefix(strings.TrimLeft(pair, " "), consentCookie+"="); found {
					granted, policy, ok = s.open(v)
				}
			}
		}
		return ruleOf(r.Header, granted, policy, ok)
	}
}
