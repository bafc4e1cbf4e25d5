package ipallowsql

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

//go:embed migrations
var migrations embed.FS

// Table describes the table on Postgres, for the rls.Config that an application inspects.
var Table = rls.Table{Name: "ipallow_policy", Privileges: []string{"SELECT", "INSERT", "UPDATE"}}

// SQLite returns the migrations of a tenant's file, for sqlite.ReadMigrations("ipallow", SQLite()).
func SQLite() fs.FS { return migrate.Folder(migrations, "sqlite") }

// Migrate makes the table in a Postgres database, or brings it up to date, puts it under row-level
// security and grants appRole the use of it. owner is connected as the owner of the database, which
// tenantdb/postgres.Setup has been run in; systemRole is "" if there is none. Migrate may be repeated, and
// run by several processes at once. [tenantdb.ErrSchema] if the table is newer than this code.
func Migrate(ctx context.Context, owner *sql.DB, appRole, systemRole string) error {
	guard, err := rls.SQL(rls.Config{AppRole: appRole, SystemRole: systemRole, Tables: []rls.Table{Table}})
	if err != nil {
		return fmt.Errorf("ipallowsql: %w", err)
	}
	err = migrate.Up(ctx, owner, migrate.Schema{
		Steps: migrate.Folder(migrations, "postgres"), Versions: "ipallow_version", Lock: 7233150837425263457, After: guard, Newer: tenantdb.ErrSchema,
	})
	if err != nil {
		return fmt.Errorf("ipallowsql: %w", err)
	}
	return nil
}
