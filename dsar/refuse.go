package dsar

import (
	"context"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// Refusal refuses a request: it is what a function of [Options.Apply] returns as its error, and what [Service.Refuse] is given. The person
// is told the Ground and the Text.
type Refusal struct {
	Ground Ground
	Text   string
}

func (r *Refusal) Error() string { return r.String() }

func (r *Refusal) check() error {
	if !slices.Contains(Grounds(), r.Ground) || r.Text == "" || len(r.Text) > maxText || kept(r.Text) != nil {
		return &InvalidError{"refusal", "it needs a ground, and a text that the person is told"}
	}
	return nil
}

// Refuse refuses a request that has not begun. What the application itself does can be refused until it is done. The person is told
// why, and that they may complain: the text is the application's.
func (s *Service) Refuse(ctx context.Context, id ID, why Refusal, by audit.Party) (Request, error) {
	if err := why.check(); err != nil {
		return Request{}, err
	}
	return s.change(ctx, id, by, func(ctx context.Context, r *RequestRow, now time.Time) (*change, error) {
		switch {
		case r.State == Ending && r.Outcome == Refused || r.State == Closed && r.Outcome == Refused:
			return nil, nil
		case r.State == Working && applies(r.Kind):
		case !r.open(now):
			return nil, r.misplaced()
		}
		return s.refuse(ctx, r, &why, now)
	})
}

// refuse ends a request with a refusal, and with it what it restrained.
func (s *Service) refuse(ctx context.Context, r *RequestRow, why *Refusal, now time.Time) (*change, error) {
	t, err := s.open(ctx, r)
	if err != nil {
		return nil, err
	}
	t.Reply = why.Text
	if r.Sealed, err = s.seal(ctx, r.ID, t); err != nil {
		return nil, err
	}
	end(r, Refused, now)
	r.Ground = why.Ground
	restraints, err := s.store.Restraints(ctx, r.Ref)
	if err != nil {
		return nil, err
	}
	for _, x := range restraints {
		if x.Request != r.ID {
			continue
		}
		if err := s.store.Lift(ctx, x.Ref, x.Kind, x.Purpose); err != nil {
			return nil, err
		}
	}
	return &change{action: actionEnded, what: "refused: " + string(why.Ground), data: map[string]any{"outcome": string(Refused), "ground": string(why.Ground)}}, nil
}

// open reports whether nothing that cannot be undone was begun: an export waits until somebody is at it.
func (r *RequestRow) open(now time.Time) bool {
	switch r.State {
	case Open, Verified, Approved:
		return true
	case Working:
		return exports(r.Kind) && (r.Lease == "" || !now.Before(r.Leased))
	}
	return false
}

// Withdraw takes a request back, for who made it. An erasure can be taken back until [Request].Until; then the person is shown again. After
// that it is [ErrTooLate].
func (s *Service) Withdraw(ctx context.Context, id ID, by audit.Party) (Request, error) {
	return s.change(ctx, id, by, func(_ context.Context, r *RequestRow, now time.Time) (*change, error) {
		switch {
		case r.Outcome == Withdrawn:
			return nil, nil
		case !r.open(now):
			return nil, ErrTooLate
		}
		end(r, Withdrawn, now)
		return &change{action: actionEnded, what: "withdrawn", data: map[string]any{"outcome": string(Withdrawn)}}, nil
	})
}
