package main

import (
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
	tenants, system := []sqlite.Migration{{ID: "helpdesk/0001", SQL: schemaSQLite}}, []sqlite.Migration{}
	for _, door := range []struct {
		name            string
		tenants, system fs.FS
	}{
		{"directory", nil, tenancysql.Migrations(tenantdb.SQLite)},
		{"ipallow", ipallowsql.SQLite(), nil},
		{"audit", auditsql.SQLite(), auditsql.SQLiteSystem()},
		{"vault", vaultsql.SQLite(), vaultsql.SQLiteSystem()},
		{"rbac", rbacsql.SQLite(), rbacsql.SQLiteSystem()},
		{"consent", consentsql.SQLite(), nil},
		{"supportgrant", supportgrantsql.SQLite(), nil},
		{"dsar", dsarsql.SQLite(), nil},
	} {
		for _, to := range []struct {
			list *[]sqlite.Migration
			from fs.FS
		}{{&tenants, door.tenants}, {&system, door.system}} {
			if to.from == nil {
				continue
			}
			steps, err := sqlite.ReadMigrations(door.name, to.from)
			if err != nil {
				return nil, err
			}
			*to.list = append(*to.list, steps...)
		}
	}
	files, err := sqlite.Open(filepath.Join(dir, "data"), sqlite.Options{Shard: "desk", Migrations: tenants, SystemMigrations: system, SystemAudit: acts})
	if err != nil {
		return nil, err
	}
	return &database{files.TenantDB(), tenancy.Shard{Name: "desk", Host: files}, []func() error{files.Close}}, nil
}
