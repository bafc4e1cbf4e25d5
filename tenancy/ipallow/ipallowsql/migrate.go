package ipallowsql

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// schemaVersion is the version of the newest migration of Postgres.
const schemaVersion = 1

// Table describes the table on Postgres, for the rls.Config that an application inspects.
var Table = rls.Table{Name: "ipallow_policy", Privileges: []string{"SELECT", "INSERT", "UPDATE"}}

// SQLite returns the migrations of a tenant's file, for sqlite.ReadMigrations("ipallow", SQLite()).
func SQLite() fs.FS { return folder("sqlite") }

func folder(dialect string) fs.FS {
	dir, err := fs.Sub(migrations, "migrations/"+dialect)
	if err != nil {
		panic(err) // only a malformed path: a constant here
	}
	return dir
}

// Migrate makes the table in a Postgres database, or brings it up to date, puts it under row-level
// security and grants appRole the use of it. owner is connected as the owner of the database, which
// tenantdb/postgres.Setup has been run in; systemRole is "" if there is none. Migrate may be repeated, and
// run by several processes at once. [tenantdb.ErrSchema] if the table is newer than this code.
func Migrate(ctx context.Context, owner *sql.DB, appRole, systemRole string) error {
	guard, err := rls.SQL(rls.Config{AppRole: appRole, SystemRole: systemRole, Tables: []rls.Table{Table}})
	if err != nil {
		return fmt.Errorf("ipallowsql: %w", err)
	}
	// One migrator at a time. The lock goes with the connection.
	held, err := owner.Conn(ctx)
	if err != nil {
		return fmt.Errorf("ipallowsql: %w", err)
	}
	defer held.Close()
	const lock = 7233150837425263457
	if _, err := held.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(lock)); err != nil {
		return fmt.Errorf("ipallowsql: %w", err)
	}
	defer func() {
		_, _ = held.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(lock))
	}()
	p, err := goose.NewProvider(goose.DialectPostgres, owner, folder("postgres"),
		goose.WithTableName("ipallow_version"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("ipallowsql: %w", err)
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("ipallowsql: %w", err)
	}
	if have > schemaVersion {
		return fmt.Errorf("%w: ipallow_policy has version %d, this code knows %d: use a newer release", tenantdb.ErrSchema, have, schemaVersion)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("ipallowsql: %w", err)
	}
	if _, err := held.ExecContext(ctx, guard); err != nil {
		return fmt.Errorf("ipallowsql: %w", err)
	}
	return nil
}
