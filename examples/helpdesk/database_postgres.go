package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/internal/pgserver"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow/ipallowsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancysql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// roles are the three of an application: who owns the tables, who serves requests, and who works across tenants.
type pgRoles struct{ owner, app, system string } // URLs; of each, the user is the role's name

func (r pgRoles) name(u string) string {
	v, err := url.Parse(u)
	if err != nil {
		return ""
	}
	return v.User.Username()
}

// release is run once for each release of the application, as the owner: schema tenancy, the application's tables with row-level security,
// and the tables of the doors, which bring theirs. It returns the configuration for whoever inspects the result.
func release(ctx context.Context, r pgRoles, scope tenancy.Keys) (rls.Config, error) {
	app, system := r.name(r.app), r.name(r.system)
	rules := rls.Config{AppRole: app, SystemRole: system}
	for _, t := range tables {
		rules.Tables = append(rules.Tables, rls.Table{Name: t})
	}
	policies, err := rls.SQL(rules)
	if err != nil {
		return rules, err
	}
	owner, err := pgx.Connect(ctx, r.owner)
	if err != nil {
		return rules, err
	}
	defer owner.Close(context.WithoutCancel(ctx))
	if err := postgres.Setup(ctx, owner, postgres.SetupOptions{AppRole: app, SystemRole: system, Keys: scope, Shard: "desk"}); err != nil {
		return rules, err
	}
	if _, err := owner.Exec(ctx, schemaPostgres+policies); err != nil {
		return rules, err
	}
	pool := stdlib.OpenDB(*owner.Config())
	defer pool.Close()
	for _, migrate := range []func(ctx context.Context, owner *sql.DB, app, system string) error{
		func(ctx context.Context, owner *sql.DB, _, system string) error {
			return tenancysql.Migrate(ctx, owner, system)
		},
		ipallowsql.Migrate, auditsql.Migrate, vaultsql.Migrate, rbacsql.Migrate, consentsql.Migrate, supportgrantsql.Migrate, dsarsql.Migrate,
	} {
		if err := migrate(ctx, pool, app, system); err != nil {
			return rules, err
		}
	}
	rules.Tables = append(rules.Tables, ipallowsql.Table)
	for _, more := range [][]rls.Table{auditsql.Tables, vaultsql.Tables, rbacsql.Tables, consentsql.Tables, supportgrantsql.Tables, dsarsql.Tables} {
		rules.Tables = append(rules.Tables, more...)
	}
	return rules, nil
}

// openRoles opens what release has made, as the application does at its start.
func openRoles(ctx context.Context, r pgRoles, scope tenancy.Keys, acts tenancy.Hook) (*database, error) {
	system, err := postgres.OpenSystem(ctx, r.system, postgres.SystemOptions{Audit: acts})
	if err != nil {
		return nil, err
	}
	pg, err := postgres.Open(ctx, r.app, scope, postgres.WithSystem(system))
	if err != nil {
		system.Close()
		return nil, err
	}
	return &database{pg.TenantDB(), tenancy.Shard{Name: "desk", Host: system},
		[]func() error{func() error { system.Close(); return nil }, pg.Close}}, nil
}

// openPostgres makes a database and its roles on the server at address, or on one that is started for it, and drops them at the end.
func openPostgres(ctx context.Context, address string, scope tenancy.Keys, acts tenancy.Hook) (_ *database, err error) {
	var after []func() error
	defer func() {
		for i := len(after) - 1; err != nil && i >= 0; i-- {
			err = errors.Join(err, after[i]())
		}
	}()
	if address == "throwaway" {
		dir, err := os.MkdirTemp("", "bailiwick-helpdesk-pg-")
		if err != nil {
			return nil, err
		}
		server, err := pgserver.Start(ctx, dir)
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
		after, address = append(after, server.Stop), server.DSN(pgserver.Superuser, "postgres")
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New(`-postgres takes "throwaway" or a URL: postgres://user:password@host:port/database`)
	}
	name, password := "bailiwick_helpdesk_"+strings.ToLower(rand.Text()[:8]), rand.Text()
	as := func(role string) string {
		v := *u
		v.User, v.Path = url.UserPassword(name+role, password), "/"+name
		return v.String()
	}
	r := pgRoles{as("_owner"), as("_app"), as("_system")}
	super := func(ctx context.Context, statements ...string) error {
		conn, err := pgx.Connect(ctx, address)
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(ctx))
		for _, s := range statements {
			if _, err := conn.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	}
	after = append(after, func() error {
		return super(context.WithoutCancel(ctx), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)",
			fmt.Sprintf("DROP ROLE IF EXISTS %[1]s_owner, %[1]s_app, %[1]s_system", name))
	})
	err = super(ctx, fmt.Sprintf("CREATE ROLE %s_owner LOGIN PASSWORD '%s'", name, password), fmt.Sprintf("CREATE ROLE %s_app LOGIN PASSWORD '%s'", name, password),
		fmt.Sprintf("CREATE ROLE %s_system LOGIN BYPASSRLS PASSWORD '%s'", name, password), fmt.Sprintf("CREATE DATABASE %s OWNER %s_owner", name, name))
	if err != nil {
		return nil, err
	}
	if _, err = release(ctx, r, scope); err != nil {
		return nil, err
	}
	d, err := openRoles(ctx, r, scope, acts)
	if err == nil {
		d.close = append(after, d.close...)
	}
	return d, err
}
