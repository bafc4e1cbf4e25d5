package consent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Duty is a set of what laws ask for, beyond what this package does everywhere. Laws only add: no duty, and no lack of one, makes
// [Decide] allow anything.
type Duty uint8

// The duties.
const (
	// PriorConsent: nothing is stored on a device, or read from it, before a yes, but for what is essential.
	PriorConsent Duty = 1 << iota
	// OptOutRight: a person may end the sale of data and targeted advertising, and is told how on every page ("Do Not Sell or
	// Share My Personal Information").
	OptOutRight
	// OptOutSignal: a signal such as Global Privacy Control is such a request.
	OptOutSignal
	// ShowSignal: the page shows that the signal was processed.
	ShowSignal
)

const allDuties = PriorConsent | OptOutRight | OptOutSignal | ShowSignal

// A Regime is one rule of law, as far as this package can help with it. It is data with a date and a source, and no advice.
type Regime struct {
	// ID names the row, such as "us-tx-signal": 1 to 40 of a-z, 0-9, '-', '_' and '.'.
	ID string
	// Where the rule applies to visitors.
	Where []Place
	// Statute is the law's name.
	Statute string
	Duties  Duty
	// Effective is the day, at 0:00 UTC, from which the row counts; Until is the first day on which it does not, zero for none.
	Effective, Until time.Time
	// Source is where this was read, and AsOf when.
	Source string
	AsOf   time.Time
}

// Laws are compiled regimes. They never change.
type Laws struct {
	rows    []Regime
	byPlace map[string][]step
	all     []step // of an unknown place
}

// A step is what holds from one day on.
type step struct {
	from   int64
	duties Duty
}

// CompileRegimes checks rows and returns them as laws. To replace or correct what ships, begin with [Regimes] and change it.
func CompileRegimes(rows ...Regime) (*Laws, error) {
	l := &Laws{byPlace: map[string][]step{}}
	seen := map[string]bool{}
	places := map[string]bool{}
	for _, r := range rows {
		r.Where = slices.Clone(r.Where)
		switch {
		case !isKey(r.ID) || seen[r.ID]:
			return nil, fmt.Errorf("consent: regime %.40q: its id is malformed, or there twice", r.ID)
		case r.Statute == "" || r.Source == "" || r.AsOf.IsZero():
			return nil, fmt.Errorf("consent: regime %s: it says not which law it is, where that was read, or when", r.ID)
		case r.Effective.IsZero() || !r.Until.IsZero() && !r.Until.After(r.Effective):
			return nil, fmt.Errorf("consent: regime %s: it has no day to begin, or ends before it", r.ID)
		case r.Duties == 0 || r.Duties&^allDuties != 0:
			return nil, fmt.Errorf("consent: regime %s: it has no duties, or unknown ones", r.ID)
		case len(r.Where) == 0 || slices.ContainsFunc(r.Where, Place.IsZero):
			return nil, fmt.Errorf("consent: regime %s: %w", r.ID, errNowhere)
		}
		seen[r.ID] = true
		for _, p := range r.Where {
			places[p.code] = true
		}
		l.rows = append(l.rows, r)
	}
	for code := range places {
		l.byPlace[code] = steps(l.rows, func(r *Regime) bool { return r.covers(Place{code}) })
	}
	l.all = steps(l.rows, func(*Regime) bool { return true })
	return l, nil
}

var errNowhere = errors.New("it applies nowhere")

// steps merges the rows that are chosen.
func steps(rows []Regime, chosen func(*Regime) bool) (s []step) {
	var days []int64
	for i := range rows {
		if r := &rows[i]; chosen(r) {
			days = append(days, r.Effective.Unix())
			if !r.Until.IsZero() {
				days = append(days, r.Until.Unix())
			}
		}
	}
	slices.Sort(days)
	for _, day := range slices.Compact(days) {
		st := step{from: day}
		for i := range rows {
			if r := &rows[i]; chosen(r) && r.holds(day) {
				st.duties |= r.Duties
			}
		}
		s = append(s, st)
	}
	return s
}

// covers reports whether r applies at p: a row for a country applies in all its parts.
func (r *Regime) covers(p Place) bool {
	return slices.ContainsFunc(r.Where, func(w Place) bool { return w.code == p.code || w.code == p.country() })
}

func (r *Regime) holds(seconds int64) bool {
	return r.Effective.Unix() <= seconds && (r.Until.IsZero() || seconds < r.Until.Unix())
}

// Duties returns what the laws ask for in a place at a time. Where no row holds, as in an unknown place or a country whose part is
// not known, it is what any of them asks for anywhere.
func (l *Laws) Duties(p Place, t time.Time) Duty {
	if l == nil {
		return allDuties
	}
	at := t.Unix()
	s, ok := l.byPlace[p.code]
	if !ok && !p.IsZero() {
		s = l.byPlace[p.country()]
	}
	if d := dutiesAt(s, at); d != 0 {
		return d
	}
	return dutiesAt(l.all, at)
}

func dutiesAt(s []step, at int64) Duty {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].from <= at {
			return s[i].duties
		}
	}
	return 0
}

// Regimes returns the rows that hold in a place at a time, in the order they were given. There may be none.
func (l *Laws) Regimes(p Place, t time.Time) (rows []Regime) {
	if l == nil || p.IsZero() {
		return nil
	}
	for i := range l.rows {
		if r := &l.rows[i]; r.covers(p) && r.holds(t.Unix()) {
			c := *r
			c.Where = slices.Clone(r.Where)
			rows = append(rows, c)
		}
	}
	return rows
}

// String names the duties.
func (d Duty) String() string {
	var s []string
	for i, name := range [...]string{"prior consent", "opt-out right", "opt-out signal", "show signal"} {
		if d&(1<<i) != 0 {
			s = append(s, name)
		}
	}
	return strings.Join(s, ", ")
}
