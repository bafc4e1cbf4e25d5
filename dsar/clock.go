package dsar

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
)

// clock is when a request must be dealt with: the zero Clock if its law has no rule for its kind.
func (s *Service) clock(r *RequestRow) (deadline.Clock, error) {
	c, err := s.o.Laws.Clock(r.Law, r.Kind, deadline.Facts{Received: r.Since, Pauses: r.Pauses, Extended: r.Extended}, s.o.Calendar)
	if errors.Is(err, deadline.ErrNoRule) {
		return deadline.Clock{}, nil
	}
	return c, err
}

// reckon sets the deadlines that follow from a request's times.
func (s *Service) reckon(r *RequestRow) error {
	c, err := s.clock(r)
	if err != nil {
		return err
	}
	r.AckBy, r.ExtendBy, r.Due = c.Acknowledge.Until, c.ExtendBy.Until, c.Due.Until
	return nil
}

// Ask notes that the person is asked for something, which stops the clock where the law says so. Who was identified already is
// asked for nothing more: [ErrState].
func (s *Service) Ask(ctx context.Context, id ID, cause deadline.Cause, by audit.Party) (Request, error) {
	if cause < deadline.Identity || cause > deadline.Fee {
		return Request{}, &InvalidError{"cause", "it is none"}
	}
	return s.change(ctx, id, by, func(_ context.Context, r *RequestRow, now time.Time) (*change, error) {
		switch {
		case r.State != Open && (cause == deadline.Identity || !active(r.State)):
			return nil, r.misplaced()
		case slices.ContainsFunc(r.Pauses, func(p deadline.Pause) bool { return p.Cause == cause && p.Done.IsZero() }):
			return nil, nil
		}
		r.Pauses = append(r.Pauses, deadline.Pause{Cause: cause, Asked: now})
		return &change{action: actionAsked, what: causes[cause]}, nil
	})
}

// Answered notes that the person has done what they were asked for.
func (s *Service) Answered(ctx context.Context, id ID, cause deadline.Cause, by audit.Party) (Request, error) {
	return s.change(ctx, id, by, func(_ context.Context, r *RequestRow, now time.Time) (*change, error) {
		if !answered(r, cause, now) {
			return nil, nil
		}
		return &change{action: actionAnswered, what: causes[cause]}, nil
	})
}

var causes = map[deadline.Cause]string{deadline.Identity: "identity", deadline.Clarification: "clarification", deadline.Fee: "fee"}

func answered(r *RequestRow, cause deadline.Cause, now time.Time) (any bool) {
	for i := range r.Pauses {
		if p := &r.Pauses[i]; p.Cause == cause && p.Done.IsZero() {
			p.Done, any = now, true
		}
	}
	return any
}

// Extend tells the person that it will take longer, and why, and from then on the longer period counts. [ErrTooLate]: the answer
// was due already, or the law gives no more time.
func (s *Service) Extend(ctx context.Context, id ID, why string, by audit.Party) (Request, error) {
	if s.store.InTx(ctx) {
		return Request{}, ErrInTransaction
	}
	if why == "" || len(why) > maxText {
		return Request{}, &InvalidError{"why", "the person is told why"}
	}
	var before RequestRow
	_, err := s.change(ctx, id, by, func(ctx context.Context, r *RequestRow, now time.Time) (*change, error) {
		before = *r
		switch {
		case !r.Extended.IsZero():
			return nil, nil
		case r.State != Open && !active(r.State):
			return nil, r.misplaced()
		case r.ExtendBy.IsZero() || !now.Before(r.ExtendBy):
			return nil, ErrTooLate
		}
		return nil, s.noteAs(ctx, r, actionExtended, by, audit.Attempted, "", nil)
	})
	if err != nil || !before.Extended.IsZero() {
		if err != nil {
			return Request{}, err
		}
		return s.Request(ctx, id)
	}
	if err := s.tell(ctx, &before, NoticeExtended, why); err != nil {
		return Request{}, err
	}
	return s.change(ctx, id, by, func(_ context.Context, r *RequestRow, now time.Time) (*change, error) {
		if !r.Extended.IsZero() || r.State == Ending || r.State == Closed {
			return nil, nil
		}
		r.Extended = now
		return &change{action: actionExtended}, nil
	})
}

// DutyKind is what is to be done by a deadline.
type DutyKind string

// The duties.
const (
	DutyAcknowledge DutyKind = "acknowledge" // confirm receipt
	DutyAnswer      DutyKind = "answer"
	DutyExtend      DutyKind = "extend" // tell the person that it takes longer, if it does
)

// Duty is a deadline of an open request.
type Duty struct {
	Request Request
	What    DutyKind
	By      deadline.Due
	Late    bool
}

// Duties returns what must be done within a time from now, what is late with it, the most urgent first. Requests that no rule of their
// law is for have none: see [Request].
func (s *Service) Duties(ctx context.Context, within time.Duration) (out []Duty, err error) {
	now, err := s.store.Now(ctx)
	if err != nil {
		return nil, err
	}
	open, err := s.Requests(ctx, Find{States: []State{Open, Verified, Approved, Working, Ending}})
	if err != nil {
		return nil, err
	}
	for _, r := range open {
		add := func(what DutyKind, by deadline.Due) {
			if !by.IsZero() && by.Until.Before(now.Add(within)) {
				out = append(out, Duty{r, what, by, by.Late(now)})
			}
		}
		if r.Acknowledged.IsZero() {
			add(DutyAcknowledge, r.Clock.Acknowledge)
		}
		if r.Extended.IsZero() && r.State != Ending && !r.Clock.ExtendBy.Late(now) {
			add(DutyExtend, r.Clock.ExtendBy)
		}
		add(DutyAnswer, r.Clock.Due)
	}
	slices.SortStableFunc(out, func(a, b Duty) int {
		return cmp.Or(a.By.Until.Compare(b.By.Until), cmp.Compare(a.Request.ID, b.Request.ID), cmp.Compare(a.What, b.What))
	})
	return out, nil
}
