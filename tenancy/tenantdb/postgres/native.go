package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// noHandle says that a function of [DB.native] needs no *sqlx.Tx.
func noHandle(o *tenantdb.TxOptions) { o.Native = true }

func (db *DB) native(fn func(context.Context, pgx.Tx) error) tenantdb.Func {
	return func(ctx context.Context, _ *sqlx.Tx) error {
		t, ok := db.Pgx(ctx)
		if !ok {
			return errors.New("tenantdb/postgres: the context lost its transaction")
		}
		return fn(ctx, t)
	}
}

// inner is a transaction in the hands of a function that must not end it.
type inner struct{ *tx }

var errNotYours = errors.New("tenantdb/postgres: the transaction ends with the function: return nil to commit, an error to roll back")

// Commit implements [pgx.Tx] by refusing.
func (inner) Commit(context.Context) error { return errNotYours }

// Rollback implements [pgx.Tx] by refusing.
func (inner) Rollback(context.Context) error { return errNotYours }
