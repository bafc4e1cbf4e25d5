package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
)

// openSQLite opens a desk in a folder of its own: nothing to install, a file for each tenant.
func openSQLite(ctx context.Context, c config) (*desk, error) {
	dir, err := os.MkdirTemp(c.tmp, "bailiwick-tour-")
	if err != nil {
		return nil, err
	}
	remove := func() error {
		if c.keep {
			return nil
		}
		return os.RemoveAll(dir)
	}
	tenants, system, err := migrations()
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	db, err := sqlite.Open(dir, sqlite.Options{
		Region:           home,
		Shard:            "desk",
		Migrations:       tenants,
		SystemMigrations: system,
		// A real application writes down why it works across tenants.
		SystemAudit: crossed,
		// A file that is closed is tidied up, which the witness would take for an attack.
		IdleClose: time.Hour,
	})
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	d := newDesk(c, db.TenantDB(), db, db)
	d.what, d.keeper, d.kept = "on SQLite, a file for each tenant", "a file of its own", dir
	d.witness = fileWitness{dir, c.seed}
	d.close = append(d.close, remove, db.Close)
	if err := d.keepTrail(ctx, c); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if err := d.keepSecrets(ctx, c); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if err := d.keepRules(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if err := d.keepConsent(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if err := errors.Join(d.keepSupport(), d.keepOffice(c, inBox{d.box})); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// migrations returns those of a tenant's file, the application's and those of audit log, vault, rbac, consent, support grants and requests, and those of the system
// database, which has the log of all logs' heads, the roots of all keys, and whose a token is.
func migrations() (tenants, system []sqlite.Migration, err error) {
	tenants, err1 := sqlite.ReadDoors(map[string]fs.FS{"audit": auditsql.SQLite(), "vault": vaultsql.SQLite(), "rbac": rbacsql.SQLite(), "consent": consentsql.SQLite(),
		"supportgrant": supportgrantsql.SQLite(), "dsar": dsarsql.SQLite()})
	system, err2 := sqlite.ReadDoors(map[string]fs.FS{"audit": auditsql.SQLiteSystem(), "vault": vaultsql.SQLiteSystem(), "rbac": rbacsql.SQLiteSystem()})
	tenants = append(tenants, sqlite.Migration{ID: "desk/0001", SQL: schemaSQLite})
	return tenants, system, errors.Join(err1, err2)
}
