package egress

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// What is refused, and why. No error holds what was asked for.
var (
	// ErrAsk: something that an export needs is missing: a person, a sink, a reason, a ticket, what it is of, how much at most.
	ErrAsk = errors.New("egress: incomplete")
	// ErrSink: the policy has no such sink.
	ErrSink = errors.New("egress: not an approved sink")
	// ErrLimit: more than the policy lets one export, or a person in a day, take out; or more than was asked for.
	ErrLimit = errors.New("egress: over the limit")
	// ErrUnapproved: a second person has to approve first.
	ErrUnapproved = errors.New("egress: not approved")
	// ErrOneself: nobody approves what they asked for themselves.
	ErrOneself = errors.New("egress: the second person is the first one")
	// ErrChanged: it is not what was asked for and approved, or the policy has another sink under the name since.
	ErrChanged = errors.New("egress: not what was approved")
	// ErrExpired: it was asked for, or approved, too long ago.
	ErrExpired = errors.New("egress: expired")
	// ErrState: it was denied, or is under way or over already. Each export is good once.
	ErrState = errors.New("egress: it is past that")
	// ErrPolicy: the policy contradicts itself, or leaves something open.
	ErrPolicy = errors.New("egress: bad policy")
	// ErrNotFound: there is no such export.
	ErrNotFound = errors.New("egress: there is no such export")
	// ErrConflict: the export has gone on meanwhile.
	ErrConflict = errors.New("egress: the export has gone on meanwhile")
	// ErrKey: the id was used for another export.
	ErrKey = errors.New("egress: the id was used for something else")
)

// Ask is what somebody wants to take out. An approval is for exactly this.
type Ask struct {
	ID     string `json:"id"`   // chosen by whoever asks: the same ask again changes nothing. 1 to 64 characters, visible ASCII
	By     Person `json:"by"`   // who asks, as the application authenticated them
	Sink   string `json:"sink"` // by name
	Tables []string
	Query  string `json:"query"` // in place of tables, or what of them. It is kept, and not in the audit log
	Limit         // at most so much: the stream stops there
	Reason string `json:"reason"`
	Ticket string `json:"ticket"`
}

// Person is the id of one of the staff, in the one form in which the application writes it.
type Person string

// Limit is an amount of data.
type Limit struct {
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"` // before encryption
}

// State is how far an export has come.
type State string

// The states.
const (
	Waiting   State = "waiting"   // for a second person
	Approved  State = "approved"  // or small enough to need nobody
	Denied    State = "denied"    // by the second person
	Streaming State = "streaming" // begun; forever, if the process died
	Finished  State = "finished"
	Stopped   State = "stopped" // by an error or a limit: what is at the sink does not verify
)

// Export is an ask and what became of it.
type Export struct {
	Ask
	State   State
	Hash    string    // of the ask and of the sink as the policy has it: what is approved. "sha256:" and hex digits
	Asked   time.Time // by the store's clock, as all times
	Expires time.Time // not to be begun after; computed when it is read, nothing sweeps
	Second  Person    // who approved or denied; "" if nobody had to
	Decided time.Time
	Begun   time.Time // zero: no byte has left
	Ended   time.Time
	Taken   Limit  // what left, once it has ended. Until then all of Limit counts
	Digest  string // of what the sink got, encrypted: "sha256:" and hex digits; "" unless Finished
	Version int64  // counts the writes, from 1
}

// hash covers the ask and what of the sink decides where the data goes and who can read it.
func (a *Ask) hash(s *Sink) string {
	c := *a
	c.Tables = slices.Clone(c.Tables)
	b, err := json.Marshal(struct {
		Ask                          Ask
		Type, Destination, Recipient string
	}{c, s.Type, s.Destination, s.Recipient})
	if err != nil {
		panic("egress: an ask cannot be written: " + err.Error()) // it holds texts and numbers
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}
