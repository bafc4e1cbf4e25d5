package tenantdb

import "errors"

// What the database, or the way to it, can refuse. Errors about the tenant itself (suspended,
// unknown, stale placement ...) are those of package tenancy.
var (
	// ErrMismatch: the context belongs to another tenant than the transaction it carries.
	ErrMismatch = errors.New("tenantdb: context and transaction belong to different tenants")
	// ErrForged: the database refused the signature of the tenant scope.
	ErrForged = errors.New("tenantdb: tenant scope is not validly signed")
	// ErrExpired: the tenant scope was signed too long ago, or the clocks of application and
	// database differ by more than its lifetime.
	ErrExpired = errors.New("tenantdb: tenant scope has expired")
	// ErrIsolation: the database refused a row or a statement because it crosses tenants.
	ErrIsolation = errors.New("tenantdb: refused by tenant isolation")
	// ErrReadOnly: a writing function was called inside a read-only transaction.
	ErrReadOnly = errors.New("tenantdb: transaction is read-only")
	// ErrDoomed: a call that joined the transaction failed, so that it was rolled back although the
	// function returned nil.
	ErrDoomed = errors.New("tenantdb: transaction rolled back: a call inside it failed")
	// ErrConflict: the database gave up the transaction in favour of a concurrent one
	// (serialization failure, deadlock, busy). It can be run again: see [Retry].
	ErrConflict = errors.New("tenantdb: conflict with a concurrent transaction")
	// ErrUnique: the tenant has a row with that key already. No other tenant's rows count.
	ErrUnique = errors.New("tenantdb: a unique key is taken")
	// ErrSelfWait: the call would wait for the transaction that it is made in, as one does that was given the
	// context from before a SQLite transaction instead of the one its function was handed.
	ErrSelfWait = errors.New("tenantdb: the call would wait for the transaction it is made in: pass on the context its function was handed")
	// ErrPoolFull: no connection or handle came free before the context ended.
	ErrPoolFull = errors.New("tenantdb: no free connection")
	// ErrUnavailable: the database cannot be reached, or the connection broke.
	ErrUnavailable = errors.New("tenantdb: database unavailable")
	// ErrOutcomeUnknown: the connection broke while the transaction was being committed. It may or may
	// not be in force: find out, or repeat it under the same idempotency key.
	ErrOutcomeUnknown = errors.New("tenantdb: outcome of the commit is unknown")
	// ErrUnsafe: the database or role is set up so that isolation would not hold; nothing was opened.
	ErrUnsafe = errors.New("tenantdb: refusing an unsafe database")
	// ErrQuota: the tenant's storage quota is used up.
	ErrQuota = errors.New("tenantdb: storage quota exceeded")
	// ErrSchema: the database's schema is not the one this version of the library works with.
	ErrSchema = errors.New("tenantdb: wrong schema version")
	// ErrNoSystem: system work was asked of a database opened without it.
	ErrNoSystem = errors.New("tenantdb: no system access configured")
)
