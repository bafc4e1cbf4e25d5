package supportgrantsql

import (
	"context"
	"database/sql"
	"errors"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Store is a [supportgrant.Store]. It is safe for concurrent use by many processes.
type Store struct {
	t *tables.Tables
	guard
}

// guard is what the two databases do each in its own way.
type guard interface {
	Read(ctx context.Context, r supportgrant.Reading, handOver func(ctx context.Context, rows supportgrant.Rows) error) error
	Drain(ctx context.Context, ids ...supportgrant.GrantID) error
	// ending ends a grant that was approved: set and args are those of [moveText].
	ending(ctx context.Context, tx *sqlx.Tx, id supportgrant.GrantID, set string, args []any) (supportgrant.GrantRow, error)
	Catalogue(ctx context.Context, registry []supportgrant.Resource) (supportgrant.Catalogue, error)
}

var _ supportgrant.Store = (*Store)(nil)

// New returns the grants in db, whose tables are there already: see [Migrate] and [SQLite]. It asks the database nothing. The
// first call that uses the tables is refused with [supportgrant.ErrSchema] if they are not there, older or newer than this release.
func New(db *tenantdb.DB) (*Store, error) {
	t, err := tables.New(db, door)
	if err != nil {
		return nil, err
	}
	if t.PG {
		return &Store{t, newPostgresGuard(t)}, nil
	}
	return &Store{t, newSQLiteGuard(t)}, nil
}

var door = tables.Door{
	Known:  migrate.Known{Name: "supportgrant", Table: "supportgrant_grant", Version: 1, Wrong: supportgrant.ErrSchema},
	SQLite: SQLite,
	Words: map[bool][]string{
		false: {"{lock}", "", "{skip}", ""},
		true:  {"{lock}", " FOR UPDATE", "{skip}", " FOR UPDATE SKIP LOCKED"},
	},
	Errors: tables.Errors{Schema: supportgrant.ErrSchema, Unavailable: supportgrant.ErrUnavailable, Unknown: supportgrant.ErrUnknown,
		Refused: supportgrant.ErrRefused, State: "BWS01"},
}

// Tx implements [supportgrant.Store].
func (s *Store) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return s.t.Tx(ctx, f)
}

// InTx implements [supportgrant.Store].
func (s *Store) InTx(ctx context.Context) bool { return s.t.DB.InTx(ctx) }

// write runs f in a transaction that f's answers do not undo, and its other errors do.
func (s *Store) write(ctx context.Context, f tenantdb.Func) error {
	return tables.Answering(func(f tenantdb.Func) error { return s.t.Write(ctx, f) }, isAnswer, f)
}

// read is write for what only reads. In a transaction it sees what that changed.
func (s *Store) read(ctx context.Context, f tenantdb.Func) error {
	return tables.Answering(func(f tenantdb.Func) error { return s.t.Read(ctx, f) }, isAnswer, f)
}

func isAnswer(err error) bool {
	return errors.Is(err, supportgrant.ErrNotFound) || errors.Is(err, supportgrant.ErrExists) || errors.Is(err, supportgrant.ErrStale) || errors.Is(err, supportgrant.ErrTooMany)
}

// found makes ErrNotFound of a row that is not there.
func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return supportgrant.ErrNotFound
	}
	return err
}

// there reports whether a statement returns a row.
func (s *Store) there(ctx context.Context, tx *sqlx.Tx, text string, args ...any) (bool, error) {
	var one int
	err := tx.QueryRowxContext(ctx, s.t.SQL(text), args...).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// already is there for a row that ON CONFLICT would leave out: on SQLite, where a trigger refuses it before that is asked. On Postgres
// it is false, and saves a round trip: a withdrawal that many readers wait beside makes few.
func (s *Store) already(ctx context.Context, tx *sqlx.Tx, text string, args ...any) (bool, error) {
	if s.t.PG {
		return false, nil
	}
	return s.there(ctx, tx, text, args...)
}
