package rls

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// aside runs fn in a transaction of db, or in a savepoint of the transaction db is, and undoes it: what
// fn did, set or became leaves no trace.
func aside(ctx context.Context, db DB, fn func(DB) error) (err error) {
	if b, ok := db.(interface {
		BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
	}); ok {
		tx, err := b.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("rls: %w", err)
		}
		defer tx.Rollback()
		return prepared(ctx, tx, fn)
	}
	if _, err := db.ExecContext(ctx, "SAVEPOINT bailiwick_rls"); err != nil {
		return fmt.Errorf("rls: db can neither begin a transaction nor is one: %w", err)
	}
	defer func() {
		// Not under ctx: the caller's transaction goes on even if ctx has ended.
		_, undo := db.ExecContext(context.WithoutCancel(ctx), "ROLLBACK TO SAVEPOINT bailiwick_rls; RELEASE SAVEPOINT bailiwick_rls")
		err = errors.Join(err, undo)
	}()
	return prepared(ctx, db, fn)
}

// prepared makes the session speak one dialect: names come out qualified, literals in one form, and
// no expression that is run can write, wait or run for long.
func prepared(ctx context.Context, q DB, fn func(DB) error) error {
	if _, err := q.ExecContext(ctx, `SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL transaction_read_only = on;
		SET LOCAL standard_conforming_strings = on; SET LOCAL quote_all_identifiers = off; SET LOCAL row_security = on;
		SET LOCAL statement_timeout = '30s'; SET LOCAL lock_timeout = '5s'; SET LOCAL jit = off`); err != nil {
		return fmt.Errorf("rls: %w", err)
	}
	return fn(q)
}
