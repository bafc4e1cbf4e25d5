package supportgrant

import (
	"context"
	"time"
)

// Store keeps grants, what was read under them, and what is to be told of them. Package supportgrantsql has one over SQLite and Postgres,
// and [NewMemory] is one for tests. Every call works on what is ctx's tenant's and fails closed: without a tenant, or with a ctx
// that has ended, it does nothing. Where nothing else is said a call joins the transaction that ctx carries; ErrNotFound, ErrExists,
// ErrStale and ErrTooMany are answers and do not undo it, every other error does. Times are of the store's own clock, UTC, to the
// microsecond, and set by it: those in rows that it is given are ignored. Text is UTF-8 without NUL and comes back as it was. An
// error at commit that leaves open what is in force wraps [ErrUnknown]; a store that cannot be reached is [ErrUnavailable], one
// with other tables [ErrSchema]. Implementations are safe for concurrent use by many processes, or say that they are for one.
//
// What must never be is refused with [ErrRefused], whoever asks for it, raw SQL too:
//   - a grant that begins in another state than Requested, a move that [State.May] does not know, any change of one that has ended, and
//     the end of any row: nothing here is ever deleted but sent notes;
//   - another tenant, staff, ticket, reason, scope, care, life asked for, or time of request than the row began with;
//   - a ticket of 0 or more than 128 characters, a reason of less than 10 or more than 1000, a scope that is empty or has a name for
//     which [Excluded] knows a family, a life of 0 or more than [MaxLife], a wait of more than [MaxWait];
//   - Approved without a proof, or with care without two of different approvers; by who asked; for longer than was asked for or
//     than one of its proofs says; from PendingUntil on; with another end than its life after the approval, or a later one than it had. Ends may only come sooner;
//   - Lapsed before PendingUntil, Expired before Expires;
//   - a proof or an entry of the log that changes; a proof by who asked, of a grant that is not Requested, for a longer life than was
//     asked for, or without a burned challenge of its digest, grant, approver and life.
type Store interface {
	// Tx runs f in one transaction: what f does in the store with the ctx it is given is in force together or not at
	// all. It joins the one that ctx carries, and then an error of f undoes that one. f may be run more than once. Few transactions
	// come beside many reads: one that waits for a writer that reads use too goes before them, and no withdrawal fails because
	// a database is busy.
	Tx(ctx context.Context, f func(ctx context.Context) error) error
	// InTx reports whether ctx carries a transaction that calls would join.
	InTx(ctx context.Context) bool

	// AddGrant adds a grant in state Requested, of version 1, requested now and pending for Wait. If there is one of that ID it
	// returns that one, and ErrExists.
	AddGrant(ctx context.Context, g GrantRow) (GrantRow, error)
	// Grant returns the grant with that ID, and the time, or ErrNotFound. Inside a transaction nobody else can change
	// it until that ends; what it returns there is the newest, not that of an earlier snapshot.
	Grant(ctx context.Context, id GrantID) (GrantRow, time.Time, error)
	// Grants returns those that f finds, the one requested last first (then by descending ID), and the time.
	Grants(ctx context.Context, f Find) ([]GrantRow, time.Time, error)
	// Move brings a grant from one state to another, if it is in From and of that Version: ErrConflict else. It sets Approved or Ended
	// to now, Expires to Life after Approved, and adds one to Version. It returns the row as it is then.
	Move(ctx context.Context, m Move) (GrantRow, error)

	// AddChallenge adds a challenge that can be burned for c.For from now, of a grant that is there: ErrNotFound. ErrTooMany if its
	// approver has had most of them for its grant.
	AddChallenge(ctx context.Context, c ChallengeRow, most int) error
	// Burn marks a challenge as used and returns it: ErrStale if there is none of that digest, it was used before, or its time is over.
	// Of many who burn one at once, one gets it. It is committed when Burn returns, and joins no transaction.
	Burn(ctx context.Context, digest [32]byte) (ChallengeRow, error)
	// AddProof adds a proof of approval of a grant: one of each digest, and of each approver; ErrExists else.
	AddProof(ctx context.Context, p ProofRow) error
	// Proofs returns those of a grant, oldest first.
	Proofs(ctx context.Context, id GrantID) ([]ProofRow, error)

	// Read is one guarded read: see [Reading] for what it must do in which order. It joins no transaction, and is refused with
	// ErrInTransaction in one.
	Read(ctx context.Context, r Reading, handOver func(ctx context.Context, rows Rows) error) error
	// Drain returns when no hold of those grants that was taken before it was called is held any more, in this process and in every
	// other: the barrier of a withdrawal, which has committed by then. New holds may be taken meanwhile and do not keep it: they see
	// what was committed. When ctx ends it gives up with ErrStillReading, after ending what it can of them. In a transaction
	// it is ErrInTransaction.
	Drain(ctx context.Context, ids ...GrantID) error
	// Reserve takes up to n reads from the grant's budget of most, and returns how many it got: 0 when all are taken. What was
	// reserved and not used is lost.
	Reserve(ctx context.Context, id GrantID, n, most int64) (int64, error)

	// Append adds an entry to the tenant's log, at now. It is there once however often it is appended under its ID.
	Append(ctx context.Context, e Entry) error
	// Log returns entries, the newest first, and among those of one time by descending ID: those before that place, at most
	// limit. The zero Place is before none. f narrows it.
	Log(ctx context.Context, f Look, before Place, limit int) ([]Entry, error)

	// Post adds a note to the outbox, unless one of that Key is or was there.
	Post(ctx context.Context, n NoteRow) error
	// Claim returns notes that are due, the one due first first, at most limit, and keeps them from other claims for that long.
	Claim(ctx context.Context, limit int, lease time.Duration) ([]NoteRow, error)
	// Sent forgets a note, but not its Key.
	Sent(ctx context.Context, key string) error

	// Catalogue returns what [Service.Inspect] compares with the registry.
	Catalogue(ctx context.Context, registry []Resource) (Catalogue, error)
}

// Reading is a guarded read, as a [Store] does it. The order is what the promises of this package rest on.
//
//  1. A transaction of its own finds the grant live by the store's clock, or it is [ErrNotGranted]; adds Entry to the log, at now;
//     calls Record if that is not nil, with a ctx that carries this transaction; and commits, durably (on SQLite synchronous=FULL). An
//     error of Record undoes it, and is the error of Read. Whether the log is ahead of the clock may be left to step 3: then the
//     log tells of a read that was refused.
//  2. A hold of the grant, shared among reads, is taken. [Store.Drain] waits for it. It may be taken before step 1.
//  3. The grant is found live once more, by a snapshot that is not older than the hold: the hold first, and the check in a later
//     statement, because a statement sees the database as it was before it began to wait for a lock. One check serves for
//     both if the hold was taken before step 1.
//  4. The data statement runs, in a view in which nothing can be written, at READ COMMITTED and on the primary only; on Postgres
//     the database itself demands that Entry is committed.
//  5. handOver gets the rows, once, and with a ctx that ends Hold after the hold was taken. It reads them all before it shows any. The
//     hold ends after handOver has returned or panicked, and not before, whatever it took: what is too slow is seen by Drain.
//
// A commit in step 1 of which the outcome is not known is [ErrUnknown], and no row is handed over. An error of handOver is the
// error of Read. Data that cannot be read in time is [ErrTooSlow].
//
// A grant is live if it is in state [Approved], its Staff is Staff, its Scope has Category, the time is not before its Approved and is before its
// Expires, and the log has no entry of the grant more than a second after that time: a clock that went back opens nothing
// until it has caught up.
type Reading struct {
	Entry    Entry // its Grant, By (the staff), Category and Resource are what the grant is checked for
	Query    Query
	Hold     time.Duration
	Record   func(ctx context.Context, now time.Time) error
	Resource Resource
}

// Rows are what a data statement returned, in the order of its columns, as *sql.Rows has them.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}

// Query says which rows of a [Resource] are read. The service has checked it against the registry.
//
// Rows are those that fulfil all of Resource.Where and Match, of the tenant, in rising order of the resource's Key, from after
// After on, at most Limit. Rows with care (see [Resource].Care) are among them only if the grant has care: the store
// tells by the grant it checked. A column "a.b.c" is the scalar at path b.c in the JSON of column a, as text as it stands in JSON
// but for strings, which come without quotes; NULL for what is no scalar: what has parts could hold anything.
type Query struct {
	Columns []string    // of Resource.Columns
	Match   []Condition // at a path with a string
	After   []any       // values of Resource.Key, as Rows told them; nil: from the first
	Limit   int
}

// Catalogue is what the tenant's database is made of.
type Catalogue struct {
	Tables []Table // all tables and views that a [Resource] could name, with all their columns, those of stores of this library too
	// What is wrong with how the database itself holds the registry: privileges, policies, views that run as their owners. What is an
	// error keeps reads from beginning.
	Rules    []Rule
	Findings []Finding
}

// Table is a table or view.
type Table struct {
	Name    string // as [Resource].Table names it
	Columns []Column
}

// Column is a column of a [Table].
type Column struct {
	Name string
	JSON bool // it holds JSON, by its type
}
