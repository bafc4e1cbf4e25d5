package deadline

import (
	"cmp"
	"fmt"
	"time"
)

// A Date is a day of the Gregorian calendar, wherever it is. The zero Date is none.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day that t is in zone.
func DateOf(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	return Date{y, m, d}
}

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d == Date{} }

// String returns d as 2006-01-02, and "" for none.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// Compare is below 0 if d is before e, 0 if it is the same, and above 0 if it is after it.
func (d Date) Compare(e Date) int {
	return cmp.Or(cmp.Compare(d.Year, e.Year), cmp.Compare(d.Month, e.Month), cmp.Compare(d.Day, e.Day))
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// AddDays returns the day n days after d.
func (d Date) AddDays(n int) Date { return DateOf(d.utc().AddDate(0, 0, n), time.UTC) }

// AddMonths returns the same day n months later, or the last of that month if it has no such day.
func (d Date) AddMonths(n int) Date {
	first := Date{d.Year, d.Month, 1}.utc().AddDate(0, n, 0)
	last := first.AddDate(0, 1, -1).Day()
	return Date{first.Year(), first.Month(), min(d.Day, last)}
}

// until returns the number of days from d to e.
func (d Date) until(e Date) int { return int(e.utc().Sub(d.utc()) / (24 * time.Hour)) }

// valid reports whether there is such a day.
func (d Date) valid() bool { return DateOf(d.utc(), time.UTC) == d }

func (d Date) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// end returns the first moment in zone that is after the day, which is not always a midnight: clocks are changed at
// midnight too.
func (d Date) end(zone *time.Location) time.Time {
	t := time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, zone)
	if d.holds(t.Add(-1), zone) && !d.holds(t, zone) {
		return t
	}
	for t = t.Add(-3 * time.Hour); DateOf(t, zone).Compare(d) <= 0; {
		t = t.Add(15 * time.Minute)
	}
	return t
}

func (d Date) holds(t time.Time, zone *time.Location) bool { return DateOf(t, zone) == d }
