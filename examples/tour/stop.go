package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// A stop is one door of the library: what it promises, and how the tour tries to break it.
type stop struct {
	Name string
	// Begin makes ready what the promises are about, and says what it did. It may be nil.
	Begin    func(ctx context.Context, d *desk) (fact string, err error)
	Promises []promise
}

type promise struct {
	Text    string
	Attacks []attack
}

// An attack is one honest try to break a promise.
type attack struct {
	Name  string
	Sends string           // what the attacker sends, as the visitor reads it
	On    tenantdb.Dialect // the database it makes sense on; "" is each
	// Try attacks d and looks at what came back. An error means that the promise broke, or that it
	// could not be tried, which is no better.
	Try func(ctx context.Context, d *desk) (outcome, error)
}

// outcome is what an attack that failed came back with.
type outcome struct {
	Came string // rows, counts, or the refusal in the words of whoever refused
	By   string // who kept the promise
}

// tally is what the tour ends with.
type tally struct {
	promises, held, attacks, repelled int
}

func (t tally) plus(u tally) tally {
	return tally{t.promises + u.promises, t.held + u.held, t.attacks + u.attacks, t.repelled + u.repelled}
}

func (t tally) broken() bool { return t.held != t.promises || t.repelled != t.attacks }

// visit tries every attack of s that d's database is open to. It goes on after a broken promise: the
// visitor wants to see them all.
func visit(ctx context.Context, s stop, d *desk, out *screen) (t tally, err error) {
	out.stop(s)
	if s.Begin != nil {
		done := out.working("getting ready", &d.ops)
		fact, err := s.Begin(ctx, d)
		done()
		if err != nil {
			return t, err
		}
		out.fact(fact)
	}
	for _, p := range s.Promises {
		attacks := p.on(d.db.Dialect())
		if len(attacks) == 0 {
			continue
		}
		out.promise(p)
		kept := true
		for _, a := range attacks {
			done := out.working(a.Name, &d.ops)
			began := time.Now()
			o, err := a.try(ctx, d)
			done()
			if ctx.Err() != nil {
				return t, ctx.Err()
			}
			t.attacks++
			if err == nil {
				t.repelled++
				out.held(a, o, time.Since(began))
			} else {
				kept = false
				out.broken(a, err)
			}
		}
		t.promises++
		if kept {
			t.held++
		}
	}
	return t, nil
}

func (p promise) on(dialect tenantdb.Dialect) (as []attack) {
	for _, a := range p.Attacks {
		if a.On == "" || a.On == dialect {
			as = append(as, a)
		}
	}
	return as
}

func (a attack) try(ctx context.Context, d *desk) (o outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the attack panicked: %v\n%s", p, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return a.Try(ctx, d)
}

// refused makes an outcome of err, which must be one of want.
func refused(by string, err error, want ...error) (outcome, error) {
	if err == nil {
		return outcome{}, errors.New("nothing refused it")
	}
	for _, w := range want {
		if errors.Is(err, w) {
			return outcome{Came: err.Error(), By: by}, nil
		}
	}
	return outcome{}, fmt.Errorf("it failed, but not for the right reason: %w", err)
}
