package supportgrant

import "errors"

// What callers branch on. Errors hold no name, no row's value and nothing of a reason.
var (
	// ErrNotGranted: there is no live grant for this reader, this resource and now. It says no more: why is in the log.
	ErrNotGranted = errors.New("supportgrant: not granted")
	// ErrStale: what was answered is not open any more: the challenge was answered before, or is too old, or the request has ended or
	// was shown otherwise. Begin anew.
	ErrStale = errors.New("supportgrant: too late, or not what was shown")
	// ErrSelfApproval: who asked for the grant, or somebody else of the staff, would approve it.
	ErrSelfApproval = errors.New("supportgrant: staff approves no grant")
	// ErrNotAllowed: who acts may not: an approver who is no owner or admin of the tenant, a requester who is not of the staff.
	ErrNotAllowed = errors.New("supportgrant: not allowed")
	// ErrNotFound: the tenant has no such grant.
	ErrNotFound = errors.New("supportgrant: there is no such grant")
	// ErrExists: the id is one of another request.
	ErrExists = errors.New("supportgrant: the id is taken by another request")
	// ErrInvalid: it cannot be asked for like that: see [InvalidError].
	ErrInvalid = errors.New("supportgrant: invalid")
	// ErrInTransaction: the call was made in a transaction of the caller's, and what it promises would not hold in one: a read whose
	// audit row is not committed, a withdrawal that is not in force, an answer that could be given twice. Or it was made by a
	// function of [Use], and would wait for that.
	ErrInTransaction = errors.New("supportgrant: not inside of a transaction")
	// ErrStillReading: the withdrawal is in force, and no new read begins; but a read from before still holds its rows. Withdraw
	// again to wait for it again.
	ErrStillReading = errors.New("supportgrant: a read from before still holds its rows")
	// ErrTooSlow: the rows could not be read and handed over in the time that a read may hold a grant.
	ErrTooSlow = errors.New("supportgrant: the read held its grant for too long")
	// ErrUnknown: the connection broke while it was being committed. It may or may not be in force; the same call again
	// returns what came of it.
	ErrUnknown = errors.New("supportgrant: the outcome is not known")
	// ErrUnavailable: the store, the directory or the audit log cannot be asked, so nothing is granted.
	ErrUnavailable = errors.New("supportgrant: not available")
	// ErrSchema: tables are not as this release, or the registry, has them.
	ErrSchema = errors.New("supportgrant: the schema is another one")
	// ErrRefused: the store refuses what must never be: see [Store].
	ErrRefused = errors.New("supportgrant: the store refuses what must never be")
	// ErrConflict: somebody else changed it meanwhile.
	ErrConflict = errors.New("supportgrant: somebody else changed it meanwhile")
)

// InvalidError says what of a request is wrong, and repeats nothing of it. It is an [ErrInvalid].
type InvalidError struct {
	Field string // such as "ticket"
	Why   string
}

func (e *InvalidError) Error() string { return "supportgrant: invalid " + e.Field + ": " + e.Why }

// Unwrap returns [ErrInvalid].
func (e *InvalidError) Unwrap() error { return ErrInvalid }
