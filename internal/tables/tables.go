// Package tables is how a door's SQL runs in a database of tenants: in tables that were looked at first, in the transaction that the
// caller carries or in one of its own, on both databases, and with the door's errors.
package tables

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// A Door is what a package says of its tables.
type Door struct {
	Known        migrate.Known // of the tables; on SQLite the two folders of steps are looked for
	SQLite       func() fs.FS
	SQLiteSystem func() fs.FS      // nil if the system database has none
	Reason       string            // why the system database is used
	Words        map[bool][]string // what stands in statements for other words, in pairs as strings.NewReplacer takes them, by whether it is Postgres
	Errors       Errors
}

// Tables are a door's tables in one database. Methods are safe for concurrent use.
type Tables struct {
	DB     *tenantdb.DB
	PG     bool
	door   Door
	words  *strings.Replacer
	fits   atomic.Bool
	system atomic.Bool
	ready  sync.Map // texts of statements
}

// New returns the tables in db. It asks the database nothing: the first call that uses them does, and is refused with
// Errors.Schema if they are not there, older or newer than this release.
func New(db *tenantdb.DB, d Door) (*Tables, error) {
	if db == nil {
		return nil, errors.New(d.Known.Name + "sql: no database")
	}
	t := &Tables{DB: db, door: d}
	clock := `bw_now()`
	switch db.Dialect() {
	case tenantdb.Postgres:
		t.PG, clock = true, `(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint`
	case tenantdb.SQLite:
	default:
		return nil, fmt.Errorf("%ssql: no SQL for %q", d.Known.Name, db.Dialect())
	}
	t.words = strings.NewReplacer(append([]string{"{now}", clock}, d.Words[t.PG]...)...)
	return t, nil
}

// SQL returns text for the database. It is written with ? for parameters, {now} for the database's clock in microseconds, and the
// door's words. It is a constant, for it is kept.
func (t *Tables) SQL(text string) string {
	if ready, ok := t.ready.Load(text); ok {
		return ready.(string)
	}
	out := t.words.Replace(text)
	if t.PG {
		out = sqlx.Rebind(sqlx.DOLLAR, out)
	}
	t.ready.Store(text, out)
	return out
}

// Tx runs f in the transaction that ctx carries, or one of its own. f may be run more than once, and never with a ctx that has ended.
func (t *Tables) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	if err := ctx.Err(); err != nil { // Postgres may be asked nothing before f
		return err
	}
	return t.Named(t.DB.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error { return f(ctx) }, tenantdb.Retry(3)))
}

// Write is Tx in tables that were looked at.
func (t *Tables) Write(ctx context.Context, f tenantdb.Func, opts ...tenantdb.Option) error {
	return t.Named(t.DB.Tx(ctx, t.fitted(f), append(opts, tenantdb.Retry(3))...))
}

// Read is Write for what only reads.
func (t *Tables) Read(ctx context.Context, f tenantdb.Func, opts ...tenantdb.Option) error {
	return t.read(t.DB.Read(ctx, t.fitted(f), append(opts, tenantdb.Retry(3))...))
}

// read is Named of what only read: that its outcome is not known is that it cannot be had.
func (t *Tables) read(err error) error {
	if name := t.door.Errors.Unavailable; name != nil && errors.Is(err, tenantdb.ErrOutcomeUnknown) {
		return fmt.Errorf("%w: %w", name, err)
	}
	return t.Named(err)
}

// System runs f in the system database.
func (t *Tables) System(ctx context.Context, f tenantdb.Func, opts ...tenantdb.Option) error {
	return t.Named(t.DB.System(ctx, t.door.Reason, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := t.look(ctx, tx, &t.system, t.door.SQLiteSystem, true); err != nil {
			return err
		}
		return f(ctx, tx)
	}, append(opts, tenantdb.Routine(), tenantdb.Retry(3))...))
}

// Row runs a statement that returns a row, sql.ErrNoRows without. Outside of a transaction it takes Postgres one round trip.
func (t *Tables) Row(ctx context.Context, text string, args, dest []any) error {
	return t.Named(t.row(ctx, text, args, dest))
}

func (t *Tables) row(ctx context.Context, text string, args, dest []any) error {
	if err := t.Fit(ctx); err != nil {
		return err
	}
	for try := 1; ; try++ {
		err := t.DB.Row(ctx, t.SQL(text), args, dest)
		if !errors.Is(err, tenantdb.ErrConflict) || try > 3 || t.DB.InTx(ctx) || ctx.Err() != nil {
			return err
		}
	}
}

// Look is Row for what only reads: on SQLite it waits for nobody who writes. That there is no row is an answer and dooms no transaction.
func (t *Tables) Look(ctx context.Context, text string, args, dest []any) error {
	if t.PG {
		return t.read(t.row(ctx, text, args, dest))
	}
	var none error
	err := t.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		err := tx.QueryRowxContext(ctx, t.SQL(text), args...).Scan(dest...)
		if none = nil; errors.Is(err, sql.ErrNoRows) {
			none, err = err, nil
		}
		return err
	})
	if err == nil {
		err = none
	}
	return err
}

// All runs a statement that returns rows, and gives each to f. It may begin again, with begin.
func (t *Tables) All(ctx context.Context, text string, args []any, begin func(), f func(scan func(dest ...any) error) error) error {
	return t.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		begin()
		rows, err := tx.QueryContext(ctx, t.SQL(text), args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := f(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
