package auditsql

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/jmoiron/sqlx"
)

// The tables are looked at once, in the first transaction that uses them: audit.Open does that for the log of the heads.
var known = migrate.Known{Name: "audit", Table: "audit_event", Version: 1, Wrong: audit.ErrSchema}

// fit makes sure that the tables are those that this code works with, or is [audit.ErrSchema].
func (t *tree) fit(ctx context.Context, tx *sqlx.Tx) error {
	if t.fits.Load() {
		return nil
	}
	look := func() error { return known.InSQLite(ctx, tx, SQLite(), false) }
	switch {
	case t.pg:
		look = func() error { return known.InPostgres(ctx, tx) }
	case t.system:
		look = func() error { return known.InSQLite(ctx, tx, SQLiteSystem(), true) }
	}
	if err := look(); err != nil {
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
