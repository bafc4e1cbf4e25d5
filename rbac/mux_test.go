package rbac_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
)

// session is one of a test: whoever says who they are is believed.
func session(r *http.Request) (rbac.Subject, error) {
	switch who := r.Header.Get("X-Session"); who {
	case "":
		return rbac.Subject{}, nil
	case "broken":
		return rbac.Subject{}, errors.New("the sessions are away")
	default:
		return rbac.User(who), nil
	}
}

// says answers with its name and who is asking.
func says(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s for %v", name, rbac.From(r.Context()))
	})
}

func (d *desk) mux(o rbac.MuxOptions) *rbac.Mux {
	m := rbac.NewMux(d.Authorizer, rbac.TokenOr(session), o)
	m.Handle("GET /hello", rbac.Public, says("hello"))
	m.Handle("GET /me", rbac.AnyMember, says("me"))
	m.Handle("GET /settings", rbac.AnyPerson, says("settings"))
	m.Handle("GET /chats/{id}", ReadChat, says("chat"))
	m.Handle("POST /chats/{id}", Reply, says("reply"))
	m.Handle("GET /chats", rbac.AnyOf(ReadChat, ReadOwn), says("chats"))
	m.Handle("POST /impersonate", Impersonate, says("impersonate"))
	m.Handle("POST /merge", rbac.AllOf(ReadChat, Reply), says("merge"))
	m.Handle("POST /events", Ingest, says("ingest"))
	m.Handle("GET /status", Widget.Needs(SeeStatus), says("status"))
	return m
}

// ask sends a request, in the desk's tenant, and returns the answer's status and body.
func (d *desk) ask(h http.Handler, method, target string, edit ...func(*http.Request)) (int, string) {
	r := httptest.NewRequest(method, target, nil).WithContext(d.ctx)
	for _, f := range edit {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func as(who string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("X-Session", who) }
}

func with(raw string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+raw) }
}

func TestARouteIsForThoseItsRuleLetsIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := d.mux(rbac.MuxOptions{})
	robot, _ := d.issue(d.system(d.ctx), rbac.TokenSpec{Member: syncer, Scopes: []rbac.Permission{ReadChat, Ingest}})
	bobs, _ := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{ReadChat}})
	for _, c := range []struct {
		what string
		by   func(*http.Request)
		want int
	}{
		{"GET /hello", nil, 200},
		{"GET /hello", with("junk"), 200}, // nobody is asked
		{"GET /status", nil, 200},
		{"GET /me", nil, 401},
		{"GET /me", as("vic"), 200},
		{"GET /me", with(robot), 200},
		{"GET /me", with("junk"), 401},
		{"GET /me", as("stranger"), 403},
		{"GET /me", as("broken"), 503},
		{"GET /settings", as("vic"), 200},
		{"GET /settings", with(robot), 403},
		{"GET /settings", with(bobs), 403},
		{"GET /chats/1", as("vic"), 200},
		{"GET /chats/1", with(bobs), 200},
		{"POST /chats/1", as("vic"), 403},
		{"POST /chats/1", with(bobs), 403},
		{"POST /chats/1", as("bob"), 200},
		{"GET /chats", as("vic"), 200},
		{"POST /merge", as("vic"), 403},
		{"POST /merge", as("bob"), 200},
		{"POST /impersonate", as("bob"), 200},
		{"POST /impersonate", with(bobs), 403},
		{"POST /events", with(robot), 200},
		{"POST /events", as("ada"), 403},
		{"GET /none", as("ada"), 404},
		{"DELETE /chats/1", as("ada"), 405},
	} {
		method, target, _ := strings.Cut(c.what, " ")
		edit := []func(*http.Request){}
		if c.by != nil {
			edit = append(edit, c.by)
		}
		code, body := d.ask(m, method, target, edit...)
		require.Equal(t, c.want, code, "%s: %s", c.what, body)
		require.Equal(t, code == 200, strings.Contains(body, " for rbac."), "a handler ran")
	}
	_, body := d.ask(m, "GET", "/hello", as("vic"))
	require.Equal(t, "hello for rbac.Principal(nobody)", body)
	_, body = d.ask(m, "GET", "/status", as("vic"))
	require.Equal(t, "status for rbac.Principal(surface)", body)
	_, body = d.ask(m, "GET", "/me", as("vic"), with(robot))
	require.Equal(t, "me for rbac.Principal(token)", body)
	code, _ := d.ask(m, "GET", "/me", as("vic"), with("junk"))
	require.Equal(t, 401, code, "a session does not make up for a bad token")
	code, _ = d.ask(m, "GET", "/me", as("vic"), func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer " + robot, "Bearer " + robot} })
	require.Equal(t, 401, code)
	for _, target := range []string{"/me?token=" + robot, "/me?access_token=" + robot} {
		code, _ = d.ask(m, "GET", target)
		require.Equal(t, 401, code, "no token is read from an address")
	}
	code, _ = d.ask(m, "GET", "/me", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "token", Value: robot}) })
	require.Equal(t, 401, code)
}

// mustPanic runs f, which must panic with that in the text.
func mustPanic(t *testing.T, text string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		require.Contains(t, fmt.Sprint(recover()), text)
	}()
	f()
}

func TestARouteWithoutARuleCannotBeRegistered(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := d.mux(rbac.MuxOptions{})
	other := rbac.NewCatalog("other")
	x := other.Permission("x")
	for pattern, rule := range map[string]rbac.Rule{"GET /a": nil, "GET /b": rbac.Permission{}, "GET /c": x, "GET /d": rbac.AllOf(), "GET /e": rbac.AnyOf(),
		"GET /f": rbac.AllOf(ReadChat, rbac.Permission{}), "GET /g": other.Surface("s", x).Needs(x)} {
		mustPanic(t, "rbac: the route", func() { m.Handle(pattern, rule, says("x")) })
		code, _ := d.ask(m, "GET", pattern[len("GET "):], as("ada"))
		require.Equal(t, 404, code)
	}
	mustPanic(t, "no handler", func() { m.Handle("GET /h", ReadChat, nil) })
	mustPanic(t, "conflict", func() { m.Handle("GET /me", ReadChat, says("x")) })
	mustPanic(t, "does not have", func() { Ticker.Needs(SeeOrder) })
	mustPanic(t, "needs an authorizer", func() { rbac.NewMux(nil, rbac.TokenOr(nil), rbac.MuxOptions{}) })
	mustPanic(t, "needs an authorizer", func() { rbac.NewMux(d.Authorizer, nil, rbac.MuxOptions{}) })
}

func TestTheRoutesAreReportedInOrder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var lines []string
	for _, r := range d.mux(rbac.MuxOptions{}).Routes() {
		lines = append(lines, r.Pattern+" -> "+r.Rule)
	}
	require.Equal(t, []string{
		"GET /chats -> any of chat.read, chat.read.own",
		"GET /chats/{id} -> chat.read",
		"GET /hello -> public",
		"GET /me -> any member",
		"GET /settings -> any person",
		"GET /status -> surface widget: order.status",
		"POST /chats/{id} -> chat.reply",
		"POST /events -> events.ingest",
		"POST /impersonate -> customer.impersonate",
		"POST /merge -> all of chat.read, chat.reply",
	}, lines)
}

// A handler that serves files by the decoded path is what an encoded slash or dot would fool.
func TestEverySpellingOfAPathReachesItsRule(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := rbac.NewMux(d.Authorizer, rbac.TokenOr(session), rbac.MuxOptions{})
	reached := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		is := path.Clean("/" + r.URL.Path) // as a handler reads it that serves files
		if (is == "/admin" || strings.HasPrefix(is, "/admin/")) && !rbac.From(r.Context()).Can(rbac.ManageMembers) {
			fmt.Fprint(w, "LEAK")
		}
	})
	m.Handle("/", rbac.Public, reached)
	m.Handle("/public/", rbac.Public, reached)
	m.Handle("/admin", rbac.ManageMembers, reached)
	m.Handle("/admin/", rbac.ManageMembers, reached)
	m.Handle("GET /files/{name}", ReadChat, reached)
	targets := []string{"/admin", "/admin/", "/admin/x", "//admin", "/admin//x", "/./admin", "/public/../admin", "/public/..//admin/", "/admin/.", "/admin/../admin/x",
		"/%61dmin", "/admin%2Fx", "/admin%2fx", "/%2Fadmin", "/public%2F..%2Fadmin", "/public/%2e%2e/admin", "/public/%2E%2E%2Fadmin/", "/public/..%2fadmin/x",
		"/.%2Fadmin", "/%2e/admin", "//evil.example/admin", "/admin;x=1", "/admin?x", "/admin%3Fx", "/files/..%2fadmin", "/files/%2e%2e%2fadmin%2fx", "/public/%2e./admin"}
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X-Y"} {
		for _, target := range targets {
			u, err := url.ParseRequestURI(target)
			require.NoError(t, err, target)
			for _, who := range []string{"", "vic"} {
				code, body := d.ask(m, method, "/", as(who), func(r *http.Request) { r.URL, r.RequestURI = u, target })
				require.NotContains(t, body, "LEAK", "%s %s by %q: %d", method, target, who, code)
			}
		}
	}
	for target, want := range map[string]int{"/admin": 200, "/admin/x": 200, "/%61dmin": 200, "/files/a.txt": 200, "/files/a%20b": 200, "/admin%2Fx": 400, "/public/%2e%2e/admin": 400,
		"//admin": 307, "/public/../admin": 307, "/files/a%2Fb": 400} {
		code, _ := d.ask(m, "GET", "/", as("ada"), func(r *http.Request) { r.URL, _ = url.ParseRequestURI(target) })
		require.Equal(t, want, code, target)
	}
	code, _ := d.ask(m, "CONNECT", "/", as("ada"), func(r *http.Request) { r.URL = &url.URL{Path: "/admin", Host: "x"} })
	require.Equal(t, 405, code)
	code, _ = d.ask(m, "OPTIONS", "/", as("ada"), func(r *http.Request) { r.URL, r.RequestURI = &url.URL{Path: "*"}, "*" })
	require.Equal(t, 400, code)
}

func TestAPatternsOtherMethodsReachNoHandler(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := d.mux(rbac.MuxOptions{})
	code, _ := d.ask(m, "HEAD", "/chats/1")
	require.Equal(t, 401, code, "HEAD is under the rule of GET")
	code, _ = d.ask(m, "HEAD", "/chats/1", as("vic"))
	require.Equal(t, 200, code)
	for _, method := range []string{"OPTIONS", "PUT", "TRACE", "PROPFIND", "get"} {
		code, body := d.ask(m, method, "/chats/1", as("ada"))
		require.Equal(t, 405, code)
		require.NotContains(t, body, " for ")
	}
	code, _ = d.ask(m, "GET", "/chats/1/", as("ada"))
	require.Equal(t, 404, code)
}

func TestARefusalSaysWhyAndNamesNobody(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := d.mux(rbac.MuxOptions{})
	bobs, info := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{ReadChat}})
	refusal := func(method, target string, edit ...func(*http.Request)) (*httptest.ResponseRecorder, string) {
		r := httptest.NewRequest(method, target, nil).WithContext(d.ctx)
		for _, f := range edit {
			f(r)
		}
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		var p struct {
			Status        int
			Title, Detail string
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
		require.Equal(t, w.Code, p.Status)
		require.Equal(t, http.StatusText(w.Code), p.Title)
		for _, id := range []string{"acme", "bob", info.ID, "stranger", "192.0.2"} {
			require.NotContains(t, w.Body.String(), id)
		}
		return w, p.Detail
	}
	w, detail := refusal("GET", "/chats/1")
	require.Equal(t, "rbac: denied: nobody is asking", detail)
	require.Equal(t, "Bearer", w.Header().Get("WWW-Authenticate"))
	w, detail = refusal("GET", "/chats/1", with(bobs+"x"))
	require.Equal(t, 401, w.Code)
	require.Equal(t, "rbac: denied: no valid token", detail)
	require.Equal(t, `Bearer error="invalid_token"`, w.Header().Get("WWW-Authenticate"))
	w, detail = refusal("POST", "/chats/1", with(bobs))
	require.Equal(t, 403, w.Code)
	require.Equal(t, "rbac: denied: chat.reply: the token's scopes do not have it", detail)
	require.Equal(t, `Bearer error="insufficient_scope"`, w.Header().Get("WWW-Authenticate"))
	w, detail = refusal("POST", "/chats/1", as("vic"))
	require.Equal(t, 403, w.Code)
	require.Equal(t, "rbac: denied: chat.reply: no role grants it", detail)
	require.Empty(t, w.Header().Get("WWW-Authenticate"))
	w, _ = refusal("GET", "/chats/1", as("stranger"))
	require.Equal(t, 403, w.Code)
	w, detail = refusal("GET", "/chats/1", as("broken"))
	require.Equal(t, 503, w.Code)
	require.Empty(t, detail)

	for err, want := range map[error]int{
		&rbac.Denied{Reason: rbac.Expired}: 403, &rbac.Denied{Reason: rbac.TokenExpired}: 401, &rbac.Denied{Reason: rbac.ByNetwork}: 403, &rbac.Denied{Reason: rbac.LastOwner}: 409,
		rbac.ErrStale: 503, rbac.ErrClosed: 503, rbac.ErrUnavailable: 503, rbac.ErrNotFound: 404, rbac.ErrNoMatch: 404, rbac.ErrConflict: 409, rbac.ErrExists: 409,
		tenancy.ErrNoTenant: 400, tenancy.ErrUnknownTenant: 404, tenancy.ErrBusy: 429, errors.New("whatever"): 503,
		fmt.Errorf("%w: %w", rbac.ErrStale, tenancy.ErrUnknownTenant): 503,
	} {
		require.Equal(t, want, rbac.StatusCode(err), err)
	}
}

func TestWithoutTheStoreNobodyIsLetIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.another()
	m := rbac.NewMux(b, rbac.TokenOr(session), rbac.MuxOptions{})
	m.Handle("GET /me", rbac.AnyMember, says("me"))
	m.Handle("GET /hello", rbac.Public, says("hello"))
	d.store.away.Store(true)
	code, body := d.ask(m, "GET", "/me", as("ada"))
	require.Equal(t, 503, code)
	require.NotContains(t, body, "away")
	code, _ = d.ask(m, "GET", "/hello")
	require.Equal(t, 200, code)
	d.store.away.Store(false)
	code, _ = d.ask(m, "GET", "/me", as("ada"))
	require.Equal(t, 200, code)
}

func TestWithoutATenantNobodyIsLetIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := d.mux(rbac.MuxOptions{})
	raw, _ := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{ReadChat}})
	none := func(r *http.Request) { *r = *r.WithContext(context.Background()) }
	for _, by := range []func(*http.Request){as("ada"), with(raw)} {
		code, _ := d.ask(m, "GET", "/chats/1", none, by)
		require.Equal(t, 400, code)
	}
	code, _ := d.ask(m, "GET", "/status", none)
	require.Equal(t, 400, code)
	code, _ = d.ask(m, "GET", "/chats/1", none, with("junk"))
	require.Equal(t, 401, code)
	code, _ = d.ask(m, "GET", "/hello", none)
	require.Equal(t, 200, code)
}

// everyTenant is a directory of tenants that are all active.
type everyTenant struct{}

func (everyTenant) Lookup(_ context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	return tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}, nil
}

// The gate binds the tenant that a token is of, and has it checked against what the host says.
func TestATokenNamesItsTenantToTheGate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.tenant("other")
	gate := tenancy.Gate{Directory: everyTenant{}, Resolvers: []tenancy.Resolver{tenancy.Subdomain("desk.example"), d.TokenTenant(nil)}}
	h := gate.Public(d.mux(rbac.MuxOptions{}))
	raw, info := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{ReadChat}})
	ask := func(host string, edit ...func(*http.Request)) int {
		code, _ := d.ask(h, "GET", "http://"+host+"/chats/1", append(edit, func(r *http.Request) { *r = *r.WithContext(context.Background()) })...)
		return code
	}
	require.Equal(t, 200, ask("desk.example", with(raw)))
	require.Equal(t, 200, ask("acme.desk.example", with(raw)))
	require.Equal(t, 400, ask("other.desk.example", with(raw)), "the host and the token disagree")
	require.Equal(t, 401, ask("desk.example", with(form.Mint().Secret.Reveal())))
	require.Equal(t, 401, ask("desk.example", with("junk")))
	require.Equal(t, 401, ask("acme.desk.example", with(form.Mint().Secret.Reveal())))
	require.Equal(t, 401, ask("desk.example", with(otherSecret(t, raw))))
	require.Equal(t, 401, ask("acme.desk.example"))
	_, err := d.RevokeTokens(d.ctx, d.as(ada), rbac.TokenSelector{ID: info.ID}, "")
	require.NoError(t, err)
	require.Equal(t, 401, ask("desk.example", with(raw)))
}

func TestATenantsAllowlistHoldsForSessionsAndTokens(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	store := ipallow.NewMemory()
	acme := tenancy.MustParseID("acme")
	office, err := ipallow.ParseList("192.0.2.0/24")
	require.NoError(t, err)
	_, err = store.Put(d.ctx, acme, 0, ipallow.Write{Key: "1", Policy: ipallow.Policy{List: office}})
	require.NoError(t, err)
	guard, err := ipallow.NewGuard(store, ipallow.Options{})
	require.NoError(t, err)
	clients, err := ipallow.NewClients(ipallow.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}, Header: "X-Forwarded-For"})
	require.NoError(t, err)
	m := d.mux(rbac.MuxOptions{Client: clients.Addr, Guard: guard.Middleware(clients.Addr)})
	both := []netip.Prefix{netip.MustParsePrefix("192.0.2.128/25"), netip.MustParsePrefix("198.51.100.0/24")}
	raw, _ := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{ReadChat}, Networks: both})
	from := func(peer string, forwarded ...string) func(*http.Request) {
		return func(r *http.Request) {
			r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(peer), 1234).String()
			r.Header["X-Forwarded-For"] = forwarded
		}
	}
	for _, c := range []struct {
		target  string
		by      func(*http.Request)
		from    func(*http.Request)
		allowed bool
	}{
		{"/chats/1", as("vic"), from("192.0.2.7"), true}, // the session is made inside
		{"/chats/1", as("vic"), from("203.0.113.9"), false},
		{"/chats/1", as("vic"), from("10.0.0.1", "192.0.2.7"), true},
		{"/chats/1", as("vic"), from("10.0.0.1", "192.0.2.7, 203.0.113.9"), false}, // the left one is the client's own
		{"/chats/1", as("vic"), from("10.0.0.1", "192.0.2.7", "203.0.113.9"), false},
		{"/chats/1", as("vic"), from("203.0.113.9", "192.0.2.7"), false}, // nobody trusts that peer
		{"/chats/1", as("vic"), from("10.0.0.1", "unknown"), false},
		{"/chats/1", with(raw), from("192.0.2.200"), true},
		{"/chats/1", with(raw), from("192.0.2.7"), false},    // the tenant's and not the token's
		{"/chats/1", with(raw), from("198.51.100.1"), false}, // the token's and not the tenant's
		{"/chats/1", with(raw), from("10.0.0.1", "192.0.2.200"), true},
		{"/hello", as(""), from("203.0.113.9"), true}, // the public comes from anywhere
		{"/status", as(""), from("203.0.113.9"), true},
	} {
		code, body := d.ask(m, "GET", c.target, c.by, c.from)
		if c.allowed {
			require.Equal(t, 200, code, body)
		} else {
			require.Equal(t, 403, code, body)
		}
	}
	// Who is nobody is led to where one signs in from wherever they come, and is told nothing of the networks.
	inside, told := d.ask(m, "GET", "/chats/1", as(""), from("192.0.2.7"))
	outside, same := d.ask(m, "GET", "/chats/1", as(""), from("203.0.113.9"))
	require.Equal(t, []any{401, 401}, []any{inside, outside})
	require.Equal(t, told, same)
	require.NoError(t, d.Close())
	uses, err := d.store.Uses(d.ctx)
	require.NoError(t, err)
	require.Len(t, uses, 2)
	for _, u := range uses {
		require.Equal(t, netip.MustParsePrefix("192.0.2.0/24"), u.Net)
	}
}

func TestTheClientIsTheConnectionUnlessSaidOtherwise(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := d.mux(rbac.MuxOptions{})
	raw, _ := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{ReadChat}, Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	for peer, want := range map[string]int{"192.0.2.7:1": 200, "[::ffff:192.0.2.7]:1": 200, "203.0.113.9:1": 403, "@": 403, "": 403, "192.0.2.7": 403} {
		code, _ := d.ask(m, "GET", "/chats/1", with(raw), func(r *http.Request) {
			r.RemoteAddr = peer
			for _, h := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP"} {
				r.Header.Set(h, map[bool]string{true: "for=192.0.2.7", false: "192.0.2.7"}[h == "Forwarded"])
			}
		})
		require.Equal(t, want, code, peer)
	}
}

func TestFromIsNobodyInAnotherTenant(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.as(bob)
	require.True(t, rbac.From(context.Background()).IsZero())
	require.True(t, rbac.From(d.ctx).IsZero())
	ctx := rbac.With(d.ctx, p)
	require.Equal(t, bob, rbac.From(ctx).Subject())
	require.True(t, rbac.From(tenancy.Switch(ctx, tenancy.MustParseID("other"))).IsZero())
	require.True(t, rbac.From(tenancy.With(ctx, tenancy.MustParseID("other"))).IsZero(), "a context of two tenants")
	require.True(t, rbac.From(rbac.With(context.Background(), p)).IsZero())
}

func TestAMuxNotesWhoItLetsIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := d.mux(rbac.MuxOptions{})
	for range 100 {
		d.ask(m, "GET", "/me", as("vic"))
		d.ask(m, "POST", "/chats/1", as("kim")) // refused
		d.ask(m, "GET", "/hello", as("bob"))    // nobody is asked
	}
	require.NoError(t, d.Close())
	uses, err := d.store.Uses(d.ctx)
	require.NoError(t, err)
	require.Len(t, uses, 1)
	require.Equal(t, "vic", uses[0].ID)
	require.WithinDuration(t, time.Now(), uses[0].At, time.Hour)
	require.LessOrEqual(t, d.store.sawNotes.Load(), int64(2))
}

func TestRefuseIsTheApplicationsToChange(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := d.mux(rbac.MuxOptions{Refuse: func(w http.ResponseWriter, r *http.Request, err error) {
		if errors.Is(err, &rbac.Denied{Reason: rbac.Nobody}) {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		rbac.Refuse(w, r, err)
	}})
	code, _ := d.ask(m, "GET", "/me")
	require.Equal(t, 303, code)
	code, _ = d.ask(m, "POST", "/chats/1", as("vic"))
	require.Equal(t, 403, code)
	w := httptest.NewRecorder()
	rbac.Refuse(w, nil, fmt.Errorf("x: %w", &tenancy.BusyError{Rate: true, RetryAfter: 1500 * time.Millisecond}))
	require.Equal(t, 429, w.Code)
	require.Equal(t, "2", w.Header().Get("Retry-After"))
	b, _ := io.ReadAll(w.Body)
	require.NotContains(t, string(b), "x:")
}
