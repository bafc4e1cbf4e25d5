package egress

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// Act is what somebody does with an export.
type Act string

// The acts.
const (
	ActAsk     Act = "ask"
	ActApprove Act = "approve"
	ActDeny    Act = "deny"
	ActBegin   Act = "begin"
)

// Options of [New]. Recorder is needed.
type Options struct {
	// Recorder gets each act before it counts. What cannot be recorded does not happen.
	Recorder audit.Recorder
	// May, if it is not nil, says who may do what: an error refuses it, and is returned.
	May func(ctx context.Context, who Person, act Act, e Export) error
}

// Guard keeps to a policy. It is safe for concurrent use, and has nothing to close.
type Guard struct {
	store  Store
	policy Policy
	o      Options
}

// New returns the guard of a policy. ErrPolicy, and what is missing.
func New(st Store, p Policy, o Options) (*Guard, error) {
	if st == nil || o.Recorder == nil {
		return nil, errors.New("egress: a guard needs a store and a recorder")
	}
	p, err := p.check()
	if err != nil {
		return nil, err
	}
	return &Guard{st, p, o}, nil
}

// Ask asks for an export. It returns it as it is then: Approved, if it is small enough to need nobody, or Waiting. The same ask again returns
// what became of it; another one under its ID is [ErrKey].
func (g *Guard) Ask(ctx context.Context, a Ask) (Export, error) {
	a.Tables = slices.Clone(a.Tables)
	e := Export{Ask: a}
	sink, err := g.policy.sink(a.Sink)
	switch {
	case !a.complete():
		return Export{}, g.refuse(ctx, a.By, &e, ErrAsk)
	case err != nil:
		return Export{}, g.refuse(ctx, a.By, &e, err)
	case a.Limit.over(g.policy.Once):
		return Export{}, g.refuse(ctx, a.By, &e, ErrLimit)
	}
	if e.Hash, e.State = a.hash(sink), Waiting; !a.Limit.over(g.policy.Alone) {
		e.State = Approved
	}
	if err := g.may(ctx, a.By, ActAsk, e); err != nil {
		return Export{}, err
	}
	err = g.store.Tx(ctx, func(ctx context.Context) error {
		now, err := g.store.Now(ctx)
		if err != nil {
			return err
		}
		e.Asked, e.Expires = now, now.Add(g.policy.For)
		there, err := g.store.Create(ctx, e)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(there.Ask, a) {
			return ErrKey
		}
		e = there
		return g.record(ctx, asked, audit.Success, a.By, &e, "asked")
	})
	if err != nil {
		return Export{}, err
	}
	return e, nil
}

// complete reports whether all is there that an export needs.
func (a *Ask) complete() bool {
	visible := func(s string, most int) bool {
		return s != "" && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
	}
	return visible(a.ID, 64) && visible(string(a.By), 256) && strings.TrimSpace(a.Reason) != "" && visible(a.Ticket, 256) && a.Sink != "" &&
		(len(a.Tables) > 0 || strings.TrimSpace(a.Query) != "") && a.Limit.Rows > 0 && a.Limit.Bytes > 0
}

// Approve lets the export with the id begin, if hash is that of what it would be: what the second person was shown.
func (g *Guard) Approve(ctx context.Context, id, hash string, by Person) (Export, error) {
	return g.decide(ctx, id, by, ActApprove, func(e *Export, now time.Time) error {
		sink, err := g.policy.sink(e.Sink)
		switch {
		case err != nil:
			return err
		case hash != e.Hash || hash != e.hash(sink):
			return ErrChanged
		case !now.Before(e.Expires):
			return ErrExpired
		case e.State == Approved && e.Second == by: // again
			return nil
		case e.State != Waiting:
			return ErrState
		}
		e.State, e.Second, e.Decided, e.Expires = Approved, by, now, now.Add(g.policy.For)
		return nil
	})
}

// Deny ends an export that has not begun: also one that was approved.
func (g *Guard) Deny(ctx context.Context, id string, by Person) (Export, error) {
	return g.decide(ctx, id, by, ActDeny, func(e *Export, now time.Time) error {
		switch e.State {
		case Denied:
			return nil
		case Waiting, Approved:
			e.State, e.Second, e.Decided = Denied, by, now
			return nil
		}
		return ErrState
	})
}

// decide lets a second person do something with an export.
func (g *Guard) decide(ctx context.Context, id string, by Person, act Act, change func(*Export, time.Time) error) (Export, error) {
	var e Export
	err := g.change(ctx, id, func(ctx context.Context, x *Export, now time.Time) error {
		e = *x
		if by == "" {
			return ErrAsk
		}
		if act == ActApprove && strings.EqualFold(string(by), string(x.By)) {
			return ErrOneself
		}
		if err := g.may(ctx, by, act, *x); err != nil {
			return err
		}
		if err := change(x, now); err != nil {
			return err
		}
		e = *x
		return g.record(ctx, actions[act], audit.Success, by, x, string(act))
	})
	if err != nil {
		return Export{}, g.refuse(ctx, by, &e, err)
	}
	return g.store.Export(ctx, id)
}

// change reads an export, changes it and writes it, in one transaction, whoever else does so.
func (g *Guard) change(ctx context.Context, id string, f func(context.Context, *Export, time.Time) error) (err error) {
	for range 8 {
		err = g.store.Tx(ctx, func(ctx context.Context) error {
			e, err := g.store.Export(ctx, id)
			if err != nil {
				return err
			}
			now, err := g.store.Now(ctx)
			if err != nil {
				return err
			}
			before := e
			if err := f(ctx, &e, now); err != nil || reflect.DeepEqual(before, e) {
				return err
			}
			return g.store.Save(ctx, e)
		})
		if !errors.Is(err, ErrConflict) {
			break
		}
	}
	return err
}

// Open begins an export that was approved: it opens the sink, and returns what to write to. It is for who asked, and once. All that was
// asked for counts as taken from now on, until the stream ends.
func (g *Guard) Open(ctx context.Context, id string, by Person) (*Stream, error) {
	var e Export
	var sink *Sink
	err := g.change(ctx, id, func(ctx context.Context, x *Export, now time.Time) (err error) {
		e = *x
		if sink, err = g.policy.sink(x.Sink); err != nil {
			return err
		}
		switch {
		case by != x.By:
			return ErrUnapproved
		case x.State == Waiting:
			return ErrUnapproved
		case x.State != Approved:
			return ErrState
		case !now.Before(x.Expires):
			return ErrExpired
		case x.Hash != x.hash(sink):
			return ErrChanged
		case x.Limit.over(g.policy.Alone) && x.Second == "": // the policy is stricter than it was
			return ErrUnapproved
		case x.Limit.over(g.policy.Once):
			return ErrLimit
		}
		if err := g.may(ctx, by, ActBegin, *x); err != nil {
			return err
		}
		taken, err := g.store.Taken(ctx, by, now.Add(-24*time.Hour))
		if err != nil {
			return err
		}
		if taken.Rows > g.policy.Day.Rows-x.Limit.Rows || taken.Bytes > g.policy.Day.Bytes-x.Limit.Bytes {
			return ErrLimit
		}
		x.State, x.Begun = Streaming, now
		e = *x
		return g.record(ctx, begun, audit.Attempted, by, x, "begun")
	})
	if err != nil {
		return nil, g.refuse(ctx, by, &e, err)
	}
	s := &Stream{guard: g, e: e}
	if err := s.open(ctx, sink); err != nil {
		return nil, errors.Join(err, s.Stop(ctx))
	}
	return s, nil
}

// Export returns the export with the id, or ErrNotFound.
func (g *Guard) Export(ctx context.Context, id string) (Export, error) {
	return g.store.Export(ctx, id)
}

func (g *Guard) may(ctx context.Context, who Person, act Act, e Export) error {
	if g.o.May == nil {
		return nil
	}
	if err := g.o.May(ctx, who, act, e); err != nil {
		return fmt.Errorf("egress: not allowed: %w", err)
	}
	return nil
}
