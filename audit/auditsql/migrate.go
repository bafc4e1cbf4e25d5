package auditsql

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

//go:embed migrations
var migrations embed.FS

// Tables describes the tenants' tables on Postgres, for the rls.Config that an application inspects.
var Tables = []rls.Table{
	{Name: "audit_head", Privileges: []string{"SELECT", "INSERT", "UPDATE"}},
	{Name: "audit_event", Privileges: []string{"SELECT", "INSERT", "DELETE"}},
	{Name: "audit_open", Privileges: []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
	{Name: "audit_outbox", Privileges: []string{"SELECT", "INSERT", "DELETE"}},
	{Name: "audit_tile", Privileges: []string{"SELECT", "INSERT"}},
	{Name: "audit_tree", Privileges: []string{"SELECT", "INSERT", "UPDATE"}},
	{Name: "audit_checkpoint", Privileges: []string{"SELECT", "INSERT", "UPDATE"}},
	{Name: "audit_hold", Privileges: []string{"SELECT", "INSERT", "DELETE"}},
	{Name: "audit_pruned", Privileges: []string{"SELECT", "INSERT"}},
}

// SQLite returns the migrations of a tenant's file, for sqlite.ReadMigrations("audit", SQLite()).
func SQLite() fs.FS { return migrate.Folder(migrations, "sqlite") }

// SQLiteSystem returns the migrations of the system database, which has the log of the heads, for
// sqlite.ReadMigrations("audit", SQLiteSystem()).
func SQLiteSystem() fs.FS { return migrate.Folder(migrations, "system") }

// Migrate makes the tables in a Postgres database, or brings them up to date, puts those of the tenants under
// row-level security and grants the two roles the use of them. owner is connected as the owner of the database,
// directly and not through a pooler, which tenantdb/postgres.Setup has been run in. Without a systemRole there
// is no log of the heads. Migrate may be repeated, and run by several processes at once. [audit.ErrSchema] if the
// tables are newer than this code.
func Migrate(ctx context.Context, owner *sql.DB, appRole, systemRole string) error {
	guard, err := rls.SQL(rls.Config{AppRole: appRole, SystemRole: systemRole, Tables: Tables})
	if err != nil {
		return fmt.Errorf("auditsql: %w", err)
	}
	err = migrate.Up(ctx, owner, migrate.Schema{
		Steps: migrate.Folder(migrations, "postgres"), Versions: "audit_heads.goose_db_version", Lock: 7233150837425263458,
		Before: `CREATE SCHEMA IF NOT EXISTS audit_heads`, After: guard + migrate.SystemSchema("audit_heads", systemRole,
			"SELECT, INSERT ON audit_heads.event, audit_heads.open, audit_heads.tile, audit_heads.checkpoint",
			"SELECT, INSERT, UPDATE ON audit_heads.head, audit_heads.tree"), Newer: audit.ErrSchema,
	})
	if err != nil {
		return fmt.Errorf("auditsql: %w", err)
	}
	return nil
}
