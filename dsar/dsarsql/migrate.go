package dsarsql

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

//go:embed migrations
var migrations embed.FS

// version is that of the newest step on Postgres, which writes it into the comment on dsar_breach.
const version = 5

// Tables describes the tables on Postgres, for the rls.Config that an application inspects.
var Tables = []rls.Table{
	{Name: "dsar_request", Privileges: []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
	{Name: "dsar_step", Privileges: []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
	{Name: "dsar_event", Privileges: []string{"SELECT", "INSERT", "DELETE"}},
	{Name: "dsar_hold", Privileges: []string{"SELECT", "INSERT", "UPDATE"}},
	{Name: "dsar_restraint", Privileges: []string{"SELECT", "INSERT", "UPDATE"}},
	{Name: "dsar_retention", Privileges: []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
	{Name: "dsar_breach", Privileges: []string{"SELECT", "INSERT"}},
	{Name: "dsar_erase_secret", Privileges: []string{"SELECT", "INSERT"}},
	{Name: "dsar_erase_job", Privileges: []string{"SELECT", "INSERT", "UPDATE"}},
	{Name: "dsar_erase_step", Privileges: []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
	{Name: "dsar_erase_key", Privileges: []string{"SELECT", "INSERT", "DELETE"}},
	{Name: "dsar_erase_kept", Privileges: []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
	{Name: "dsar_tombstone", Privileges: []string{"SELECT", "INSERT", "UPDATE"}},
	{Name: "dsar_egress", Privileges: []string{"SELECT", "INSERT", "UPDATE"}},
	{Name: "dsar_processor_call", Privileges: []string{"SELECT", "INSERT", "UPDATE"}},
	{Name: "dsar_sweep_mark", Privileges: []string{"SELECT", "INSERT", "UPDATE"}},
}

// SQLite returns the migrations of a tenant's file, for sqlite.ReadMigrations("dsar", SQLite()).
func SQLite() fs.FS { return migrate.Folder(migrations, "sqlite") }

// Migrate makes the tables in a Postgres database, or brings them up to date, puts them under row-level security and grants the
// application's role the use of them, and the system role, if there is one, what moving and purging tenants takes. owner is
// connected as the owner of the database, directly and not through a pooler, which tenantdb/postgres.Setup has been run in.
// Migrate may be repeated, and run by several processes at once. [dsar.ErrSchema] if the tables are newer than this code.
func Migrate(ctx context.Context, owner *sql.DB, appRole, systemRole string) error {
	guard, err := rls.SQL(rls.Config{AppRole: appRole, SystemRole: systemRole, Tables: Tables})
	if err != nil {
		return fmt.Errorf("dsarsql: %w", err)
	}
	err = migrate.Up(ctx, owner, migrate.Schema{
		Steps: migrate.Folder(migrations, "postgres"), Versions: "dsar_version", Lock: 7233150837425263463, After: guard, Newer: dsar.ErrSchema,
	})
	if err != nil {
		return fmt.Errorf("dsarsql: %w", err)
	}
	return nil
}
