package processor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Processor is one external processor. Its methods are for ctx's tenant, are safe for concurrent use, and may be called again with the same
// job: the processor outside knows it by Job.Key.
//
// An Outcome that comes with an error still says what is known; its State is then [Unconfirmed] or, if the error wraps [ErrRefused],
// [Refused]. An error that wraps [ErrAgain] says that the same call may succeed later.
type Processor interface {
	// Name is what the map of package dsar calls it: dsar.Processor.Erasure. It never changes.
	Name() string
	// Erase tells it to erase what it has about the person.
	Erase(ctx context.Context, j Job) (Outcome, error)
	// Export asks for what it has, and writes it to w if it comes at once or is ready. What was written before an error is worthless.
	Export(ctx context.Context, j Job, w io.Writer) (Outcome, error)
	// Status asks what became of the job with the key. It needs no identities.
	Status(ctx context.Context, j Job) (Outcome, error)
}

// Job is what a processor is told. It holds personal values, and prints as nothing but its key.
type Job struct {
	Request    string // the id of the request: the same each time
	Key        string // the idempotency key at this processor: [Set] fills it in
	Verb       Verb   // [Set] fills it in
	Law        string // under which the person asks: "gdpr", "ccpa"
	Submitted  time.Time
	Due        time.Time // by when it has to be done; zero: not said
	Identities []Identity
}

// Format writes the key, whatever the verb.
func (j Job) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "processor.Job("+j.Key+")") }

// LogValue is the key.
func (j Job) LogValue() slog.Value { return slog.StringValue("processor.Job(" + j.Key + ")") }

// MarshalText is an error: a job is not written down by accident.
func (j Job) MarshalText() ([]byte, error) { return nil, errors.New("processor: a job is not text") }

// Verb is what is asked for.
type Verb string

// The verbs.
const (
	Erase  Verb = "erase"
	Export Verb = "export"
)

// Identity is one value by which a processor may know the person.
type Identity struct {
	Type  string // [Email], [CustomerID], one of the others, or what a webhook's receiver understands
	Value redact.Secret[string]
}

// The types of identities that OpenDSR 2.0 knows (specification.md, 5.1).
const (
	CustomerID             = "controller_customer_id" // the id that the controller gave the person
	Email                  = "email"
	AndroidAdvertisingID   = "android_advertising_id"
	AndroidID              = "android_id"
	FireAdvertisingID      = "fire_advertising_id"
	IOSAdvertisingID       = "ios_advertising_id"
	IOSVendorID            = "ios_vendor_id"
	MicrosoftAdvertisingID = "microsoft_advertising_id"
	MicrosoftPublisherID   = "microsoft_publisher_id"
	RokuPublisherID        = "roku_publisher_id"
	RokuAdvertisingID      = "roku_advertising_id"
)

// State is how far a job has come at a processor.
type State string

// The states.
const (
	Unconfirmed State = "unconfirmed" // nothing is known for certain: the zero Outcome's
	Accepted    State = "accepted"    // it took the job, and has not done it yet
	Refused     State = "refused"     // it said no
	Nothing     State = "nothing"     // it had nothing of the person
	Done        State = "done"        // it says that it did it
)

// Final reports whether no later answer changes s.
func (s State) Final() bool { return s == Done || s == Nothing }

// Outcome is what is known of a job. It holds no personal data.
type Outcome struct {
	State    State     `json:"state"`              // "" is Unconfirmed
	Why      string    `json:"why,omitempty"`      // a word of this package: "timeout", "status 503", "signature"
	Records  int64     `json:"records,omitempty"`  // how many it says there were; 0: not said
	Expected time.Time `json:"expected,omitzero"`  // when it expects to be done
	Evidence string    `json:"evidence,omitempty"` // "sha256:" and hex digits, of the bytes of the answer
}

// What callers branch on. No error of this package holds a personal value, an address or an answer.
var (
	// ErrAgain: it did not succeed now, and may later.
	ErrAgain = errors.New("processor: not now")
	// ErrRefused: the processor said no.
	ErrRefused = errors.New("processor: refused")
	// ErrAnswer: the answer is not one, or is to something else.
	ErrAnswer = errors.New("processor: not an answer to the job")
	// ErrSignature: the answer is not signed by whom it should be.
	ErrSignature = errors.New("processor: the answer's signature is not the processor's")
	// ErrAddress: the address is inside of the network, or not one of https.
	ErrAddress = errors.New("processor: not an address to send to: it takes https, and a public address or one of Guard.Inside")
	// ErrIdentities: the processor knows people by none of the identities.
	ErrIdentities = errors.New("processor: none of the identities is of a type that the processor knows")
	// ErrNotFound: there is no such call, or no such processor.
	ErrNotFound = errors.New("processor: there is none")
	// ErrConflict: the call was changed meanwhile.
	ErrConflict = errors.New("processor: the call has gone on meanwhile")
	// ErrOptions: something is missing or contradicts itself.
	ErrOptions = errors.New("processor: bad options")
)
