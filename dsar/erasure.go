package dsar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// Plan counts what an erasure would do, for who approves it. Of somebody of whom there is nothing the request ends, with the outcome
// [Nobody]; the error is [ErrNobody] then.
func (s *Service) Plan(ctx context.Context, id ID) (*Plan, error) {
	if s.store.InTx(ctx) {
		return nil, ErrInTransaction
	}
	r, err := s.store.Request(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case r.Kind != Erasure:
		return nil, r.misplaced()
	case r.Verified.IsZero():
		return nil, ErrUnverified
	case r.State != Verified && r.State != Approved:
		return nil, r.misplaced()
	}
	plan, err := s.plan(ctx, &r)
	if errors.Is(err, ErrNobody) && r.State == Verified {
		_, ended := s.change(ctx, id, system, func(_ context.Context, r *RequestRow, now time.Time) (*change, error) {
			if r.State != Verified {
				return nil, nil
			}
			end(r, Nobody, now)
			return &change{action: actionEnded, what: string(Nobody), data: map[string]any{"outcome": string(Nobody)}}, nil
		})
		return nil, errors.Join(err, ended)
	}
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, func(ctx context.Context, _ time.Time) error {
		return s.note(ctx, &r, actionPlanned, system, plan.Hash, map[string]any{"plan": plan.Hash})
	})
	return plan, err
}

func (s *Service) plan(ctx context.Context, r *RequestRow) (*Plan, error) {
	t, err := s.open(ctx, r)
	if err != nil {
		return nil, err
	}
	plan, err := s.o.Eraser.Plan(ctx, t.person())
	if err == nil && (plan == nil || plan.Hash == "") {
		err = errors.New("dsar: the plan has no hash")
	}
	return plan, err
}

// Approve approves the plan of that hash: [ErrPlan] if it is not what would be done now. The person is hidden at once, or by the
// worker if that fails, and from [Request].Until on they are erased. Approving it again changes nothing.
func (s *Service) Approve(ctx context.Context, id ID, hash string, by audit.Party) (Request, error) {
	if s.store.InTx(ctx) {
		return Request{}, ErrInTransaction
	}
	r, err := s.store.Request(ctx, id)
	if err != nil {
		return Request{}, err
	}
	if r.Kind == Erasure && r.State == Verified {
		plan, err := s.plan(ctx, &r)
		if err != nil {
			return Request{}, err
		}
		if plan.Hash != hash {
			return Request{}, ErrPlan
		}
	}
	out, err := s.change(ctx, id, by, func(_ context.Context, r *RequestRow, now time.Time) (*change, error) {
		switch {
		case r.Kind != Erasure:
			return nil, r.misplaced()
		case r.State == Open:
			return nil, ErrUnverified
		case r.Plan != "" && r.Plan != hash:
			return nil, ErrPlan
		case r.State == Approved || r.State == Working:
			return nil, nil
		case r.State != Verified:
			return nil, r.misplaced()
		}
		r.State, r.Plan, r.Approved, r.Next, r.Tries = Approved, hash, now, now, 0
		r.Until = now.Add(max(0, s.o.Undo))
		return &change{action: actionApproved, what: hash, data: map[string]any{"plan": hash}}, nil
	})
	if err != nil {
		return Request{}, err
	}
	if w, err := s.claim(ctx, id); err == nil && w != nil {
		err = w.run(ctx)
		if err != nil {
			s.o.Logger.WarnContext(ctx, "dsar: what was approved goes on later", "request", string(id), "error", err)
		}
		return s.Request(ctx, id)
	}
	return out, nil
}

// Export writes what there is about the person to w, for an application that has no Outbox, and ends the request. [ErrUnverified]: nobody knows
// who asks. [ErrNobody]: there is nothing. [ErrLease]: it is being exported now. What was written before an error is worthless.
func (s *Service) Export(ctx context.Context, id ID, to io.Writer) (*Exported, error) {
	if s.store.InTx(ctx) {
		return nil, ErrInTransaction
	}
	r, err := s.store.Request(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case !exports(r.Kind):
		return nil, r.misplaced()
	case r.Verified.IsZero():
		return nil, ErrUnverified
	case r.State != Verified && r.State != Working:
		return nil, r.misplaced()
	}
	w, err := s.claim(ctx, id)
	if err != nil {
		return nil, err
	}
	if w == nil {
		return nil, ErrLease
	}
	w.out = func(ctx context.Context, _ Request, export exporting) error { return export(ctx, to) }
	failed := w.run(ctx)
	steps, err := s.store.Steps(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, step := range steps {
		if step.Name == stepExport && !step.Done.IsZero() {
			out := new(Exported)
			if err := json.Unmarshal(step.Result, out); err != nil {
				return nil, fmt.Errorf("dsar: what was exported cannot be read: %w", err)
			}
			return out, nil // what follows, such as telling the person, is the worker's if it failed
		}
	}
	if failed != nil {
		return nil, failed
	}
	r, err = s.store.Request(ctx, id)
	if err == nil && r.Outcome == Nobody {
		err = ErrNobody
	}
	if err == nil {
		err = r.misplaced()
	}
	return nil, err
}

// Receipt returns the signed receipt of an erasure that is done, or [ErrNotFound].
func (s *Service) Receipt(ctx context.Context, id ID) ([]byte, error) {
	if _, err := s.store.Request(ctx, id); err != nil {
		return nil, err
	}
	signed, err := s.receipt(ctx, id)
	if err == nil && signed == nil {
		err = ErrNotFound
	}
	return signed, err
}

func (s *Service) receipt(ctx context.Context, id ID) (signed []byte, err error) {
	steps, err := s.store.Steps(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, step := range steps {
		if step.Name == stepReceipt && !step.Done.IsZero() {
			if err := json.Unmarshal(step.Result, &signed); err != nil {
				return nil, fmt.Errorf("dsar: a receipt cannot be read: %w", err)
			}
		}
	}
	return signed, nil
}
