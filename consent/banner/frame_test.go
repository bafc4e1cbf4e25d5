package banner

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/stretchr/testify/require"
)

// around is a page of another site, with a frame.
func around(t testing.TB, hostName, frame string) string {
	t.Helper()
	return host(hostName, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>Around</title><iframe width=700 height=700 src=%q></iframe>`, frame)
	}))
}

// inFrame returns the frame of an address in b's page.
func (b *tab) inFrame(url string) *tab { b.T.Helper(); return &tab{b.Frame(url)} }

// The page around lays something else over the button, which the person thinks they click.
func TestAYesInAFrameOfAnotherSiteIsNotTaken(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	shop := name(t, "shop")
	url := site{csp: strict}.serve(t, shop, newBanner(t, Options{}))
	b.Open(around(t, name(t, "evil"), url+"/") + "/")
	f := b.inFrame(url)
	f.Press("[value=accept]")
	require.Eventually(t, func() bool {
		for _, h := range hits(shop) {
			if h.path == "/consent/choose" {
				return h.dest == "iframe"
			}
		}
		return false
	}, 10*time.Second, 20*time.Millisecond)
	f.Until(`document.body.textContent.includes('did not come from this site')`)
	b.Open(url + "/")
	require.Equal(t, "", b.allowed())
	require.Empty(t, b.cookies(url))
}

func TestAWidgetsChoiceIsOfTheSiteThatEmbedsIt(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	widget, err := New(manager(t, func(c *consent.Config) { c.Widget = true }), Options{})
	require.NoError(t, err)
	url := site{csp: strict}.serve(t, name(t, "chat"), widget)
	one, two := around(t, name(t, "one"), url+"/"), around(t, name(t, "two"), url+"/")
	b.Open(one + "/")
	f := b.inFrame(url)
	f.Press("[value=accept]")
	f.Until(`consent.allows('marketing')`)
	b.Open(one + "/again")
	f = b.inFrame(url)
	require.Equal(t, "functional analytics marketing replay", f.allowed())
	b.Open(two + "/")
	f = b.inFrame(url)
	require.Equal(t, "", f.allowed(), "another site's page is another place")
	require.True(t, eval[bool](f, `document.querySelector('.bwc').hasAttribute('data-ask')`))
	b.Open(one + "/")
	f = b.inFrame(url)
	f.Press(".bwc-withdraw button")
	f.Until(`!consent.allows('marketing')`)
	require.False(t, eval[bool](f, `document.cookie.includes('_ga')`))
}

func TestAWidgetTakesConsentFromDeclaredPagesOnly(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	hostName, evilName, chat := name(t, "shop"), name(t, "evil"), name(t, "chat")
	widget, err := New(manager(t, func(c *consent.Config) { c.Widget = true }), Options{Hosts: []string{"https://" + hostName}})
	require.NoError(t, err)
	url := site{csp: strict}.serve(t, chat, widget)
	tell := func(b *tab, what string) {
		b.T.Helper()
		eval[any](b, fmt.Sprintf(`document.querySelector('iframe').contentWindow.postMessage({consent: %s}, '*')`, what))
	}
	ask := func(f *tab) bool { return eval[bool](f, `document.querySelector('.bwc').hasAttribute('data-ask')`) }

	b.Open(around(t, evilName, url+"/") + "/")
	f := b.inFrame(url)
	tell(b, `['functional']`)
	time.Sleep(100 * time.Millisecond)
	require.Equal(t, "", f.allowed())
	require.True(t, ask(f))
	eval[any](f, `window.postMessage({consent: ['functional']}, '*')`) // nor from itself
	time.Sleep(50 * time.Millisecond)
	require.Equal(t, "", f.allowed())

	b.Open(around(t, hostName, url+"/") + "/")
	f = b.inFrame(url)
	tell(b, `['functional', 'unheard of']`)
	f.Until(`consent.allows('functional')`)
	require.Equal(t, "functional", f.allowed())
	require.False(t, ask(f), "who was asked outside is not asked inside")
	require.Equal(t, "kept", eval[string](f, `(async () => { const s = await consent.store('drafts'); await s.set('a', 'kept'); return s.get('a') })()`))
	tell(b, `[]`)
	f.Until(`!consent.allows('functional')`)
	require.Eventually(t, func() bool { return len(f.stored()) == 0 }, 10*time.Second, 20*time.Millisecond, "what was kept goes with it")
	require.Empty(t, f.cookies(url), "the server is told nothing")

	// A no of the person's own, in the widget, is not overruled.
	b.Open("https://" + hostName + "/")
	f = b.inFrame(url)
	f.Press("[value=reject]")
	f.Until(`!document.querySelector('.bwc').hasAttribute('data-ask')`)
	tell(b, `['functional']`)
	time.Sleep(50 * time.Millisecond)
	require.Equal(t, "", f.allowed())
}
