package auditsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Store is an [audit.Store]. It is safe for concurrent use by many processes.
type Store struct {
	tree
	heads tree
}

var _ audit.Store = (*Store)(nil)

// New returns the logs in db, whose tables are there already: see [Migrate] and [SQLite]. It asks the database nothing. The
// first call that uses a log, which audit.Open makes, is refused with [audit.ErrSchema] if the tables are not there, older or
// newer than this release.
func New(db *tenantdb.DB) (*Store, error) {
	if db == nil {
		return nil, errors.New("auditsql: no database")
	}
	if db.Dialect() != tenantdb.Postgres && db.Dialect() != tenantdb.SQLite {
		return nil, fmt.Errorf("auditsql: no SQL for %q", db.Dialect())
	}
	s := &Store{tree: tree{db: db, pg: db.Dialect() == tenantdb.Postgres, fits: new(atomic.Bool)}}
	s.heads = s.tree
	s.heads.system, s.heads.fits = true, new(atomic.Bool)
	both := dialects[db.Dialect()]
	s.tree.dialect, s.heads.dialect = both[0], both[1]
	return s, nil
}

// Heads implements [audit.Store].
func (s *Store) Heads() audit.Tree { return &s.heads }

// Tx implements [audit.Store].
func (s *Store) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return named(s.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error { return f(ctx) }))
}

// InTx implements [audit.Store].
func (s *Store) InTx(ctx context.Context) bool { return s.db.InTx(ctx) }

// tree is the [audit.Tree] of the tenant of the context, or that of the heads.
type tree struct {
	db     *tenantdb.DB
	pg     bool
	system bool         // the log of the heads
	fits   *atomic.Bool // see fit
	*dialect
}

// reason is why the system database is used.
const reason = "keep the log of the heads of all audit logs"

// write runs f in the transaction that ctx carries, or one of its own. f may be run more than once.
func (t *tree) write(ctx context.Context, f func(ctx context.Context, tx *sqlx.Tx) error) error {
	run := t.fitted(f)
	if t.system {
		return named(t.db.System(ctx, reason, run, tenantdb.Retry(3), tenantdb.Routine()))
	}
	return named(t.db.Tx(ctx, run, tenantdb.Retry(3)))
}

// fitted is f, in tables that were looked at.
func (t *tree) fitted(f tenantdb.Func) tenantdb.Func {
	return func(ctx context.Context, tx *sqlx.Tx) error {
		if err := t.fit(ctx, tx); err != nil {
			return err
		}
		return f(ctx, tx)
	}
}

// read is write for what only reads.
func (t *tree) read(ctx context.Context, f func(ctx context.Context, tx *sqlx.Tx) error) error {
	return t.readAt(ctx, sql.LevelDefault, f)
}

// readAtOnce is read for what several statements must see of one moment. In a transaction that somebody else began they
// see what that one does.
func (t *tree) readAtOnce(ctx context.Context, f func(ctx context.Context, tx *sqlx.Tx) error) error {
	level := sql.LevelRepeatableRead
	if !t.pg || t.db.InTx(ctx) {
		level = sql.LevelDefault
	}
	return t.readAt(ctx, level, f)
}

func (t *tree) readAt(ctx context.Context, level sql.IsolationLevel, f func(ctx context.Context, tx *sqlx.Tx) error) error {
	run := t.fitted(f)
	if t.system { // where nothing is erased
		return named(t.db.System(ctx, reason, run, func(o *tenantdb.TxOptions) { o.ReadOnly = true }, tenantdb.Routine()))
	}
	return named(t.db.Read(ctx, run, tenantdb.Retry(3), tenantdb.Isolation(level)))
}

// named adds the sentinel of package audit that says what err means for the log.
func named(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, tenantdb.ErrOutcomeUnknown):
		return fmt.Errorf("%w: %w", audit.ErrUnknown, err)
	case errors.Is(err, tenantdb.ErrUnavailable), errors.Is(err, tenantdb.ErrPoolFull), errors.Is(err, tenantdb.ErrNoSystem):
		return fmt.Errorf("%w: %w", audit.ErrUnavailable, err)
	case migrate.IsMissing(err):
		return fmt.Errorf("%w: %w", audit.ErrSchema, err)
	}
	return err
}

// refused runs f by run, which is write or read. What f refuses before it changed anything is an answer and not a
// failure: it does not doom a transaction that was joined.
func refused(run func(context.Context, func(context.Context, *sqlx.Tx) error) error, ctx context.Context,
	f func(ctx context.Context, tx *sqlx.Tx) (refusal, err error)) error {
	var refusal error
	err := run(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		refusal, err = f(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	return refusal
}
