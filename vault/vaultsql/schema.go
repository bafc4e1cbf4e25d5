package vaultsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// The tables are looked at once, in the first transaction that uses them: vault.Open does that for the roots. On SQLite all
// files of a folder have the same steps behind them, or package tenantdb/sqlite refuses them. On Postgres the newest
// migration says its number in a comment, which every role may read.

// fitted is f, in tables that were looked at.
func (s *Store) fitted(f tenantdb.Func) tenantdb.Func {
	return func(ctx context.Context, tx *sqlx.Tx) error {
		if !s.fits.Load() {
			look := func() error { return fitSQLite(ctx, tx, "sqlite") }
			if s.pg {
				look = func() error { return fitPostgres(ctx, tx) }
			}
			if err := look(); err != nil {
				return err
			}
			s.fits.Store(true)
		}
		return f(ctx, tx)
	}
}

// fitting looks at the tables for what runs in no transaction of ours.
func (s *Store) fitting(ctx context.Context) error {
	if s.fits.Load() {
		return nil
	}
	return s.read(ctx, func(context.Context, *sqlx.Tx) error { return nil })
}

func fitPostgres(ctx context.Context, tx *sqlx.Tx) error {
	var says sql.NullString
	if err := tx.GetContext(ctx, &says, `SELECT obj_description(to_regclass('vault_key'), 'pg_class')`); err != nil {
		return err
	}
	const remedy = "run vaultsql.Migrate as the owner of the database"
	have := 0
	if _, err := fmt.Sscanf(says.String, "bailiwick vault %d", &have); err != nil {
		return fmt.Errorf("%w: there are no tables: %s", vault.ErrSchema, remedy)
	}
	switch {
	case have > schemaVersion:
		return fmt.Errorf("%w: the tables have version %d, this code knows %d: use a newer release", vault.ErrSchema, have, schemaVersion)
	case have < schemaVersion:
		return fmt.Errorf("%w: the tables have version %d, this code knows %d: %s", vault.ErrSchema, have, schemaVersion, remedy)
	}
	return nil
}

func fitSQLite(ctx context.Context, tx *sqlx.Tx, dir string) error {
	var have []string
	if err := tx.SelectContext(ctx, &have, `SELECT id FROM tenancy_migration WHERE id GLOB 'vault/*' ORDER BY id`); err != nil {
		return err
	}
	remedy := `give sqlite.ReadMigrations("vault", vaultsql.SQLite()) to sqlite.Options.Migrations`
	if dir == "system" {
		remedy = `give sqlite.ReadMigrations("vault", vaultsql.SQLiteSystem()) to sqlite.Options.SystemMigrations`
	}
	want, err := fs.Glob(folder(dir), "*.sql")
	if err != nil {
		return err
	}
	for i, name := range want {
		want[i] = "vault/" + strings.TrimSuffix(name, ".sql")
	}
	switch {
	case slices.Equal(have, want):
		return nil
	case slices.ContainsFunc(have, func(id string) bool { return !slices.Contains(want, id) }):
		return fmt.Errorf("%w: the file has steps that this code does not know: use a newer release", vault.ErrSchema)
	}
	return fmt.Errorf("%w: the file has %d of %d steps: %s", vault.ErrSchema, len(have), len(want), remedy)
}

// isMissing reports whether Postgres does not know a table or column: another shard than the one that was looked at may
// not have been migrated.
func isMissing(err error) bool {
	var e interface{ SQLState() string }
	return errors.As(err, &e) && (e.SQLState() == "42P01" || e.SQLState() == "42703" || e.SQLState() == "3F000")
}
