package main

import (
	"context"
	"crypto/rand"
	"errors"
	"os"

	"github.com/bailiwick-dev/bailiwick/internal/pgserver"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

// pgDesk is what only the Postgres desk has.
type pgDesk struct {
	rules rls.Config
	owner *sqlx.DB // migrates
}

// openPostgres opens a desk in a database of its own, on the server that c names or on one started for
// the tour.
func openPostgres(ctx context.Context, c config, out *screen) (_ *desk, err error) {
	var undo desk // collects what is to be closed
	defer func() {
		if err != nil {
			err = errors.Join(err, undo.Close())
		}
	}()
	server, what := c.postgres, "on your Postgres server, in a database of its own"
	if server == "throwaway" {
		dir, err := os.MkdirTemp(c.tmp, "bailiwick-tour-")
		if err != nil {
			return nil, err
		}
		undo.close = append(undo.close, func() error { return os.RemoveAll(dir) })
		done := out.working("starting a Postgres server", &undo.ops)
		s, err := pgserver.Start(ctx, dir)
		done()
		if err != nil {
			return nil, err
		}
		if !c.keep {
			undo.close = append(undo.close, s.Stop)
		}
		server, what = s.DSN(pgserver.Superuser, "postgres"), "on a throwaway Postgres server"
	}
	roles, drop, err := createDatabase(ctx, server)
	if err != nil {
		return nil, err
	}
	if !c.keep {
		undo.close = append(undo.close, drop)
	}

	// What the application's own set-up does, once a release.
	owner, err := pgx.Connect(ctx, roles.owner.url)
	if err != nil {
		return nil, err
	}
	defer owner.Close(context.Background())
	key, err := tenancy.NewKey("k1", []byte(rand.Text()+rand.Text()))
	if err != nil {
		return nil, err
	}
	keys := tenancy.Keys{Current: key}
	if err := postgres.Setup(ctx, owner, postgres.SetupOptions{AppRole: roles.app.name, SystemRole: roles.system.name, Keys: keys, Shard: "desk", Region: home}); err != nil {
		return nil, err
	}
	rules := rls.Config{AppRole: roles.app.name, SystemRole: roles.system.name}
	for _, t := range tables {
		rules.Tables = append(rules.Tables, rls.Table{Name: t})
	}
	policies, err := rls.SQL(rules)
	if err != nil {
		return nil, err
	}
	if _, err := owner.Exec(ctx, schemaPostgres+policies); err != nil {
		return nil, err
	}

	// What the application does when it starts.
	system, err := postgres.OpenSystem(ctx, roles.system.url, postgres.SystemOptions{Audit: nobodyAsks})
	if err != nil {
		return nil, err
	}
	undo.close = append(undo.close, func() error { system.Close(); return nil })
	db, err := postgres.Open(ctx, roles.app.url, keys)
	if err != nil {
		return nil, err
	}
	undo.close = append(undo.close, db.Close)

	super, err := pgxpool.New(ctx, roles.super.url)
	if err != nil {
		return nil, err
	}
	d := newDesk(c, db.TenantDB(), db, system)
	d.what, d.keeper, d.kept = what, "row-level security", roles.super.url
	d.witness = superuser{super, c.seed}
	d.pg = &pgDesk{rules, sqlx.NewDb(stdlib.OpenDB(*owner.Config()), "pgx")}
	d.close = append(undo.close, func() error { super.Close(); return nil }, d.pg.owner.Close)
	return d, nil
}

// nobodyAsks is where a real application writes down who crossed tenants, and why.
func nobodyAsks(context.Context, postgres.SystemUse) error { return nil }
