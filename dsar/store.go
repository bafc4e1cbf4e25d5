package dsar

import (
	"context"
	"errors"
	"time"
)

// What requests are refused for. Those of engines are beside [Eraser].
var (
	// ErrNotFound: the tenant has no such request, hold or setting.
	ErrNotFound = errors.New("dsar: there is none of that id")
	// ErrExists: the id is taken by another, or the person has an open request of that kind.
	ErrExists = errors.New("dsar: there is one already")
	// ErrConflict: somebody else changed it meanwhile.
	ErrConflict = errors.New("dsar: somebody else changed it meanwhile")
	// ErrLease: another worker has it, or it was kept too long.
	ErrLease = errors.New("dsar: another worker has the request")
	// ErrRefused: the store refuses what must never be: see [Store].
	ErrRefused = errors.New("dsar: the store refuses what must never be")
	// ErrUnknown: the connection broke while it was being committed. It may or may not be in force; the same call again returns what
	// came of it.
	ErrUnknown = errors.New("dsar: the outcome is not known")
	// ErrUnavailable: the store or the audit log cannot be asked, so nothing is done.
	ErrUnavailable = errors.New("dsar: not available")
	// ErrSchema: tables are not as this release has them.
	ErrSchema = errors.New("dsar: the schema is another one")
)

// Store keeps requests and what belongs to them. Package dsarsql has one over SQLite and Postgres, and [NewMemory] is one for tests.
// Every call works on what is ctx's tenant's, joins the transaction that ctx carries, and fails closed: without a tenant, or with a ctx
// that has ended, it does nothing. ErrNotFound and ErrExists are answers and do not undo the transaction, every other error does. Times
// are UTC, to the microsecond; what rows are given as times comes back, and is what [Store.Now] said, but for Received and those of
// deadlines. Text is UTF-8 without NUL and comes back as it was, bytes too; an empty list or no bytes comes back as nil. What was written is
// durable when its transaction has committed. Implementations are safe for concurrent use by many processes, or say that they are for one.
//
// What must never be is refused with [ErrRefused], whoever asks for it, raw SQL too:
//   - a request that begins in another state than Open, a move that [State.May] does not know, any change of one that is closed;
//   - another kind, subject, ref, law or time of receipt than the request began with; a Since after Received, or one that becomes later; a time among Verified, Approved, Ended and Closed that
//     changes once it is set, but for Approved, which may become zero or another on the way to or from Verified;
//   - Verified, Approved or Working without the time of its Verified; an erasure that is Approved or Working without a Plan;
//   - Ending or Closed without an Outcome, an Outcome elsewhere, one that changes; Refused without a Ground; Joined without an Into;
//   - Closed with something Sealed; any other state without;
//   - a step that is Done and changes; an event that changes or goes before its request does;
//   - a hold that changes, but for its release, once; a hold or a restraint that is in force and goes;
//   - the end of a request that is not closed.
type Store interface {
	// Tx runs f in one transaction: what f does in the store with the ctx it is given is in force together or not at all. It joins the
	// one that ctx carries, and then an error of f undoes that one. f may be run more than once.
	Tx(ctx context.Context, f func(ctx context.Context) error) error
	// InTx reports whether ctx carries a transaction that calls would join.
	InTx(ctx context.Context) bool
	// Now returns the time by the store's clock: that of the moment, in a transaction too.
	Now(ctx context.Context) (time.Time, error)

	// Add adds a request in state Open, of version 1, without a lease. If there is one of that ID it returns that one, and ErrExists.
	Add(ctx context.Context, r RequestRow) (RequestRow, error)
	// Request returns the request with that ID, or ErrNotFound. Inside a transaction nobody else can change it until that ends; what
	// it returns there is the newest, not that of an earlier snapshot.
	Request(ctx context.Context, id ID) (RequestRow, error)
	// Update writes r over the request of its ID, but for Lease and Leased, if that is of r.Version: ErrConflict else, ErrNotFound if there is
	// none. It adds one to Version and returns the row as it is then. A person has at most one request of each kind in the states
	// Verified, Approved and Working: of another that would come there it is ErrExists, and nothing is changed. Of two that come at once, one does.
	Update(ctx context.Context, r RequestRow) (RequestRow, error)
	// Requests returns those that f finds, in the order of [Place].
	Requests(ctx context.Context, f Find) ([]RequestRow, error)
	// Claim returns requests whose Next is set and has come, and which nobody has a lease of that has not ended; those first whose Next
	// is first, then by ID, at most c.Limit. It gives them the lease for that long from now. Of many who claim at once each gets others. It is
	// not an error if there are none. With c.ID it is that request alone, whatever its Next is. Version stays as it is.
	Claim(ctx context.Context, c Claiming) ([]RequestRow, error)
	// Renew makes the lease of a request end that long after now. ErrLease: the request has not that lease, or it has ended.
	Renew(ctx context.Context, id ID, lease string, d time.Duration) error
	// Free takes a lease off its request. If the request has not that lease nothing happens.
	Free(ctx context.Context, id ID, lease string) error
	// Purge removes requests that were closed before a time, the one closed first first, at most limit, with their steps and events. It
	// returns how many. A time that is not before now is ErrRefused.
	Purge(ctx context.Context, before time.Time, limit int) (int, error)

	// PutStep writes a step, over the one of its Request and Name if there is one. ErrNotFound: there is no such request.
	PutStep(ctx context.Context, s StepRow) error
	// Steps returns those of a request, in the order of Begun and then of Name; none if there is no such request.
	Steps(ctx context.Context, id ID) ([]StepRow, error)
	// Append adds an event behind those of its request, at now, and returns it. ErrNotFound: there is no such request.
	Append(ctx context.Context, e EventRow) (EventRow, error)
	// Events returns those of a request in the order of Seq; none if there is no such request.
	Events(ctx context.Context, id ID) ([]EventRow, error)

	// AddHold adds a hold, placed now and not released. If there is one of that ID it returns that one, and ErrExists. It is committed
	// before any later call of Holds, of any process, returns.
	AddHold(ctx context.Context, h HoldRow) (HoldRow, error)
	// ReleaseHold releases a hold now, and returns it. One that was released before stays as it was. ErrNotFound: there is none.
	ReleaseHold(ctx context.Context, id ID, why string) (HoldRow, error)
	// Holds returns all holds, those in force alone unless ended is set, in the order of Placed and then of ID. In a transaction too it
	// sees every hold that was committed before it was called.
	Holds(ctx context.Context, ended bool) ([]HoldRow, error)

	// AddRestraint adds a restraint since now. If one of that Ref, Kind and Purpose is in force nothing changes.
	AddRestraint(ctx context.Context, r RestraintRow) error
	// Lift ends the restraint of that Ref, Kind and Purpose that is in force, now: ErrNotFound if none is.
	Lift(ctx context.Context, ref Ref, k Kind, purpose string) error
	// Restraints returns those of a person that are in force, in the order of Kind and Purpose.
	Restraints(ctx context.Context, ref Ref) ([]RestraintRow, error)

	// SetRetention writes a tenant's period for a category, set now, over the one there is. A Period that is zero removes it: then the map's holds.
	SetRetention(ctx context.Context, r RetentionRow) error
	// Retentions returns all of them, in the order of Category.
	Retentions(ctx context.Context) ([]RetentionRow, error)
}
