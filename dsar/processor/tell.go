package processor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// tell sends a job to a processor until it is known what came of it, it cannot get better, or the time is over.
func (s *Set) tell(ctx context.Context, p Processor, j Job, verb Verb, send func(context.Context, Job) (Outcome, error)) (Call, error) {
	if j.Request == "" {
		return Call{}, fmt.Errorf("%w: a job needs the id of its request", ErrOptions)
	}
	key, err := Key(ctx, j.Request, verb, p.Name())
	if err != nil {
		return Call{}, err
	}
	j.Key, j.Verb = key, verb
	now, err := s.store.Now(ctx)
	if err != nil {
		return Call{}, err
	}
	c, err := s.store.Begin(ctx, Call{Key: key, Request: j.Request, Processor: p.Name(), Verb: verb, Outcome: Outcome{State: Unconfirmed}, Begun: now, Changed: now})
	if err != nil {
		return Call{}, err
	}
	if c.Request != j.Request || c.Processor != p.Name() || c.Verb != verb {
		return Call{}, ErrConflict
	}
	within := s.o.Try
	if within == 0 && verb == Export {
		within = 15 * time.Minute
	}
	end := time.Now().Add(s.o.For) // of the patience of this call only: what decides is the store's clock
	for wait := s.o.First; !c.settled(); wait = min(2*wait, s.o.Longest) {
		pause := max(c.Next.Sub(now), 0)
		if time.Now().Add(pause).After(end) {
			return c, nil
		}
		if pause > 0 {
			if err := sleep(ctx, pause); err != nil {
				return c, err
			}
		}
		// Written before it is sent, so that a call that was lost with its process is not taken for one that never was.
		if c, err = s.settle(ctx, key, func(c *Call) { c.Tries++ }); err != nil || c.settled() {
			return c, err
		}
		out, failed := s.try(ctx, within, func(ctx context.Context) (Outcome, error) { return send(ctx, j) })
		if now, err = s.store.Now(context.WithoutCancel(ctx)); err != nil {
			return c, err
		}
		again := errors.Is(failed, ErrAgain)
		// What the processor answered is written though the caller has gone.
		if c, err = s.settle(context.WithoutCancel(ctx), key, func(c *Call) {
			c.answer(out)
			c.Next = time.Time{}
			if again {
				c.Next = now.Add(cmp.Or(later(failed), wait/2+rand.N(wait/2+1)))
			}
		}); err != nil {
			return c, err
		}
		if err := ctx.Err(); err != nil {
			return c, err
		}
		if !again {
			break
		}
	}
	return c, nil
}

// settled reports whether there is nothing to send: an export is asked for again until there is none.
func (c *Call) settled() bool {
	switch c.Verb {
	case Export:
		return c.State == Nothing || c.State == Refused
	}
	return c.State != Unconfirmed
}

// answer takes what a processor says now into what is known. What is final stays, and what was refused stays until it is done or reopened:
// answers may come late, twice and out of order. What was accepted stays so when nothing is heard, but not when the processor has never
// heard of it.
func (c *Call) answer(o Outcome) {
	switch {
	case c.State.Final() && c.Verb == Erase:
	case o.State.Final(), o.State == Refused:
		c.Outcome = o
	case c.State == Refused, c.State == Done:
	case o.State == Accepted, c.State == Unconfirmed, o.Why == whyUnknown:
		c.Outcome = o
	}
}

// whyUnknown is why a status is unconfirmed if the processor does not know the job.
const whyUnknown = "unknown there"

// settle changes a call, whoever else does so.
func (s *Set) settle(ctx context.Context, key string, change func(*Call)) (Call, error) {
	for range 16 {
		c, err := s.store.Call(ctx, key)
		if err != nil {
			return Call{}, err
		}
		old := c
		if change(&c); c == old {
			return c, nil
		}
		if c.State != old.State {
			if c.Changed, err = s.store.Now(ctx); err != nil {
				return Call{}, err
			}
		}
		switch err = s.store.Save(ctx, c); {
		case err == nil:
			c.Version++
			return c, nil
		case !errors.Is(err, ErrConflict):
			return Call{}, err
		}
	}
	return Call{}, ErrConflict
}

// later is how long a processor asked to be left alone; 0: it did not.
func later(err error) time.Duration {
	var l *laterError
	if errors.As(err, &l) {
		return l.after
	}
	return 0
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
