package audit

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Verdict is the one word of a [Report].
type Verdict string

// The verdicts.
const (
	// OK: the whole log is what was recorded, as far as a note held outside, a witness or an anchor can tell.
	OK Verdict = "ok"
	// Unanchored: the log agrees with itself and its signatures, but nothing held outside vouches for the
	// events from Report.AnchoredTo on: who has the database and the signing key could have rewritten them. Or
	// a Warning tells what else could not be checked.
	Unanchored Verdict = "unanchored"
	// Tampered: a finding is an Error.
	Tampered Verdict = "tampered"
)

// Report is what [Verify] found.
type Report struct {
	Verdict    Verdict    `json:"verdict"`
	Tenant     tenancy.ID `json:"tenant,omitzero"`
	Origin     string     `json:"origin"`
	Size       uint64     `json:"size"`       // events in the log, pruned ones too
	AnchoredTo uint64     `json:"anchoredTo"` // the events below are vouched for from outside, and no Error is about them
	Pruned     uint64     `json:"pruned"`     // events that are gone by retention
	Events     uint64     `json:"events"`     // leaves that were read
	Fields     uint64     `json:"fields"`     // erasable values that were recorded in them
	Opened     uint64     `json:"opened"`     // of these: there, and what was recorded
	Erased     uint64     `json:"erased"`     // of these: gone, and an event says so
	Sealed     uint64     `json:"sealed"`     // of these: not told, for want of a key
	// Findings are in the order of the log. Of each rule the first 100 are kept; Count has all.
	Findings []Finding      `json:"findings"`
	Count    map[string]int `json:"count"`

	sound uint64 // no Error is about the places below
}

// Finding is one thing that is wrong. It holds no personal value.
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// Seq and To say where: it is about the places Seq <= seq < To. To is 0 if it is about no place.
	Seq     uint64 `json:"seq"`
	To      uint64 `json:"to,omitempty"`
	Label   string `json:"label,omitempty"` // of the erasable value
	Message string `json:"message"`
	// Evidence is what proves it to others, such as the two notes of a fork.
	Evidence string `json:"evidence,omitempty"`
}

// Of each rule so many findings are kept, and so many of these are written as text.
const (
	keptFindings    = 100
	writtenFindings = 20
)

func (r *Report) add(f Finding) {
	if r.Count == nil {
		r.Count, r.sound = map[string]int{}, maxIndex
	}
	if f.Severity = ruleByID(f.Rule).Severity; f.Severity == Error {
		r.sound = min(r.sound, f.Seq) // 0 if it is about no place
	}
	if r.Count[f.Rule]++; r.Count[f.Rule] <= keptFindings {
		r.Findings = append(r.Findings, f)
	}
}

// conclude sets the verdict from what was found.
func (r *Report) conclude() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		switch {
		case a.Seq != b.Seq && a.To != 0 && b.To != 0:
			if a.Seq < b.Seq {
				return -1
			}
			return 1
		case (a.To == 0) != (b.To == 0):
			if a.To == 0 {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Rule, b.Rule)
	})
	r.Verdict = OK
	if r.AnchoredTo < r.Size || r.Size == 0 {
		r.Verdict = Unanchored
	}
	for id := range r.Count {
		switch ruleByID(id).Severity {
		case Error:
			r.Verdict = Tampered
		case Warning:
			if (id == RuleWitnesses || id == RuleUnopened) && r.Verdict == OK {
				r.Verdict = Unanchored
			}
		}
	}
	if r.Verdict == Tampered {
		r.AnchoredTo = min(r.AnchoredTo, r.sound)
	}
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
}

// Inspection is the report in the shape in which every check of the library reports.
func (r *Report) Inspection() *finding.Report {
	out := &finding.Report{Tool: "bailiwick/audit", Target: r.Origin, Rules: Rules()}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, finding.Finding{
			Rule: f.Rule, Severity: f.Severity, Object: f.place(), Message: f.Message, Evidence: f.Evidence,
		})
	}
	slices.SortStableFunc(out.Findings, func(a, b finding.Finding) int { return int(b.Severity) - int(a.Severity) })
	return out
}

func (f *Finding) place() string {
	s := "bundle"
	switch {
	case f.To == f.Seq+1:
		s = fmt.Sprintf("event %d", f.Seq)
	case f.To != 0:
		s = fmt.Sprintf("events %d to %d", f.Seq, f.To-1)
	}
	if f.Label != "" {
		s += " " + f.Label
	}
	return s
}

// WriteText writes the report for a person, with the first 20 findings of each rule. Names from the outside cannot drive a terminal.
func (r *Report) WriteText(w io.Writer) error {
	all, written := r.Inspection(), map[string]int{}
	all.Findings = slices.DeleteFunc(all.Findings, func(f finding.Finding) bool {
		written[f.Rule]++
		return written[f.Rule] > writtenFindings
	})
	if err := all.WriteText(w); err != nil {
		return err
	}
	var more strings.Builder
	for _, rule := range verifyRules {
		if n := r.Count[rule.ID] - writtenFindings; n > 0 {
			fmt.Fprintf(&more, "%s: %d more\n", rule.ID, n)
		}
	}
	_, err := fmt.Fprintf(w, "%s%s: log of %q, %d events, %d pruned, %s\nvalues: %d recorded, %d checked, %d erased, %d sealed\n",
		more.String(), strings.ToUpper(string(r.Verdict)), r.Tenant.String(), r.Size, r.Pruned, r.anchored(), r.Fields, r.Opened, r.Erased, r.Sealed)
	return err
}

// anchored says what is vouched for from outside.
func (r *Report) anchored() string {
	switch {
	case r.Verdict == Tampered && r.AnchoredTo == 0:
		return "nothing of it is vouched for"
	case r.Verdict == Tampered:
		return fmt.Sprintf("only the events below %d are vouched for", r.AnchoredTo)
	case r.AnchoredTo < r.Size:
		return fmt.Sprintf("unanchored from event %d", r.AnchoredTo)
	}
	return "all anchored"
}

// String is what WriteText writes.
func (r *Report) String() string {
	var b strings.Builder
	_ = r.WriteText(&b) // a Builder takes everything
	return b.String()
}

// WriteJSON writes the report as one indented JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
