package vaultsql

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// Store is a [vault.Store]. It is safe for concurrent use by many processes.
type Store struct {
	db       *tenantdb.DB
	pg       bool
	clock    string      // SQL for the database's clock in microseconds
	fits     atomic.Bool // see fitted
	rootsFit atomic.Bool
	ready    sync.Map // texts of statements
}

var _ vault.Store = (*Store)(nil)

// New returns the keys and secrets in db, whose tables are there already: see [Migrate] and [SQLite]. It asks the database
// nothing. The first call that uses the tables, which vault.Open makes, is refused with [vault.ErrSchema] if they are not
// there, older or newer than this release.
func New(db *tenantdb.DB) (*Store, error) {
	if db == nil {
		return nil, errors.New("vaultsql: no database")
	}
	s := &Store{db: db, clock: `bw_now()`}
	switch db.Dialect() {
	case tenantdb.Postgres:
		s.pg, s.clock = true, `(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint`
	case tenantdb.SQLite:
	default:
		return nil, fmt.Errorf("vaultsql: no SQL for %q", db.Dialect())
	}
	return s, nil
}

// Now implements [vault.Store].
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	var us int64
	err := s.look(ctx, `SELECT {now}`, nil, []any{&us})
	return micro(us), err
}

// Tx implements [vault.Store].
func (s *Store) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return named(s.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error { return f(ctx) }))
}

// InTx implements [vault.Store].
func (s *Store) InTx(ctx context.Context) bool { return s.db.InTx(ctx) }

// Committed implements [vault.Store].
func (s *Store) Committed(ctx context.Context, f func()) { s.db.AfterCommit(ctx, f) }

// Residue implements [vault.Store].
func (s *Store) Residue() []string {
	if s.pg {
		return []string{
			"the server's table files, until VACUUM and later rows have written over what was removed",
			"the server's write-ahead log and its archive, until they are recycled",
			"replicas that lag or are kept back, and backups of the database, until they are deleted",
		}
	}
	return []string{
		"transactions that were reading when it was removed: what they see goes from the files when they have ended",
		"backups and exports of the tenant's file, until they are deleted",
		"blocks that the file system or the disk has not used again",
	}
}

// sql returns text, written with ? for parameters and braces as expand has them, for the database. It is a constant, for
// it is kept.
func (s *Store) sql(text string) string {
	if t, ok := s.ready.Load(text); ok {
		return t.(string)
	}
	out := expand(text, s.clock, s.pg)
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

// row runs a statement that returns a row, which takes Postgres one round trip outside of a transaction.
func (s *Store) row(ctx context.Context, text string, args, dest []any) error {
	if err := s.fitting(ctx); err != nil {
		return err
	}
	for try := 1; ; try++ {
		err := s.db.Row(ctx, s.sql(text), args, dest)
		if !errors.Is(err, tenantdb.ErrConflict) || try > 3 || s.db.InTx(ctx) || ctx.Err() != nil {
			return named(err)
		}
	}
}

// look is row for what only reads: on SQLite it must not wait for who writes.
func (s *Store) look(ctx context.Context, text string, args, dest []any) error {
	if s.pg {
		return s.row(ctx, text, args, dest)
	}
	return answer(func(f tenantdb.Func) error { return s.read(ctx, f) }, func(ctx context.Context, tx *sqlx.Tx) (error, error) {
		return none(tx.QueryRowxContext(ctx, s.sql(text), args...).Scan(dest...))
	})
}

// answer runs f by run. What f refuses before it changed anything is an answer and not a failure: it does not doom a
// transaction that was joined.
func answer(run func(tenantdb.Func) error, f func(ctx context.Context, tx *sqlx.Tx) (refusal, err error)) error {
	var refusal error
	err := run(func(ctx context.Context, tx *sqlx.Tx) (err error) {
		refusal, err = f(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	return refusal
}

// expunge makes what this call, or this transaction, takes away go from the files, after the commit. While somebody
// reads what was there it cannot: package tenantdb/sqlite then does it when they have ended, or when the file is next
// opened. So an error is no news, and the commit is not taken back.
func (s *Store) expunge(ctx context.Context) {
	if s.pg {
		return
	}
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return
	}
	after := tenancy.Switch(context.WithoutCancel(ctx), tenant)
	s.db.AfterCommit(ctx, func() { _ = s.db.Expunge(after) })
}

// named adds the sentinel of package vault that says what err means for its caller.
func named(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, tenantdb.ErrOutcomeUnknown):
		return err
	case errors.Is(err, tenantdb.ErrUnavailable), errors.Is(err, tenantdb.ErrPoolFull), errors.Is(err, tenantdb.ErrNoSystem):
		return fmt.Errorf("%w: %w", vault.ErrUnavailable, err)
	case migrate.IsMissing(err):
		return fmt.Errorf("%w: %w", vault.ErrSchema, err)
	}
	return err
}
