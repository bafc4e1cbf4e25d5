package tenancysql

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

//go:embed migrations
var files embed.FS

// version is the schema this code works with: that of the newest migration.
const version = 1

// Migrations returns the schema's steps as .sql files in the format of pressly/goose.
func Migrations(d tenantdb.Dialect) fs.FS {
	return migrate.Folder(files, string(d))
}

// Migrate makes schema tenancy_directory in a Postgres database, or brings it up to date, and grants
// systemRole what a store needs of it. owner is logged in as the owner of the database, directly and not
// through a pooler. It may be repeated, and run by several processes at once; a schema newer than this
// release is [tenantdb.ErrSchema]. SQLite needs no call: see the package comment.
func Migrate(ctx context.Context, owner *sql.DB, systemRole string) error {
	if systemRole == "" {
		return fmt.Errorf("tenancysql: migrate needs the name of the system role")
	}
	role := `"` + strings.ReplaceAll(systemRole, `"`, `""`) + `"`
	err := migrate.Up(ctx, owner, migrate.Schema{
		Steps: Migrations(tenantdb.Postgres), Versions: "tenancy_directory.goose_db_version", Lock: 7233150837425263457,
		Before: `CREATE SCHEMA IF NOT EXISTS tenancy_directory`,
		After: `
		REVOKE ALL ON SCHEMA tenancy_directory FROM PUBLIC;
		REVOKE ALL ON ALL TABLES IN SCHEMA tenancy_directory FROM PUBLIC, ` + role + `;
		GRANT USAGE ON SCHEMA tenancy_directory TO ` + role + `;
		GRANT SELECT, INSERT, UPDATE ON tenancy_directory.tenant TO ` + role + `;
		GRANT SELECT, INSERT ON tenancy_directory.step TO ` + role + `;
		GRANT SELECT ON tenancy_directory.version TO ` + role,
		Newer: tenantdb.ErrSchema,
	})
	if err != nil {
		return fmt.Errorf("tenancysql: %w", err)
	}
	return nil
}
