package tables

import (
	"context"
	"io/fs"
	"sync/atomic"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// fitted is f, in tables that were looked at: once, in the first transaction that uses them.
func (t *Tables) fitted(f tenantdb.Func) tenantdb.Func {
	return func(ctx context.Context, tx *sqlx.Tx) error {
		if err := t.look(ctx, tx, &t.fits, t.door.SQLite, false); err != nil {
			return err
		}
		return f(ctx, tx)
	}
}

// Fit looks at the tables for what runs in no transaction of ours.
func (t *Tables) Fit(ctx context.Context) error {
	if t.fits.Load() {
		return nil
	}
	return t.Read(ctx, func(context.Context, *sqlx.Tx) error { return nil })
}

func (t *Tables) look(ctx context.Context, tx *sqlx.Tx, known *atomic.Bool, steps func() fs.FS, system bool) error {
	if known.Load() {
		return nil
	}
	look := func() error { return t.door.Known.InPostgres(ctx, tx) }
	if !t.PG {
		look = func() error { return t.door.Known.InSQLite(ctx, tx, steps(), system) }
	}
	if err := look(); err != nil {
		return err
	}
	known.Store(true)
	return nil
}
