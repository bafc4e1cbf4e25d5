package vaultsql

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/vault"
)

//go:embed migrations
var migrations embed.FS

// Tables describes the tenants' tables on Postgres, for the rls.Config that an application inspects.
var Tables = []rls.Table{
	{Name: "vault_key", Privileges: []string{"SELECT", "INSERT", "UPDATE"}},
	{Name: "vault_epoch", Privileges: []string{"SELECT", "INSERT", "UPDATE"}},
	{Name: "vault_secret", Privileges: []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
}

// SQLite returns the migrations of a tenant's file, for sqlite.ReadMigrations("vault", SQLite()).
func SQLite() fs.FS { return migrate.Folder(migrations, "sqlite") }

// SQLiteSystem returns the migrations of the system database, which has the roots, for
// sqlite.ReadMigrations("vault", SQLiteSystem()).
func SQLiteSystem() fs.FS { return migrate.Folder(migrations, "system") }

// Migrate makes the tables in a Postgres database, or brings them up to date, puts those of the tenants under
// row-level security and grants the two roles the use of them. owner is connected as the owner of the database,
// directly and not through a pooler, which tenantdb/postgres.Setup has been run in. Without a systemRole there
// are no roots, and no vault opens. Migrate may be repeated, and run by several processes at once. [vault.ErrSchema] if
// the tables are newer than this code.
func Migrate(ctx context.Context, owner *sql.DB, appRole, systemRole string) error {
	guard, err := rls.SQL(rls.Config{AppRole: appRole, SystemRole: systemRole, Tables: Tables})
	if err != nil {
		return fmt.Errorf("vaultsql: %w", err)
	}
	err = migrate.Up(ctx, owner, migrate.Schema{
		Steps: migrate.Folder(migrations, "postgres"), Versions: "vault_roots.goose_db_version", Lock: 7233150837425263459,
		Before: `CREATE SCHEMA IF NOT EXISTS vault_roots`, After: guard + migrate.SystemSchema("vault_roots", systemRole, "SELECT, INSERT, UPDATE (state, wrapped) ON vault_roots.root"), Newer: vault.ErrSchema,
	})
	if err != nil {
		return fmt.Errorf("vaultsql: %w", err)
	}
	return nil
}
