package vaultsql

import (
	"context"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// Store is a [vault.Store]. It is safe for concurrent use by many processes.
type Store struct{ t *tables.Tables }

var _ vault.Store = (*Store)(nil)

// New returns the keys and secrets in db, whose tables are there already: see [Migrate] and [SQLite]. It asks the database
// nothing. The first call that uses the tables, which vault.Open makes, is refused with [vault.ErrSchema] if they are not
// there, older or newer than this release.
func New(db *tenantdb.DB) (*Store, error) {
	t, err := tables.New(db, tables.Door{
		Known:  migrate.Known{Name: "vault", Table: "vault_key", Version: 1, Wrong: vault.ErrSchema},
		SQLite: SQLite, SQLiteSystem: SQLiteSystem, Reason: "keep the roots of all tenants' keys",
		Words:  map[bool][]string{false: words(upperSQLite, "vault_root"), true: words("", "vault_roots.root")},
		Errors: tables.Errors{Schema: vault.ErrSchema, Unavailable: vault.ErrUnavailable},
	})
	if err != nil {
		return nil, err
	}
	return &Store{t}, nil
}

// Now implements [vault.Store].
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	var us int64
	err := s.t.Look(ctx, `SELECT {now}`, nil, []any{&us})
	return micro(us), err
}

// Tx implements [vault.Store].
func (s *Store) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return s.t.Named(s.t.DB.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error { return f(ctx) }))
}

// InTx implements [vault.Store].
func (s *Store) InTx(ctx context.Context) bool { return s.t.DB.InTx(ctx) }

// Committed implements [vault.Store].
func (s *Store) Committed(ctx context.Context, f func()) { s.t.DB.AfterCommit(ctx, f) }

// Residue implements [vault.Store].
func (s *Store) Residue() []string {
	if s.t.PG {
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
	if s.t.PG {
		return
	}
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return
	}
	after := tenancy.Switch(context.WithoutCancel(ctx), tenant)
	s.t.DB.AfterCommit(ctx, func() { _ = s.t.DB.Expunge(after) })
}
