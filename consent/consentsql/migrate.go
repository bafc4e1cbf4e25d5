package consentsql

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

//go:embed migrations
var migrations embed.FS

// Tables describes the tables on Postgres, for the rls.Config that an application inspects.
var Tables = []rls.Table{
	{Name: "consent_head", Privileges: []string{"SELECT", "INSERT", "UPDATE"}},
	{Name: "consent_text", Privileges: []string{"SELECT", "INSERT"}},
	{Name: "consent_entry", Privileges: []string{"SELECT", "INSERT"}},
	{Name: "consent_state", Privileges: []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
}

// SQLite returns the migrations of a tenant's file, for sqlite.ReadMigrations("consent", SQLite()).
func SQLite() fs.FS { return migrate.Folder(migrations, "sqlite") }

// Migrate makes the tables in a Postgres database, or brings them up to date, puts them under row-level security and grants the
// application's role the use of them, and the system role, if there is one, what moving and purging tenants takes. owner is
// connected as the owner of the database, directly and not through a pooler, which tenantdb/postgres.Setup has been run in.
// Migrate may be repeated, and run by several processes at once. [consent.ErrSchema] if the tables are newer than this code.
func Migrate(ctx context.Context, owner *sql.DB, appRole, systemRole string) error {
	guard, err := rls.SQL(rls.Config{AppRole: appRole, SystemRole: systemRole, Tables: Tables})
	if err != nil {
		return fmt.Errorf("consentsql: %w", err)
	}
	err = migrate.Up(ctx, owner, migrate.Schema{
		Steps: migrate.Folder(migrations, "postgres"), Versions: "consent_version", Lock: 7233150837425263461, After: guard, Newer: consent.ErrSchema,
	})
	if err != nil {
		return fmt.Errorf("consentsql: %w", err)
	}
	return nil
}
