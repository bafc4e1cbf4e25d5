package banner

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// render returns the banner for a first visit.
func render(b *Banner, change func(*http.Request)) string {
	r := httptest.NewRequest("GET", "/page", nil)
	r = r.WithContext(tenancy.With(r.Context(), acme))
	if change != nil {
		change(r)
	}
	return string(b.HTML(r))
}

func TestWhatIsShownIsEscaped(t *testing.T) {
	t.Parallel()
	p := shop()
	const evil = `"><script>alert(1)</script>'{{.}}`
	p.Purposes[0].Text = map[string]consent.Text{}
	for _, l := range languages {
		p.Purposes[0].Text[l] = consent.Text{Title: evil, Body: evil}
	}
	policies, err := consent.Compile(p)
	require.NoError(t, err)
	b, err := New(manager(t, func(c *consent.Config) { c.Registry = policies }), Options{PolicyURL: "/p?a=\"b", Nonce: func(*http.Request) string { return `n"><script>` }})
	require.NoError(t, err)
	for _, uri := range []string{`/a?b="><script>alert(2)</script>`, `/'onload=alert(2)//`, "/&quot;"} {
		html := render(b, func(r *http.Request) { r.RequestURI = uri })
		require.Equal(t, 1, strings.Count(html, "<script"), "%s: the banner's own", uri)
		require.NotContains(t, html, "alert(2)<")
		require.NotContains(t, html, backMark)
		require.NotContains(t, html, nonceMark)
		require.NotContains(t, html, `b="><`)
	}
}

func TestANonceIsOnTheStyleAndTheScript(t *testing.T) {
	t.Parallel()
	n := 0
	b := newBanner(t, Options{Nonce: func(*http.Request) string { n++; return fmt.Sprint("nonce", n) }})
	for i := range 2 {
		html := render(b, nil)
		require.Equal(t, 2, strings.Count(html, fmt.Sprintf(`nonce="nonce%d"`, i+1)))
	}
	html := render(b, func(r *http.Request) { r.RequestURI = "/a?" + nonceMark })
	require.Equal(t, 2, strings.Count(html, "nonce3"), "and no address has it written into the form")
	require.Contains(t, html, `value="/a?`+nonceMark+`"`)
	require.NotContains(t, render(newBanner(t, Options{}), nil), "nonce")
}

// What differs between visitors is never kept from one for another.
func TestPagesThatAreKeptAreNobodysInParticular(t *testing.T) {
	t.Parallel()
	b := newBanner(t, Options{})
	fresh := func(change func(*http.Request)) string { return render(newBanner(t, Options{}), change) }
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			change := func(r *http.Request) {
				r.RequestURI = fmt.Sprint("/page", i)
				r.Header.Set("Accept-Language", languages[i%len(languages)])
				if i%3 == 0 {
					r.Header.Set("Sec-GPC", "1")
				}
				if i%2 == 0 {
					r.AddCookie(&http.Cookie{Name: "__Host-session", Value: "ann"})
				}
			}
			for range 2 {
				if got, want := render(b, change), fresh(change); got != want {
					t.Errorf("request %d: %s", i, got)
				}
			}
		})
	}
	wg.Wait()
}

func TestOnlySoManyPagesAreKept(t *testing.T) {
	t.Parallel()
	b := newBanner(t, Options{})
	b.kept.Store(mostPages)
	require.Equal(t, render(newBanner(t, Options{}), nil), render(b, nil))
	n := 0
	b.pages.Range(func(any, any) bool { n++; return true })
	require.Zero(t, n)
}

// Where there is no tenant no answer can be kept, and so nobody is asked.
func TestNobodyIsAskedWhereThereIsNoTenant(t *testing.T) {
	t.Parallel()
	b := newBanner(t, Options{})
	r := httptest.NewRequest("GET", "/sign-in", nil)
	require.Empty(t, b.HTML(r))
	require.NotEmpty(t, b.HTML(r.WithContext(tenancy.With(r.Context(), acme))))
	b.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		require.Empty(t, b.HTML(r))
		require.False(t, consent.Allow(r.Context(), consent.Analytics))
	})).ServeHTTP(httptest.NewRecorder(), r)
}

func TestBeforeTheFirstPolicyNothingIsShown(t *testing.T) {
	t.Parallel()
	p := shop()
	p.Effective = p.Effective.AddDate(100, 0, 0)
	policies, err := consent.Compile(p)
	require.NoError(t, err)
	b, err := New(manager(t, func(c *consent.Config) { c.Registry = policies }), Options{})
	require.NoError(t, err)
	require.Empty(t, render(b, nil))
	v := newVisitor(t, b)
	for _, path := range []string{"/consent/state.json", "/consent/manifest.json"} {
		require.Equal(t, 503, v.do("GET", path, "").StatusCode)
	}
	require.Equal(t, 303, v.do("POST", "/consent/choose", "do=accept").StatusCode)
	require.Equal(t, 303, v.do("POST", "/consent/withdraw", "").StatusCode)
	require.Empty(t, v.jar)
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	m := manager(t, nil)
	for _, o := range []Options{
		{Path: "consent/"}, {Path: "/consent"}, {Path: "/"}, {Path: "//evil.test/"}, {Path: "/a?b/"}, {Path: "/{x}/"},
		{Hosts: []string{"http://shop.test"}}, {Hosts: []string{"https://shop.test/"}}, {Hosts: []string{"*"}}, {Hosts: []string{"https://*.shop.test"}}, {Hosts: []string{"null"}},
		{PolicyURL: "javascript:alert(1)"}, {Language: "tlh"},
		{Texts: map[string]Texts{"en": {Analytics: consent.Text{Title: "no body"}}}},
	} {
		_, err := New(m, o)
		require.ErrorContains(t, err, "consent/banner: ", "%+v", o)
	}
	_, err := New(nil, Options{})
	require.Error(t, err)
}

func TestALanguageThatDoesNotShipNeedsAllItsTexts(t *testing.T) {
	t.Parallel()
	p := shop()
	p.Categories = nil
	p.Purposes = p.Purposes[:1]
	p.Purposes[0].Text = map[string]consent.Text{"tlh": {Title: "x", Body: "y"}}
	policies, err := consent.Compile(p)
	require.NoError(t, err)
	m := manager(t, func(c *consent.Config) { c.Registry = policies })
	_, err = New(m, Options{})
	require.ErrorContains(t, err, `"tlh"`)
	own, _ := shipped("en")
	own.Title = "bIpeghmeH"
	b, err := New(m, Options{Texts: map[string]Texts{"tlh": own}})
	require.NoError(t, err)
	require.Contains(t, render(b, nil), `lang="tlh"`)
	require.Contains(t, render(b, nil), "bIpeghmeH")
}

func TestAScriptIsMadeTightWithoutChangingIt(t *testing.T) {
	t.Parallel()
	require.Equal(t, "const A=a=>B+' x  = '+\"it's\"\nreturn typeof A\n",
		tight(lean("// a comment\n\tconst $x = a => $longer + ' x  = ' + \"it's\"\n\n  return typeof $x\n")))
	require.NotRegexp(t, `\$[a-z]`, shorten(scriptSource))
	require.NotRegexp(t, `(^|[^\w.$'"/\[-])[A-Z][0-9]?\b`, lean(scriptSource), "no name of it is one that a name is shortened to")
}
