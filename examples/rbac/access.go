package main

import (
	"io"
	"net/http"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
)

// What can be done in the application, and by whom in every tenant.
var (
	access       = rbac.NewCatalog("invoices")
	readInvoices = access.Permission("invoices.read", rbac.About("Read invoices"))
	editInvoices = access.Permission("invoices.edit", rbac.About("Write and send invoices"))
	payRuns      = access.Permission("payruns.start", rbac.About("Start a pay run"), rbac.PeopleOnly, rbac.Sensitive)
	importRows   = access.Permission("invoices.import", rbac.About("Bring invoices in"), rbac.MachinesOnly)

	roles = rbac.DataOf(access,
		rbac.Permissions{readInvoices},          // reporting, and what follows
		rbac.Permissions{editInvoices, payRuns}, // manager
		rbac.Permissions{importRows},            // machine
	)
	tokens = apitoken.MustNew("invoices", "live")
)

// routes is the application's web server. A route without a rule cannot be written.
func routes(a *rbac.Authorizer, session func(*http.Request) (rbac.Subject, error)) *rbac.Mux {
	mux := rbac.NewMux(a, rbac.TokenOr(session), rbac.MuxOptions{})
	answer := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	mux.Handle("GET /invoices", readInvoices, answer("the invoices"))
	mux.Handle("POST /invoices/import", importRows, answer("imported"))
	mux.Handle("POST /payruns", payRuns, answer("started"))
	return mux
}
