package main

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// What can be done at the desk, and the roles that exist in every tenant.
var (
	access      = rbac.NewCatalog("desk")
	readChat    = access.Permission("conversations.read")
	answer      = access.Permission("conversations.answer")
	margins     = access.Permission("orders.margins", rbac.Sensitive)
	orderStatus = access.Permission("orders.status")
	orderAll    = access.Permission("orders.all")

	roles  = rbac.TeamOf(access, rbac.Permissions{readChat, orderStatus, orderAll}, rbac.Permissions{answer})
	lead   = access.Role("lead", roles.Editor, rbac.ManageMembers, rbac.ManageRoles)
	worker = access.Role("worker", rbac.ForMachines, readChat, answer)
	widget = access.Surface("chat-widget", orderStatus, orderAll)

	tokens = apitoken.MustNew("desk", "tour")
)

// Juniper's team.
var (
	ada  = rbac.User("ada")  // admin
	bea  = rbac.User("bea")  // is made another one, now and then
	lea  = rbac.User("lea")  // lead
	edda = rbac.User("edda") // editor
	crm  = rbac.Service("crm-sync")
)

const byRBAC = "rbac.Authorizer"

// team is who may do what at the desk, and how an application asks. The tests have worse ones.
type team struct {
	store rbac.Store
	a     *rbac.Authorizer
	there *rbac.Authorizer // another process
	token redact.Secret[string]
	app   *rbac.Mux

	setRoles func(ctx context.Context, by rbac.Principal, who rbac.Subject, roles ...rbac.RoleID) error
	saveRole func(ctx context.Context, by rbac.Principal, spec rbac.RoleSpec) (rbac.RoleID, error)
	accept   func(ctx context.Context, secret redact.Secret[string], by rbac.Acceptance) error
	remove   func(ctx context.Context, by rbac.Principal, who rbac.Subject) error
	opens    func(ctx context.Context, raw string, addr netip.Addr) (rbac.Principal, error)
	member   func(ctx context.Context, who rbac.Subject) (rbac.Principal, error) // in the other process
}

// freshFor is how long another process may go on with what it knows, at the tour's desk.
const freshFor = 200 * time.Millisecond

// keepRules opens what decides who may do what, to be closed with the desk.
func (d *desk) keepRules() error {
	store, err := rbacsql.New(d.db)
	if err != nil {
		return err
	}
	t := &team{store: store}
	o := rbac.Options{Recorder: d.trail.log, Tokens: tokens, FreshFor: freshFor / 2, MaxStaleness: freshFor}
	if t.a, err = rbac.New(access, store, o); err != nil {
		return err
	}
	d.close = append(d.close, t.a.Close)
	if t.there, err = rbac.New(access, store, o); err != nil {
		return err
	}
	d.close = append(d.close, t.there.Close)
	t.setRoles, t.saveRole, t.accept = t.a.SetRoles, t.a.SaveRole, t.a.Accept
	t.remove = func(ctx context.Context, by rbac.Principal, who rbac.Subject) error {
		_, err := t.a.Remove(ctx, by, who)
		return err
	}
	t.opens, t.member = t.there.Token, t.there.Member
	d.team = t
	return d.team.routes()
}

// junipersTeam has juniper's people come in, and a service get a token that may read and nothing else.
func junipersTeam(ctx context.Context, d *desk) (fact string, err error) {
	ctx = tenancy.With(ctx, juniper)
	a := d.team.a
	by, err := a.System(ctx, "juniper signs up")
	if err != nil {
		return "", err
	}
	errs := []error{a.Found(ctx, by, ada, roles.Admin.ID())}
	admin, err := a.Member(ctx, ada)
	errs = append(errs, err)
	for _, m := range []struct {
		who  rbac.Subject
		role rbac.Role
	}{{lea, lead}, {edda, roles.Editor}} {
		address := m.who.ID + "@juniper.example"
		secret, _, err := a.Invite(ctx, admin, rbac.Invitation{Address: address, Roles: []rbac.RoleID{m.role.ID()}})
		errs = append(errs, err, a.Accept(ctx, secret, rbac.Acceptance{User: m.who, Address: address}))
	}
	errs = append(errs, a.AddMachine(ctx, admin, crm.ID, ada, worker.ID()))
	d.team.token, _, err = a.IssueToken(ctx, admin, rbac.TokenSpec{
		Member: crm, Integration: "crm", Scopes: []rbac.Permission{readChat}, Networks: []netip.Prefix{office},
	})
	d.ops.Add(6)
	return "juniper has an admin, a lead and an editor, who were invited, and a service with a token", errors.Join(append(errs, err)...)
}

// inOffice is an address where juniper's token is good.
var inOffice = office.Addr().Next()

// routes makes the desk's web server: each route has its rule.
func (t *team) routes() error {
	identify := rbac.TokenOr(func(r *http.Request) (rbac.Subject, error) {
		return rbac.User(r.Header.Get("X-Session-Of")), nil // stands for a session
	})
	t.app = rbac.NewMux(t.a, identify, rbac.MuxOptions{})
	done := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("done")) }
	t.app.HandleFunc("GET /inbox", readChat, done)
	t.app.HandleFunc("POST /inbox", answer, done)
	t.app.HandleFunc("GET /orders/margins", margins, done)
	t.app.HandleFunc("POST /team/{id}", rbac.ManageMembers, done)
	orders, err := rbac.NewLookup(t.a, rbac.LookupOptions[order]{
		Surface: widget, MaySeeStatus: orderStatus, MaySeeAll: orderAll, PerClient: 1000, PerNumber: 1000, PerTenant: 10_000,
		Find:   func(_ context.Context, number string) (*order, error) { return orderOf(number) },
		Number: func(o *order) string { return o.Number }, Email: func(o *order) string { return o.Email },
		Status: orderStatusView, Full: orderView,
	})
	if err != nil {
		return err
	}
	t.app.Handle("POST /widget/order", widget.Needs(orderStatus), orders)
	return nil
}
