package supportgrantsql

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

// Tables describes the tables on Postgres, for the rls.Config that an application inspects. No row of them is ever deleted but with
// its tenant.
var Tables = []rls.Table{
	{Name: "supportgrant_grant", Privileges: changed}, {Name: "supportgrant_challenge", Privileges: changed},
	{Name: "supportgrant_proof", Privileges: added}, {Name: "supportgrant_entry", Privileges: added},
	{Name: "supportgrant_budget", Privileges: changed}, {Name: "supportgrant_note", Privileges: changed}, {Name: "supportgrant_totp", Privileges: changed},
}

var added, changed = []string{"SELECT", "INSERT"}, []string{"SELECT", "INSERT", "UPDATE"}

// Migrate makes the tables in a Postgres database, or brings them up to date, puts them under row-level security and grants the
// application's role the use of them, and the system role, if there is one, what moving and purging tenants takes. owner is
// connected as the owner of the database, directly and not through a pooler, which tenantdb/postgres.Setup has been run in.
// Migrate may be repeated, and run by several processes at once. [supportgrant.ErrSchema] if the tables are newer than this code.
func Migrate(ctx context.Context, owner *sql.DB, appRole, systemRole string) error {
	guard, err := rls.SQL(rls.Config{AppRole: appRole, SystemRole: systemRole, Tables: Tables})
	if err != nil {
		return fmt.Errorf("supportgrantsql: %w", err)
	}
	err = migrate.Up(ctx, owner, migrate.Schema{Steps: migrate.Folder(migrations, "postgres"), Versions: "supportgrant_version",
		Lock: 7233150837425263462, After: guard, Newer: supportgrant.ErrSchema})
	if err != nil {
		return fmt.Errorf("supportgrantsql: %w", err)
	}
	return nil
}
