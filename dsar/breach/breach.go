package breach

import (
	"fmt"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
)

// A State is how far a breach has come.
type State string

// The states.
const (
	// StateSuspected: it is not sure that there is a breach.
	StateSuspected State = "suspected"
	// StateOpen: there is one, and it is being dealt with.
	StateOpen State = "open"
	// StateClosed: there is no more to do.
	StateClosed State = "closed"
)

// A Breach is what its entries come to.
type Breach struct {
	ID        ID
	State     State
	Laws      []string
	Suspected time.Time // the earliest that was said; zero: never
	Aware     time.Time // likewise
	Risk      Risk      // as last assessed
	Entries   []Entry   // all of them, in order: facts, effects and remedial action (GDPR art. 33(5))
}

// read puts entries together, and verifies that they are those that were written.
func read(entries []Entry) (Breach, error) {
	var b Breach
	var prev [32]byte
	for i, e := range entries {
		if e.Seq != uint64(i)+1 || e.Prev != prev || e.Hash != e.Digest() || e.Breach != entries[0].Breach || (e.Kind == Opened) != (i == 0) {
			return Breach{}, fmt.Errorf("%w: at entry %d", ErrTampered, i+1)
		}
		prev = e.Hash
		b.apply(e)
	}
	return b, nil
}

func (b *Breach) apply(e Entry) {
	b.Entries = append(b.Entries, e)
	earlier := func(t *time.Time, x time.Time) {
		if !x.IsZero() && (t.IsZero() || x.Before(*t)) {
			*t = x
		}
	}
	earlier(&b.Suspected, e.Suspected)
	earlier(&b.Aware, e.Aware)
	switch e.Kind {
	case Opened:
		b.ID, b.Laws = e.Breach, slices.Clone(e.Laws)
	case Assessed:
		b.Risk = e.Risk
	}
	switch {
	case e.Kind == Closed:
		b.State = StateClosed
	case b.State == StateClosed && e.Kind != Reopened:
	case b.Aware.IsZero():
		b.State = StateSuspected
	default:
		b.State = StateOpen
	}
}

// first returns when something was first done under a law.
func (b *Breach) first(k Kind, law string, to To) (t time.Time, e *Entry) {
	for i := range b.Entries {
		x := &b.Entries[i]
		if x.Kind == k && (k == Assessed || x.Law == law && x.To == to) && (e == nil || x.At.Before(t)) {
			t, e = x.At, x
		}
	}
	return t, e
}

// assessed returns when the risk was first assessed to be at least that.
func (b *Breach) assessed(least Risk) (t time.Time) {
	for i := range b.Entries {
		if x := &b.Entries[i]; x.Kind == Assessed && x.Risk >= least && (t.IsZero() || x.At.Before(t)) {
			t = x.At
		}
	}
	return t
}

// Status is how a duty stands.
type Status string

// The statuses.
const (
	// Waiting: what the clock runs from has not happened.
	Waiting Status = "waiting"
	// Owed: it must be done.
	Owed Status = "owed"
	// Met: it was done.
	Met Status = "met"
	// NotOwed: the risk is below what the law asks for, or the assessment was overtaken by certainty.
	NotOwed Status = "not owed"
	// ExcusedByUs: an entry says why it is not done.
	ExcusedByUs Status = "excused"
)

// A Duty is something that a rule asks for about a breach.
type Duty struct {
	Rule   Rule
	Status Status
	From   time.Time    // when its clock began; zero: it has not
	Due    deadline.Due // zero: it has not begun, or the law gives no figure: see Rule.Words
	Done   time.Time    // of Met
}

// Overdue reports whether it is owed and late at t, or was done late.
func (d Duty) Overdue(t time.Time) bool {
	return d.Status == Owed && d.Due.Late(t) || d.Status == Met && d.Due.Late(d.Done)
}

// Duties returns what rules ask for about b, in their order. It reads no clock. The errors are those of [deadline.Calendar.After].
func (b Breach) Duties(rules []Rule, c deadline.Calendar) ([]Duty, error) {
	var duties []Duty
	for _, r := range rules {
		if !slices.Contains(b.Laws, r.Law) {
			continue
		}
		d := Duty{Rule: r, Status: Waiting}
		switch r.From {
		case FromSuspected:
			d.From = b.Suspected
		case FromAware:
			d.From = b.Aware
		case FromAssessed:
			d.From = b.assessed(r.Least)
		case FromSubjects:
			d.From, _ = b.first(Notified, r.Law, Subjects)
		}
		if c.Zone == nil {
			return nil, fmt.Errorf("%w: no zone", deadline.ErrCalendar)
		}
		if !d.From.IsZero() {
			if !r.holds(deadline.DateOf(d.From, c.Zone)) {
				continue
			}
			d.Status = Owed
			if !r.Period.IsZero() {
				due, err := c.After(d.From, r.Period, r.Roll)
				if err != nil {
					return nil, err
				}
				due.Cite, due.Guidance = r.Cite, r.Guidance
				d.Due = due
			}
		}
		b.settle(&d)
		duties = append(duties, d)
	}
	return duties, nil
}

// settle sees whether a duty was met, or need not be.
func (b *Breach) settle(d *Duty) {
	kind := Notified
	if d.Rule.To == Assessors {
		kind = Assessed
	}
	done, met := b.first(kind, d.Rule.Law, d.Rule.To)
	_, excused := b.first(Excused, d.Rule.Law, d.Rule.To)
	switch {
	case met != nil:
		d.Status, d.Done = Met, done
	case excused != nil:
		d.Status = ExcusedByUs
	case b.Risk != NotAssessed && b.Risk < d.Rule.Least:
		d.Status = NotOwed
	case d.Rule.To == Assessors && (b.Suspected.IsZero() || !b.Aware.IsZero() && !b.Aware.After(b.Suspected)):
		d.Status = NotOwed
	}
}
