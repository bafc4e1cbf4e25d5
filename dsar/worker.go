package dsar

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Run does what is due, of each tenant that tenants returns, every so often, until ctx ends: then it returns nil. Run it in as many processes
// as you like: of each request one does a step at a time. What fails is logged, and tried again later.
func (s *Service) Run(ctx context.Context, every time.Duration, tenants func(ctx context.Context) ([]tenancy.ID, error)) error {
	if every <= 0 || tenants == nil {
		return errors.New("dsar: nothing says how often, or for whom")
	}
	var swept time.Time
	for {
		ids, err := tenants(ctx)
		if err != nil && ctx.Err() == nil {
			s.o.Logger.ErrorContext(ctx, "dsar: the tenants cannot be listed")
		}
		sweep := time.Since(swept) > time.Hour
		for _, id := range ids {
			of := tenancy.Switch(ctx, id)
			_, err := s.Step(of)
			if err == nil && sweep {
				_, err = s.Sweep(of)
			}
			if err != nil && ctx.Err() == nil {
				s.o.Logger.ErrorContext(ctx, "dsar: what is due was not all done", "tenant", id.String(), "error", err)
			}
		}
		if sweep {
			swept = time.Now()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}

// Step does what is due for ctx's tenant, at most of a hundred requests, and returns of how many. The steps that failed are among its errors,
// each a [StepError], and come again later; any other error means that nothing more could be done. In a transaction of the caller's it is
// [ErrInTransaction].
func (s *Service) Step(ctx context.Context) (n int, err error) {
	if s.store.InTx(ctx) {
		return 0, ErrInTransaction
	}
	var failed []error
	for ; n < 100; n++ {
		w, err := s.claim(ctx, "")
		if err != nil || w == nil {
			return n, errors.Join(append(failed, err)...)
		}
		var step *StepError
		if err := w.run(ctx); errors.As(err, &step) {
			failed = append(failed, err)
		} else if err != nil {
			return n, errors.Join(append(failed, err)...)
		}
	}
	return n, errors.Join(failed...)
}

// work is a request that this worker has the lease of.
type work struct {
	s     *Service
	lease string
	row   RequestRow
	steps map[string]StepRow
	tried map[string]bool // in this round
	// out takes what is exported, in the place of the options' Outbox; may be nil.
	out func(ctx context.Context, r Request, export exporting) error
}

// claim leases a request that is due, or the one of that id. Nil: there is none that is free.
func (s *Service) claim(ctx context.Context, id ID) (*work, error) {
	lease := random()
	rows, err := s.store.Claim(ctx, Claiming{ID: id, Lease: lease, For: s.o.Lease, Limit: 1})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &work{s: s, lease: lease, row: rows[0], tried: map[string]bool{}, out: s.o.Outbox}, nil
}

// run does the request's steps until one has to wait or fails. The lease is kept meanwhile: who loses it is stopped.
func (w *work) run(ctx context.Context) (err error) {
	outer := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		tick := time.NewTicker(w.s.o.Lease / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := w.s.store.Renew(ctx, w.row.ID, w.lease, w.s.o.Lease); errors.Is(err, ErrLease) {
				cancel(ErrLease)
			}
		}
	})
	defer func() {
		if lost := context.Cause(ctx); err != nil && errors.Is(lost, ErrLease) {
			err = errors.Join(err, lost)
		}
		cancel(nil)
		renewing.Wait()
		free, stop := context.WithTimeout(context.WithoutCancel(outer), 5*time.Second)
		defer stop()
		// What is not freed is free when its lease ends.
		if lost := w.s.store.Free(free, w.row.ID, w.lease); lost != nil {
			w.s.o.Logger.WarnContext(outer, "dsar: a lease was not given back", "request", string(w.row.ID))
		}
	}()
	for moved := 0; ; {
		again, err := w.next(ctx)
		if (errors.Is(err, errMoved) || errors.Is(err, ErrConflict)) && moved < 8 {
			moved++ // somebody did something with the request: look again
			continue
		}
		if err != nil && waits(err) {
			return nil // the history has it
		}
		if err != nil || !again {
			return err
		}
	}
}

var errMoved = errors.New("dsar: the request was changed meanwhile")

// change changes the request under the lease, if it is where it was.
func (w *work) change(ctx context.Context, f func(ctx context.Context, r *RequestRow, now time.Time) error) error {
	return w.s.tx(ctx, func(ctx context.Context, now time.Time) error {
		r, err := w.s.store.Request(ctx, w.row.ID)
		switch {
		case err != nil:
			return err
		case r.Lease != w.lease || !now.Before(r.Leased):
			return ErrLease
		case r.State != w.row.State:
			return errMoved
		}
		if err := f(ctx, &r, now); err != nil {
			return err
		}
		if err := w.s.reckon(&r); err != nil {
			return err
		}
		w.row, err = w.s.store.Update(ctx, r)
		return err
	})
}

// do does a step. That it is tried is recorded before, and what came of it together with what then changes.
func (w *work) do(ctx context.Context, name string, f func(ctx context.Context) (any, error), then func(ctx context.Context, r *RequestRow, now time.Time) error) error {
	w.tried[name] = true
	step := w.steps[name]
	err := w.change(ctx, func(ctx context.Context, r *RequestRow, now time.Time) error {
		if step.Name == "" {
			step = StepRow{Request: r.ID, Name: name, Begun: now}
		}
		step.Tries++
		if err := w.s.store.PutStep(ctx, step); err != nil {
			return err
		}
		return w.s.noteAs(ctx, r, actionStep, system, attempted, name, map[string]any{"try": step.Tries})
	})
	if err != nil {
		return err
	}
	result, err := f(ctx)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = w.change(ctx, func(ctx context.Context, r *RequestRow, now time.Time) error {
			done := step
			done.Done, done.Why = now, ""
			if done.Result, err = resultOf(result); err != nil {
				return err
			}
			if err := w.s.store.PutStep(ctx, done); err != nil {
				return err
			}
			r.Tries, r.Next = 0, now
			if then != nil {
				if err := then(ctx, r, now); err != nil {
					return err
				}
			}
			return w.s.note(ctx, r, actionStep, system, name, nil)
		})
		if !waits(err) {
			return err
		}
	}
	if lost := context.Cause(ctx); lost != nil {
		return lost
	}
	return w.failed(ctx, step, result, err)
}

// failed writes down that a step failed, and when it is tried again. A hold and what else is only waited for is no failure that counts.
func (w *work) failed(ctx context.Context, step StepRow, result any, err error) error {
	again := w.change(ctx, func(ctx context.Context, r *RequestRow, now time.Time) error {
		known := step.Why == word(err)
		step.Why = word(err)
		if b, bad := resultOf(result); bad == nil && b != nil { // how far it came stays known
			step.Result = b
		}
		if err := w.s.store.PutStep(ctx, step); err != nil {
			return err
		}
		r.Next = now.Add(pause(step, err))
		if !waits(err) {
			r.Tries++
		}
		if known && waits(err) {
			return nil // the log has it
		}
		return w.s.noteAs(ctx, r, actionStep, system, failure, step.Name, map[string]any{"why": step.Why})
	})
	if again != nil {
		return errors.Join(again, &StepError{w.row.ID, step.Name, err})
	}
	return &StepError{w.row.ID, step.Name, err}
}

// pause is how long is waited before a step is tried again. A release wakes what is held, so that a hold of years is not asked for, and
// recorded, each minute.
func pause(step StepRow, err error) time.Duration {
	switch {
	case errors.Is(err, ErrHeld):
		return 24 * time.Hour
	case waits(err) && !strings.HasPrefix(step.Name, stepOutside):
		return 6 * time.Hour
	}
	return backoff(step.Tries)
}

// backoff is how long is waited after that many failures: from half a minute to six hours.
func backoff(tries int) time.Duration {
	return min(30*time.Second<<min(max(tries-1, 0), 12), 6*time.Hour)
}

// waiting is why a step cannot be done yet.
type waiting struct{ why string }

func (w *waiting) Error() string { return "dsar: waits for " + w.why }

func waits(err error) bool { return errors.Is(err, ErrHeld) || errors.As(err, new(*waiting)) }

// word is what is written down of an error: its text may be about the person.
func word(err error) string {
	var w *waiting
	switch {
	case errors.As(err, &w):
		return w.why
	case errors.Is(err, ErrHeld):
		return "held"
	case errors.Is(err, ErrPlan):
		return "plan"
	case errors.Is(err, ErrResidue):
		return "residue"
	case errors.Is(err, ErrNobody):
		return "nobody"
	case errors.Is(err, errSeal):
		return "seal"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "error"
}
