// A small web server in which every route has a rule: people with roles, who were invited, and an import with an API token.
//
//	go run ./examples/rbac DIR
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: rbac DIR")
	}
	if err := onSQLite(context.Background(), os.Stdout, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func onSQLite(ctx context.Context, out io.Writer, dir string) error {
	// The rules come beside the application's tables; which tenant a token is of is in the system database.
	tenants, err1 := sqlite.ReadMigrations("rbac", rbacsql.SQLite())
	system, err2 := sqlite.ReadMigrations("rbac", rbacsql.SQLiteSystem())
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	files, err := sqlite.Open(dir, sqlite.Options{
		Migrations: tenants, SystemMigrations: system,
		SystemAudit: func(context.Context, tenancy.Act) error { return nil }, // a real application records why tenants are crossed
	})
	if err != nil {
		return err
	}
	defer files.Close()
	acme := tenancy.MustParseID("acme")
	if err := files.Provision(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}); err != nil {
		return err
	}
	store, err := rbacsql.New(files.TenantDB())
	if err != nil {
		return err
	}
	a, err := rbac.New(access, store, rbac.Options{Tokens: tokens})
	if err != nil {
		return err
	}
	defer a.Close()
	token, err := people(tenancy.With(ctx, acme), a)
	if err != nil {
		return err
	}
	return requests(out, a, acme, token)
}

// people has ada found the tenant and invite ben, and gives the import a token.
func people(ctx context.Context, a *rbac.Authorizer) (token redact.Secret[string], err error) {
	system, err := a.System(ctx, "acme signs up")
	if err != nil {
		return token, err
	}
	ada, ben := rbac.User("ada"), rbac.User("ben")
	if err := a.Found(ctx, system, ada, roles.Admin.ID()); err != nil {
		return token, err
	}
	admin, err := a.Member(ctx, ada)
	if err != nil {
		return token, err
	}
	secret, _, err := a.Invite(ctx, admin, rbac.Invitation{Address: "ben@acme.example", Roles: []rbac.RoleID{roles.Reporting.ID()}})
	if err != nil {
		return token, err
	}
	// The secret goes out by mail. Who comes back with it has signed in as ben by then.
	if err := a.Accept(ctx, secret, rbac.Acceptance{User: ben, Address: "ben@acme.example"}); err != nil && !errors.Is(err, rbac.ErrExists) {
		return token, err
	}
	if err := a.AddMachine(ctx, admin, "ledger-import", ada, roles.Machine.ID()); err != nil {
		return token, err
	}
	token, _, err = a.IssueToken(ctx, admin, rbac.TokenSpec{
		Member: rbac.Service("ledger-import"), Integration: "ledger", Scopes: []rbac.Permission{importRows},
	})
	return token, err
}

// requests asks the server for what ada, ben, the import and nobody may have, and may not.
func requests(out io.Writer, a *rbac.Authorizer, tenant tenancy.ID, token redact.Secret[string]) error {
	mux := routes(a, func(r *http.Request) (rbac.Subject, error) {
		return rbac.User(r.Header.Get("X-Session-Of")), nil // stands for a session that was verified
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // stands for a tenancy.Gate
		mux.ServeHTTP(w, r.WithContext(tenancy.With(r.Context(), tenant)))
	}))
	defer server.Close()
	for _, try := range []struct{ who, header, value, method, path string }{
		{"ada", "X-Session-Of", "ada", "POST", "/payruns"},
		{"ben", "X-Session-Of", "ben", "GET", "/invoices"},
		{"ben", "X-Session-Of", "ben", "POST", "/payruns"},
		{"import", "Authorization", "Bearer " + token.Reveal(), "POST", "/invoices/import"},
		{"import", "Authorization", "Bearer " + token.Reveal(), "GET", "/invoices"},
		{"nobody", "Accept", "*/*", "GET", "/invoices"},
	} {
		r, err := http.NewRequest(try.method, server.URL+try.path, nil)
		if err != nil {
			return err
		}
		r.Header.Set(try.header, try.value)
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(w.Body)
		w.Body.Close()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-6s %-4s %-16s %d %s\n", try.who, try.method, try.path, w.StatusCode, body)
	}
	return nil
}
