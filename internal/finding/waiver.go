package finding

import (
	"strings"
	"time"
	"unicode"
)

// Waiver says that a finding is known and accepted.
type Waiver struct {
	Rule   string    `json:"rule"`
	Object string    `json:"object"`         // as the finding names it, or "*" for every object
	Reason string    `json:"reason"`         // why it is safe here; must not be empty
	Until  time.Time `json:"until,omitzero"` // from then on it waives nothing; zero: it never ends
}

// Waived is a finding and why it does not count.
type Waived struct {
	Finding
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"`
}

// The rules about waivers. A report's findings under these cannot be waived.
var waiverRules = []Rule{
	{"WVR001", Error, "a waiver gives no reason, so it waives nothing", "Write down why the finding is safe here, or remove the waiver."},
	{"WVR002", Warning, "a waiver has expired", "Look at the finding again, then renew or remove the waiver."},
	{"WVR003", Warning, "a waiver waives nothing", "Remove it: what it stood for is gone, and it would hide the next one."},
}

// New returns the report of what tool found at target, with the waivers that hold at now applied.
func New(tool, target string, rules []Rule, found []Finding, waivers []Waiver, now time.Time) *Report {
	r := &Report{Tool: tool, Target: target, Rules: append(append([]Rule{}, rules...), waiverRules...),
		Findings: []Finding{}, Waived: []Waived{}}
	used := make([]bool, len(waivers))
	for _, f := range found {
		waived := false
		for i, w := range waivers {
			if w.Rule != f.Rule || w.Object != "*" && w.Object != f.Object {
				continue
			}
			used[i] = true
			if waived || !w.reasoned() || w.expired(now) {
				continue
			}
			waived = true
			r.Waived = append(r.Waived, Waived{f, w.Reason, w.Until})
		}
		if !waived {
			r.Findings = append(r.Findings, f)
		}
	}
	for i, w := range waivers {
		switch {
		case !w.reasoned():
			r.complain(0, w, "")
		case w.expired(now):
			r.complain(1, w, "it ended at "+w.Until.UTC().Format(time.RFC3339))
		case !used[i]:
			r.complain(2, w, "")
		}
	}
	sortFindings(r.Findings)
	return r
}

// reasoned reports whether the reason has anything to read in it.
func (w Waiver) reasoned() bool {
	return strings.ContainsFunc(w.Reason, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
}

func (w Waiver) expired(now time.Time) bool { return !w.Until.IsZero() && !now.Before(w.Until) }

func (r *Report) complain(rule int, w Waiver, evidence string) {
	is := waiverRules[rule]
	r.Findings = append(r.Findings, Finding{Rule: is.ID, Severity: is.Severity, Object: w.Rule + " " + w.Object,
		Message: is.Title, Evidence: evidence})
}
