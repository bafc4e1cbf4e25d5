package audit

import (
	"context"
	"net/netip"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// Event is something that happened, in the tenant of the context it is recorded with. Only Action must be set.
//
// What identifies or describes a person is erasable: it enters the log as a salted commitment, and the text
// is kept beside it until it is erased. That is the ID, Name and Email of a Party with Person set, the
// IP, UserAgent and Session of Source, Reason, and what [Personal] marks in Data. All else stands in the log
// in clear text for ever: do not put personal values there.
type Event struct {
	ID      uuid.UUID // idempotency key: the log holds one event of an id; zero: a new one
	Time    time.Time // when it happened, kept to the microsecond; zero: now
	Action  Action
	Outcome Outcome
	Actor   Party          // who did it
	Targets []Party        // on whom or what; at most 16
	Source  Source         // from where
	Reason  string         // why: free text, so personal: it belongs to the actor
	Data    map[string]any // string, bool, int, int64, uint64, float64, time.Time, []string, or Personal's
}

// Outcome is how it ended.
type Outcome uint8

// The outcomes.
const (
	Success   Outcome = iota
	Failure           // it was allowed, and failed
	Denied            // it was not allowed
	Attempted         // it is about to be tried; an event with its outcome follows
)

// String returns "success", "failure", "denied" or "attempted".
func (o Outcome) String() string {
	return [...]string{"success", "failure", "denied", "attempted"}[min(o, Attempted)]
}

// Party is somebody or something that acts or is acted on.
type Party struct {
	Type   string // such as "user", "token", "document": 1 to 64 characters of a-z, 0-9, "_", "." and "-"
	ID     string
	Name   string
	Email  string
	Person bool // a data subject: ID, Name and Email are erasable
}

// Subject names a data subject in the whole application.
func (p Party) Subject() Subject { return SubjectOf(p.Type, p.ID) }

// Subject names a data subject, or anything else that can be looked for: a type and an id, such as "user:42".
type Subject string

// SubjectOf returns the subject of that type and id.
func SubjectOf(typ, id string) Subject { return Subject(typ + ":" + id) }

// Source is where an event came from.
type Source struct {
	IP        netip.Addr // erasable
	UserAgent string     // erasable
	Session   string     // erasable; an identifier, never the secret of a session
	RequestID string
	TraceID   string // of W3C Trace Context
}

// Personal marks a value of [Event.Data] as erasable, with the person it is about.
func Personal(who Subject, value string) PersonalValue { return PersonalValue{who, value} }

// PersonalValue is what [Personal] returns.
type PersonalValue struct {
	who   Subject // unknown in a Record
	value string
}

// Value returns the value.
func (v PersonalValue) Value() string { return v.value }

// IDFor returns the event id for a name that is unique in the tenant, such as that of a job and its step:
// recorded twice under it, an event is in the log once (RFC 9562, version 5).
func IDFor(name string) uuid.UUID { return uuid.NewSHA1(space, []byte(name)) }

var space = uuid.MustParse("6f1c3e64-0c5b-5a5e-9d0b-6a1f7c1f4d7a")

// Receipt says where an event is in the log.
type Receipt struct {
	Tenant tenancy.ID
	ID     uuid.UUID
	Seq    uint64   // place in the tenant's log, from 0
	Hash   [32]byte // of the leaf, as in RFC 6962
	Again  bool     // it was there before: Hash is that one's
	// Pending: the event commits with the transaction it was recorded in, and gets its place after that;
	// Seq and Hash mean nothing yet.
	Pending bool
}

// Recorder is what the other packages of this library record with. *[Log] is one.
type Recorder interface {
	// Record records e in the tenant of ctx: durably when it returns, or, inside a tenantdb transaction
	// that ctx carries, together with it. If it fails, what e describes must not happen.
	Record(ctx context.Context, e Event) error
}
