package consenttest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

var managerTests = []storeTest{
	{"what users and browsers say at once is one chain, and states are what it comes to", managerHistories},
	{"an answer that is sent to several processes at once is one entry", managerOnce},
}

// whos is a store that notes whose states are put.
type whos struct {
	consent.Store
	mu   *sync.Mutex
	seen map[consent.Who]bool
}

func (s *whos) Write(ctx context.Context, es []consent.Entry, ss []consent.State, ds []consent.Document) error {
	s.mu.Lock()
	for i := range ss {
		s.seen[ss[i].Who] = true
	}
	s.mu.Unlock()
	return s.Store.Write(ctx, es, ss, ds)
}

func text(s string) map[string]consent.Text {
	return map[string]consent.Text{"en": {Title: s, Body: s}}
}

type userKey struct{}

// manager is one of several processes over the same rows.
func (h *house) manager(t testing.TB, s consent.Store) *consent.Manager {
	policies, err := consent.Compile(consent.Policy{Version: 1, Material: true, Effective: moment, Purposes: []consent.Purpose{
		{Key: "login", Category: consent.Essential, Text: text("Staying signed in")},
		{Key: "drafts", Category: consent.Functional, Text: text("Drafts")},
		{Key: "visits", Category: consent.Analytics, Text: text("Counting visits")},
		{Key: "ads", Category: consent.Marketing, TargetedAds: true, Text: text("Advertising")},
	}})
	require.NoError(t, err)
	key, err := tenancy.NewKey("k1", []byte(strings.Repeat("k1", 16)))
	require.NoError(t, err)
	m, err := consent.New(consent.Config{Registry: policies, Keys: tenancy.Keys{Current: key}, Pseudonyms: key, Store: s,
		User:   func(r *http.Request) string { u, _ := r.Context().Value(userKey{}).(string); return u },
		Failed: func(_ context.Context, err error) { t.Error(err) }})
	require.NoError(t, err)
	return m
}

// browser keeps its cookie.
type browser struct {
	user, cookie string
	gpc          bool
}

func (b *browser) do(ctx context.Context, m *consent.Manager, method string, h http.HandlerFunc) {
	r := httptest.NewRequestWithContext(context.WithValue(ctx, userKey{}, b.user), method, "https://shop.test/", nil)
	if b.gpc {
		r.Header.Set("Sec-GPC", "1")
	}
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	rec := httptest.NewRecorder()
	m.Wrap(h).ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		b.cookie = c.Name + "=" + c.Value
	}
}

var all = []consent.Category{consent.Functional, consent.Analytics, consent.Marketing}

// act has somebody do something, and returns what the manager said to it.
func (b *browser) act(ctx context.Context, m *consent.Manager, r *rand.Rand) (err error) {
	user := fmt.Sprint("user", r.IntN(4))
	some := all[r.IntN(3):]
	doc := text1(m)
	switch r.IntN(12) {
	case 0, 1, 2:
		b.do(ctx, m, "POST", func(w http.ResponseWriter, req *http.Request) {
			_, err = m.Choose(w, req, consent.Answer{Grant: consent.Of(some...), Document: doc, Confirm: r.IntN(3) == 0})
		})
	case 3:
		b.do(ctx, m, "POST", func(w http.ResponseWriter, req *http.Request) {
			_, err = m.Choose(w, req, consent.Answer{OptOut: r.IntN(2) == 0})
		})
	case 4:
		b.do(ctx, m, "POST", func(w http.ResponseWriter, req *http.Request) { _, err = m.Withdraw(w, req, some...) })
	case 5:
		b.user = user
		b.do(ctx, m, "GET", func(http.ResponseWriter, *http.Request) {})
	case 6:
		b.user, b.gpc = "", false
		b.do(ctx, m, "GET", func(http.ResponseWriter, *http.Request) {})
	case 7:
		b.gpc = !b.gpc
		b.do(ctx, m, "GET", func(http.ResponseWriter, *http.Request) {})
	case 8:
		_, err = m.WithdrawFor(ctx, user, some...)
	case 9:
		_, err = m.OptOutFor(ctx, user)
	case 10:
		_, err = m.Import(ctx, consent.Import{ID: fmt.Sprint(r.IntN(5)), User: user, Granted: consent.Of(some...), Given: moment},
			consent.Import{ID: "x", User: fmt.Sprint("user", r.IntN(4)), Denied: consent.Of(some...), Given: moment, Policy: 1})
	case 11:
		_, err = m.Forget(ctx, user)
	}
	if errors.Is(err, consent.ErrNotConfirmed) {
		err = nil
	}
	return err
}

// text1 is the text that the policy in force shows.
func text1(m *consent.Manager) consent.Hash {
	d, _ := m.Registry().Document(time.Now(), "en")
	return d.Hash
}

// come returns what a subject's entries come to: the rule, written once more.
func come(es []consent.Entry) (s consent.State) {
	for _, e := range es {
		if e.Method == consent.Forgotten {
			continue
		}
		s.Subject, s.Seq, s.At = e.Subject, e.Seq, e.At
		if e.Policy != 0 {
			s.Policy = e.Policy
		}
		s.OptOut = e.OptOut || s.OptOut && e.Method != consent.Confirmed
		for c := range consent.Category(16) {
			switch {
			case e.Denied.Has(c):
				s.Granted, s.Denied = s.Granted&^consent.Of(c), s.Denied|consent.Of(c)
				s.No[c] = max(s.No[c], e.At.Unix())
			case e.Granted.Has(c):
				s.Granted, s.Denied = s.Granted|consent.Of(c), s.Denied&^consent.Of(c)
			}
		}
		if e.Granted != 0 {
			s.Expires = e.Expires
		}
		if s.Granted == 0 {
			s.Expires = time.Time{}
		}
	}
	return s
}

// whole checks that the ledger is one chain, and that states are what it comes to.
func (h *house) whole(t *testing.T, m *consent.Manager, seen map[consent.Who]bool) []consent.Entry {
	es := h.all(t)
	rep, err := m.Verify(h.ctx)
	require.NoError(t, err)
	require.True(t, rep.OK(), rep.Broken)
	require.Equal(t, uint64(len(es)), rep.Entries)
	by := map[consent.Subject][]consent.Entry{}
	forgotten := map[consent.Subject]bool{}
	for _, e := range es {
		by[e.Subject] = append(by[e.Subject], e)
		forgotten[e.Subject] = e.Method == consent.Forgotten
	}
	for who := range seen {
		got := h.state(t, who)
		if got.Seq == 0 {
			continue
		}
		want := come(by[got.Subject])
		want.Who, want.Secret = who, got.Secret
		require.Equal(t, want, got)
		require.False(t, forgotten[got.Subject])
		delete(by, got.Subject)
	}
	for s := range by {
		require.True(t, forgotten[s], "a subject that no state leads to was forgotten")
	}
	return es
}

func managerHistories(t *testing.T, h *house) {
	seen, mu := map[consent.Who]bool{}, &sync.Mutex{}
	var ms []*consent.Manager
	for _, s := range h.Stores {
		ms = append(ms, h.manager(t, &whos{s, mu, seen}))
	}
	const workers, acts = 5, 30
	seed := rand.Uint64()
	together(workers, func(i int) {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		browsers := make([]browser, 3)
		for range acts {
			if err := browsers[r.IntN(len(browsers))].act(h.ctx, ms[r.IntN(len(ms))], r); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		}
	})
	es := h.whole(t, ms[0], seen)
	require.Greater(t, len(es), workers*acts/3)
	// One byte that is altered is found, wherever it is.
	for range 10 {
		i := rand.IntN(len(es))
		broken := h.manager(t, &altered{Store: h.Store, seq: es[i].Seq})
		rep, err := broken.Verify(h.ctx)
		require.NoError(t, err)
		require.False(t, rep.OK())
	}
}

// altered is a store one of whose entries is not what was written.
type altered struct {
	consent.Store
	seq uint64
}

func (s *altered) Ledger(ctx context.Context, after uint64, limit int) ([]consent.Entry, error) {
	es, err := s.Store.Ledger(ctx, after, limit)
	for i := range es {
		if es[i].Seq == s.seq {
			es[i].Denied ^= 1 << rand.IntN(16)
		}
	}
	return es, err
}

func managerOnce(t *testing.T, h *house) {
	seen, mu := map[consent.Who]bool{}, &sync.Mutex{}
	var ms []*consent.Manager
	for _, s := range h.Stores {
		ms = append(ms, h.manager(t, &whos{s, mu, seen}))
	}
	made := make([]consent.Entry, 6)
	together(len(made), func(i int) {
		es, err := ms[i%len(ms)].Import(h.ctx, consent.Import{ID: "1", User: "ann", Granted: consent.Of(consent.Analytics), Given: moment})
		if err != nil {
			t.Error(err)
			return
		}
		made[i] = es[0]
	})
	require.Len(t, h.whole(t, ms[0], seen), 1)
	for _, e := range made {
		require.Equal(t, made[0], e)
	}
}
