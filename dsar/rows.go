package dsar

import (
	"encoding/hex"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
)

// ID names a request, a hold or what else is kept here: 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.'. It stands in the audit log for
// ever, so it names no person.
type ID string

// Ref stands for a person: it is the same each time, and tells nothing to who lacks the key it was made with. The zero Ref is nobody's.
type Ref [32]byte

// IsZero reports whether r is nobody's.
func (r Ref) IsZero() bool { return r == Ref{} }

// String returns r in hex digits.
func (r Ref) String() string { return hex.EncodeToString(r[:]) }

// RequestRow is a request as the store keeps it. But for Sealed it holds no personal data.
type RequestRow struct {
	ID      ID
	Version int64 // 1 at first, and one more with each change
	State   State
	Kind    Kind
	Subject string // the kind of the map's [Subject]
	Ref     Ref    // whose data it is about
	Law     string // as package deadline names it
	Map     string // hash of the map when it was received

	Received     time.Time // not after it was added
	Since        time.Time // from when its clock counts: Received, or an earlier time if one that joined it was received then
	Acknowledged time.Time // zero: not yet; so are the others
	Verified     time.Time
	Method       string // how who asks was identified: "session"
	Approved     time.Time
	Plan         string    // the hash that was approved
	Until        time.Time // of an erasure that was approved: when it can no longer be taken back
	Extended     time.Time // when the person was told that it takes longer
	Pauses       []deadline.Pause
	Ended        time.Time
	Closed       time.Time

	// The deadlines that follow from the times above, the first moment at which it is late; zero: none.
	AckBy, ExtendBy, Due time.Time

	Outcome  Outcome  // "": not known yet
	Ground   Ground   // of Refused
	Into     ID       // of Joined: the request that it joined
	Purposes []string // of the map, that a restriction, objection or withdrawal is for; none: all

	// Sealed is what identifies the person and what they wrote; nil once it is shredded, and of every request that is closed.
	Sealed []byte

	Next  time.Time // when there is something to be done; zero: nothing, until somebody does something
	Tries int       // failures of what is to be done next

	Lease  string    // of the worker that has it; "": none. Set by Claim, Renew and Free alone
	Leased time.Time // until when
}

// Find says which requests are looked for: those that fulfil all that is set.
type Find struct {
	Ref    Ref
	States []State // nil: all
	Kinds  []Kind  // nil: all
	After  Place   // those behind that place; zero: from the first
	Limit  int     // 0: all
}

// Place is a place in the order of requests: by Due, those without one last, and then by ID.
type Place struct {
	Due time.Time
	ID  ID
}

// Claiming says what a worker would do.
type Claiming struct {
	ID    ID     // that one alone, and whether or not its Next has come; "": any
	Lease string // names the worker's lease: 1 to 64 characters, random
	For   time.Duration
	Limit int
}

// StepRow is a step of a request as the store keeps it. It holds no personal data.
type StepRow struct {
	Request ID
	Name    string // unique in the request: "hide", "outside mail", "erase"
	Tries   int
	Begun   time.Time // when it was first tried
	Done    time.Time // zero: it is not
	Why     string    // what the last failure was: a word, and no error's text
	Result  []byte    // what came of it, as JSON; nil: nothing yet
}

// EventRow is a line of what happened with a request. It holds no personal data.
type EventRow struct {
	Request ID
	Seq     int64 // from 1, without gaps; set by the store
	At      time.Time
	Kind    string // as the audit log names it: "dsar.verified"
	By      string // the type of who did it and, of a person, what stands for them: "user 3f…", "system"
	What    string // more of it, in words of this package: the step, the ground, the cause
}

// HoldRow is a legal hold as the store keeps it: nothing of what it is on is erased while it is in force. It is on a person, on a table,
// on both, which is on the person's rows of the table, or on neither: on the whole tenant.
type HoldRow struct {
	ID       ID
	Ref      Ref    // zero: of no one person
	Table    string // of the map; "": all
	Basis    string // "GDPR Art. 17(3)(e), case 17/2026": no personal data in it
	By       string // as in EventRow
	Placed   time.Time
	Until    time.Time // zero: until it is released
	Released time.Time // zero: it is not
	Why      string    // of the release: no personal data in it
}

// In reports whether the hold is in force at a time.
func (h *HoldRow) In(now time.Time) bool {
	return h.Released.IsZero() && (h.Until.IsZero() || now.Before(h.Until))
}

// On reports whether the hold is on a table's rows of a person. With "" it is asked whether it is on the person, wherever their rows are.
func (h *HoldRow) On(r Ref, table string) bool {
	return (h.Ref.IsZero() || h.Ref == r) && (h.Table == "" || h.Table == table)
}

// RestraintRow says that something may not be done with a person's data: Art. 18 and 21 GDPR, a consent that was withdrawn, a sale that
// was objected to. It stays when the request that it came from goes.
type RestraintRow struct {
	Ref     Ref
	Kind    Kind   // Restriction, Objection, ConsentWithdrawal or OptOutSale
	Purpose string // of the map; "": all
	Request ID     // that it came from
	Since   time.Time
	Lifted  time.Time // zero: it is in force
}

// RetentionRow is a tenant's own period for a category of the map's [Retention].
type RetentionRow struct {
	Category string
	For      Period
	By       string // as in EventRow
	Set      time.Time
}
