package tenantdb

import (
	"context"
	"database/sql"

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
	// Native is the driver's own transaction, for [Native]; nil if there is none.
	Native any
	// Release is called once, after Tx has been committed or rolled back.
	Release func()
}
