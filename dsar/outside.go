package dsar

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Outside is somebody, or something, beside the database that has data of people and erases it when it is told: a processor (package
// processor), files, an index for search, the keys of a vault.
type Outside interface {
	// Name is the same each time, and unique.
	Name() string
	// Erase tells it. It may be called again with the same Key, which is one erasure. What it cannot say for certain is [Unconfirmed].
	Erase(ctx context.Context, t Telling) (Reply, error)
}

// Telling is what an outsider is told. It holds personal values, and prints as nothing but its key.
type Telling struct {
	Key     string // the idempotency key: the same each time, and another one for each outsider
	Request Request
	Person  Person
}

// Format writes the key, whatever the verb.
func (t Telling) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "dsar.Telling("+t.Key+")")
}

// LogValue is the key.
func (t Telling) LogValue() slog.Value { return slog.StringValue("dsar.Telling(" + t.Key + ")") }

// Confirmation is what an outsider said.
type Confirmation string

// The confirmations. An outsider that said anything but Confirmed, HadNothing or Declined is told again, until the patience of the
// options ends; then the erasure goes on, and the receipt says how it stands.
const (
	Unconfirmed Confirmation = "unconfirmed" // nothing is known for certain
	Accepted    Confirmation = "accepted"    // it took the job, and has not done it yet
	Declined    Confirmation = "refused"     // it said no
	HadNothing  Confirmation = "nothing"     // it had nothing of the person
	Confirmed   Confirmation = "done"        // it says that it did it
)

// Reply is an outsider's. It holds no personal data.
type Reply struct {
	State    Confirmation `json:"state"` // "": Unconfirmed
	Why      string       `json:"why,omitempty"`
	Evidence string       `json:"evidence,omitempty"` // a hash of what was answered
}

func (r Reply) final() bool {
	return r.State == Confirmed || r.State == HadNothing || r.State == Declined
}

// Told is what came of telling an outsider.
type Told struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	Reply
}

// Tombstones remember who was erased, where no restored backup takes it back: those of package tombstone do, in a few lines.
type Tombstones interface {
	// Prepare seals who is going to be erased, while their rows can still be read. The request keeps what it returns, under its own
	// seal, until it is closed.
	Prepare(ctx context.Context, id ID, p Person) (stone []byte, err error)
	// Place notes, durably, that they were. It may be repeated.
	Place(ctx context.Context, stone []byte, at time.Time) error
}

// Account is what a receipt of an erasure says. But for Person, which must not be in the receipt, it holds no personal data.
type Account struct {
	Request Request
	Person  Person
	Erased  *Erased
	Proof   *Proof
	Outside []Told
	At      time.Time // now, by the store's clock
}
