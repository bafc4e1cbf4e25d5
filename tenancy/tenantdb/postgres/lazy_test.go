package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// The *sqlx.Tx of a native transaction is made late: whenever that is, it is the same transaction and ends with it.
func TestSQLXJoinsANativeTransactionLate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	ctx, undo := as(t, alpha), errors.New("undo")
	insert := func(id int) tenantdb.Func {
		return func(ctx context.Context, tx *sqlx.Tx) error {
			require.NotNil(t, tx)
			_, err := tx.ExecContext(ctx, `INSERT INTO note (id, body) VALUES ($1, 'alpha late')`, id)
			return err
		}
	}
	for name, first := range map[string]bool{"before the first statement": true, "after it": false} {
		for _, outcome := range []error{nil, undo} {
			before := count(t, ctx, db)
			var late *sqlx.Tx
			err := db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
				if !first {
					require.Equal(t, before, count(t, ctx, db))
				}
				require.NoError(t, db.TenantDB().Tx(ctx, insert(1001)))
				require.NoError(t, db.TenantDB().Savepoint(ctx, insert(1002)))
				require.ErrorIs(t, db.TenantDB().Savepoint(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
					late = tx
					require.NoError(t, insert(1003)(ctx, tx))
					return undo
				}), undo)
				require.Equal(t, before+2, count(t, ctx, db), "one transaction")
				return outcome
			})
			require.ErrorIs(t, err, outcome)
			require.Error(t, insert(1004)(ctx, late), "it ended with the transaction")
			want := before
			if outcome == nil {
				want += 2
			}
			require.Equal(t, want, count(t, ctx, db), name)
			_, err = db.Exec(ctx, `DELETE FROM note WHERE id > 1000`)
			require.NoError(t, err)
		}
	}
	require.Zero(t, db.SQLX().Stats().InUse)
}

// Work that never asks for a *sqlx.Tx makes none.
func TestNativeTransactionTakesNoHandleOfSQLX(t *testing.T) {
	t.Parallel()
	db := newHouse(t).open(t)
	require.NoError(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		require.Equal(t, 10, count(t, ctx, db))
		require.Zero(t, db.SQLX().Stats().InUse)
		return nil
	}))
	require.NoError(t, db.TenantDB().Tx(as(t, alpha), func(ctx context.Context, tx *sqlx.Tx) error {
		require.Equal(t, 1, db.SQLX().Stats().InUse)
		return nil
	}))
}
