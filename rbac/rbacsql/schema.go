package rbacsql

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// The tables are looked at once, in the first transaction that uses them.
var known = migrate.Known{Name: "rbac", Table: "rbac_version", Version: 1, Wrong: rbac.ErrSchema}

// fitted is f, in tables that were looked at.
func (s *Store) fitted(f tenantdb.Func) tenantdb.Func {
	return func(ctx context.Context, tx *sqlx.Tx) error {
		if !s.fits.Load() {
			look := func() error { return known.InSQLite(ctx, tx, SQLite(), false) }
			if s.pg {
				look = func() error { return known.InPostgres(ctx, tx) }
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
