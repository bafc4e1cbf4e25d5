package deadline

import (
	"fmt"
	"slices"
	"time"
)

// Facts are what happened with a request.
type Facts struct {
	// Received is when it arrived, however it came.
	Received time.Time
	// Pauses are the times when the person was asked for something.
	Pauses []Pause
	// Extended is when the person was told that the answer will take longer, and why. Zero: not yet.
	Extended time.Time
}

// Cause is why a person was asked.
type Cause uint8

// The causes.
const (
	_ Cause = iota
	// Identity: there were reasonable doubts who asks.
	Identity
	// Clarification: it was not clear what is asked for.
	Clarification
	// Fee: a fee is due that the law allows.
	Fee
)

// A Pause is a wait for the person. What it does to the clock is for the law to say: often nothing.
type Pause struct {
	Cause Cause
	// Asked is when the person was asked, and Done when they had done all that was asked. Zero: not yet.
	Asked, Done time.Time
}

// A Clock is when a request must be dealt with, by one rule.
type Clock struct {
	Rule Rule
	// Start is the day from which the period that holds counts: that of receipt, or a later one where the law says so.
	Start Date
	// Added is how many days are added to that period because the clock had stopped.
	Added int

	// Acknowledge is when receipt must have been confirmed.
	Acknowledge Due
	// Answer is when the request must be answered, if nothing is extended.
	Answer Due
	// ExtendBy is when the person must have been told of an extension: its day is that of Answer.
	ExtendBy Due
	// Extended is when the request must be answered if they were.
	Extended Due
	// Due is the one of Answer and Extended that holds.
	Due Due

	// Waiting: the clock stands because the person has not done yet what was asked. All times are the earliest that can be: those if the
	// person did it at once.
	Waiting bool
	// TooLate: the person was told of the extension when the answer was already due, so that it counts for nothing.
	TooLate bool
}

// Clock returns when a request must be dealt with. It reads no clock of the computer, and has the same result for the same arguments.
//
// The row is chosen by the day of receipt in the calendar's zone. A pause that begins after the answer was due changes nothing, and one
// that begins after a period of no extension has ended changes what is due by the extension alone. The errors are [ErrNoRule], [ErrFacts] and [ErrCalendar].
func (l *Laws) Clock(law string, k Kind, f Facts, c Calendar) (Clock, error) {
	if c.Zone == nil {
		return Clock{}, fmt.Errorf("%w: no zone", ErrCalendar)
	}
	if err := f.check(); err != nil {
		return Clock{}, err
	}
	received := DateOf(f.Received, c.Zone)
	r, err := l.Rule(law, k, received)
	if err != nil {
		return Clock{}, err
	}
	clock := Clock{Rule: r, Start: received}
	if clock.Acknowledge, err = c.due(r.Acknowledge, received, 0, false); err != nil {
		return Clock{}, err
	}
	if err := clock.pause(f, c, r.Answer.Period); err != nil {
		return Clock{}, err
	}
	if clock.Answer, err = c.due(r.Answer, clock.Start, clock.Added, r.Roll); err != nil {
		return Clock{}, err
	}
	clock.Due = clock.Answer
	if r.Extended.Period.IsZero() {
		return clock, nil
	}
	clock.ExtendBy = clock.Answer
	clock.ExtendBy.Cite, clock.ExtendBy.Guidance = r.Extended.Cite, r.Extended.Guidance
	if !f.Extended.IsZero() {
		clock.TooLate = clock.ExtendBy.Late(f.Extended)
		if !clock.TooLate {
			if err := clock.pause(f, c, r.Extended.Period); err != nil {
				return Clock{}, err
			}
		}
	}
	if clock.Extended, err = c.due(r.Extended, clock.Start, clock.Added, r.Roll); err != nil {
		return Clock{}, err
	}
	if !f.Extended.IsZero() && !clock.TooLate {
		clock.Due = clock.Extended
	}
	return clock, nil
}

// due returns the end of a term that began on a day.
func (c Calendar) due(t Term, from Date, added int, roll bool) (Due, error) {
	if t.Period.IsZero() {
		return Due{}, nil
	}
	last, err := t.Period.from(from, c)
	if err != nil {
		return Due{}, err
	}
	if last = last.AddDays(added); roll {
		if last, err = c.onwards(last); err != nil {
			return Due{}, err
		}
	}
	return Due{Day: last, Until: last.end(c.Zone), Cite: t.Cite, Guidance: t.Guidance}, nil
}

// pause reckons with the pauses that begin while a period runs.
func (k *Clock) pause(f Facts, c Calendar, p Period) error {
	k.Start, k.Added, k.Waiting = DateOf(f.Received, c.Zone), 0, false
	if p.IsZero() {
		return nil
	}
	var stops []span
	pauses := slices.Clone(f.Pauses)
	slices.SortStableFunc(pauses, func(a, b Pause) int { return a.Asked.Compare(b.Asked) })
	for _, x := range pauses {
		effect := k.Rule.effect(x.Cause)
		if effect == RunsOn {
			continue
		}
		last, err := p.from(k.Start, c)
		if err != nil {
			return err
		}
		asked := DateOf(x.Asked, c.Zone)
		if asked.Compare(last.AddDays(k.Added)) > 0 {
			continue
		}
		done := asked // at the earliest
		if x.Done.IsZero() {
			k.Waiting = true
		} else {
			done = DateOf(x.Done, c.Zone)
		}
		switch {
		case effect == Begins && done.Compare(k.Start) > 0:
			k.Start = done
		case effect == Stops:
			stops = append(stops, span{asked, done})
		case effect == StopsInclusive:
			stops = append(stops, span{asked, done.AddDays(1)})
		}
		k.Added = days(stops, k.Start)
	}
	return nil
}

func (r *Rule) effect(c Cause) Effect {
	switch c {
	case Identity:
		return r.Identity
	case Clarification:
		return r.Clarification
	}
	return r.Fee
}

// A span is the days from one to before another.
type span struct{ from, to Date }

// days returns how many days since the first are in spans, which are in the order of their beginnings.
func days(spans []span, first Date) (n int) {
	for _, s := range spans {
		if s.from.Compare(first) < 0 {
			s.from = first
		}
		if d := s.from.until(s.to); d > 0 {
			n += d
			first = s.to
		}
	}
	return n
}

func (f *Facts) check() error {
	if !known(f.Received) {
		return fmt.Errorf("%w: no time of receipt, or one out of range", ErrFacts)
	}
	if !f.Extended.IsZero() && (!known(f.Extended) || f.Extended.Before(f.Received)) {
		return fmt.Errorf("%w: extended before it was received", ErrFacts)
	}
	for _, p := range f.Pauses {
		switch {
		case p.Cause < Identity || p.Cause > Fee:
			return fmt.Errorf("%w: a pause without a cause", ErrFacts)
		case !known(p.Asked) || p.Asked.Before(f.Received):
			return fmt.Errorf("%w: a question before the request", ErrFacts)
		case !p.Done.IsZero() && (!known(p.Done) || p.Done.Before(p.Asked)):
			return fmt.Errorf("%w: an answer before its question", ErrFacts)
		}
	}
	return nil
}
