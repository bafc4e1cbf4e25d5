package consent

import (
	"context"
	"errors"
	"time"
)

// Errors of a [Store].
var (
	// ErrNotFound: there is no such text.
	ErrNotFound = errors.New("consent: there is no such thing")
	// ErrConflict: the entries do not follow the ledger's last one.
	ErrConflict = errors.New("consent: the ledger has gone on meanwhile")
	// ErrRefused: it must never be, such as an entry that is changed.
	ErrRefused = errors.New("consent: the store refuses what must never be")
	// ErrUnavailable: the store cannot be reached. Nothing but what is essential is allowed to whom it would have been asked about.
	ErrUnavailable = errors.New("consent: the store is not available")
	// ErrUnknown: whether it was recorded is not known. The same once more finds out, and is recorded once.
	ErrUnknown = errors.New("consent: whether it was recorded is not known")
	// ErrSchema: the store's tables are not those of this release.
	ErrSchema = errors.New("consent: the store has another schema")
)

// A Store keeps the ledger of each tenant. Package consentsql has one over SQLite and Postgres, and [NewMemory] is one for tests. Every
// call works on what is ctx's tenant's, joins the transaction that ctx carries, and fails closed: without a tenant, or with a
// ctx that has ended, it does nothing. Times are kept to the microsecond, UTC. What was written is durable when its transaction has
// committed. Implementations are safe for concurrent use by many processes.
//
// Entries and texts are never changed and never go, but with their tenant: the store refuses it with [ErrRefused], whoever asks.
type Store interface {
	// Tx runs f in one transaction: what f does in the store with the ctx it is given is in force together or not at all. It
	// joins the one that ctx carries, and then an error of f undoes that one. f may be run more than once.
	Tx(ctx context.Context, f func(ctx context.Context) error) error
	// InTx reports whether ctx carries a transaction that calls would join.
	InTx(ctx context.Context) bool

	// Head returns the end of the ledger, and the time by the store's clock. It needs a transaction, and until that ends nobody else
	// gets past it in the same tenant, in this process or any other.
	Head(ctx context.Context) (Head, error)
	// Write adds entries, which follow the end of the ledger ([ErrConflict]), with texts that they may be the first to name, and puts the
	// states they come to: one for each Who. Like Head it lets nobody else past the end before its transaction has ended, and one that
	// has not called Head may find that the ledger has gone on.
	//
	// ErrRefused: an entry whose Key is there already, or whose Text is not; that has no known Method, no Subject or no At; a text
	// whose Hash is not the SHA-256 of its Body; and a place, language or list of laws that is not one line of UTF-8. Texts that are there
	// already are left as they are. [CheckWrite] looks for what is wrong whatever the ledger holds.
	Write(ctx context.Context, entries []Entry, states []State, texts []Document) error
	// Keyed returns the entries that have one of keys, each once and in no order.
	Keyed(ctx context.Context, keys []Key) ([]Entry, error)

	// State returns what is known of who: the zero State if nothing. It is asked in every request of a user.
	State(ctx context.Context, who Who) (State, error)
	// States is State for several, in their order, and with a zero State in the place of each that is not known.
	States(ctx context.Context, whos []Who) ([]State, error)
	// Forget removes a state for good, and from the files of the database as soon as that can be. That there is none is no error.
	Forget(ctx context.Context, who Who) error

	// History returns the entries of a subject after a number, in order, limit at most: none for a limit of 0 or less.
	History(ctx context.Context, subject Subject, after uint64, limit int) ([]Entry, error)
	// Ledger returns all entries after a number, in order, limit at most.
	Ledger(ctx context.Context, after uint64, limit int) ([]Entry, error)
	// Document returns the text of a hash, or ErrNotFound.
	Document(ctx context.Context, text Hash) (Document, error)
}

// A Head is the end of a ledger. That of an empty one has no Seq and no Hash.
type Head struct {
	Seq  uint64
	Hash Hash
	Now  time.Time // by the store's clock
}
