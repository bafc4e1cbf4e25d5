package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Query says which events of the tenant [Log.Events] returns, and in which order. Zero fields do not restrict, and
// what is set must all hold.
type Query struct {
	Actor  Subject // who did it, unless that ID was erased
	Target Subject // one of those it was done to, unless that ID was erased
	// Subject has any part in the event: as actor, as target, or in Data through [Personal], of which something is left.
	Subject      Subject
	Actions      []Action  // one of them
	Outcomes     []Outcome // one of them
	Since, Until time.Time // Since <= Recorded < Until, by the store's clock
	Oldest       bool      // oldest first; else newest first
	Limit        int       // 0: all
	After        Cursor    // only what comes after that record, in the order asked for
}

// How much of the log is held at once.
const (
	pageEvents = 256
	pageBytes  = 4 << 20
)

// errPageFull ends a page early.
var errPageFull = errors.New("audit: page is full")

// Events returns the events that q asks for. It holds a page of them at most, and no transaction of its own while
// the loop's body runs, so that the body may use the log. Newest first, events recorded meanwhile are left out; oldest first,
// the answer ends with what was there at the start: resume with the last Cursor to follow the log without a gap.
//
// Each record is checked: its leaf against its hash, and each value that can still be read against the leaf. What
// does not fit is [ErrCorrupt]. After an error the sequence ends.
func (l *Log) Events(ctx context.Context, q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if err := l.events(ctx, q, 0, yield); err != nil {
			yield(Record{}, err)
		}
	}
}

// events yields what q finds below the place to; 0 means no such bound. The error is nil if yield has asked to stop.
func (l *Log) events(ctx context.Context, q Query, to uint64, yield func(Record, error) bool) error {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	if err := q.check(); err != nil {
		return err
	}
	cursors := newCursorMaker(l.opts.Key, tenant, q)
	f := Find{Actions: actionNames(q.Actions), Outcomes: q.Outcomes, Since: q.Since, Until: q.Until, Desc: !q.Oldest, To: to}
	names := q.subjects()
	if len(names) > 0 {
		who := l.pseudonym(tenant, names[0])
		f.Subject = &who
	}
	if q.After != "" {
		seq, err := cursors.open(q.After)
		if err != nil {
			return err
		}
		if !f.past(seq) {
			return nil
		}
	}
	if err := l.settle(ctx, tenant); err != nil {
		return err
	}
	if q.Oldest {
		size, err := l.store.Size(ctx)
		if err != nil || size == 0 {
			return err
		}
		if f.To == 0 || f.To > size {
			f.To = size
		}
	}
	for left := q.Limit; ; {
		f.Limit = pageEvents
		if left > 0 && len(names) < 2 && q.Actor == "" && q.Target == "" {
			f.Limit = min(pageEvents, left)
		}
		page, full, err := l.page(ctx, f)
		if err != nil {
			return err
		}
		for _, s := range page {
			r, err := l.record(ctx, tenant, s)
			if err != nil {
				return err
			}
			if !l.found(tenant, q, names, s, r) {
				continue
			}
			r.Cursor = cursors.make(s.Seq)
			if !yield(r, nil) {
				return nil
			}
			if left--; left == 0 {
				return nil
			}
		}
		if !full || !f.past(page[len(page)-1].Seq) {
			return nil
		}
	}
}

// past moves f behind the place seq, and is false if nothing can come there.
func (f *Find) past(seq uint64) bool {
	if f.Desc {
		if f.To == 0 || f.To > seq {
			f.To = seq
		}
		return f.To > 0 // 0 would mean no bound
	}
	f.From = seq + 1
	return f.From > 0 && (f.To == 0 || f.From < f.To)
}

// page reads what f finds into memory of its own, and tells whether there may be more.
func (l *Log) page(ctx context.Context, f Find) (page []Stored, full bool, err error) {
	bytes := 0
	err = l.store.Find(ctx, f, func(s Stored) error {
		page = append(page, s.clone())
		bytes += len(s.Leaf)
		for _, o := range s.Open {
			bytes += len(o.Data)
		}
		if bytes >= pageBytes {
			return errPageFull
		}
		return nil
	})
	if errors.Is(err, errPageFull) {
		return page, true, nil
	}
	return page, err == nil && len(page) == f.Limit, err
}

// clone returns s with bytes of its own.
func (s Stored) clone() Stored {
	s.Leaf = slices.Clone(s.Leaf)
	s.Open = slices.Clone(s.Open)
	for i := range s.Open {
		s.Open[i].Data = slices.Clone(s.Open[i].Data)
	}
	return s
}

// check refuses a query that cannot mean anything.
func (q Query) check() error {
	switch {
	case q.Limit < 0:
		return errors.New("audit: query with a negative limit")
	case slices.ContainsFunc(q.Actions, Action.IsZero):
		return errors.New("audit: query for the zero action")
	case slices.ContainsFunc(q.Outcomes, func(o Outcome) bool { return o > Attempted }):
		return fmt.Errorf("audit: query for an outcome above %d", Attempted)
	}
	return nil
}

// subjects are those that must all be in an event.
func (q Query) subjects() (names []Subject) {
	for _, s := range []Subject{q.Actor, q.Target, q.Subject} {
		if s != "" && !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	return names
}

// found reports whether r, which the store found for the first of names, fits the whole query. A part whose ID was
// erased is nobody's.
func (l *Log) found(tenant tenancy.ID, q Query, names []Subject, s Stored, r Record) bool {
	for _, n := range names[min(1, len(names)):] {
		who := l.pseudonym(tenant, n)
		if !slices.ContainsFunc(s.Open, func(o Opening) bool { return o.Subject == who }) {
			return false
		}
	}
	is := func(p Party, who Subject) bool { return p.ID != "" && p.Subject() == who }
	if q.Actor != "" && !is(r.Actor, q.Actor) {
		return false
	}
	return q.Target == "" || slices.ContainsFunc(r.Targets, func(p Party) bool { return is(p, q.Target) })
}

// settle gives what waits in the outbox its places, so that a query sees what this program recorded before. In a
// transaction it is left for later: it would hold what other writers wait for.
func (l *Log) settle(ctx context.Context, tenant tenancy.ID) error {
	if l.store.InTx(ctx) {
		return nil
	}
	_, err := l.drain(ctx, tenant, true)
	if errors.Is(err, ErrIDReused) { // the Logger was told
		return nil
	}
	return err
}
