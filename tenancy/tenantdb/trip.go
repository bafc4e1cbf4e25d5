package tenantdb

import (
	"context"
	"database/sql"
	"errors"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// This file saves round trips to a database that is elsewhere. On one that is not, all runs when it is called.

// OneShotter is a [Backend] that runs a statement as a transaction of its own in one round trip.
type OneShotter interface {
	// OneShot runs a statement that returns one row, and scans it into dest; sql.ErrNoRows if it returns none.
	// Its errors are those of [Backend.CommitError].
	OneShot(ctx context.Context, s Scope, query string, args, dest []any) error
}

// Row runs a statement that returns one row as the tenant of ctx, and scans the row into dest: in the
// transaction that ctx carries, or else in one of its own, which takes Postgres one round trip. It is sql.ErrNoRows if
// there is no row, and that does not undo what the statement did.
func (db *DB) Row(ctx context.Context, query string, args, dest []any) error {
	id, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	if shooter, ok := db.backend.(OneShotter); ok && db.current(ctx, false) == nil {
		err := db.shoot(ctx, shooter, id, query, args, dest)
		if !errors.Is(err, tenancy.ErrStaleEpoch) || errors.Is(err, ErrOutcomeUnknown) || !db.forget(id) {
			return err
		}
	}
	var none error
	err = db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		none = nil
		err := tx.QueryRowxContext(ctx, query, args...).Scan(dest...)
		if errors.Is(err, sql.ErrNoRows) {
			none, err = err, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return none
}

func (db *DB) shoot(ctx context.Context, s OneShotter, id tenancy.ID, query string, args, dest []any) error {
	if db.limits != nil {
		release, err := db.limits.Acquire(ctx, id)
		if err != nil {
			return err
		}
		defer release()
	}
	return s.OneShot(ctx, Scope{Tenant: id}, query, args, dest)
}

// Deferrer is what a [Begun].Native can be: a transaction that runs statements in the packet of its COMMIT.
type Deferrer interface {
	Defer(query string, args []any)
}

type deferred struct {
	query string
	args  []any
}

// Defer runs a statement, whose rows nobody wants, in the transaction of ctx's tenant that ctx carries, no later than with
// its COMMIT: on Postgres in the same packet, so that it costs no round trip. Until [DB.Flush] the transaction may not see
// what it does. If it fails, so does the commit, and nothing is in force. Statements run in the order of the calls, and
// args must stay as they are.
func (db *DB) Defer(ctx context.Context, query string, args ...any) error {
	return db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		t := db.current(ctx, false)
		if _, ok := t.begun.Native.(Deferrer); ok {
			t.deferred = append(t.deferred, deferred{query, args})
			return nil
		}
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

// Flush runs now what was deferred in the transaction that ctx carries.
func (db *DB) Flush(ctx context.Context) error {
	t := db.current(ctx, false)
	if t == nil || len(t.deferred) == 0 {
		return nil
	}
	return db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, d := range t.deferred {
			if _, err := tx.ExecContext(ctx, d.query, d.args...); err != nil {
				return err
			}
		}
		t.deferred = nil
		return nil
	})
}

// handOver gives what was deferred to the transaction that is about to commit.
func (t *transaction) handOver() {
	if d, ok := t.begun.Native.(Deferrer); ok {
		for _, s := range t.deferred {
			d.Defer(s.query, s.args)
		}
	}
	t.deferred = nil
}
