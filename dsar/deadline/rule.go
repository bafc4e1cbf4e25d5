package deadline

import (
	"errors"
	"fmt"
	"slices"
)

// Errors of [Compile] and [Laws.Clock].
var (
	// ErrRule: a rule contradicts itself or another, or does not say where it comes from.
	ErrRule = errors.New("deadline: bad rule")
	// ErrNoRule: no rule covers the law, the kind of request and the day. It does not mean that there is no duty.
	ErrNoRule = errors.New("deadline: no rule")
	// ErrFacts: times are missing, impossible, or in an order that cannot be.
	ErrFacts = errors.New("deadline: impossible facts")
)

// A Rule is what one law says about the time to answer some kinds of requests, as far as this package can reckon. It is data with a date
// and a source, and no advice.
type Rule struct {
	// ID names the row, such as "gb-ukgdpr-2026".
	ID string
	// Law is the name under which a clock is asked for, such as "gb-ukgdpr". Rows of a law follow each other in time, or are for other kinds.
	Law string
	// Title is the law's full name.
	Title string
	Kinds []Kind
	// Effective is the first day of receipt for which the row counts, and Until the first for which it does not; zero: none.
	Effective, Until Date

	// Acknowledge, Answer and Extended are periods from receipt; Extended is the whole of it, and none if the law extends nothing by a
	// figure. A Rule without Answer says what the law does in Words. No period here is in hours.
	Acknowledge, Answer, Extended Term
	// Words is what else the law asks for: "without undue delay".
	Words string
	// Roll: an answer that would be due on a day that is no working day is due on the next that is.
	Roll bool
	// Identity, Clarification and Fee are what asking the person for those does to the clock, and Pauses is where that is said.
	Identity, Clarification, Fee Effect
	Pauses                       string

	// Source is where this was read, and AsOf when.
	Source string
	AsOf   Date
}

// A Term is a period and who says so.
type Term struct {
	Period Period
	Cite   string
	// Guidance: an authority's guidance and no law.
	Guidance bool
}

// An Effect is what it does to a clock to wait for the person.
type Effect uint8

// The effects.
const (
	// RunsOn: nothing. It is the default, and the strictest.
	RunsOn Effect = iota
	// Stops: the days from that of the question to the one before the answer are added.
	Stops
	// StopsInclusive: the days from that of the question to that of the answer are added.
	StopsInclusive
	// Begins: the clock begins, or begins anew, when the person has done what was asked.
	Begins
)

// Laws are compiled rules. They never change.
type Laws struct {
	rows map[string][]Rule // by law
}

// Compile checks rules and returns them as laws. To replace or correct what ships, begin with [Rules] and change it. What is wrong is
// an [ErrRule].
func Compile(rules ...Rule) (*Laws, error) {
	l := &Laws{rows: map[string][]Rule{}}
	seen := map[string]bool{}
	for _, r := range rules {
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("%w: %q: %w", ErrRule, r.ID, err)
		}
		if seen[r.ID] {
			return nil, fmt.Errorf("%w: %q is there twice", ErrRule, r.ID)
		}
		seen[r.ID] = true
		for _, other := range l.rows[r.Law] {
			if r.overlaps(&other) {
				return nil, fmt.Errorf("%w: %q and %q are for the same requests", ErrRule, r.ID, other.ID)
			}
		}
		l.rows[r.Law] = append(l.rows[r.Law], r.clone())
	}
	return l, nil
}

func (r *Rule) check() error {
	switch {
	case r.ID == "" || r.Law == "" || r.Title == "":
		return errors.New("it has no id, law or title")
	case r.Source == "" || !r.AsOf.valid():
		return errors.New("it does not say where it was read, or when")
	case !r.Effective.valid() || !r.Until.IsZero() && (!r.Until.valid() || r.Until.Compare(r.Effective) <= 0):
		return errors.New("it has no day to begin, or ends before it")
	case len(r.Kinds) == 0 || slices.ContainsFunc(r.Kinds, func(k Kind) bool { return !k.valid() }):
		return errors.New("it has no kinds, or unknown ones")
	case max(r.Identity, r.Clarification, r.Fee) > Begins:
		return errors.New("it has an unknown effect")
	case max(r.Identity, r.Clarification, r.Fee) > RunsOn && r.Pauses == "":
		return errors.New("it does not say who lets the clock stop")
	case r.Answer.Period.IsZero() && r.Words == "":
		return errors.New("it says nothing about the answer")
	case !r.Extended.Period.IsZero() && (r.Extended.Period.Unit != r.Answer.Period.Unit || r.Extended.Period.N <= r.Answer.Period.N):
		return errors.New("its extension is no longer than its period, or in another unit")
	}
	for _, t := range []Term{r.Acknowledge, r.Answer, r.Extended} {
		if !t.Period.IsZero() && (!t.Period.valid() || t.Period.Unit == Hours || t.Cite == "") {
			return errors.New("a period is impossible, or nobody is cited for it")
		}
	}
	return nil
}

func (r *Rule) overlaps(o *Rule) bool {
	apart := !r.Until.IsZero() && r.Until.Compare(o.Effective) <= 0 || !o.Until.IsZero() && o.Until.Compare(r.Effective) <= 0
	return !apart && slices.ContainsFunc(r.Kinds, func(k Kind) bool { return slices.Contains(o.Kinds, k) })
}

func (r *Rule) clone() Rule {
	c := *r
	c.Kinds = slices.Clone(r.Kinds)
	return c
}

// Rule returns the row for requests of a kind that were received on a day, or [ErrNoRule].
func (l *Laws) Rule(law string, k Kind, received Date) (Rule, error) {
	if l != nil {
		for i := range l.rows[law] {
			r := &l.rows[law][i]
			if slices.Contains(r.Kinds, k) && r.Effective.Compare(received) <= 0 && (r.Until.IsZero() || received.Compare(r.Until) < 0) {
				return r.clone(), nil
			}
		}
	}
	return Rule{}, fmt.Errorf("%w: of %q for %s on %s", ErrNoRule, law, k, received)
}

// Has reports whether a law has any row for a kind of request, whatever the day.
func (l *Laws) Has(law string, k Kind) bool {
	return l != nil && slices.ContainsFunc(l.rows[law], func(r Rule) bool { return slices.Contains(r.Kinds, k) })
}
