package breach

import (
	"context"
	"errors"
	"time"
)

// Errors of this package.
var (
	// ErrEntry: an entry is malformed, or does not fit what its breach has come to.
	ErrEntry = errors.New("breach: bad entry")
	// ErrKey: another entry has the key already.
	ErrKey = errors.New("breach: the key was used for another entry")
	// ErrLate: what was done late needs a reason.
	ErrLate = errors.New("breach: it was late, and no reason is given")
	// ErrOpen: a breach cannot be closed while a duty is open.
	ErrOpen = errors.New("breach: a duty is open")
	// ErrNotFound: there is no such breach.
	ErrNotFound = errors.New("breach: there is no such breach")
	// ErrConflict: the entry does not follow the last one of its breach.
	ErrConflict = errors.New("breach: the breach has gone on meanwhile")
	// ErrTampered: the entries of a breach are not what was written.
	ErrTampered = errors.New("breach: the entries were changed")
	// ErrRule: a rule contradicts itself or does not say where it is from, or there is none for a law.
	ErrRule = errors.New("breach: bad rule")
)

// A Store keeps the register of each tenant. [NewMemory] is one for tests. A store over SQL keeps one row an entry, with (tenant, breach,
// seq) as its primary key and (tenant, breach, key) unique, and takes from the application's role the right to update and delete.
//
// Every call works on what is ctx's tenant's, joins the transaction that ctx carries, and fails closed: without a tenant, or with a ctx
// that has ended, it does nothing. What was written is durable when its transaction has committed. Entries are never changed and never
// go, but with their tenant. Times are kept to the microsecond, UTC. Implementations are safe for concurrent use by many processes.
type Store interface {
	// Tx runs f in one transaction: what f does in the store with the ctx it is given is in force together or not at all. It joins the
	// one that ctx carries, and then an error of f undoes that one.
	Tx(ctx context.Context, f func(ctx context.Context) error) error
	// Now returns the time by the store's clock.
	Now(ctx context.Context) (time.Time, error)
	// Append adds an entry at the end of its breach. ErrConflict: Seq is not the number of the breach's entries and one, Prev is not the
	// Hash of the last of them (zeros for the first), or the breach has an entry with the Key. Of two at once, one gets it.
	Append(ctx context.Context, e Entry) error
	// Entries returns the entries of a breach in the order of Seq, or ErrNotFound if it has none.
	Entries(ctx context.Context, id ID) ([]Entry, error)
	// List returns the breaches after an ID in the order of their bytes, limit at most: none for a limit of 0 or less.
	List(ctx context.Context, after ID, limit int) ([]ID, error)
}
