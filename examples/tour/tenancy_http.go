package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
	"github.com/jmoiron/sqlx"
)

// Addresses of documentation and private use.
var (
	office   = netip.MustParsePrefix("192.0.2.0/24") // birch's
	proxies  = netip.MustParsePrefix("10.0.0.0/24")  // in front of the desk
	proxy    = "10.0.0.5:40000"
	stranger = "203.0.113.9:40000"
)

// portal is the desk's web server. The tenant of a request is its subdomain; a header of a proxy and a
// login must not say otherwise. Birch is open to its office alone.
func portal(d *desk) (http.Handler, error) {
	clients, err := ipallow.NewClients(ipallow.Proxies{Trusted: []netip.Prefix{proxies}, Header: "X-Forwarded-For"})
	if err != nil {
		return nil, err
	}
	networks, err := ipallow.NewGuard(ipallow.NewMemory(), ipallow.Options{OpenByDefault: true})
	if err != nil {
		return nil, err
	}
	list, err := ipallow.NewList(ipallow.Entry{Prefix: office, Note: "the office"})
	if err != nil {
		return nil, err
	}
	if _, err := networks.Replace(context.Background(), birch, ipallow.Change{Policy: ipallow.Policy{List: list}, Actor: office.Addr().Next()}); err != nil {
		return nil, err
	}
	gate := tenancy.Gate{
		Directory: d.dir,
		Region:    home,
		Resolvers: []tenancy.Resolver{
			tenancy.Subdomain("desk.example"),
			tenancy.Header("X-Tenant", tenancy.Peers(proxies)),
			tenancy.Claim(loginOf),
		},
	}
	return gate.Middleware(networks.Middleware(clients.Addr)(http.HandlerFunc(d.inbox))), nil
}

// loginOf stands for the verified claim of a session or token.
func loginOf(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer a-login-of-")
}

// inbox is the page behind the gate. It has no idea of tenants.
func (d *desk) inbox(w http.ResponseWriter, r *http.Request) {
	var bodies []string
	err := d.db.Read(r.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &bodies, `SELECT body FROM message WHERE id <= 3`)
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, strings.Join(bodies, "\n"))
}

// get is one request to the portal, over the connection of peer. headers are pairs of name and value.
func get(app http.Handler, peer, host string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr, r.Host = peer, host
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	return w
}

// welcome returns an error unless a request that is in order shows the tenant's own inbox: a server that
// refuses everyone keeps no promise.
func (d *desk) welcome(id tenancy.ID, w *httptest.ResponseRecorder) error {
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), d.org(id).mark) {
		return fmt.Errorf("%s's own request was answered with %d", id, w.Code)
	}
	return nil
}

// turnedAway returns an error if a request got through, or if its refusal tells more than its status.
func turnedAway(w *httptest.ResponseRecorder, codes ...int) error {
	for _, code := range codes {
		if w.Code == code && strings.TrimSpace(w.Body.String()) == http.StatusText(code) {
			return nil
		}
	}
	return fmt.Errorf("answered with %d: %.60q", w.Code, w.Body.String())
}

var badHosts = []string{
	"birch'--.desk.example", "birch%00.desk.example", "birch.alder.desk.example", "birch .desk.example", ".desk.example",
	"-.desk.example", "null.desk.example", "xn--birch-9za.desk.example", "desk.example", "birch.desk.example.evil.example",
	strings.Repeat("b", 64) + ".desk.example", "nobody.desk.example", "127.0.0.1", "",
}

func oddHosts(_ context.Context, d *desk) (outcome, error) {
	app, err := d.portal(d)
	if err != nil {
		return outcome{}, err
	}
	count := map[int]int{}
	for _, host := range badHosts {
		w := get(app, stranger, host)
		if err := turnedAway(w, http.StatusBadRequest, http.StatusNotFound); err != nil {
			return outcome{}, fmt.Errorf("%q: %w", host, err)
		}
		count[w.Code]++
	}
	return outcome{fmt.Sprintf("%d host names: %d × 400 Bad Request, %d × 404 Not Found; none got in", len(badHosts), count[400], count[404]), "tenancy.Gate"},
		d.welcome(alder, get(app, stranger, "ALDER.desk.example:443"))
}

func hostAgainstHeader(_ context.Context, d *desk) (outcome, error) {
	app, err := d.portal(d)
	if err != nil {
		return outcome{}, err
	}
	const from = "198.51.100.4"
	err = errors.Join(
		turnedAway(get(app, proxy, "alder.desk.example", "X-Forwarded-For", from, "X-Tenant", "birch"), http.StatusBadRequest),
		turnedAway(get(app, stranger, "alder.desk.example", "X-Tenant", "birch"), http.StatusBadRequest),
		turnedAway(get(app, stranger, "desk.example", "X-Tenant", "birch"), http.StatusBadRequest),
		d.welcome(alder, get(app, proxy, "alder.desk.example", "X-Forwarded-For", from, "X-Tenant", "alder")),
	)
	return outcome{"400 Bad Request from the proxy, and from a stranger, who may not set the header at all", "tenancy.Gate"}, err
}

func loginElsewhere(_ context.Context, d *desk) (outcome, error) {
	app, err := d.portal(d)
	if err != nil {
		return outcome{}, err
	}
	err = errors.Join(
		turnedAway(get(app, stranger, "birch.desk.example", "Authorization", "Bearer a-login-of-alder"), http.StatusBadRequest),
		d.welcome(alder, get(app, stranger, "alder.desk.example", "Authorization", "Bearer a-login-of-alder")),
	)
	return outcome{"400 Bad Request; at alder's own subdomain the same login gets in", "tenancy.Gate"}, err
}

func spoofedAddress(_ context.Context, d *desk) (outcome, error) {
	app, err := d.portal(d)
	if err != nil {
		return outcome{}, err
	}
	const host, inside, outside = "birch.desk.example", "192.0.2.7", "203.0.113.9"
	err = errors.Join(
		turnedAway(get(app, stranger, host), http.StatusForbidden),
		turnedAway(get(app, stranger, host, "X-Forwarded-For", inside), http.StatusForbidden),
		turnedAway(get(app, proxy, host, "X-Forwarded-For", inside+", "+outside), http.StatusForbidden),
		turnedAway(get(app, proxy, host, "X-Forwarded-For", inside, "X-Forwarded-For", outside), http.StatusForbidden),
		turnedAway(get(app, proxy, host, "X-Forwarded-For", inside+", unknown"), http.StatusForbidden),
		turnedAway(get(app, proxy, host, "X-Real-IP", inside), http.StatusForbidden),
		d.welcome(birch, get(app, proxy, host, "X-Forwarded-For", inside)),
	)
	return outcome{"403 Forbidden, 6 of 6 times: directly, through the proxy, in a second line, before a hop that cannot be read; from the office: 200 OK", "ipallow.Guard"}, err
}
