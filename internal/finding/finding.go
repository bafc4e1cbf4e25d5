// Package finding is the one shape in which the library reports what is wrong
// with a deployment: a database whose rows are not kept apart, a log that does
// not verify, a field nobody classified. Every door that checks something
// aliases these types, so that one command can run all checks, print them as
// text, JSON or SARIF 2.1.0, and fail a build.
//
// A finding is waived by a [Waiver] that says why. A waiver without a reason,
// past its date, or that waives nothing, is a finding itself.
package finding

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says how bad a finding is.
type Severity int

// The severities, in rising order.
const (
	Info    Severity = 1 // worth knowing; nothing is at risk
	Warning Severity = 2 // a side channel, or one careless step away from an error
	Error   Severity = 3 // a promise of the library does not hold
)

// String returns "info", "warning" or "error".
func (s Severity) String() string {
	switch s {
	case Info:
		return "info"
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return fmt.Sprintf("severity(%d)", int(s))
}

// MarshalText is String.
func (s Severity) MarshalText() ([]byte, error) {
	if s < Info || s > Error {
		return nil, fmt.Errorf("finding: %v is not one", s)
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *Severity) UnmarshalText(b []byte) error {
	for v := Info; v <= Error; v++ {
		if v.String() == string(b) {
			*s = v
			return nil
		}
	}
	return fmt.Errorf("finding: unknown severity (%d bytes)", len(b))
}

// Rule is what a check looks for. Its ID never changes its meaning and is never used again.
type Rule struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"` // the worst it is reported with
	Title    string   `json:"title"`    // what is wrong, as one clause
	Remedy   string   `json:"remedy"`   // what to do about it, in words
}

// Finding is one thing that is wrong. It holds names and shapes, never a secret, a personal value or
// the content of a row.
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Object   string   `json:"object"`             // what it is about, such as a qualified table name
	Message  string   `json:"message"`            // what is wrong, in a sentence
	Evidence string   `json:"evidence,omitempty"` // what was seen
	Fix      string   `json:"fix,omitempty"`      // statements that mend it, ready to be run; "" if a person must decide
}

// Report is the outcome of one inspection.
type Report struct {
	Tool     string    `json:"tool"`     // what looked, such as "bailiwick/rls"
	Target   string    `json:"target"`   // what it looked at, such as a database's name
	Rules    []Rule    `json:"-"`        // every rule that was looked for
	Findings []Finding `json:"findings"` // not waived; worst first, then by rule and object
	Waived   []Waived  `json:"waived"`
}

// sortFindings puts the worst first.
func sortFindings(fs []Finding) {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Object, b.Object))
	})
}

// Count returns how many findings of each severity are not waived.
func (r *Report) Count() (errs, warnings, infos int) {
	for _, f := range r.Findings {
		switch f.Severity {
		case Error:
			errs++
		case Warning:
			warnings++
		default:
			infos++
		}
	}
	return errs, warnings, infos
}

// Err returns nil if no unwaived finding is as bad as at or worse, and a [*Failure] otherwise.
func (r *Report) Err(at Severity) error {
	var bad []Finding
	for _, f := range r.Findings {
		if f.Severity >= at {
			bad = append(bad, f)
		}
	}
	if bad == nil {
		return nil
	}
	return &Failure{Tool: r.Tool, Findings: bad}
}

// Failure is the error of a report with findings that count.
type Failure struct {
	Tool     string
	Findings []Finding // at least one
}

// Error names the first finding and how many there are.
func (f *Failure) Error() string {
	first := f.Findings[0]
	s := fmt.Sprintf("%s: %s %s: %s", f.Tool, first.Rule, printable(first.Object), printable(first.Message))
	if n := len(f.Findings) - 1; n > 0 {
		s += fmt.Sprintf(" (and %d more)", n)
	}
	return s
}

// Fix returns the statements of all findings that have some, each under its rule and object.
// Read them before you run them.
func (r *Report) Fix() string {
	var b strings.Builder
	for _, f := range r.Findings {
		if f.Fix != "" {
			fmt.Fprintf(&b, "-- %s %s\n%s\n", f.Rule, printable(f.Object), strings.TrimRight(f.Fix, "\n"))
		}
	}
	return b.String()
}
