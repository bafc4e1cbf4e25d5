package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// Known is what a package knows of its own tables, to look whether they are those that it works with.
//
// On SQLite all files of a folder have the same steps behind them, or package tenantdb/sqlite refuses them. On Postgres
// the newest step says its number in a comment, which every role may read: COMMENT ON TABLE audit_event IS 'bailiwick audit 1'.
type Known struct {
	Name    string // under which its steps are read on SQLite, and that of the comment: "audit"
	Table   string // that has the comment
	Version int    // of the newest step on Postgres
	Wrong   error  // what to wrap when they are others
}

// InPostgres looks at the tables of a Postgres database.
func (k Known) InPostgres(ctx context.Context, tx *sqlx.Tx) error {
	var says sql.NullString
	if err := tx.GetContext(ctx, &says, `SELECT obj_description(to_regclass($1), 'pg_class')`, k.Table); err != nil {
		return err
	}
	remedy := "run " + k.Name + "sql.Migrate as the owner of the database"
	have := 0
	if _, err := fmt.Sscanf(says.String, "bailiwick "+k.Name+" %d", &have); err != nil {
		return fmt.Errorf("%w: there are no tables: %s", k.Wrong, remedy)
	}
	if have > k.Version {
		remedy = "use a newer release"
	}
	if have != k.Version {
		return fmt.Errorf("%w: the tables have version %d, this code knows %d: %s", k.Wrong, have, k.Version, remedy)
	}
	return nil
}

// InSQLite looks at the tables of a file, which steps make; system: they are those of the system database.
func (k Known) InSQLite(ctx context.Context, tx *sqlx.Tx, steps fs.FS, system bool) error {
	var have []string
	if err := tx.SelectContext(ctx, &have, `SELECT id FROM tenancy_migration WHERE id GLOB ? ORDER BY id`, k.Name+"/*"); err != nil {
		return err
	}
	of, to := "SQLite", "Migrations"
	if system {
		of, to = "SQLiteSystem", "SystemMigrations"
	}
	want, err := fs.Glob(steps, "*.sql")
	if err != nil {
		return err
	}
	for i, name := range want {
		want[i] = k.Name + "/" + strings.TrimSuffix(name, ".sql")
	}
	switch {
	case slices.Equal(have, want):
		return nil
	case slices.ContainsFunc(have, func(id string) bool { return !slices.Contains(want, id) }):
		return fmt.Errorf("%w: the file has steps that this code does not know: use a newer release", k.Wrong)
	}
	return fmt.Errorf("%w: the file has %d of %d steps: give sqlite.ReadMigrations(%q, %ssql.%s()) to sqlite.Options.%s",
		k.Wrong, len(have), len(want), k.Name, k.Name, of, to)
}

// IsMissing reports whether Postgres does not know a table, column or schema: another shard than the one that was looked at
// may not have been migrated.
func IsMissing(err error) bool {
	var e interface{ SQLState() string }
	return errors.As(err, &e) && (e.SQLState() == "42P01" || e.SQLState() == "42703" || e.SQLState() == "3F000")
}
