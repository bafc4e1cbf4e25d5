package main

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"

	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

// pgDesk is what only the Postgres desk has.
type pgDesk struct {
	rules rls.Config
	owner *sqlx.DB // migrates
	super string   // URL of the superuser
}

// openPostgres opens a desk in a database of its own, on the server that c names or on one started for
// the tour.
func openPostgres(ctx context.Context, c config, out *screen) (_ *desk, err error) {
	at, err := startDatabase(ctx, c, out)
	if err != nil {
		return nil, err
	}
	closing := desk{close: at.close}
	defer func() {
		if err != nil {
			err = errors.Join(err, closing.Close())
		}
	}()
	closes := func(f func()) { closing.close = append(closing.close, func() error { f(); return nil }) }

	key, err := tenancy.NewKey("k1", []byte(rand.Text()+rand.Text()))
	if err != nil {
		return nil, err
	}
	keys := tenancy.Keys{Current: key}
	rules, err := release(ctx, at, keys)
	if err != nil {
		return nil, err
	}

	// The application at its start: one pool for the system's work, one for the tenants'.
	system, err := postgres.OpenSystem(ctx, at.system.url, postgres.SystemOptions{Audit: crossed})
	if err != nil {
		return nil, err
	}
	closes(system.Close)
	db, err := postgres.Open(ctx, at.app.url, keys, postgres.WithSystem(system))
	if err != nil {
		return nil, err
	}
	closes(func() { _ = db.Close() })

	// The witness and the inspector.
	super, err := pgxpool.New(ctx, at.super.url)
	if err != nil {
		return nil, err
	}
	closes(super.Close)
	owner, err := pgx.ParseConfig(at.owner.url)
	if err != nil {
		return nil, err
	}
	pg := &pgDesk{rules, sqlx.NewDb(stdlib.OpenDB(*owner), "pgx"), at.super.url}
	closes(func() { _ = pg.owner.Close() })

	d := newDesk(c, db.TenantDB(), db, system)
	d.what, d.keeper, d.kept = at.what, "row-level security", at.kept
	d.witness, d.pg, d.close = superuser{super, c.seed}, pg, closing.close
	if err = d.keepTrail(ctx, c); err == nil {
		err = d.keepSecrets(ctx, c)
	}
	if err == nil {
		err = d.keepRules()
	}
	if err == nil {
		err = d.keepConsent()
	}
	if err == nil {
		err = d.keepSupport()
	}
	if err == nil {
		err = d.keepOffice(c, inBox{d.box})
	}
	closing.close = d.close // to be closed if that failed
	return d, err
}

// release is what is run once for each release of the application, as the owner: schema tenancy, the
// application's tables and row-level security for them, and the tables of audit log, vault, rbac, consent, support grants and requests, which bring their own.
func release(ctx context.Context, at *database, keys tenancy.Keys) (rls.Config, error) {
	rules := rls.Config{AppRole: at.app.name, SystemRole: at.system.name}
	for _, t := range tables {
		rules.Tables = append(rules.Tables, rls.Table{Name: t})
	}
	policies, err := rls.SQL(rules)
	if err != nil {
		return rules, err
	}
	owner, err := pgx.Connect(ctx, at.owner.url)
	if err != nil {
		return rules, err
	}
	defer owner.Close(context.Background())
	err = postgres.Setup(ctx, owner, postgres.SetupOptions{AppRole: at.app.name, SystemRole: at.system.name, Keys: keys, Shard: "desk", Region: home})
	if err != nil {
		return rules, err
	}
	if _, err = owner.Exec(ctx, schemaPostgres+policies); err != nil {
		return rules, err
	}
	pool := stdlib.OpenDB(*owner.Config())
	defer pool.Close()
	if err := auditsql.Migrate(ctx, pool, at.app.name, at.system.name); err != nil {
		return rules, err
	}
	if err := vaultsql.Migrate(ctx, pool, at.app.name, at.system.name); err != nil {
		return rules, err
	}
	if err := rbacsql.Migrate(ctx, pool, at.app.name, at.system.name); err != nil {
		return rules, err
	}
	if err := consentsql.Migrate(ctx, pool, at.app.name, at.system.name); err != nil {
		return rules, err
	}
	if err := supportgrantsql.Migrate(ctx, pool, at.app.name, at.system.name); err != nil {
		return rules, err
	}
	if err := dsarsql.Migrate(ctx, pool, at.app.name, at.system.name); err != nil {
		return rules, err
	}
	rules.Tables = slices.Concat(rules.Tables, auditsql.Tables, vaultsql.Tables, rbacsql.Tables, consentsql.Tables, supportgrantsql.Tables, dsarsql.Tables) // for whoever inspects
	return rules, nil
}

// crossed is where a real application writes down who crossed tenants, and why.
func crossed(context.Context, tenancy.Act) error { return nil }
