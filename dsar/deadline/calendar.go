package deadline

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrCalendar: a calendar has no zone, or no working day.
var ErrCalendar = errors.New("deadline: unusable calendar")

// A Calendar tells days from each other in the place where the time runs.
type Calendar struct {
	// Zone decides which day a moment is. There is no default: a request of 23:30 in London is one of the next day in Sydney.
	Zone *time.Location
	// Holiday reports whether a day is a public holiday. Nil: none is. A holiday never makes a deadline earlier, so one that is
	// forgotten errs on the side of an early answer. It must say the same of a day each time, and may be called by many goroutines.
	Holiday func(Date) bool
	// Weekend are the days of the week on which nobody works. Nil: Saturday and Sunday.
	Weekend []time.Weekday
}

// Holidays returns a function for [Calendar.Holiday] that knows the days that are listed.
func Holidays(days ...Date) func(Date) bool {
	set := make(map[Date]bool, len(days))
	for _, d := range days {
		set[d] = true
	}
	return func(d Date) bool { return set[d] }
}

// Works reports whether d is a working day.
func (c Calendar) Works(d Date) bool {
	weekday := d.Weekday()
	if c.Weekend == nil {
		if weekday == time.Saturday || weekday == time.Sunday {
			return false
		}
	} else if slices.Contains(c.Weekend, weekday) {
		return false
	}
	return c.Holiday == nil || !c.Holiday(d)
}

// longest is how many days may follow each other without a working day before a calendar is thought to be wrong.
const longest = 60

// onwards returns d, or the first working day after it.
func (c Calendar) onwards(d Date) (Date, error) {
	for range longest {
		if c.Works(d) {
			return d, nil
		}
		d = d.AddDays(1)
	}
	return Date{}, fmt.Errorf("%w: %d days in a row are no working days", ErrCalendar, longest)
}

// addWorking returns the n-th working day after d.
func (c Calendar) addWorking(d Date, n int) (_ Date, err error) {
	for range n {
		if d, err = c.onwards(d.AddDays(1)); err != nil {
			return Date{}, err
		}
	}
	return d, nil
}
