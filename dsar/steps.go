package dsar

import (
	"context"
	"encoding/json"
	"errors"
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
