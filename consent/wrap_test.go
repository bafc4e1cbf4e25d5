package consent

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// A browser keeps cookies, and sends them to a site that answers /choose with what its handler chooses.
type browser struct {
	t      testing.TB
	m      *Manager
	tenant tenancy.ID
	gpc    bool
	user   string
	cookie string // "" for none
	set    []string
	code   int
}

type userKey struct{}

func knownUser(r *http.Request) string { u, _ := r.Context().Value(userKey{}).(string); return u }

func newBrowser(t testing.TB, change func(*Config)) *browser {
	m := manager(t, func(c *Config) {
		c.User = knownUser
		if change != nil {
			change(c)
		}
	})
	return &browser{t: t, m: m, tenant: acme}
}

func (b *browser) do(method string, h func(w http.ResponseWriter, r *http.Request)) {
	r := httptest.NewRequest(method, "https://shop.test/", nil)
	r = r.WithContext(context.WithValue(tenancy.With(r.Context(), b.tenant), userKey{}, b.user))
	if b.gpc {
		r.Header.Set("Sec-GPC", "1")
	}
	if b.cookie != "" {
		r.Header.Set("Cookie", "a=b; "+b.m.sealer.name()+"="+b.cookie)
	}
	rec := httptest.NewRecorder()
	b.m.Wrap(http.HandlerFunc(h)).ServeHTTP(rec, r)
	b.set, b.code = rec.Result().Header["Set-Cookie"], rec.Code
	for _, l := range b.set {
		if c, err := http.ParseSetCookie(l); err == nil && c.Name == b.m.sealer.name() {
			b.cookie = c.Value
			if c.MaxAge <= 0 {
				b.cookie = ""
			}
		}
	}
}

func (b *browser) get() (d Decision) {
	b.do("GET", func(w http.ResponseWriter, r *http.Request) { d = From(r.Context()) })
	return d
}

func (b *browser) choose(a Answer) (d Decision, err error) {
	if doc, ok := b.m.c.Registry.Document(b.m.now(), "en"); ok && a.Document == (Hash{}) {
		a.Document = doc.Hash
	}
	var out Outcome
	b.do("POST", func(w http.ResponseWriter, r *http.Request) { out, err = b.m.Choose(w, r, a) })
	return out.Decision, err
}

var every = Of(Functional, Analytics, Marketing, replay)

func TestAYesHoldsFromTheNextRequestAndIsTakenBackAsEasily(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	require.Equal(t, Of(Essential), b.get().Allowed())
	require.Empty(t, b.set, "nothing is stored before an answer")
	require.Equal(t, every, b.get().Open())
	d, err := b.choose(Answer{Grant: every})
	require.NoError(t, err)
	require.Equal(t, every|Of(Essential), d.Allowed())
	require.Contains(t, b.set[0], "; Max-Age="+strconv.Itoa(180*24*3600))
	require.Len(t, b.cookie, 64)
	require.Equal(t, d, b.get())
	require.Empty(t, b.set)
	_, err = b.choose(Answer{})
	require.NoError(t, err)
	d = b.get()
	require.Equal(t, Of(Essential), d.Allowed())
	require.Equal(t, DeniedRefused, d.Why(Analytics))
	require.Zero(t, d.Open(), "a no is an answer")
}

func TestARefusalNamesNoBrowser(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	_, err := b.choose(Answer{})
	require.NoError(t, err)
	c, _ := b.m.sealer.open(b.cookie, "acme")
	require.Zero(t, c.ID)
	first := b.cookie
	o := newBrowser(t, nil)
	_, err = o.choose(Answer{})
	require.NoError(t, err)
	require.Equal(t, first, o.cookie, "two who refuse in the same minute cannot be told apart")
	_, err = b.choose(Answer{Grant: Of(Analytics)})
	require.NoError(t, err)
	c, _ = b.m.sealer.open(b.cookie, "acme")
	require.NotZero(t, c.ID)
}

func TestASignalChangesTheStoredYesInTheSameResponse(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	_, err := b.choose(Answer{Grant: every})
	require.NoError(t, err)
	b.m.now = func() time.Time { return noon.Add(24 * time.Hour) }
	b.gpc = true
	d := b.get()
	require.Equal(t, Of(Essential, Functional, Analytics, replay), d.Allowed())
	require.Len(t, b.set, 1)
	require.Contains(t, b.set[0], "; Max-Age="+strconv.Itoa(179*24*3600), "the choice grows no older and no younger by it")
	b.get()
	require.Empty(t, b.set, "once")
	b.gpc = false
	d = b.get()
	require.Equal(t, DeniedOptOut, d.Why(Marketing))
	require.True(t, d.Allows(Analytics))
}

func TestASignalAloneSetsNoCookieInTenThousandRequests(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	b.gpc = true
	for range soak(10_000, 10_000) {
		d := b.get()
		require.Empty(t, b.set)
		require.Equal(t, DeniedSignal, d.Why(Marketing))
	}
}

func TestAcceptAllUnderASignalIsNoYesToWhatItTakesAway(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	b.gpc = true
	d, err := b.choose(Answer{Grant: every})
	require.NoError(t, err)
	require.Equal(t, Of(Essential, Functional, Analytics, replay), d.Allowed())
	b.gpc = false
	require.False(t, b.get().Allows(Marketing), "nor when the signal goes")
}

func TestOnlyAKnownUserOverridesASignal(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	b.gpc = true
	_, err := b.choose(Answer{Grant: every, Confirm: true})
	require.ErrorIs(t, err, ErrNotConfirmed)
	require.Empty(t, b.set)
	b.user = "ann"
	d, err := b.choose(Answer{Grant: every, Confirm: true})
	require.NoError(t, err)
	require.Equal(t, AllowedConfirmed, d.Why(Marketing))
	require.Equal(t, AllowedConfirmed, b.get().Why(Marketing))
	b.user = ""
	require.Equal(t, DeniedSignal, b.get().Why(Marketing))
	b.user = "bob"
	require.Equal(t, DeniedSignal, b.get().Why(Marketing))
	require.Equal(t, DeniedOtherUser, b.get().Why(Analytics))
	b.user = "ann"
	require.Equal(t, AllowedConfirmed, b.get().Why(Marketing), "it is hers as long as she is known")
	b.gpc = false
	require.Equal(t, AllowedChoice, b.get().Why(Marketing))
	b.gpc = true
	require.Equal(t, DeniedSignal, b.get().Why(Marketing), "a signal that comes anew is confirmed anew")

	never := newBrowser(t, func(c *Config) { c.NoOverride = true })
	never.gpc, never.user = true, "ann"
	_, err = never.choose(Answer{Grant: every, Confirm: true})
	require.ErrorIs(t, err, ErrNotConfirmed)
	// One that was given before overriding was switched off.
	never.cookie = b.m.sealer.seal(b.m.sealer.current, "acme", Choice{Granted: every, Policy: 1, At: noon, Confirmed: true, User: b.m.sealer.current.tag("acme", "ann")})
	require.Equal(t, DeniedSignal, never.get().Why(Marketing))
}

func TestAnOptOutWithoutAnAccountStaysUntilItIsConfirmedOtherwise(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	_, err := b.choose(Answer{Grant: every})
	require.NoError(t, err)
	_, err = b.choose(Answer{Grant: every, OptOut: true})
	require.NoError(t, err)
	d := b.get()
	require.Equal(t, DeniedOptOut, d.Why(Marketing))
	require.True(t, d.Allows(Analytics))
	_, err = b.choose(Answer{Grant: every})
	require.NoError(t, err)
	require.Equal(t, DeniedOptOut, b.get().Why(Marketing), "accept-all is not the second step")
	_, err = b.choose(Answer{Grant: Of(Analytics), Confirm: true})
	require.NoError(t, err)
	require.Equal(t, DeniedOptOut, b.get().Why(Marketing), "nor a confirmation of something else")
	_, err = b.choose(Answer{Grant: every, Confirm: true})
	require.NoError(t, err)
	require.Equal(t, AllowedChoice, b.get().Why(Marketing))
}

func TestAnAnswerThatIsNotTheVisitorsIsRefused(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	doc, _ := b.m.c.Registry.Document(noon, "en")
	ask := func(method string, header map[string]string, a Answer, ctx context.Context) error {
		r := httptest.NewRequest(method, "https://shop.test/", nil).WithContext(ctx)
		for k, v := range header {
			r.Header.Set(k, v)
		}
		rec := httptest.NewRecorder()
		_, err := b.m.Choose(rec, r, a)
		require.Equal(t, err != nil, len(rec.Header()) == 0, "a cookie is set, or there is an error")
		return err
	}
	in := tenancy.With(context.Background(), acme)
	all := Answer{Grant: every, Document: doc.Hash}
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		require.ErrorIs(t, ask(method, nil, all, in), ErrForged)
	}
	for name, h := range map[string]map[string]string{
		"cross-site": {"Sec-Fetch-Site": "cross-site"}, "same-site": {"Sec-Fetch-Site": "same-site"},
		"another origin": {"Origin": "https://evil.test"}, "no origin": {"Origin": "null"}} {
		require.ErrorIs(t, ask("POST", h, all, in), ErrForged, name)
	}
	require.NoError(t, ask("POST", map[string]string{"Sec-Fetch-Site": "same-origin"}, all, in))
	require.ErrorIs(t, ask("POST", nil, all, context.Background()), tenancy.ErrNoTenant)
	require.ErrorIs(t, ask("POST", nil, Answer{Grant: every}, in), ErrOutdated)
	require.ErrorIs(t, ask("POST", nil, Answer{Grant: every, Document: Hash{1}}, in), ErrOutdated)
	require.NoError(t, ask("POST", nil, Answer{}, in), "a no needs no text")
	require.ErrorIs(t, ask("POST", nil, Answer{Grant: Of(15), Document: doc.Hash}, in), ErrNotAsked)
	b.m.now = func() time.Time { return day1.Add(-time.Hour) }
	require.ErrorIs(t, ask("POST", nil, all, in), ErrOutdated, "before the first policy")
}

func TestAYesToATextThatWasReplacedWhileItWasReadIsRefused(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, func(c *Config) { c.Registry = registry(t, history()...) })
	old, _ := b.m.c.Registry.Document(noon, "en")
	b.m.now = func() time.Time { return noon.Add(2 * time.Hour) }
	_, err := b.choose(Answer{Grant: every, Document: old.Hash})
	require.ErrorIs(t, err, ErrOutdated)
}

func TestTheGuardGoesByAnAnswerAtOnce(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	doc, _ := b.m.c.Registry.Document(noon, "en")
	answer := func(a Answer) bool {
		b.do("POST", func(w http.ResponseWriter, r *http.Request) {
			add(w, gaLine)
			a.Document = doc.Hash
			_, err := b.m.Choose(w, r, a)
			require.NoError(t, err)
		})
		return has(b.set, "_ga")
	}
	require.True(t, answer(Answer{Grant: Of(Analytics)}))
	require.False(t, answer(Answer{}))
}

func TestOneTenantsCookieIsNoneOfAnothers(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	_, err := b.choose(Answer{Grant: every})
	require.NoError(t, err)
	b.tenant = tenancy.MustParseID("other")
	require.Equal(t, DeniedNoChoice, b.get().Why(Analytics))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", CookieName+"="+b.cookie)
	d := b.m.Decide(r)
	require.Equal(t, DeniedNoChoice, d.Why(Analytics), "nor of no tenant's")
}

func TestAUsersChoiceIsNotTheNextUsers(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	b.user = "ann"
	_, err := b.choose(Answer{Grant: every})
	require.NoError(t, err)
	b.user = "bob"
	d := b.get()
	require.Equal(t, Of(Essential), d.Allowed())
	require.Equal(t, DeniedOtherUser, d.Why(Analytics))
	before, _ := b.m.sealer.open(b.cookie, "acme")
	_, err = b.choose(Answer{Grant: Of(Analytics)})
	require.NoError(t, err)
	after, _ := b.m.sealer.open(b.cookie, "acme")
	require.NotEqual(t, before.ID, after.ID, "nor their records'")
	b.user = "ann"
	require.Equal(t, DeniedOtherUser, b.get().Why(Analytics))
}

func TestARequestMovesTheCookieToTheNewKey(t *testing.T) {
	t.Parallel()
	for _, user := range []string{"", "ann"} {
		b := newBrowser(t, nil)
		b.user = user
		_, err := b.choose(Answer{Grant: Of(Analytics)})
		require.NoError(t, err)
		rotated := newBrowser(t, func(c *Config) { c.Keys = tenancy.Keys{Current: testKey("k2"), Previous: testKey("k1")} })
		rotated.cookie = b.cookie
		if user != "" {
			require.True(t, rotated.get().Allows(Analytics))
			require.Empty(t, rotated.set, "a user's stays until it can be told again whose it is")
		}
		rotated.user = user
		require.True(t, rotated.get().Allows(Analytics))
		require.Len(t, rotated.set, 1)
		after := newBrowser(t, func(c *Config) { c.Keys = tenancy.Keys{Current: testKey("k2")} })
		after.cookie, after.user = rotated.cookie, user
		require.True(t, after.get().Allows(Analytics))
		require.Empty(t, after.set)
		after.user = "bob"
		require.Equal(t, user == "", after.get().Allows(Analytics))
	}
}

func TestAWidgetsChoiceIsItsOwn(t *testing.T) {
	t.Parallel()
	w := newBrowser(t, func(c *Config) { c.Widget = true })
	_, err := w.choose(Answer{Grant: every})
	require.NoError(t, err)
	require.Contains(t, w.set[0], "SameSite=None; Partitioned")
	require.True(t, w.get().Allows(Analytics))
	page := newBrowser(t, nil)
	page.cookie = w.cookie
	require.False(t, page.get().Allows(Analytics))
}

func TestNoHeaderIsReadForThePlace(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	r := httptest.NewRequest("GET", "/", nil)
	for _, h := range []string{"CF-IPCountry", "X-Vercel-IP-Country", "X-AppEngine-Country", "CloudFront-Viewer-Country", "Fastly-Geo-Country", "X-Country-Code", "X-Forwarded-For"} {
		r.Header.Set(h, "DE")
	}
	require.Equal(t, allDuties, b.m.Duties(r))
	placed := newBrowser(t, func(c *Config) { c.Place = func(*http.Request) Place { return PlaceOf("DE") } })
	require.Equal(t, PriorConsent, placed.m.Duties(r))
	require.Equal(t, b.m.Decide(r), placed.m.Decide(r).with(b.m), "a place changes duties and no decision")
}

// with returns d as of another manager's registry, to compare them.
func (d Decision) with(m *Manager) Decision { d.edition = m.c.Registry.at(noon.Unix()); return d }

func TestARequestsContextStaysWhatItWas(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	m := b.m
	r := httptest.NewRequest("GET", "/", nil)
	ctx, cancel := context.WithCancel(tenancy.With(r.Context(), acme))
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := tenancy.From(r.Context())
		require.NoError(t, err)
		require.Equal(t, acme, id)
		child, stop := context.WithCancel(r.Context())
		defer stop()
		require.Zero(t, From(child).Why(Essential)-AllowedEssential)
		cancel()
		<-child.Done()
		require.ErrorIs(t, child.Err(), context.Canceled)
		require.Nil(t, r.Context().Value("another key"))
	})).ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
}

func TestAManagerNeedsARegistryAndAKey(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Keys: tenancy.Keys{Current: testKey("k1")}})
	require.ErrorContains(t, err, "registry")
	_, err = New(Config{Registry: registry(t)})
	require.ErrorContains(t, err, "key")
	_, err = New(Config{Registry: registry(t), Keys: tenancy.Keys{Current: testKey("k1")}, Guard: 2})
	require.ErrorContains(t, err, "guard")
	m := manager(t, nil)
	require.NotContains(t, fmt.Sprintf("%+v", *m), strings.Repeat("107 49 ", 3), "no key is printed")
}

func TestAClockBefore1970AllowsTheEssentialOnly(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	_, err := b.choose(Answer{Grant: every})
	require.NoError(t, err)
	b.m.now = func() time.Time { return time.Unix(-1, 0) }
	require.Equal(t, Of(Essential), b.get().Allowed())
}

// Who has not answered is decided about without the clock, and as with it: by the policy in force, which changes in its second.
func TestTheClockIsReadWhereSomethingDependsOnIt(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, nil)
	last := b.m.c.Registry.last()
	now, read := time.Unix(last-1, 0), 0
	b.m.now = func() time.Time { read++; return now }
	versions := func() (out [3]uint16) {
		for i := range out {
			out[i] = b.get().Version()
		}
		return out
	}
	before := versions()
	require.Equal(t, 3, read)
	now = time.Unix(last, 0)
	after := versions()
	require.NotEqual(t, before[0], after[0])
	require.Equal(t, [3]uint16{after[0], after[0], after[0]}, after)
	require.Equal(t, 4, read)
	require.Equal(t, Decide(b.m.c.Registry, Signals{Now: now.Add(time.Hour)}, Stored{}), b.get())
	_, err := b.choose(Answer{Grant: Of(Analytics)})
	require.NoError(t, err)
	require.True(t, b.get().Allows(Analytics))
	now = now.Add(mostLasts)
	require.False(t, b.get().Allows(Analytics), "expired")
}
