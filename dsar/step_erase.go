package dsar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// free is who the request is about, if there is no hold on them.
func (w *work) free(ctx context.Context) (Person, error) {
	p, _, err := w.person(ctx)
	if err == nil {
		err = w.s.Held(ctx, p, "")
	}
	return p, err
}

// approved hides the person at once, waits until nobody can take it back, and begins.
func (w *work) approved(ctx context.Context, now time.Time) (bool, error) {
	r, s := w.row, w.s
	if !w.done(stepHide) {
		return true, w.do(ctx, stepHide, func(ctx context.Context) (any, error) {
			p, _, err := w.person(ctx)
			if err != nil {
				return nil, err
			}
			return nil, s.o.Hide(ctx, p)
		}, nil)
	}
	if now.Before(r.Until) {
		return false, w.park(ctx, r.Until)
	}
	var p Person
	err := w.do(ctx, stepBegin+" "+r.Plan[max(0, len(r.Plan)-8):], func(ctx context.Context) (_ any, err error) {
		if p, err = w.free(ctx); err != nil {
			return nil, err
		}
		plan, err := s.o.Eraser.Plan(ctx, p)
		if err == nil && plan.Hash != r.Plan {
			err = ErrPlan
		}
		return nil, err
	}, func(ctx context.Context, r *RequestRow, now time.Time) error {
		others, err := s.store.Requests(ctx, Find{Ref: r.Ref, States: []State{Verified, Approved, Working}})
		if err != nil {
			return err
		}
		if conflicts(others) {
			return &waiting{"export"}
		}
		if err := s.Held(ctx, p, ""); err != nil {
			return err
		}
		return w.moved(ctx, r, Working, actionBegun, "", now)
	})
	return true, w.returned(ctx, err)
}

// returned sends an erasure back to be approved if its plan is not what would be done any more, and ends it if there is nobody.
func (w *work) returned(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, ErrPlan), errors.Is(err, ErrNobody) && w.row.State == Working: // who approved the rest sees that it is gone
		return errors.Join(err, w.change(ctx, func(ctx context.Context, r *RequestRow, now time.Time) error {
			r.State, r.Approved, r.Plan, r.Until, r.Next, r.Tries = Verified, time.Time{}, "", time.Time{}, time.Time{}, 0
			return w.s.note(ctx, r, actionReturned, system, "plan", nil)
		}))
	case errors.Is(err, ErrNobody) && w.row.State == Approved:
		return w.move(ctx, Ending, actionEnded, Nobody)
	}
	return err
}

// erasing tells who is outside, erases, proves, and goes round again while something is left.
func (w *work) erasing(ctx context.Context, now time.Time) (bool, error) {
	s, r := w.s, w.row
	if wait, err := w.outsiders(ctx, now); !wait.IsZero() {
		return false, errors.Join(err, w.park(ctx, wait))
	} else if err != nil {
		return false, err
	}
	if !w.done(stepPrepare) {
		return true, w.prepare(ctx)
	}
	round := 1
	var proof Proof
	for ; w.done(named(stepProve, round)); round++ {
		if err := json.Unmarshal(w.steps[named(stepProve, round)].Result, &proof); err != nil {
			return false, fmt.Errorf("dsar: a proof cannot be read: %w", err)
		}
		if proof.Clean() {
			return w.erased(ctx, now, &proof)
		}
	}
	if name := named(stepErase, round); !w.done(name) {
		err := w.do(ctx, name, func(ctx context.Context) (any, error) {
			p, err := w.free(ctx)
			if err != nil {
				return nil, err
			}
			job := Job{ID: string(r.ID), Person: p, Approved: r.Plan}
			if round > 1 { // what came since was approved with the rest
				_, t, err := w.person(ctx)
				if err != nil {
					return nil, err
				}
				p = t.last()
				plan, err := s.o.Eraser.Plan(ctx, p)
				if errors.Is(err, ErrNobody) {
					return &Erased{Plan: r.Plan, Begun: now, Done: now}, nil
				} else if err != nil {
					return nil, err
				}
				job.Person, job.ID, job.Approved = p, fmt.Sprintf("%s.%d", r.ID, round), plan.Hash
			}
			e, err := s.o.Eraser.Erase(ctx, job)
			if e == nil && err == nil {
				err = errors.New("dsar: the eraser says nothing")
			}
			return e, err
		}, nil)
		return true, w.returned(ctx, err)
	}
	return true, w.do(ctx, named(stepProve, round), func(ctx context.Context) (any, error) {
		_, t, err := w.person(ctx)
		if err != nil {
			return nil, err
		}
		found, err := t.prove(ctx, s.o.Prover)
		if found == nil && err == nil {
			err = errors.New("dsar: the prover says nothing")
		}
		if found != nil {
			proof = *found
		}
		return found, err
	}, func(ctx context.Context, r *RequestRow, now time.Time) error {
		if proof.Clean() {
			return nil
		}
		r.Tries, r.Next = round, now.Add(backoff(round))
		return s.noteAs(ctx, r, actionStep, system, failure, named(stepProve, round), map[string]any{"why": word(ErrResidue), "places": len(proof.Found)})
	})
}

// prepare makes the tombstone, of all that the person is known by now, while their rows are there.
func (w *work) prepare(ctx context.Context) error {
	s := w.s
	var sealed []byte
	return w.do(ctx, stepPrepare, func(ctx context.Context) (any, error) {
		p, err := w.free(ctx)
		if err != nil {
			return nil, err
		}
		_, t, err := w.person(ctx)
		if err != nil {
			return nil, err
		}
		if s.o.Resolve != nil && len(p.Key) > 0 {
			switch q, err := s.o.Resolve(ctx, p); {
			case err == nil:
				p.Known, t.Last = q.Known, q.Known
			case !errors.Is(err, ErrNobody):
				return nil, err
			}
		}
		if t.Stone, err = s.o.Tombstones.Prepare(ctx, w.row.ID, p); err != nil {
			return nil, err
		}
		if c, ok := s.o.Prover.(Collector); ok {
			if t.Taken, err = c.Collect(ctx, p); err != nil && !errors.Is(err, ErrNobody) {
				return nil, err
			}
		}
		sealed, err = s.seal(ctx, w.row.ID, t)
		return nil, err
	}, func(_ context.Context, r *RequestRow, _ time.Time) error { r.Sealed = sealed; return nil })
}

func named(step string, round int) string {
	if round == 1 {
		return step
	}
	return fmt.Sprintf("%s %d", step, round)
}

// erased buries what was erased and proved, and signs the receipt.
func (w *work) erased(ctx context.Context, now time.Time, proof *Proof) (bool, error) {
	s, r := w.s, w.row
	_, t, err := w.person(ctx)
	if err != nil {
		return false, err
	}
	e, err := w.sum()
	if err != nil {
		return false, err
	}
	if !w.done(stepTombstone) {
		return true, w.do(ctx, stepTombstone, func(ctx context.Context) (any, error) {
			return nil, s.o.Tombstones.Place(ctx, t.Stone, e.Done)
		}, nil)
	}
	return true, w.do(ctx, stepReceipt, func(ctx context.Context) (any, error) {
		view, err := s.view(ctx, &r)
		if err != nil {
			return nil, err
		}
		out, err := w.outside()
		if err != nil {
			return nil, err
		}
		signed, err := s.o.Receipt(ctx, Account{Request: view, Person: t.last(), Erased: e, Proof: proof, Outside: out, At: now})
		if len(signed) == 0 && err == nil {
			err = errors.New("dsar: the receipt is empty")
		}
		return signed, err
	}, func(ctx context.Context, r *RequestRow, now time.Time) error {
		return w.moved(ctx, r, Ending, actionEnded, Done, now)
	})
}

// sum is what all rounds erased together.
func (w *work) sum() (*Erased, error) {
	var all *Erased
	for round := 1; w.done(named(stepErase, round)); round++ {
		e := new(Erased)
		if err := json.Unmarshal(w.steps[named(stepErase, round)].Result, e); err != nil {
			return nil, fmt.Errorf("dsar: what was erased cannot be read: %w", err)
		}
		if all == nil {
			all = e
			continue
		}
		all.Done = e.Done
		for _, t := range e.Tables {
			at := slices.IndexFunc(all.Tables, func(o Planned) bool { return o.Table == t.Table && o.Action == t.Action && o.Why == t.Why })
			switch {
			case at < 0:
				all.Tables = append(all.Tables, t)
			case t.Action == ActKeep || t.Action == ActShare: // the rows that stayed are counted once
				all.Tables[at] = t
			default:
				all.Tables[at].Rows += t.Rows
			}
		}
	}
	return all, nil
}
