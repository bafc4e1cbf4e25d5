package rbacsql

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

//go:embed migrations
var migrations embed.FS

// Tables describes the tenants' tables on Postgres, for the rls.Config that an application inspects. No row of them is ever
// deleted but with its tenant.
var Tables = []rls.Table{
	{Name: "rbac_version", Privileges: kept}, {Name: "rbac_role", Privileges: kept}, {Name: "rbac_member", Privileges: kept},
	{Name: "rbac_token", Privileges: kept}, {Name: "rbac_use", Privileges: kept}, {Name: "rbac_invitation", Privileges: kept},
	{Name: "rbac_review", Privileges: kept}, {Name: "rbac_item", Privileges: kept},
}

var kept = []string{"SELECT", "INSERT", "UPDATE"}

// SQLite returns the migrations of a tenant's file, for sqlite.ReadMigrations("rbac", SQLite()).
func SQLite() fs.FS { return migrate.Folder(migrations, "sqlite") }

// SQLiteSystem returns the migrations of the system database, which has the homes, for
// sqlite.ReadMigrations("rbac", SQLiteSystem()).
func SQLiteSystem() fs.FS { return migrate.Folder(migrations, "system") }

// Migrate makes the tables in a Postgres database, or brings them up to date, puts those of the tenants under
// row-level security and grants the two roles the use of them. owner is connected as the owner of the database,
// directly and not through a pooler, which tenantdb/postgres.Setup has been run in. Without a systemRole there
// are no homes: tokens and invitations cannot be made. Migrate may be repeated, and run by several processes at once.
// [rbac.ErrSchema] if the tables are newer than this code.
func Migrate(ctx context.Context, owner *sql.DB, appRole, systemRole string) error {
	guard, err := rls.SQL(rls.Config{AppRole: appRole, SystemRole: systemRole, Tables: Tables})
	if err != nil {
		return fmt.Errorf("rbacsql: %w", err)
	}
	err = migrate.Up(ctx, owner, migrate.Schema{
		Steps: migrate.Folder(migrations, "postgres"), Versions: "rbac_homes.goose_db_version", Lock: 7233150837425263460,
		Before: `CREATE SCHEMA IF NOT EXISTS rbac_homes`, After: guard + migrate.SystemSchema("rbac_homes", systemRole, "SELECT, INSERT ON rbac_homes.home"), Newer: rbac.ErrSchema,
	})
	if err != nil {
		return fmt.Errorf("rbacsql: %w", err)
	}
	return nil
}
