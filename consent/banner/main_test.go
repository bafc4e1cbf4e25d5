package banner

import (
	"bytes"
	"flag"
	"net/http"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// TestMain ends the browser, if a test began one, before it looks for what is left running. Most of the time a test waits for the browser: there are
// more of them at once than processors, unless -parallel says otherwise.
func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", strconv.Itoa(max(4, runtime.GOMAXPROCS(0))))
	goleak.VerifyTestMain(closing{m})
}

type closing struct{ m *testing.M }

func (c closing) Run() int {
	defer closeBrowser()
	return c.m.Run()
}

const replay = consent.FirstOwn

var languages = []string{"en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "fi", "cs", "ja", "ar", "he", "nb", "el"}

// words are the same in all languages: what the policy says is not what is tested.
func words(title, body string) map[string]consent.Text {
	all := map[string]consent.Text{}
	for _, l := range languages {
		all[l] = consent.Text{Title: title, Body: body}
	}
	return all
}

// shop is the policy of most tests: something is stored in every category and of every kind.
func shop() consent.Policy {
	return consent.Policy{Version: 1, Material: true, Effective: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Categories: []consent.CategoryText{{Category: replay, Key: "replay", Text: words("Session replay", "Records what happens on the screen.")}},
		Purposes: []consent.Purpose{
			{Key: "login", Category: consent.Essential, Text: words("Signing in", "We remember that you signed in."), Storage: []consent.Item{
				{Name: "__Host-session"}, {Kind: consent.LocalStorage, Name: "cart", TTL: 24 * time.Hour}}},
			{Key: "drafts", Category: consent.Functional, Text: words("Drafts", "We keep what you are writing."), Storage: []consent.Item{
				{Kind: consent.IndexedDB, Name: "drafts", TTL: 72 * time.Hour},
				{Kind: consent.IndexedDB, Name: "media", TTL: 30 * 24 * time.Hour, MaxBytes: 150 << 20, MaxEntries: 400},
				{Kind: consent.Cache, Name: "thumbs-*", TTL: 24 * time.Hour}, {Name: "theme", TTL: 24 * time.Hour, Path: "/chat"}}},
			{Key: "visits", Category: consent.Analytics, Text: words("Counting visits", "We count visits for a year."), Storage: []consent.Item{
				{Name: "_ga", TTL: 365 * 24 * time.Hour}, {Name: "_ga_*", TTL: 365 * 24 * time.Hour}, {Kind: consent.LocalStorage, Name: "visits*", TTL: 24 * time.Hour},
				{Kind: consent.SessionStorage, Name: "visit"}}},
			{Key: "ads", Category: consent.Marketing, TargetedAds: true, Share: true, Text: words("Advertising", "We show you advertising that suits you."),
				Storage: []consent.Item{{Name: "_fbp", TTL: 90 * 24 * time.Hour}, {Kind: consent.IndexedDB, Name: "ads", TTL: time.Hour}}},
			{Key: "replay", Category: replay, Text: words("Replay", "We look at what went wrong."), Storage: []consent.Item{
				{Kind: consent.SessionStorage, Name: "a-name-that-is-far-too-long-for-a-line-of-a-small-screen"}}},
		}}
}

var acme = tenancy.MustParseID("acme")

// inAcme puts requests into the tenant. Who has the cookie "user" is signed in.
func inAcme(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(tenancy.With(r.Context(), acme)))
	})
}

func signedIn(r *http.Request) string {
	c, err := r.Cookie("__Host-session")
	if err != nil {
		return ""
	}
	return c.Value
}

func manager(t testing.TB, change func(*consent.Config)) *consent.Manager {
	t.Helper()
	policies, err := consent.Compile(shop())
	require.NoError(t, err)
	key, err := tenancy.NewKey("k1", bytes.Repeat([]byte("x"), 32))
	require.NoError(t, err)
	c := consent.Config{Registry: policies, Keys: tenancy.Keys{Current: key}, User: signedIn}
	if change != nil {
		change(&c)
	}
	m, err := consent.New(c)
	require.NoError(t, err)
	return m
}

func newBanner(t testing.TB, o Options) *Banner {
	t.Helper()
	b, err := New(manager(t, nil), o)
	require.NoError(t, err)
	return b
}
