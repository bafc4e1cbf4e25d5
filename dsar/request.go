package dsar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// What the service refuses.
var (
	// ErrInvalid: it cannot be asked for like that: see [InvalidError].
	ErrInvalid = errors.New("dsar: invalid")
	// ErrState: the request is not where that can be done any more, or not yet. The text says of which kind it is, and its state.
	ErrState = errors.New("dsar: the request is not where that can be done")
	// ErrUnverified: nobody knows yet who asks.
	ErrUnverified = errors.New("dsar: nobody knows yet who asks")
	// ErrIdentity: the evidence is of another request or person, or is none.
	ErrIdentity = errors.New("dsar: that does not show who asks")
	// ErrTooLate: the time in which it counted is over.
	ErrTooLate = errors.New("dsar: it is too late for that")
	// ErrInTransaction: the call was made in a transaction of the caller's, and reaches outside of the database.
	ErrInTransaction = errors.New("dsar: not inside of a transaction")
)

// misplaced is the [ErrState] of what cannot be done with the request as it stands.
func (r *RequestRow) misplaced() error {
	return fmt.Errorf("%w: %s, %s", ErrState, r.Kind, r.State)
}

// InvalidError says what is wrong, and repeats nothing of it. It is an [ErrInvalid].
type InvalidError struct {
	Field string // such as "person"
	Why   string
}

func (e *InvalidError) Error() string { return "dsar: invalid " + e.Field + ": " + e.Why }

// Unwrap returns [ErrInvalid].
func (e *InvalidError) Unwrap() error { return ErrInvalid }

// Intake is a request as it comes in, however it comes.
type Intake struct {
	// ID is the idempotency key: the same intake under the same ID is one request. "": a new one.
	ID     ID
	Kind   Kind
	Person Person // whose data it is about, as who asks says
	Law    string // "": that of the options
	// Received is when it arrived, if that was before now: a letter. Zero: now.
	Received time.Time
	Purposes []string          // of the map, that a restriction, objection or withdrawal is for; nil: all
	Text     string            // what they wrote
	Changes  map[string]string // of a rectification: what is to be corrected, and how
	By       audit.Party       // who enters it; zero: the application
}

// Request is a request as it stood when it was read. It holds no personal data.
type Request struct {
	ID      ID
	Tenant  tenancy.ID
	Kind    Kind
	State   State
	Subject string // the kind of the map's [Subject]
	Ref     Ref    // stands for the person
	Law     string
	Map     string // hash of the map when it was received

	Received, Since, Acknowledged, Verified, Approved, Until, Extended, Ended, Closed time.Time // see [RequestRow]

	Method   string // how who asks was identified
	Plan     string // the hash that was approved
	Pauses   []deadline.Pause
	Purposes []string
	Outcome  Outcome
	Ground   Ground
	Into     ID
	Tries    int       // failures of what is to be done next
	Next     time.Time // when it is tried again; zero: it waits for somebody
	// Clock is when it must be dealt with. Its Rule has no ID if the law has no rule for the kind: that does not mean that there is no duty.
	Clock deadline.Clock
}

// Open reads and writes down a request. Nobody knows yet whether who asks is who they say: see [Service.Verified].
func (s *Service) Open(ctx context.Context, in Intake) (Request, error) {
	r, t, err := s.intake(ctx, &in)
	if err != nil {
		return Request{}, err
	}
	if r.Sealed, err = s.seal(ctx, r.ID, t); err != nil {
		return Request{}, err
	}
	var out RequestRow
	err = s.tx(ctx, func(ctx context.Context, now time.Time) error {
		row := r
		if row.Received = in.Received; row.Received.IsZero() {
			row.Received = now
		} else if row.Received.After(now) {
			return &InvalidError{"received", "it is in the future"}
		}
		row.Since, row.Next = row.Received, now
		if err := s.reckon(&row); err != nil {
			return err
		}
		out, err = s.store.Add(ctx, row)
		if errors.Is(err, ErrExists) {
			if out.Ref != row.Ref || out.Kind != row.Kind {
				return ErrExists
			}
			return nil
		}
		if err != nil {
			return err
		}
		return s.note(ctx, &out, actionReceived, in.By, out.Kind.String(), map[string]any{"law": out.Law, "map": out.Map})
	})
	if err != nil {
		return Request{}, err
	}
	return s.view(ctx, &out)
}

// intake is the row of an intake, without its times, and what of it is sealed.
func (s *Service) intake(ctx context.Context, in *Intake) (r RequestRow, _ *told, err error) {
	bad := func(field, why string) (RequestRow, *told, error) { return r, nil, &InvalidError{field, why} }
	orElse(&in.ID, newID())
	orElse(&in.Law, s.o.Law)
	switch {
	case !isID(in.ID):
		return bad("id", "it is not 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.'")
	case !slices.Contains(s.o.Kinds, in.Kind):
		return bad("kind", "it is not offered")
	case len(in.Text) > maxText || len(in.Changes) > 200:
		return bad("text", "it is too long")
	case in.Kind == Rectification && len(in.Changes) == 0 && in.Text == "":
		return bad("changes", "nothing says what is to be corrected")
	}
	if err := s.o.checkLaw(in.Law); err != nil {
		return bad("law", "there is none of that name")
	}
	for _, p := range in.Purposes {
		if !slices.ContainsFunc(s.m.Purposes(), func(x Purpose) bool { return x.Name == p }) {
			return bad("purposes", "the map has no such purpose")
		}
	}
	for name, v := range in.Changes {
		if len(name) > 200 || len(v) > maxText || kept(name, v) != nil {
			return bad("changes", "one is too long, or no text")
		}
	}
	for name, all := range in.Person.Known {
		if kept(append(all, name)...) != nil {
			return bad("person", "what they are known by is no text")
		}
	}
	if kept(append(in.Person.Key, in.Text)...) != nil {
		return bad("text", "it is no text")
	}
	p, ref, err := s.resolved(ctx, in.Person)
	if err != nil {
		return r, nil, err
	}
	purposes := slices.Compact(slices.Sorted(slices.Values(in.Purposes)))
	r = RequestRow{ID: in.ID, State: Open, Kind: in.Kind, Subject: p.Kind, Ref: ref, Law: in.Law, Map: s.m.Hash(), Purposes: purposes}
	return r, &told{Kind: p.Kind, Key: p.Key, Known: p.Known, Text: in.Text, Changes: in.Changes}, nil
}

const maxText = 64 << 10

// Request returns a request, or [ErrNotFound].
func (s *Service) Request(ctx context.Context, id ID) (Request, error) {
	row, err := s.store.Request(ctx, id)
	if err != nil {
		return Request{}, err
	}
	return s.view(ctx, &row)
}

// Requests returns those that f finds, those that are due first first.
func (s *Service) Requests(ctx context.Context, f Find) ([]Request, error) {
	rows, err := s.store.Requests(ctx, f)
	if err != nil {
		return nil, err
	}
	out := make([]Request, len(rows))
	for i := range rows {
		if out[i], err = s.view(ctx, &rows[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// History returns what happened with a request, and how far its steps are.
func (s *Service) History(ctx context.Context, id ID) (events []EventRow, steps []StepRow, err error) {
	if _, err := s.store.Request(ctx, id); err != nil {
		return nil, nil, err
	}
	if events, err = s.store.Events(ctx, id); err != nil {
		return nil, nil, err
	}
	steps, err = s.store.Steps(ctx, id)
	return events, steps, err
}

// view is a row as it is shown.
func (s *Service) view(ctx context.Context, r *RequestRow) (Request, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return Request{}, err
	}
	clock, err := s.clock(r)
	if err != nil {
		return Request{}, err
	}
	return Request{ID: r.ID, Tenant: tenant, Kind: r.Kind, State: r.State, Subject: r.Subject, Ref: r.Ref, Law: r.Law, Map: r.Map,
		Received: r.Received, Since: r.Since, Acknowledged: r.Acknowledged, Verified: r.Verified, Approved: r.Approved, Until: r.Until, Extended: r.Extended,
		Ended: r.Ended, Closed: r.Closed, Method: r.Method, Plan: r.Plan, Pauses: r.Pauses, Purposes: r.Purposes, Outcome: r.Outcome,
		Ground: r.Ground, Into: r.Into, Tries: r.Tries, Next: r.Next, Clock: clock}, nil
}

// change changes a request in a transaction, if f says so: it returns what is recorded of it, or nothing if there is nothing to change.
func (s *Service) change(ctx context.Context, id ID, by audit.Party, f func(ctx context.Context, r *RequestRow, now time.Time) (*change, error)) (Request, error) {
	var out RequestRow
	for range 8 {
		err := s.tx(ctx, func(ctx context.Context, now time.Time) error {
			r, err := s.store.Request(ctx, id)
			if err != nil {
				return err
			}
			out = r
			c, err := f(ctx, &r, now)
			if err != nil || c == nil {
				return err
			}
			if err := s.reckon(&r); err != nil {
				return err
			}
			if out, err = s.store.Update(ctx, r); err != nil {
				return err
			}
			return s.note(ctx, &out, c.action, by, c.what, c.data)
		})
		// ErrExists of an update: of two at once that saw none, one is the second.
		if (errors.Is(err, ErrConflict) || errors.Is(err, ErrExists)) && !s.store.InTx(ctx) {
			continue
		}
		if err != nil {
			return Request{}, err
		}
		return s.view(ctx, &out)
	}
	return Request{}, fmt.Errorf("dsar: %w", ErrConflict)
}

// change is what is recorded of one.
type change struct {
	action audit.Action
	what   string
	data   map[string]any
}
