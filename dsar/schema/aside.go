package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Aside runs fn in a transaction of db, or in a savepoint of the transaction that db is, and undoes it. On Postgres names
// and types come out in one form there, nothing can be written, no statement waits or runs for long, and row-level security
// that would hide rows is an error.
func Aside(ctx context.Context, db DB, fn func(DB, Dialect) error) (err error) {
	if b, ok := db.(interface {
		BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
	}); ok {
		tx, err := b.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("schema: %w", err)
		}
		defer tx.Rollback()
		return prepared(ctx, tx, fn)
	}
	return undone(ctx, db, func() error { return prepared(ctx, db, fn) })
}

// Try runs fn in a savepoint of the transaction that tx is, so that a statement which fails does not end the transaction.
func Try(ctx context.Context, tx DB, fn func() error) error { return undone(ctx, tx, fn) }

func undone(ctx context.Context, tx DB, fn func() error) (err error) {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT bailiwick_schema"); err != nil {
		return fmt.Errorf("schema: db can neither begin a transaction nor is one: %w", err)
	}
	defer func() {
		// Not under ctx: the caller's transaction goes on even if ctx has ended.
		for _, s := range []string{"ROLLBACK TO SAVEPOINT bailiwick_schema", "RELEASE SAVEPOINT bailiwick_schema"} {
			_, undo := tx.ExecContext(context.WithoutCancel(ctx), s)
			err = errors.Join(err, undo)
		}
	}()
	return fn()
}

func prepared(ctx context.Context, q DB, fn func(DB, Dialect) error) error {
	dialect := Postgres
	// SQLite has no function of that name, and the failure does not end its transaction. The other way round it would.
	var name string
	if err := q.QueryRowContext(ctx, "SELECT current_database()").Scan(&name); err != nil {
		if q.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&name) != nil {
			return fmt.Errorf("schema: %w", err)
		}
		dialect = SQLite
	} else if _, err := q.ExecContext(ctx, `SET LOCAL search_path = pg_catalog, public; SET LOCAL transaction_read_only = on;
		SET LOCAL row_security = off; SET LOCAL statement_timeout = '30s'; SET LOCAL lock_timeout = '5s'; SET LOCAL jit = off`); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	return fn(q, dialect)
}
