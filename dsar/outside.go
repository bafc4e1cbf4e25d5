package dsar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
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

// outsiders tells each outsider once, and returns until when is waited for those that did not confirm: zero, when all are done.
func (w *work) outsiders(ctx context.Context, now time.Time) (wait time.Time, err error) {
	var failed []error
	for _, x := range w.s.o.Outside {
		name := stepOutside + x.Name()
		if w.done(name) {
			continue
		}
		var reply Reply
		err := w.do(ctx, name, func(ctx context.Context) (any, error) {
			p, err := w.free(ctx)
			if err != nil {
				return nil, err
			}
			view, err := w.s.view(ctx, &w.row)
			if err != nil {
				return nil, err
			}
			reply, err = x.Erase(ctx, Telling{Key: string(w.row.ID) + "/" + x.Name(), Request: view, Person: p})
			orElse(&reply.State, Unconfirmed)
			step := w.steps[name]
			if over := !step.Begun.IsZero() && !now.Before(step.Begun.Add(w.s.o.Patience)); over || err == nil && reply.final() {
				if err != nil && reply.final() {
					reply.State = Unconfirmed // it contradicts itself
				}
				return reply, nil
			}
			if err == nil {
				err = &waiting{string(reply.State)}
			}
			return reply, err
		}, nil)
		var step *StepError
		if err != nil && !errors.As(err, &step) || errors.Is(err, ErrHeld) {
			return time.Time{}, err
		}
		if err != nil && !errors.As(err, new(*waiting)) {
			failed = append(failed, err)
		}
		if err != nil && (wait.IsZero() || w.row.Next.Before(wait)) {
			wait = w.row.Next
		}
	}
	return wait, errors.Join(failed...)
}

// outside is what came of telling outsiders.
func (w *work) outside() (all []Told, err error) {
	for name, step := range w.steps {
		if x, ok := strings.CutPrefix(name, stepOutside); ok {
			t := Told{Name: x, At: step.Done}
			if err := json.Unmarshal(step.Result, &t.Reply); err != nil && step.Result != nil {
				return nil, fmt.Errorf("dsar: an outsider's reply cannot be read: %w", err)
			}
			if step.Done.IsZero() || t.State == "" {
				t.State, t.At = Unconfirmed, step.Begun
			}
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b Told) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}
