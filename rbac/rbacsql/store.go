package rbacsql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Store is a [rbac.Store]. It is safe for concurrent use by many processes.
type Store struct {
	db       *tenantdb.DB
	pg       bool
	clock    string      // SQL for the database's clock in microseconds
	changes  string      // the statement of Changes
	fits     atomic.Bool // see fitted
	homesFit atomic.Bool
	ready    sync.Map // texts of statements
}

var _ rbac.Store = (*Store)(nil)

// New returns the rules in db, whose tables are there already: see [Migrate] and [SQLite]. It asks the database nothing. The
// first call that uses the tables is refused with [rbac.ErrSchema] if they are not there, older or newer than this release.
func New(db *tenantdb.DB) (*Store, error) {
	if db == nil {
		return nil, errors.New("rbacsql: no database")
	}
	s := &Store{db: db, clock: `bw_now()`}
	switch db.Dialect() {
	case tenantdb.Postgres:
		s.pg, s.clock = true, `(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint`
	case tenantdb.SQLite:
	default:
		return nil, fmt.Errorf("rbacsql: no SQL for %q", db.Dialect())
	}
	s.changes = changesOn(s.pg)
	return s, nil
}

// Tx implements [rbac.Store].
func (s *Store) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return named(s.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error { return f(ctx) }, tenantdb.Retry(3)))
}

// InTx implements [rbac.Store].
func (s *Store) InTx(ctx context.Context) bool { return s.db.InTx(ctx) }

// Committed implements [rbac.Store].
func (s *Store) Committed(ctx context.Context, f func()) { s.db.AfterCommit(ctx, f) }

// sql returns text, written with ? for parameters and {now} for the clock, for the database. It is a constant, for it is kept.
func (s *Store) sql(text string) string {
	if t, ok := s.ready.Load(text); ok {
		return t.(string)
	}
	out := strings.ReplaceAll(text, "{now}", s.clock)
	if s.pg {
		out = sqlx.Rebind(sqlx.DOLLAR, out)
	}
	s.ready.Store(text, out)
	return out
}

// write runs f in the transaction that ctx carries, or one of its own. f may be run more than once.
func (s *Store) write(ctx context.Context, f tenantdb.Func) error {
	return named(s.db.Tx(ctx, s.fitted(f), tenantdb.Retry(3)))
}

// read is write for what only reads.
func (s *Store) read(ctx context.Context, f tenantdb.Func) error {
	return named(s.db.Read(ctx, s.fitted(f), tenantdb.Retry(3)))
}

// row runs a statement that returns a row, and is rbac.ErrNotFound without. Outside of a transaction it takes Postgres one
// round trip, and on SQLite it waits for nobody who writes.
func (s *Store) row(ctx context.Context, text string, args, dest []any) error {
	if !s.pg {
		var none error
		err := s.read(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
			none, err = noRows(tx.QueryRowxContext(ctx, s.sql(text), args...).Scan(dest...))
			return err
		})
		if err == nil {
			err = none
		}
		return err
	}
	if err := s.fitting(ctx); err != nil {
		return err
	}
	for try := 1; ; try++ {
		err := s.db.Row(ctx, s.sql(text), args, dest)
		if !errors.Is(err, tenantdb.ErrConflict) || try > 3 || s.db.InTx(ctx) || ctx.Err() != nil {
			none, err := noRows(err)
			if none != nil {
				return none
			}
			return named(err)
		}
	}
}

// all runs a statement that returns rows, and gives each to f.
func (s *Store) all(ctx context.Context, text string, args []any, begin func(), f func(scan func(dest ...any) error) error) error {
	return s.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		begin()
		rows, err := tx.QueryContext(ctx, s.sql(text), args...)
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

// named adds the sentinel of package rbac that says what err means for its caller.
func named(err error) error {
	switch {
	case err == nil, errors.Is(err, rbac.ErrRefused):
		return err
	case errors.Is(err, tenantdb.ErrOutcomeUnknown):
		return err
	case errors.Is(err, tenantdb.ErrUnavailable), errors.Is(err, tenantdb.ErrPoolFull), errors.Is(err, tenantdb.ErrNoSystem):
		return fmt.Errorf("%w: %w", rbac.ErrUnavailable, err)
	case migrate.IsMissing(err):
		return fmt.Errorf("%w: %w", rbac.ErrSchema, err)
	case isRefused(err):
		return fmt.Errorf("%w: %w", rbac.ErrRefused, err)
	}
	return err
}

// isRefused reports whether a trigger or a constraint of the tables said no.
func isRefused(err error) bool {
	var pg interface{ SQLState() string }
	if errors.As(err, &pg) {
		switch pg.SQLState() {
		case "BWR01", "23514", "23502", "22P02": // ours, a check, NULL, no JSON
			return true
		}
		return false
	}
	var lite interface{ Code() int }
	if errors.As(err, &lite) {
		switch lite.Code() {
		case 1811, 275, 1299, 3091: // SQLITE_CONSTRAINT_TRIGGER, _CHECK, _NOTNULL, _DATATYPE
			return true
		}
	}
	return false
}
