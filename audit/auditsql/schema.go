package auditsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/jmoiron/sqlx"
)

// The tables are looked at once, in the first transaction that uses them: audit.Open does that for the log of the heads.
// On SQLite all files of a folder have the same steps behind them, or package tenantdb/sqlite refuses them. On
// Postgres the newest migration says its number in a comment, which every role may read.

// fit makes sure that the tables are those that this code works with, or is [audit.ErrSchema].
func (t *tree) fit(ctx context.Context, tx *sqlx.Tx) error {
	if t.fits.Load() {
		return nil
	}
	look := t.fitSQLite
	if t.pg {
		look = t.fitPostgres
	}
	if err := look(ctx, tx); err != nil {
		return err
	}
	t.fits.Store(true)
	return nil
}

// fitting is fit for what runs in no transaction of ours.
func (t *tree) fitting(ctx context.Context) error {
	if t.fits.Load() {
		return nil
	}
	return t.read(ctx, func(context.Context, *sqlx.Tx) error { return nil })
}

func (t *tree) fitPostgres(ctx context.Context, tx *sqlx.Tx) error {
	var says sql.NullString
	if err := tx.GetContext(ctx, &says, `SELECT obj_description(to_regclass('audit_event'), 'pg_class')`); err != nil {
		return err
	}
	const remedy = "run auditsql.Migrate as the owner of the database"
	have := 0
	if _, err := fmt.Sscanf(says.String, "bailiwick audit %d", &have); err != nil {
		return fmt.Errorf("%w: there are no tables: %s", audit.ErrSchema, remedy)
	}
	switch {
	case have > schemaVersion:
		return fmt.Errorf("%w: the tables have version %d, this code knows %d: use a newer release", audit.ErrSchema, have, schemaVersion)
	case have < schemaVersion:
		return fmt.Errorf("%w: the tables have version %d, this code knows %d: %s", audit.ErrSchema, have, schemaVersion, remedy)
	}
	return nil
}

func (t *tree) fitSQLite(ctx context.Context, tx *sqlx.Tx) error {
	var have []string
	if err := tx.SelectContext(ctx, &have, `SELECT id FROM tenancy_migration WHERE id GLOB 'audit/*' ORDER BY id`); err != nil {
		return err
	}
	dir, remedy := "sqlite", `give sqlite.ReadMigrations("audit", auditsql.SQLite()) to sqlite.Options.Migrations`
	if t.system {
		dir, remedy = "system", `give sqlite.ReadMigrations("audit", auditsql.SQLiteSystem()) to sqlite.Options.SystemMigrations`
	}
	want, err := fs.Glob(folder(dir), "*.sql")
	if err != nil {
		return err
	}
	for i, name := range want {
		want[i] = "audit/" + strings.TrimSuffix(name, ".sql")
	}
	switch {
	case slices.Equal(have, want):
		return nil
	case slices.ContainsFunc(have, func(id string) bool { return !slices.Contains(want, id) }):
		return fmt.Errorf("%w: the file has steps that this code does not know: use a newer release", audit.ErrSchema)
	}
	return fmt.Errorf("%w: the file has %d of %d steps: %s", audit.ErrSchema, len(have), len(want), remedy)
}

// isMissing reports whether Postgres does not know a table or column: another shard than the one that was looked at may
// not have been migrated.
func isMissing(err error) bool {
	var e interface{ SQLState() string }
	return errors.As(err, &e) && (e.SQLState() == "42P01" || e.SQLState() == "42703")
}
