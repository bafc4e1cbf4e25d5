package deadline

import (
	"fmt"
	"time"
)

// A Unit is what a period is counted in.
type Unit uint8

// The units.
const (
	_ Unit = iota
	// Hours pass one after the other, whatever day it is and whatever is done to clocks.
	Hours
	// Days of the calendar. The day of the event is not counted.
	Days
	// WorkingDays are neither of a weekend nor holidays ("business days"). The day of the event is not counted.
	WorkingDays
	// Months end on the same date as that of the event, or on the last day of a month that has no such date.
	Months
)

var units = [...]string{Hours: "hour", Days: "day", WorkingDays: "working day", Months: "month"}

// A Period is a length of time as laws state it. The zero Period is none.
type Period struct {
	N    int
	Unit Unit
}

// IsZero reports whether p is no period.
func (p Period) IsZero() bool { return p == Period{} }

// String returns p in words, such as "45 days".
func (p Period) String() string {
	switch {
	case p.IsZero():
		return "none"
	case !p.valid():
		return "invalid"
	case p.N == 1:
		return "1 " + units[p.Unit]
	}
	return fmt.Sprintf("%d %ss", p.N, units[p.Unit])
}

// valid: no law that is known here gives more than ten years.
func (p Period) valid() bool { return p.Unit >= Hours && p.Unit <= Months && p.N > 0 && p.N <= 3660 }

// from returns the last day of a period, not of hours, that began on d.
func (p Period) from(d Date, c Calendar) (Date, error) {
	switch p.Unit {
	case Months:
		return d.AddMonths(p.N), nil
	case WorkingDays:
		return c.addWorking(d, p.N)
	}
	return d.AddDays(p.N), nil
}

// A Due is a time by which something must be done. The zero Due is none: there is no such duty, or it has no period in figures.
type Due struct {
	// Day is the last day on which it is in time.
	Day Date
	// Until is the first moment at which it is late.
	Until time.Time
	// Cite is the rule that says so.
	Cite string
	// Guidance: what is cited is an authority's guidance, and no law.
	Guidance bool
}

// IsZero reports whether there is nothing due.
func (d Due) IsZero() bool { return d.Until.IsZero() }

// Late reports whether it is too late at t. It never is for what is not due.
func (d Due) Late(t time.Time) bool { return !d.IsZero() && !t.Before(d.Until) }

// After returns when a period ends that an event at t began. With roll, one that ends on a day that is no working day ends on the next
// that is; hours never roll. It is what statutory clocks are made of, for clocks that this package has no rule for. The errors are
// [ErrCalendar] and [ErrFacts].
func (c Calendar) After(t time.Time, p Period, roll bool) (Due, error) {
	switch {
	case c.Zone == nil:
		return Due{}, fmt.Errorf("%w: no zone", ErrCalendar)
	case !p.valid() || !known(t):
		return Due{}, fmt.Errorf("%w: a time or period is out of range", ErrFacts)
	case p.Unit == Hours:
		t = t.Add(time.Duration(p.N) * time.Hour)
		return Due{Day: DateOf(t, c.Zone), Until: t}, nil
	}
	last, err := p.from(DateOf(t, c.Zone), c)
	if err == nil && roll {
		last, err = c.onwards(last)
	}
	if err != nil {
		return Due{}, err
	}
	return Due{Day: last, Until: last.end(c.Zone)}, nil
}

// known reports whether t is a time that can be reckoned with.
func known(t time.Time) bool { return !t.IsZero() && t.Year() >= 1900 && t.Year() <= 2999 }
