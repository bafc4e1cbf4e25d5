package tenancytest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
)

// Finding is an attack that succeeded. Its fields, all strings but Severity, which is always rls.Error:
//
//	Rule     the attack, such as read.scan
//	Severity
//	Object   the table, view or function, or [Session]
//	Message  what succeeded, in a clause
//	Evidence what was seen, without the content of a row
//	Fix      what to do, as a comment of SQL: a person must decide
//
// Of a table that is open to a plain scan (read.scan), the other attacks read.* and forge.* are counted in
// that finding's Evidence. Findings of one object with the same remedy have it once, in the first's Fix.
type Finding = finding.Finding

// Report says what was tried. Its Findings, a []Finding, are the attacks that succeeded; it has the methods
// of rls.Report, such as WriteText, WriteJSON and WriteSARIF.
type Report struct {
	*finding.Report
	Ran     map[string]int // how many attacks ran, by table, view or function, and under Session
	Skipped []Skip

	succeeded int // attacks, of which a finding may stand for several
}

// Session is the object of attacks that are not about one table.
const Session = "(session)"

// Skip is an attack that could not be tried, and why.
type Skip struct{ Attack, Object, Reason string }

// about says what was found on one object.
func (r *Report) about(object string) string {
	var b strings.Builder
	b.WriteString(object + ": tenant A got at what is not its own")
	for _, f := range r.Findings {
		if f.Object != object {
			continue
		}
		fmt.Fprintf(&b, "\n\t%s: %s\n\t\tseen: %s", f.Rule, f.Message, f.Evidence)
		if f.Fix != "" {
			fmt.Fprintf(&b, "\n\t\tfix:  %s", strings.TrimPrefix(f.Fix, comment))
		}
	}
	return b.String()
}

// comment begins the fix of a finding: a person must decide on the statements.
const comment = "-- "

// rule is an attack as the reports know it.
func rule(id, title, remedy string) finding.Rule {
	return finding.Rule{ID: id, Severity: finding.Error, Title: title, Remedy: remedy}
}

// tell records the outcome of one attack: seen is what shows that it succeeded, "" that it did not.
func (k *kit) tell(r finding.Rule, object, seen string, err error) error {
	var s skipped
	switch {
	case errors.As(err, new(lost)):
		return fmt.Errorf("tenancytest: %s on %s: the transaction was lost: %w", r.ID, object, err)
	case errors.As(err, &s):
		k.skip(r.ID, object, s.why)
		return nil
	case err != nil && seen == "" && !refused(err):
		k.skip(r.ID, object, reason(err))
		return nil
	}
	k.ran[object]++
	if seen != "" {
		k.found = append(k.found, Finding{Rule: r.ID, Severity: r.Severity, Object: object, Message: r.Title, Evidence: seen, Fix: comment + r.Remedy})
	}
	return nil
}

// skipped is the error of an attack that does not fit the table.
type skipped struct{ why string }

func (e skipped) Error() string { return e.why }

func (k *kit) skip(attack, object, why string) {
	k.skipped = append(k.skipped, Skip{Attack: attack, Object: object, Reason: why})
}

// refused reports whether the database said no, in a way that tells nothing about rows: it was not
// allowed (42501 and class 0L, 0P, 28), not under row security (0A000), or the object is not there for
// this role (3F000, 42704).
func refused(err error) bool {
	switch s := state(err); s {
	case "42501", "0A000", "3F000", "42704", "25006":
		return true
	default:
		return strings.HasPrefix(s, "28") || strings.HasPrefix(s, "0L") || strings.HasPrefix(s, "0P")
	}
}

// reason is why something could not be done, without the values a message may hold.
func reason(err error) string {
	var n noRow
	if errors.As(err, &n) {
		return n.why
	}
	if s := state(err); s != "" {
		return "SQLSTATE " + s
	}
	return "the driver failed"
}

// condense leaves of a table that is open to a plain scan out what follows from that: that it is open to
// all other reads too, and under a forged scope. Of the findings of an object that share a fix, the first
// prints it.
func condense(all []Finding) []Finding {
	key := func(a, b Finding) int { return strings.Compare(a.Rule, b.Rule) }
	all = slices.SortedStableFunc(slices.Values(all), key)
	open := map[string]int{} // by table, what else succeeded
	for _, f := range all {
		if f.Rule == openScan {
			open[f.Object] = 0
		}
	}
	follows := func(f Finding) bool {
		_, ok := open[f.Object]
		return ok && f.Rule != openScan && (strings.HasPrefix(f.Rule, "read.") || strings.HasPrefix(f.Rule, "forge."))
	}
	for _, f := range all {
		if follows(f) {
			open[f.Object]++
		}
	}
	var out []Finding
	printed := map[[2]string]bool{}
	for _, f := range all {
		if follows(f) {
			continue
		}
		if n := open[f.Object]; f.Rule == openScan && n > 0 {
			f.Evidence += fmt.Sprintf("; so did %d other attacks read.* and forge.*", n)
		}
		if fix := [2]string{f.Object, f.Fix}; printed[fix] {
			f.Fix = ""
		} else {
			printed[fix] = true
		}
		out = append(out, f)
	}
	return out
}

// openScan is the attack that needs no skill.
const openScan = "read.scan"

func (k *kit) report() *Report {
	target := "?"
	if k.DB != nil {
		target = string(k.DB.Dialect())
	}
	return &Report{
		Report:  finding.New("bailiwick/tenancytest", target, slices.Collect(rules()), condense(k.found), nil, time.Now()),
		Ran:     maps.Clone(k.ran),
		Skipped: k.skipped, succeeded: len(k.found),
	}
}
