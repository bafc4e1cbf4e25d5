package main

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow/ipallowsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancysql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
)

// database is what the desk keeps its rows in.
type database struct {
	db    *tenantdb.DB
	shard tenancy.Shard
	close []func() error
}

// openSQLite opens a folder with a file for each tenant, and one for what is of no tenant: nothing to install. acts is told why tenants are crossed.
func openSQLite(dir string, acts tenancy.Hook) (*database, error) {
	// Each door brings its tables: some to every tenant's file, some to the system's.
	tenants, err1 := sqlite.ReadDoors(map[string]fs.FS{"ipallow": ipallowsql.SQLite(), "audit": auditsql.SQLite(), "vault": vaultsql.SQLite(), "rbac": rbacsql.SQLite(),
		"consent": consentsql.SQLite(), "supportgrant": supportgrantsql.SQLite(), "dsar": dsarsql.SQLite()})
	system, err2 := sqlite.ReadDoors(map[string]fs.FS{"directory": tenancysql.Migrations(tenantdb.SQLite), "audit": auditsql.SQLiteSystem(), "vault": vaultsql.SQLiteSystem(), "rbac": rbacsql.SQLiteSystem()})
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	tenants = append(tenants, sqlite.Migration{ID: "helpdesk/0001", SQL: schemaSQLite})
	files, err := sqlite.Open(filepath.Join(dir, "data"), sqlite.Options{Shard: "desk", Migrations: tenants, SystemMigrations: system, SystemAudit: acts})
	if err != nil {
		return nil, err
	}
	return &database{files.TenantDB(), tenancy.Shard{Name: "desk", Host: files}, []func() error{files.Close}}, nil
}
