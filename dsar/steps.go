package dsar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

const (
	attempted = audit.Attempted
	failure   = audit.Failure
)

// The names of steps. Those of rounds and plans have more behind them.
const (
	stepReceived  = "tell received"
	stepHide      = "hide"
	stepShow      = "show"
	stepBegin     = "begin"
	stepExport    = "export"
	stepRestrain  = "restrain"
	stepApply     = "apply"
	stepOutside   = "outside "
	stepErase     = "erase"
	stepProve     = "prove"
	stepPrepare   = "prepare"
	stepTombstone = "tombstone"
	stepReceipt   = "receipt"
	stepEnded     = "tell ended"
	stepShred     = "shred"
)

func (w *work) done(name string) bool { return !w.steps[name].Done.IsZero() }

// next does the next step of the request, and reports whether there may be another one now.
func (w *work) next(ctx context.Context) (bool, error) {
	r, err := w.s.store.Request(ctx, w.row.ID)
	if err != nil {
		return false, err
	}
	w.row = r
	now, err := w.s.store.Now(ctx)
	if err != nil {
		return false, err
	}
	if r.State == Closed || !r.Next.IsZero() && r.Next.After(now) && len(w.tried) > 0 {
		return false, nil
	}
	steps, err := w.s.store.Steps(ctx, r.ID)
	if err != nil {
		return false, err
	}
	w.steps = map[string]StepRow{}
	for _, st := range steps {
		w.steps[st.Name] = st
	}
	if r.Acknowledged.IsZero() && (r.State == Open || r.State == Verified && r.Kind == Erasure) { // all else is answered soon
		return true, w.do(ctx, stepReceived, func(ctx context.Context) (any, error) { return nil, w.s.tell(ctx, &r, NoticeReceived, "") },
			func(ctx context.Context, r *RequestRow, now time.Time) error {
				r.Acknowledged = now
				return w.s.note(ctx, r, actionAcknowledged, system, "", nil)
			})
	}
	switch r.State {
	case Verified:
		if r.Kind != Erasure {
			return true, w.move(ctx, Working, actionBegun, "")
		}
	case Approved:
		return w.approved(ctx, now)
	case Working:
		switch {
		case r.Kind == Erasure:
			return w.erasing(ctx, now)
		case exports(r.Kind):
			return w.exporting(ctx)
		case applies(r.Kind):
			return w.applying(ctx)
		}
		return true, w.move(ctx, Ending, actionEnded, Done)
	case Ending:
		return true, w.ending(ctx)
	}
	return false, w.park(ctx, time.Time{})
}

// park lets the request wait until a time, or, if that is zero, for somebody.
func (w *work) park(ctx context.Context, until time.Time) error {
	err := w.change(ctx, func(_ context.Context, r *RequestRow, _ time.Time) error { r.Next = until; return nil })
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}

// move brings the request to its next state.
func (w *work) move(ctx context.Context, to State, a audit.Action, o Outcome) error {
	return w.change(ctx, func(ctx context.Context, r *RequestRow, now time.Time) error {
		return w.moved(ctx, r, to, a, o, now)
	})
}

func (w *work) moved(ctx context.Context, r *RequestRow, to State, a audit.Action, o Outcome, now time.Time) error {
	what, data := string(to), map[string]any(nil)
	if r.State, r.Next, r.Tries = to, now, 0; o != "" {
		end(r, o, now)
		what, data = string(o), map[string]any{"outcome": string(o)}
	}
	return w.s.note(ctx, r, a, system, what, data)
}

// person opens who the request is about.
func (w *work) person(ctx context.Context) (Person, *told, error) {
	t, err := w.s.open(ctx, &w.row)
	if err != nil {
		return Person{}, nil, err
	}
	return t.person(), t, nil
}

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

// exporting is what an export writes with.
type exporting = func(ctx context.Context, w io.Writer) error

func (w *work) exporting(ctx context.Context) (bool, error) {
	if w.out == nil {
		return false, w.park(ctx, time.Time{}) // until the application calls Export
	}
	s, r := w.s, w.row
	var out *Exported
	err := w.do(ctx, stepExport, func(ctx context.Context) (any, error) {
		if r.Verified.IsZero() {
			return nil, ErrUnverified
		}
		p, _, err := w.person(ctx)
		if err != nil {
			return nil, err
		}
		view, err := s.view(ctx, &r)
		if err != nil {
			return nil, err
		}
		err = w.out(ctx, view, func(ctx context.Context, to io.Writer) (err error) {
			out, err = s.o.Exporter.Export(ctx, p, to, ExportOptions{Request: string(r.ID), Portable: r.Kind == Portability})
			return err
		})
		if err == nil && out == nil {
			err = errors.New("dsar: the outbox took no export")
		}
		return out, err
	}, func(ctx context.Context, r *RequestRow, now time.Time) error {
		return w.moved(ctx, r, Ending, actionEnded, Done, now)
	})
	if errors.Is(err, ErrNobody) {
		return true, w.move(ctx, Ending, actionEnded, Nobody)
	}
	return true, err
}

func (w *work) applying(ctx context.Context) (bool, error) {
	s, r := w.s, w.row
	if r.Kind != Rectification && !w.done(stepRestrain) {
		return true, w.do(ctx, stepRestrain, func(context.Context) (any, error) { return nil, nil },
			func(ctx context.Context, r *RequestRow, _ time.Time) error { return s.restrain(ctx, r) })
	}
	var no *Refusal
	err := w.do(ctx, stepApply, func(ctx context.Context) (any, error) {
		p, t, err := w.person(ctx)
		if err != nil {
			return nil, err
		}
		view, err := s.view(ctx, &r)
		if err != nil {
			return nil, err
		}
		err = s.o.Apply[r.Kind](ctx, Ask{Request: view, Person: p, Text: t.Text, Changes: t.Changes})
		if errors.As(err, &no) && no.check() == nil {
			return nil, nil
		}
		no = nil
		return nil, err
	}, func(ctx context.Context, r *RequestRow, now time.Time) error {
		if no == nil {
			return w.moved(ctx, r, Ending, actionEnded, Done, now)
		}
		c, err := s.refuse(ctx, r, no, now)
		if err != nil {
			return err
		}
		return s.note(ctx, r, c.action, system, c.what, c.data)
	})
	return true, err
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

// ending shows again who was hidden for nothing, tells the person, and shreds what is known of them.
func (w *work) ending(ctx context.Context) error {
	s, r := w.s, w.row
	if hidden := w.steps[stepHide].Name != ""; hidden && r.Outcome != Done && !w.done(stepShow) {
		return w.do(ctx, stepShow, func(ctx context.Context) (any, error) {
			p, _, err := w.person(ctx)
			if err != nil {
				return nil, err
			}
			return nil, s.o.Show(ctx, p)
		}, nil)
	}
	if !w.done(stepEnded) {
		return w.do(ctx, stepEnded, func(ctx context.Context) (any, error) { return nil, s.tell(ctx, &r, NoticeEnded, "") },
			func(_ context.Context, r *RequestRow, now time.Time) error { orElse(&r.Acknowledged, now); return nil })
	}
	return w.do(ctx, stepShred, func(ctx context.Context) (any, error) { return nil, s.o.Sealer.Shred(ctx, r.ID) },
		func(ctx context.Context, r *RequestRow, now time.Time) error {
			r.State, r.Closed, r.Sealed, r.Next, r.Tries = Closed, now, nil, time.Time{}, 0
			return s.note(ctx, r, actionClosed, system, string(r.Outcome), map[string]any{"outcome": string(r.Outcome)})
		})
}

// resultOf is what is kept of a step's result.
func resultOf(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case *Erased:
		if v == nil {
			return nil, nil
		}
	case *Exported:
		if v == nil {
			return nil, nil
		}
	case *Proof:
		if v == nil {
			return nil, nil
		}
	}
	return json.Marshal(v)
}
