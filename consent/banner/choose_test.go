package banner

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// A visitor is a browser without a screen: it keeps cookies and posts forms.
type visitor struct {
	t      testing.TB
	h      http.Handler
	jar    map[string]string
	header http.Header
}

func newVisitor(t testing.TB, b *Banner) *visitor {
	return &visitor{t, inAcme(b.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, string(b.HTML(r))) }))), map[string]string{},
		http.Header{"Sec-Fetch-Site": {"same-origin"}}}
}

func (v *visitor) do(method, path, body string) *http.Response {
	v.t.Helper()
	r := httptest.NewRequest(method, "https://shop.test"+path, strings.NewReader(body))
	r.Header = v.header.Clone()
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for n, value := range v.jar {
		r.AddCookie(&http.Cookie{Name: n, Value: value})
	}
	w := httptest.NewRecorder()
	v.h.ServeHTTP(w, r)
	res := w.Result()
	for _, c := range res.Cookies() {
		if v.jar[c.Name] = c.Value; c.MaxAge < 0 {
			delete(v.jar, c.Name)
		}
	}
	return res
}

func text(res *http.Response) string { b, _ := io.ReadAll(res.Body); return string(b) }

var hidden = regexp.MustCompile(`name="(text|back)" value="([^"]*)"`)

// page opens a page and returns its form, as it is posted with a button.
func (v *visitor) page(path, button string) url.Values {
	v.t.Helper()
	form := url.Values{"do": {button}}
	for _, m := range hidden.FindAllStringSubmatch(text(v.do("GET", path, "")), -1) {
		form.Set(m[1], m[2])
	}
	return form
}

func (v *visitor) press(button string, grant ...string) *http.Response {
	v.t.Helper()
	form := v.page("/page", button)
	form["grant"] = grant
	return v.do("POST", "/consent/choose", form.Encode())
}

func (v *visitor) allowed() []string {
	v.t.Helper()
	var s stateJSON
	require.NoError(v.t, json.NewDecoder(v.do("GET", "/consent/state.json", "").Body).Decode(&s))
	return s.Allowed
}

func TestTheButtonsOfTheForm(t *testing.T) {
	t.Parallel()
	b := newBanner(t, Options{})
	for _, c := range []struct {
		do    string
		grant []string
		want  []string
	}{
		{"reject", []string{"analytics"}, []string{}},
		{"accept", nil, []string{"functional", "analytics", "marketing", "replay"}},
		{"save", []string{"analytics", "replay"}, []string{"analytics", "replay"}},
		{"save", nil, []string{}},
		{"optout", nil, []string{}},
	} {
		v := newVisitor(t, b)
		res := v.press(c.do, c.grant...)
		require.Equal(t, http.StatusSeeOther, res.StatusCode, c.do)
		require.Equal(t, "/page", res.Header.Get("Location"))
		require.Equal(t, c.want, v.allowed(), c.do)
		require.NotContains(t, text(v.do("GET", "/", "")), "data-ask")
	}
}

func TestAnOptOutKeepsTheRestAndIsTakenBackInASecondStep(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, newBanner(t, Options{}))
	v.press("accept")
	v.press("optout")
	require.Equal(t, []string{"functional", "analytics", "replay"}, v.allowed())
	v.press("accept")
	require.Equal(t, []string{"functional", "analytics", "replay"}, v.allowed(), "one step is not enough")
	page := text(v.do("GET", "/", ""))
	require.Contains(t, page, "you opted out of the sale of your data")
	require.NotContains(t, page, `value="marketing"`)
	require.NotContains(t, page, `value="optout"`)
	v.press("confirm:marketing")
	require.Equal(t, []string{"functional", "analytics", "marketing", "replay"}, v.allowed())
	v.press("optout")
	v.do("POST", "/consent/withdraw", "")
	v.press("accept")
	require.Equal(t, []string{"functional", "analytics", "replay"}, v.allowed(), "a withdrawal ends no opt-out")
}

func TestAnAnswerThatIsNotOfThisPageIsRefused(t *testing.T) {
	t.Parallel()
	b := newBanner(t, Options{})
	good := newVisitor(t, b).page("/page", "accept")
	with := func(key, value string) string {
		f := url.Values{}
		for k, v := range good {
			f[k] = v
		}
		f.Set(key, value)
		return f.Encode()
	}
	for _, c := range []struct {
		name, path, body string
		header           [2]string
		code             int
	}{
		{"of another site", "choose", good.Encode(), [2]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"of a sub-domain", "choose", good.Encode(), [2]string{"Sec-Fetch-Site", "same-site"}, 403},
		{"in a frame", "choose", good.Encode(), [2]string{"Sec-Fetch-Dest", "iframe"}, 403},
		{"a withdrawal of another site", "withdraw", "", [2]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"without a text", "choose", with("text", ""), [2]string{}, 400},
		{"an unknown button", "choose", with("do", "everything"), [2]string{}, 400},
		{"no button", "choose", with("do", ""), [2]string{}, 400},
		{"an unknown category", "choose", "do=save&grant=telepathy&text=" + good.Get("text"), [2]string{}, 400},
		{"essential, which is no question", "choose", "do=save&grant=essential&text=" + good.Get("text"), [2]string{}, 400},
		{"confirming what is unknown", "choose", with("do", "confirm:telepathy"), [2]string{}, 400},
		{"too long", "choose", good.Encode() + "&x=" + strings.Repeat("x", maxForm), [2]string{}, 413},
		{"no form", "choose", "%zz", [2]string{}, 400},
		{"in the address", "choose?" + good.Encode(), "", [2]string{}, 400},
	} {
		v := newVisitor(t, b)
		if c.header[0] != "" {
			v.header.Set(c.header[0], c.header[1])
		}
		res := v.do("POST", "/consent/"+c.path, c.body)
		require.Equal(t, c.code, res.StatusCode, "%s: %s", c.name, text(res))
		require.Empty(t, v.jar, c.name)
	}
	v := newVisitor(t, b)
	require.Equal(t, 405, v.do("GET", "/consent/choose?"+good.Encode(), "").StatusCode)
	v.header.Set("Sec-Fetch-Dest", "iframe")
	require.Equal(t, 303, v.press("reject").StatusCode, "a no is taken from anywhere on this site")
	require.Equal(t, 303, v.do("POST", "/consent/withdraw", "").StatusCode)
}

func TestAYesToAnOldTextShowsTheNewOne(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, newBanner(t, Options{}))
	form := v.page("/page", "accept")
	form.Set("text", strings.Repeat("0", 64))
	res := v.do("POST", "/consent/choose", form.Encode())
	require.Equal(t, 303, res.StatusCode)
	require.Equal(t, "/page", res.Header.Get("Location"))
	require.Empty(t, v.jar)
	v.header.Set("Accept", "application/json")
	require.Equal(t, 409, v.do("POST", "/consent/choose", form.Encode()).StatusCode)
}

func TestTheScriptIsAnsweredWithTheState(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, newBanner(t, Options{}))
	form := v.page("/page", "save")
	form["grant"] = []string{"analytics"}
	v.header.Set("Accept", "application/json")
	res := v.do("POST", "/consent/choose", form.Encode())
	require.Equal(t, 200, res.StatusCode)
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	require.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
	require.JSONEq(t, `{"version":1,"allowed":["analytics"],"open":[],"signal":false,"honoured":false}`, text(res))
	v.header.Set("Sec-GPC", "1")
	require.JSONEq(t, `{"version":1,"allowed":["analytics"],"open":[],"signal":true,"honoured":true}`, text(v.do("GET", "/consent/state.json", "")))
}

func TestAWithdrawalExpiresTheDeclaredCookiesWhereTheyAre(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, newBanner(t, Options{}))
	v.press("accept")
	for _, n := range []string{"_ga", "_ga_X", "_fbp", "__Host-session", "mine", "_gat"} {
		v.jar[n] = "1"
	}
	res := v.do("POST", "/consent/withdraw", "back=%2Fpage")
	lines := res.Header["Set-Cookie"]
	slices.Sort(lines)
	require.Contains(t, lines[0], consent.CookieName+"=")
	require.Equal(t, []string{
		"_fbp=; Path=/; Max-Age=0; Secure",
		"_ga=; Path=/; Max-Age=0; Secure",
		"_ga_X=; Path=/; Max-Age=0; Secure",
		"theme=; Path=/chat; Max-Age=0; Secure", // which this request does not show
	}, lines[1:])
	require.Empty(t, res.Header.Get("Clear-Site-Data"), "the cart is essential, and storage")
	require.Equal(t, "/page", res.Header.Get("Location"))

	first := newVisitor(t, newBanner(t, Options{}))
	require.Len(t, first.press("reject").Header["Set-Cookie"], 1, "there is nothing to delete before a yes")
	first.jar["_ga"] = "1"
	require.Len(t, first.press("reject").Header["Set-Cookie"], 2, "unless it is there")
}

func TestStorageIsClearedAsAWholeOnlyIfNothingThatIsAllowedStores(t *testing.T) {
	t.Parallel()
	p := shop()
	p.Purposes[0].Storage = p.Purposes[0].Storage[:1] // no cart
	policies, err := consent.Compile(p)
	require.NoError(t, err)
	b, err := New(manager(t, func(c *consent.Config) { c.Registry = policies }), Options{})
	require.NoError(t, err)
	v := newVisitor(t, b)
	require.Empty(t, v.press("accept").Header.Get("Clear-Site-Data"))
	require.Empty(t, v.press("save", "functional").Header.Get("Clear-Site-Data"), "drafts stay")
	require.Equal(t, `"storage"`, v.do("POST", "/consent/withdraw", "").Header.Get("Clear-Site-Data"))
	require.Empty(t, v.do("POST", "/consent/withdraw", "").Header.Get("Clear-Site-Data"), "there is nothing left")
}

func TestAWidgetsCookiesAreExpiredInTheirPartition(t *testing.T) {
	t.Parallel()
	b, err := New(manager(t, func(c *consent.Config) { c.Widget = true }), Options{})
	require.NoError(t, err)
	v := newVisitor(t, b)
	v.press("accept")
	lines := v.do("POST", "/consent/withdraw", "").Header["Set-Cookie"]
	require.Contains(t, lines, "_fbp=; Path=/; Max-Age=0; Secure")
	require.Contains(t, lines, "_fbp=; Path=/; Max-Age=0; Secure; SameSite=None; Partitioned")
}

func TestWhatHandlerAnswers(t *testing.T) {
	t.Parallel()
	b := newBanner(t, Options{Path: "/privacy/"})
	v := newVisitor(t, b)
	page := v.do("GET", "/", "")
	require.Equal(t, []string{"Accept-Language", "Sec-GPC, Cookie"}, page.Header["Vary"])
	html := text(page)
	for ext, kind := range map[string]string{"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"} {
		file := regexp.MustCompile(`/privacy/banner-[0-9a-f]{12}\.` + ext).FindString(html)
		res := v.do("GET", file, "")
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, kind, res.Header.Get("Content-Type"))
		require.Equal(t, "public, max-age=31536000, immutable", res.Header.Get("Cache-Control"))
		require.Equal(t, []string{"Accept-Encoding"}, res.Header["Vary"], "it is the same for everybody")
		plain := text(res)
		v.header.Set("Accept-Encoding", "br, gzip;q=0.5")
		res = v.do("GET", file, "")
		require.Equal(t, "gzip", res.Header.Get("Content-Encoding"))
		z, err := gzip.NewReader(res.Body)
		require.NoError(t, err)
		unpacked, err := io.ReadAll(z)
		require.NoError(t, err)
		require.Equal(t, plain, string(unpacked))
		v.header.Set("Accept-Encoding", "gzip;q=0, identity")
		require.Empty(t, v.do("GET", file, "").Header.Get("Content-Encoding"))
		v.header.Del("Accept-Encoding")
		require.Equal(t, 404, v.do("GET", strings.Replace(file, "banner-", "banner-0", 1), "").StatusCode, "no other content has the name")
	}
	var m manifestJSON
	res := v.do("GET", "/privacy/manifest.json", "")
	require.Equal(t, "no-cache", res.Header.Get("Cache-Control"))
	require.NoError(t, json.NewDecoder(res.Body).Decode(&m))
	require.Contains(t, m.Items, itemJSON{Category: "functional", Purpose: "drafts", Kind: "indexedDB", Name: "drafts", Seconds: 72 * 3600})
	require.Contains(t, m.Items, itemJSON{Category: "functional", Purpose: "drafts", Kind: "indexedDB", Name: "media", Seconds: 30 * 24 * 3600, MaxBytes: 150 << 20, MaxEntries: 400})
	require.Contains(t, m.Items, itemJSON{Category: "functional", Purpose: "drafts", Kind: "cookie", Name: "theme", Seconds: 24 * 3600, Path: "/chat"})
	res = v.do("GET", "/.well-known/gpc.json", "")
	require.Equal(t, "application/json", res.Header.Get("Content-Type"))
	require.JSONEq(t, `{"gpc":true,"lastUpdate":"2026-01-01"}`, text(res))
	since := newVisitor(t, newBanner(t, Options{GPCSince: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}))
	require.JSONEq(t, `{"gpc":true,"lastUpdate":"2026-11-22"}`, text(since.do("GET", "/.well-known/gpc.json", "")))
}

func TestWithoutATenantNothingIsTaken(t *testing.T) {
	t.Parallel()
	b := newBanner(t, Options{})
	form := newVisitor(t, b).page("/", "accept")
	r := httptest.NewRequest("POST", "https://shop.test/consent/choose", strings.NewReader(form.Encode()))
	r.Header = http.Header{"Sec-Fetch-Site": {"same-origin"}, "Content-Type": {"application/x-www-form-urlencoded"}}
	w := httptest.NewRecorder()
	b.Wrap(http.NotFoundHandler()).ServeHTTP(w, r)
	require.Equal(t, 404, w.Code)
	require.Empty(t, w.Result().Header["Set-Cookie"])
}

// A store of the ledger that can be out of order.
type frail struct {
	*consent.Memory
	out *atomic.Bool
}

func (f frail) Tx(ctx context.Context, do func(context.Context) error) error {
	if f.out.Load() {
		return consent.ErrUnavailable
	}
	return f.Memory.Tx(ctx, do)
}

func (f frail) State(ctx context.Context, who consent.Who) (consent.State, error) {
	if f.out.Load() {
		return consent.State{}, consent.ErrUnavailable
	}
	return f.Memory.State(ctx, who)
}

func withLedger(t testing.TB, o Options) (b *Banner, out *atomic.Bool) {
	t.Helper()
	key, err := tenancy.NewKey("p1", bytes.Repeat([]byte("p"), 32))
	require.NoError(t, err)
	out = new(atomic.Bool)
	b, err = New(manager(t, func(c *consent.Config) { c.Store, c.Pseudonyms = frail{consent.NewMemory(), out}, key }), o)
	require.NoError(t, err)
	return b, out
}

func TestAnOptOutOfAnotherBrowserIsSaidInThisOne(t *testing.T) {
	t.Parallel()
	b, _ := withLedger(t, Options{})
	one, two := newVisitor(t, b), newVisitor(t, b)
	one.jar["__Host-session"], two.jar["__Host-session"] = "ann", "ann"
	two.press("accept")
	one.press("optout")
	page := text(two.do("GET", "/", ""))
	require.Contains(t, page, "you opted out of the sale of your data")
	require.NotContains(t, page, `value="marketing"`)
	two.press("confirm:marketing")
	require.Contains(t, two.allowed(), "marketing")
	three := newVisitor(t, b)
	three.jar["__Host-session"] = "ann"
	three.press("reject")
	require.Contains(t, text(two.do("GET", "/", "")), `value="marketing"`, "a no of another browser has a switch")
}

func TestWhileTheLedgerIsOutNobodyIsAskedAndAWithdrawalHoldsInTheBrowser(t *testing.T) {
	t.Parallel()
	var failed []error
	b, out := withLedger(t, Options{Failed: func(_ context.Context, err error) { failed = append(failed, err) }})
	v := newVisitor(t, b)
	v.jar["__Host-session"] = "ann"
	v.press("accept")
	v.jar["_ga"] = "1"
	out.Store(true)
	page := text(v.do("GET", "/", ""))
	require.NotContains(t, page, "data-ask")
	require.Contains(t, page, "&#34;unknown&#34;:true", "and the script deletes nothing for that")
	res := v.press("accept")
	require.Equal(t, 503, res.StatusCode)
	require.Len(t, res.Header["Set-Cookie"], 0)
	require.Empty(t, failed)
	res = v.do("POST", "/consent/withdraw", "")
	require.Equal(t, 503, res.StatusCode)
	require.Contains(t, text(res), "please try again")
	require.ErrorIs(t, failed[0], consent.ErrUnavailable)
	require.NotContains(t, v.jar, "_ga")
	delete(v.jar, "__Host-session") // whoever asks now, the browser's cookie says no
	require.Empty(t, v.allowed())
	out.Store(false)
	require.Empty(t, v.allowed())
}
