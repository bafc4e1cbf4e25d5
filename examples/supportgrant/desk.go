package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
)

// The application's table. What support can see of it is in registry, and what is added to it later is not.
const schema = `CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT NOT NULL, draft_token TEXT NOT NULL, settings TEXT, hidden INTEGER NOT NULL) STRICT;
	INSERT INTO post VALUES (1, 'Hello', 'tok-1', '{"language":"de","sync":{"token":"t0p"}}', 0), (2, 'Old', 'tok-2', NULL, 1)`

var registry = []supportgrant.Resource{{
	Name: "posts", Category: supportgrant.Posts, Table: "post", Key: []string{"id"},
	Columns: []string{"id", "title"}, Where: []supportgrant.Condition{supportgrant.Is("hidden", 0)},
}}

type post struct {
	ID    int64
	Title string
}

// staff says who is who. A real one asks the tables that sign-in uses.
type staff struct{}

func (staff) StaffActive(_ context.Context, who supportgrant.Person) (bool, error) {
	return who == "sam", nil
}

func (staff) CanApprove(_ context.Context, who supportgrant.Person) (bool, error) {
	return who == "olga", nil
}

func onSQLite(ctx context.Context, out io.Writer, dir string) error {
	steps, err := sqlite.ReadMigrations("supportgrant", supportgrantsql.SQLite())
	if err != nil {
		return err
	}
	files, err := sqlite.Open(dir, sqlite.Options{Migrations: append(steps, sqlite.Migration{ID: "app/0001", SQL: schema})})
	if err != nil {
		return err
	}
	defer files.Close()
	acme := tenancy.MustParseID("acme")
	if err := files.Provision(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}); err != nil {
		return err
	}
	ctx = tenancy.With(ctx, acme)

	store, err := supportgrantsql.New(files.TenantDB())
	if err != nil {
		return err
	}
	used, err := supportgrantsql.NewTOTP(files.TenantDB())
	if err != nil {
		return err
	}
	app := totp.NewSecret() // olga's; kept sealed by package vault, in a real application
	codes, err := totp.New(used, func(context.Context, supportgrant.Person) (redact.Secret[[]byte], error) { return app, nil })
	if err != nil {
		return err
	}
	s, err := supportgrant.New(store, staff{}, supportgrant.Options{Registry: registry, MFA: []supportgrant.MFA{codes}})
	if err != nil {
		return err
	}
	if err := access(ctx, out, s, func() string { return codeOf(app, time.Now()) }); err != nil {
		return err
	}
	// Raw SQL of the application makes no grant longer, and takes nothing out of the log.
	for _, q := range []string{`UPDATE supportgrant_grant SET state = 'approved', version = version + 1`, `DELETE FROM supportgrant_entry`} {
		err := files.TenantDB().Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { _, err := tx.ExecContext(ctx, q); return err })
		fmt.Fprintf(out, "%-9s %v\n", "raw SQL", err)
	}
	return nil
}

// access is the whole of it.
func access(ctx context.Context, out io.Writer, s *supportgrant.Service, code func() string) error {
	g, err := s.Request(ctx, supportgrant.NewRequest{Staff: "sam", Ticket: "T-17", Reason: "Posts do not show up on the front page",
		Scope: supportgrant.ScopeOf(supportgrant.Posts), Life: 2 * time.Hour})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%-9s %s, for %s, %s: %q\n", "sam asks", g.Scope, g.Asked, g.Ticket, g.Reason)
	a := supportgrant.Access{Grant: g.ID, Staff: "sam", Resource: "posts"}
	read := func() error {
		page, err := supportgrant.Read[post](ctx, s, a)
		fmt.Fprintf(out, "%-9s %v %v\n", "sam reads", page.Rows, err)
		if errors.Is(err, supportgrant.ErrNotGranted) {
			err = nil
		}
		return err
	}
	if err := read(); err != nil {
		return err
	}
	shown, err := s.BeginApproval(ctx, g.ID, "olga", "totp", time.Hour) // she makes it shorter
	if err != nil {
		return err
	}
	if g, err = s.Approve(ctx, g.ID, "olga", supportgrant.Answer{Digest: shown.Digest, Response: []byte(code())}); err != nil {
		return err
	}
	fmt.Fprintf(out, "%-9s %s, for %s\n", "olga", g.State, g.Life)
	if err := read(); err != nil {
		return err
	}
	if g, err = s.Withdraw(ctx, g.ID, "olga", "thank you, that is enough"); err != nil {
		return err
	}
	fmt.Fprintf(out, "%-9s %s\n", "olga", g.State)
	if err := read(); err != nil {
		return err
	}
	entries, _, err := s.Log(ctx, supportgrant.Look{}, "", 100)
	for i := range entries {
		e := &entries[len(entries)-1-i]
		fmt.Fprintln(out, strings.TrimSpace(fmt.Sprintf("%-9s %s by %s, %s %s", "the log", e.Kind, e.By, e.Ticket, e.Resource)))
	}
	return err
}
