package supportgrantsql

import (
	"context"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// sqliteGuard guards reads of SQLite files. One transaction of a tenant writes at a time, in all processes: so a read that finds its grant
// live, takes its hold and adds its entry in one transaction that writes is known to the withdrawal that comes after it, by the hold;
// and one that comes after the withdrawal finds it, and takes no hold. What one check found is in force until the hold ends.
type sqliteGuard struct {
	t     *tables.Tables
	lanes lanes
}

func newSQLiteGuard(t *tables.Tables) guard {
	return &sqliteGuard{t: t, lanes: lanes{of: map[tenancy.ID]*lane{}}}
}

// Read implements [supportgrant.Store].
func (g *sqliteGuard) Read(ctx context.Context, r supportgrant.Reading, handOver func(ctx context.Context, rows supportgrant.Rows) error) error {
	if g.t.DB.InTx(ctx) {
		return supportgrant.ErrInTransaction
	}
	tenant, err := tenancy.From(ctx)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	e, err := g.enter(ctx, tenant, &r)
	if err != nil {
		return g.t.Named(err)
	}
	defer e.release()
	held, cancel := context.WithDeadline(ctx, e.since.Add(r.Hold))
	defer cancel()
	text, args := sqliteStatement(&r, e.care)
	begun := false
	var handed error
	// Not [tables.Tables.Read], which may begin again: rows are handed over once.
	err = g.t.DB.Read(held, func(ctx context.Context, tx *sqlx.Tx) error {
		rows, err := tx.QueryContext(ctx, text, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		begun = true
		handed = handOver(held, rows)
		return handed
	})
	switch {
	case begun: // what was handed over was, however the transaction ends that only read
		return handed
	case errors.Is(held.Err(), context.DeadlineExceeded) && ctx.Err() == nil:
		return fmt.Errorf("%w: %w", supportgrant.ErrTooSlow, err)
	}
	return g.t.Named(err)
}

// ending implements guard. It has its turn to write, and nobody enters before it has ended.
func (g *sqliteGuard) ending(ctx context.Context, tx *sqlx.Tx, _ supportgrant.GrantID, set string, args []any) (supportgrant.GrantRow, error) {
	return scanGrant(tx.QueryRowxContext(ctx, g.t.SQL(moveText(``, set, ``)), args...).Scan)
}

// Drain implements [supportgrant.Store].
func (g *sqliteGuard) Drain(ctx context.Context, ids ...supportgrant.GrantID) error {
	if g.t.DB.InTx(ctx) {
		return supportgrant.ErrInTransaction
	}
	keys := make([][16]byte, len(ids))
	for i, id := range ids {
		keys[i] = id
	}
	err := g.t.DB.Drain(ctx, keys...)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", supportgrant.ErrStillReading, ctx.Err())
	}
	return g.t.Named(err)
}
