package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// inFrame returns the frame of an address in b's page.
func (b *tab) inFrame(url string) *tab {
	b.T.Helper()
	f := &tab{b.Frame(url), b.d}
	f.Until(`!!document.querySelector('.bwc')`)
	return f
}

// send fills fields of a form, sends it, and waits for the page behind it.
func (b *tab) send(form string, fields map[string]string) {
	b.T.Helper()
	eval[bool](b, `window.before = true`)
	for selector, value := range fields {
		eval[any](b, fmt.Sprintf(`document.querySelector(%q).value = %q`, selector, value))
	}
	b.Press(form + " button")
	b.Until(`document.readyState == 'complete' && !window.before && !!document.querySelector('.bwc')`)
}

// A customer uses the chat in a frame of the shop, in a browser that keeps no cookies of third parties: what is agreed to there is of that place alone.
func TestTheChatWorksInAFrameOfTheShop(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	b := d.tab()
	shop, chat := d.shopAt(seeds[0].id)+"/", d.chatAt(seeds[0].id)
	b.open(shop)
	eval[any](b, `self.told = []; addEventListener('message', e => told.push(String(e.data)))`)
	f := b.inFrame(chat)
	require.True(t, eval[bool](f, `window.top !== window.self && origin == '`+chat+`'`))
	f.Press(".bwc [value=reject]")
	f.Until(`!document.querySelector('.bwc').hasAttribute('data-ask')`)
	f.send(`form[action="/ask"]`, map[string]string{"#question": "How long does delivery take?"})
	require.Contains(t, f.text(), "Three working days within the country")
	f.send(`form[action="/order"]`, map[string]string{"#number": "1001", "#email": "rosalind@post.example"})
	require.Contains(t, f.text(), "1 Forest Road")
	require.NotContains(t, eval[string](f, `document.cookie`), "chat_visits")

	// The shop's page reads nothing of it.
	require.NotContains(t, b.text(), "Forest Road")
	require.True(t, eval[bool](b, `document.querySelector('iframe').contentDocument === null`))
	for _, read := range []string{`frames[0].document.body.innerText`, `frames[0].location.href`, `frames[0].localStorage.length`, `frames[0].consent`, `frames[0].document.cookie`} {
		require.Equal(t, "SecurityError", eval[string](b, `(() => { try { return String(`+read+`) } catch (e) { return e.name } })()`), read)
	}
	require.Empty(t, eval[[]string](b, `told`), "nothing is sent to it")
	require.Equal(t, "refused", eval[string](b, `fetch('`+chat+`/', {credentials: 'include'}).then(r => r.text(), () => 'refused')`))
	// Nor does the frame do anything to the page.
	require.Equal(t, "refused", eval[string](f, `(() => { try { top.location.href = 'about:blank#gone'; return 'went' } catch (e) { return 'refused' } })()`))
	require.True(t, eval[bool](f, `window.open('about:blank') === null`))
	require.Equal(t, shop, eval[string](b, `location.href`))

	// A cookie of a third party is not kept; the declared one is, in the partition of this site, and until it is agreed to no more.
	f.Press(".bwc summary")
	f.Press(".bwc [value=accept]")
	f.Until(`consent.allows('analytics')`)
	eval[any](f, `document.cookie = 'everywhere=1; Secure; SameSite=None; Path=/'`)
	b.open(shop)
	f = b.inFrame(chat)
	require.True(t, eval[bool](f, `consent.allows('analytics')`))
	require.Contains(t, eval[string](f, `document.cookie`), "chat_visits")
	require.NotContains(t, eval[string](f, `document.cookie`), "everywhere")
	b.Shot("shop")
	b.open(chat + "/")
	require.True(t, eval[bool](b, `document.querySelector('.bwc').hasAttribute('data-ask')`), "at the chat's own address nothing was agreed to")
	require.NotContains(t, eval[string](b, `document.cookie`), "chat_visits")
	b.open(shop)
	f = b.inFrame(chat)
	f.Press(".bwc-withdraw button")
	f.Until(`!consent.allows('analytics') && !document.cookie.includes('chat_visits')`)
	require.Empty(t, b.Violations())
	require.Empty(t, f.Violations())
}

// A page of any other site that embeds the chat, or a page of the team's, has an empty frame.
func TestNoOtherSiteHasTheChatInAFrame(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>Around</title><iframe src=%q></iframe><iframe src=%q></iframe>`, d.chatAt(seeds[0].id)+"/", d.base()+"/sign-in")
	}))
	t.Cleanup(evil.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(evil.URL, "http://"), ":")
	b := d.tab()
	for _, host := range []string{"evil", "alder-shop"} { // another site, and the shop's at another port
		b.open("http://" + host + ".localhost:" + port + "/")
		require.Eventually(t, func() bool { return len(b.Frames()) == 2 }, 20*time.Second, 20*time.Millisecond)
		for _, info := range b.Frames() {
			f := &tab{b.Attach(info.TargetID), b.d}
			f.Until(`location.href == 'chrome-error://chromewebdata/'`)
			require.Contains(t, f.text(), "refused to connect", "%s at %s", info.URL, host)
		}
	}
	for host, want := range map[string]string{d.host: "'none'", "alder." + d.host: d.shopAt(seeds[0].id), "alder-shop." + d.host: "'none'", "operator." + d.host: "'none'", "nobody." + d.host + ".evil.example": "'none'"} {
		v := d.visitor()
		v.host = host + ":" + d.port
		_, _, h := v.do(http.MethodGet, "/", "", nil)
		_, frames, _ := strings.Cut(h.Get("Content-Security-Policy"), "frame-ancestors ")
		frames, _, _ = strings.Cut(frames, ";")
		require.Equal(t, want, frames, host)
	}
	for _, host := range []string{"operator-shop", "nobody-shop"} {
		v := d.visitor()
		v.host = host + "." + d.host + ":" + d.port
		code, _ := v.get("/")
		require.Equal(t, http.StatusNotFound, code, host)
	}
}
