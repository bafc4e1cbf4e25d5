package egress

import (
	"context"
	"time"
)

// A Store keeps the exports of each tenant. [NewMemory] is one for tests. A store over SQL keeps one row an export, with (tenant, id) as its
// primary key, and an index on (tenant, by, id).
//
// Every call works on what is ctx's tenant's, joins the transaction that ctx carries, and fails closed: without a tenant, or with a ctx
// that has ended, it does nothing. Times are kept to the microsecond, UTC. Implementations are safe for concurrent use by many processes.
type Store interface {
	// Tx runs f in one transaction: what f does in the store with the ctx it is given is in force together or not at all. It joins the
	// one that ctx carries, and then an error of f undoes that one.
	Tx(ctx context.Context, f func(ctx context.Context) error) error
	// Now returns the time by the store's clock.
	Now(ctx context.Context) (time.Time, error)
	// Create writes e with Version 1 if there is no export with its ID, and returns the one there is then.
	Create(ctx context.Context, e Export) (Export, error)
	// Export returns the one with the id, or ErrNotFound.
	Export(ctx context.Context, id string) (Export, error)
	// Save writes e over the export with its ID if that has e.Version still, and counts that up; of the Ask, it changes nothing. A store may
	// refuse what a Guard never does: an export that begins without having been Approved, or by whom it was asked for, or changes once it has ended.
	// ErrConflict: it has another one; ErrNotFound: there is none.
	Save(ctx context.Context, e Export) error
	// Taken sums up what a person's exports took that began after the time: Taken of those that have ended, Limit of those that have
	// not. In a transaction it locks the person until that ends, so that of two at once the second sees what the first one did.
	Taken(ctx context.Context, by Person, after time.Time) (Limit, error)
	// List returns the exports after an ID in the order of their bytes, limit at most: none for a limit of 0 or less.
	List(ctx context.Context, after string, limit int) ([]Export, error)
}
