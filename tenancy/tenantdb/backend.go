package tenantdb

import (
	"context"
	"database/sql"
	"errors"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// Dialect names a kind of database, for the few statements that differ.
type Dialect string

// The dialects.
const (
	Postgres Dialect = "postgres"
	SQLite   Dialect = "sqlite"
)

// Scope is what a transaction is bound to.
type Scope struct {
	Tenant tenancy.ID
	// Epoch is the placement the caller believes in; the database refuses another one with
	// tenancy.ErrStaleEpoch. 0 accepts any: the caller knows one database only.
	Epoch int64
}

// TxOptions are the options of one transaction.
type TxOptions struct {
	ReadOnly  bool
	Isolation sql.IsolationLevel // sql.LevelDefault: read committed on Postgres, serializable on SQLite
	Retries   int                // how often fn may be run again after ErrConflict
	Native    bool               // fn leaves its *sqlx.Tx alone, which may be nil then
	Routine   bool               // see Routine
}

// Backend is what an adapter implements. Applications do not call it.
type Backend interface {
	Dialect() Dialect
	// Begin begins a transaction bound to s. It is bound before any statement of the caller runs, and
	// to nothing when it has ended.
	Begin(ctx context.Context, s Scope, o TxOptions) (Begun, error)
	// BeginSystem begins a transaction that belongs to no tenant, in the system database. reason has
	// been checked not to be empty.
	BeginSystem(ctx context.Context, reason string, o TxOptions) (Begun, error)
	// Translate wraps err in the sentinel of this package or of tenancy that names it, and returns
	// it unchanged if none does. What it returns holds no value of a row.
	Translate(err error) error
	// CommitError is Translate for an error of Commit: it also wraps err in ErrOutcomeUnknown, unless
	// the transaction is known not to be in force.
	CommitError(err error) error
	Close() error
}

// Begun is a transaction a [Backend] began.
type Begun struct {
	Tx *sqlx.Tx
	// Lazy may stand in for Tx if [TxOptions].Native is set: most such work never asks for a *sqlx.Tx, and
	// database/sql wakes a goroutine for each.
	Lazy Lazy
	// Native is the driver's own transaction, for [Native]; nil if there is none.
	Native any
	// Release is called once, after Tx has been committed or rolled back.
	Release func()
}

// Lazy is a transaction whose *sqlx.Tx is made when somebody asks for it.
type Lazy interface {
	Handle() (*sqlx.Tx, error)
	// Commit and Rollback end the transaction if Handle was not called; the *sqlx.Tx does if it was.
	Commit() error
	Rollback() error
}

// handle is the *sqlx.Tx of b.
func (b *Begun) handle() (_ *sqlx.Tx, err error) {
	if b.Tx == nil && b.Lazy != nil {
		b.Tx, err = b.Lazy.Handle()
	}
	return b.Tx, err
}

func (b *Begun) commit() error {
	if b.Tx == nil && b.Lazy != nil {
		return b.Lazy.Commit()
	}
	return b.Tx.Commit()
}

func (b *Begun) rollback() error {
	if b.Tx == nil && b.Lazy != nil {
		return b.Lazy.Rollback()
	}
	return b.Tx.Rollback()
}

// Belongs is an error if ctx belongs to another tenant than the transaction's, id: [ErrMismatch], or
// tenancy.ErrConflict if it belongs to two. A context of no tenant passes, and so does all system work,
// whose id is zero. Adapters ask it of the context of each statement.
func Belongs(ctx context.Context, id tenancy.ID) error {
	if id.IsZero() {
		return nil
	}
	switch of, err := tenancy.From(ctx); {
	case errors.Is(err, tenancy.ErrNoTenant):
		return nil
	case err != nil:
		return err
	case of != id:
		return ErrMismatch
	}
	return nil
}
