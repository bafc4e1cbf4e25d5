package main

import (
	"net/http"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// handler is the whole site: the team's pages on one host, and the customers' of each organisation on hosts below it.
func (d *desk) handler() http.Handler {
	team, customers := d.teamSite(), d.chat.site()
	assets := http.FileServerFS(assets)
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := strings.Cut(r.Host, ":")
		own := host == d.host
		org, shop := d.hostOf(r)
		frames := "'none'"
		if !shop && !org.IsZero() {
			frames = d.shopAt(org) // a customers' page is for its organisation's site
		}
		secure(w, frames)
		switch {
		case strings.HasPrefix(r.URL.Path, "/assets/"):
			w.Header().Set("Cache-Control", "public, max-age=300")
			assets.ServeHTTP(w, r)
		case own:
			team.ServeHTTP(w, r)
		case shop:
			d.do(d.shopPage)(w, r)
		default:
			customers.ServeHTTP(w, r)
		}
	})
	return d.reports.recovered(http.NewCrossOriginProtection().Handler(site))
}

// secure sets what browsers are to refuse. frames is where the page may be embedded.
func secure(w http.ResponseWriter, frames string) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "+frames+"; require-trusted-types-for 'script'; trusted-types bailiwick-consent")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Strict-Transport-Security", "max-age=63072000") // browsers ignore it over http
}

// teamSite is what people of organisations see, and behind /staff/ the provider's support.
func (d *desk) teamSite() http.Handler {
	both := http.NewServeMux()
	both.Handle("/staff/", d.ofOperator(d.staffRoutes()))
	both.Handle("/", d.teamRoutes())
	gate := tenancy.Gate{Directory: d.directory, Refuse: d.refuse,
		Resolvers: []tenancy.Resolver{tenancy.Claim(d.sessionTenant), d.team.TokenTenant(d.clients.Addr)},
		Limiter:   tenancy.NewLimiter(func(tenancy.ID) tenancy.Limit { return tenancy.Limit{Concurrent: 64, Wait: d.patience, Queue: 256} })}
	return gate.Public(d.sessions(d.asks.Wrap(both)))
}

// teamRoutes are what people of organisations, and their programs, may ask for.
func (d *desk) teamRoutes() *rbac.Mux {
	o := rbac.MuxOptions{Client: d.clients.Addr, Guard: d.networks.Middleware(d.clients.Addr), Refuse: d.refuse}
	m := rbac.NewMux(d.team, rbac.TokenOr(memberOf), o)
	// Each route has its rule. What reaches the handler was let in by it.
	m.Handle("GET /sign-in", rbac.Public, d.do(d.signInPage))
	m.Handle("POST /sign-in", rbac.Public, d.do(d.signIn))
	m.Handle("POST /sign-out", rbac.Public, d.do(d.signOutNow))
	m.Handle("GET /join", rbac.Public, d.do(d.joinPage))
	m.Handle("POST /join", rbac.Public, d.do(d.join))
	m.Handle("GET /{$}", rbac.AnyPerson, http.RedirectHandler("/conversations", http.StatusSeeOther))

	read := d.trail.Middleware(func(r *http.Request) (audit.Event, bool) {
		return audit.Event{Action: conversationRead, Actor: actor(r.Context()), Targets: []audit.Party{{Type: "conversation", ID: r.PathValue("id")}}}, true
	})
	m.Handle("GET /conversations", readChats, d.do(d.conversationsPage))
	m.Handle("GET /conversations/{id}", readChats, read(d.do(d.conversationPage)))
	m.Handle("POST /conversations/{id}/answer", answerChats, d.do(d.answer))
	m.Handle("POST /conversations/{id}/status", answerChats, d.do(d.setStatus))

	m.Handle("GET /team", rbac.ViewAccess, d.do(d.teamPage))
	m.Handle("POST /team/invitations", rbac.ManageMembers, d.do(d.invite))
	m.Handle("POST /team/invitations/{id}/withdraw", rbac.ManageMembers, d.do(d.withdrawInvitation))
	m.Handle("POST /team/{id}/role", rbac.ManageMembers, d.do(d.setRole))
	m.Handle("POST /team/{id}/remove", rbac.ManageMembers, d.do(d.removeMember))
	m.Handle("POST /team/reviews", rbac.ReviewAccess, d.do(d.openReview))
	m.Handle("GET /team/reviews/{id}", rbac.ViewAccess, d.do(d.reviewPage))
	m.Handle("POST /team/reviews/{id}/items/{key}", rbac.ReviewAccess, d.do(d.decide))
	m.Handle("POST /team/reviews/{id}/close", rbac.ReviewAccess, d.do(d.closeReview))
	m.Handle("GET /team/reviews/{id}/report", rbac.ViewAccess, d.do(d.reviewReport))

	m.Handle("GET /connections", connect, d.do(d.connectionsPage))
	m.Handle("POST /connections/{purpose}", connect, d.do(d.putSecret))
	m.Handle("POST /connections/{purpose}/disconnect", connect, d.do(d.disconnect))

	m.Handle("GET /tokens", rbac.ManageTokens, d.do(d.tokensPage))
	m.Handle("POST /tokens", rbac.ManageTokens, d.do(d.issueToken))
	m.Handle("POST /tokens/{id}/rotate", rbac.ManageTokens, d.do(d.rotateToken))
	m.Handle("POST /tokens/{id}/revoke", rbac.ManageTokens, d.do(d.revokeToken))
	m.Handle("GET /api/conversations", readChats, d.do(d.apiConversations))
	m.Handle("GET /api/conversations/{id}", readChats, read(d.do(d.apiConversation)))
	m.Handle("POST /api/conversations/{id}/messages", answerChats, d.do(d.apiAnswer))

	m.Handle("GET /networks", setNetworks, d.do(d.networksPage))
	m.Handle("POST /networks", setNetworks, d.do(d.saveNetworks))
	m.Handle("POST /networks/confirm", setNetworks, d.do(d.confirmNetworks))

	m.Handle("GET /support", seeSupport, d.do(d.supportPage))
	m.Handle("GET /support/{id}", seeSupport, d.do(d.grantPage))
	m.Handle("POST /support/{id}/begin", approveSupport, d.do(d.beginApproval))
	m.Handle("POST /support/{id}/approve", approveSupport, d.do(d.approve))
	m.Handle("POST /support/{id}/deny", approveSupport, d.do(d.deny))
	m.Handle("POST /support/{id}/withdraw", approveSupport, d.do(d.withdraw))

	m.Handle("GET /security", rbac.AnyPerson, d.do(d.securityPage))
	m.Handle("POST /security/app", rbac.AnyPerson, d.do(d.beginApp))
	m.Handle("POST /security/app/confirm", rbac.AnyPerson, d.do(d.confirmApp))
	m.Handle("POST /security/passkey", rbac.AnyPerson, d.do(d.beginPasskey))
	m.Handle("POST /security/passkey/finish", rbac.AnyPerson, d.do(d.finishPasskey))

	m.Handle("GET /audit", readTrail, d.do(d.auditPage))
	m.Handle("GET /audit/{seq}/proof", readTrail, d.do(d.proof))
	m.Handle("POST /audit/verify", readTrail, d.do(d.verify))
	m.Handle("POST /audit/bundle", readTrail, d.do(d.bundle))

	m.Handle("GET /processing", managePrivacy, d.do(d.processingPage))
	m.Handle("GET /processing/record", managePrivacy, d.do(d.recordOfProcessing))
	m.Handle("GET /retention", managePrivacy, d.do(d.retentionPage))
	m.Handle("POST /retention", managePrivacy, d.do(d.saveRetention))
	m.Handle("POST /retention/sweep", managePrivacy, d.do(d.sweepNow))
	m.Handle("GET /privacy", rbac.AnyPerson, d.do(d.privacyPage))
	m.Handle("POST /privacy/requests", rbac.AnyPerson, d.do(d.askRequest))
	m.Handle("POST /privacy/requests/{id}/download", rbac.AnyPerson, d.do(d.download))
	m.Handle("POST /privacy/requests/{id}/withdraw", rbac.AnyPerson, d.do(d.withdrawRequest))
	m.Handle("GET /requests", managePrivacy, d.do(d.requestsPage))
	m.Handle("POST /requests/{id}/approve", managePrivacy, d.do(d.approveRequest))
	m.Handle("GET /requests/{id}/receipt", managePrivacy, d.do(d.requestReceipt))

	m.Handle("GET /", rbac.Public, d.do(func(http.ResponseWriter, *http.Request) error { return rbac.ErrNotFound }))

	return m
}

// staffRoutes are what the provider's support may ask for.
func (d *desk) staffRoutes() *rbac.Mux {
	m := rbac.NewMux(d.staff, rbac.TokenOr(memberOf), rbac.MuxOptions{Client: d.clients.Addr, Refuse: d.refuse})
	m.Handle("GET /staff/{$}", helpCustomers, d.do(d.staffPage))
	m.Handle("GET /staff/{org}", helpCustomers, d.do(d.staffOrg))
	m.Handle("POST /staff/{org}/requests", helpCustomers, d.do(d.askAccess))
	m.Handle("POST /staff/{org}/{id}/cancel", helpCustomers, d.do(d.cancelAccess))
	m.Handle("GET /staff/{org}/{id}/{resource}", helpCustomers, d.do(d.readGranted))
	return m
}

// ofOperator keeps everybody out who is not of the operator's tenant.
func (d *desk) ofOperator(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if org, err := tenancy.From(r.Context()); err == nil && org != operator {
			d.refuse(w, r, &rbac.Denied{Reason: rbac.NotMember})
			return
		}
		next.ServeHTTP(w, r)
	})
}
