package supportgrant

import (
	"time"

	"github.com/google/uuid"
)

// The limits of every grant, which are in the schema of stores too.
const (
	MaxLife = 7 * 24 * time.Hour  // how long a grant can be live
	MaxWait = 14 * 24 * time.Hour // how long a request can wait for its answer
	MaxPage = 200                 // rows of one guarded read
	MaxHold = 250 * time.Millisecond
)

// GrantRow is a grant as the store keeps it.
type GrantRow struct {
	ID      GrantID
	Version int64
	State   State // as kept: that it lapsed or expired is read off the clock
	Staff   Person
	Ticket  string
	Reason  string
	Scope   []string // names of categories, in order
	Care    bool
	Asked   time.Duration // whole seconds: the life asked for
	Wait    time.Duration // whole seconds: how long it may wait for its answer

	Requested    time.Time
	PendingUntil time.Time // Wait after Requested

	Life     time.Duration // whole seconds, at most Asked; 0: it was never approved
	Approved time.Time     // zero: never
	Expires  time.Time     // Life after Approved

	Ended     time.Time // zero: it has not
	EndedBy   Person    // "": the application or the clock
	EndReason string
}

// Find says which grants are looked for: those that fulfil all that is set.
type Find struct {
	Staff  Person
	Ticket string
	States []State // as kept; nil: all
	Before Place   // those requested before it; zero: all
	Limit  int     // 0: all
}

// Place is a place in an order by time: the time and ID of what is there.
type Place struct {
	At time.Time
	ID uuid.UUID
}

// IsZero reports whether p is no place.
func (p Place) IsZero() bool { return p == Place{} }

// Move is a change of a grant's state.
type Move struct {
	ID       GrantID
	Version  int64 // that it has before
	From, To State
	Life     time.Duration // To Approved: whole seconds
	By       Person        // To an end: who ended it; "": the application or the clock
	Why      string        // To an end
}

// ChallengeRow is a challenge as the store keeps it. Grant, Approver, Life and Nonce are what an [Intent] is made of again, with the
// rest of it from the grant.
type ChallengeRow struct {
	Digest   [32]byte // of the Intent, and the key
	Grant    GrantID
	Approver Person
	Life     time.Duration
	Nonce    [32]byte
	Method   string
	State    []byte        // up to 64 KiB
	For      time.Duration // how long it can be answered
}

// ProofRow is a proof of approval as the store keeps it.
type ProofRow struct {
	Grant             GrantID
	Digest            [32]byte
	Approver          Person
	Life              time.Duration
	Nonce             [32]byte
	Method            string
	PhishingResistant bool
	Proof             []byte // up to 64 KiB; nil comes back as nil
	At                time.Time
}

// Entry is a line of the log that the customer sees. It holds no value of a row but the keys that were asked for.
type Entry struct {
	ID       uuid.UUID // version 7
	At       time.Time
	Kind     Kind
	Grant    GrantID
	Ticket   string   // of the grant: the store fills it in when it is read, and keeps none
	By       Person   // who did it; "": the application or the clock
	Category string   // of a read
	Resource string   // of a read
	Columns  []string // that were read
	Matched  []string // columns by whose values rows were picked; the values are not kept
	Keys     []string // of a read of one row: the values of the resource's Key, as text
	After    []string // of a later page: those of the row it begins after
	Limit    int      // of a read: how many rows at most
	Why      string   // of a refusal, a denial or an end
}

// Kind is what an [Entry] tells.
type Kind string

// The kinds. Those of steps have the names of the states that they lead to.
const (
	KindRequested Kind = "requested"
	KindConfirmed Kind = "confirmed" // one of two approvals of a grant with care
	KindApproved  Kind = "approved"
	KindDenied    Kind = "denied"
	KindCancelled Kind = "cancelled"
	KindLapsed    Kind = "lapsed"
	KindWithdrawn Kind = "withdrawn"
	KindExpired   Kind = "expired"
	KindRead      Kind = "read"    // data was about to be read: it is written before
	KindRefused   Kind = "refused" // a read, or an answer to a challenge
)

// Look narrows a log to what fulfils all that is set.
type Look struct {
	Grant GrantID
	Staff Person // who asked for the grant, not who did the step
	Kinds []Kind // nil: all
}

// NoteRow is a note in the outbox.
type NoteRow struct {
	Key   string // unique in the tenant for ever: a note is told once
	Kind  NoticeKind
	Grant GrantID
	At    time.Time     // when it was posted
	Delay time.Duration // it is due that long after; whole seconds
}

// NoticeKind is what is told.
type NoticeKind string

// The kinds of notices.
const (
	NoticeRequested NoticeKind = "requested"
	NoticeApproved  NoticeKind = "approved"
	NoticeFirstRead NoticeKind = "first_read"
	NoticeDigest    NoticeKind = "digest" // of the reads of a day
	NoticeEnded     NoticeKind = "ended"
)
