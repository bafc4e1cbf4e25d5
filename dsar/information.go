package dsar

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Information is what people are told about the processing of their data with an answer: Art. 15(1) and (2) GDPR, and the categories of
// Cal. Civ. Code 1798.110. It is made from the map and holds no personal data.
type Information struct {
	Application string      `json:"application"`
	Controller  Party       `json:"controller"`
	Subject     string      `json:"subject"`    // the kind of people
	Activities  []Activity  `json:"activities"` // purposes (a), categories of data (b), recipients (c), periods (d), safeguards of transfers (2)
	Processors  []Processor `json:"processors"` // of these activities
	Map         string      `json:"map"`
	// Rights are those of (e) and (f).
	Rights []string `json:"rights"`
}

// Information returns what people of a kind are told: the activities of [Compiled.Record] in which there is data of theirs. Where data that the
// person did not give comes from (Art. 15(1)(g)), and decisions by machine (h), the map does not say: add them.
func (c *Compiled) Information(subject string) Information {
	all := c.Record()
	info := Information{Application: all.Application, Controller: all.Controller, Subject: subject, Map: all.Map, Rights: []string{
		"to have the data corrected or erased, or its use restricted", "to object to its use", "to get it in a form that machines read",
		"to take back a consent at any time", "to complain to a supervisory authority"}}
	names := map[string]bool{}
	for _, a := range all.Activities {
		if !slices.Contains(a.Subjects, subject) {
			continue
		}
		info.Activities = append(info.Activities, a)
		for _, p := range a.Processors {
			names[p] = true
		}
	}
	for _, p := range all.Processors {
		if names[p.Name] {
			info.Processors = append(info.Processors, p)
		}
	}
	return info
}

// WriteText writes the information for people to read.
func (i Information) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "What %s does with your data\n\n", i.Application)
	line := func(label, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", label, value)
		}
	}
	line("Who decides", i.Controller.Name)
	line("Address", i.Controller.Address)
	line("Contact", i.Controller.Contact)
	line("Representative", i.Controller.Representative)
	line("Data protection officer", i.Controller.Officer)
	for _, a := range i.Activities {
		fmt.Fprintf(&b, "\n%s\n", a.Purpose.Name)
		line("  Why", a.Purpose.Why)
		line("  Legal basis", string(a.Purpose.Basis))
		var classes []string
		for _, c := range a.Classes {
			classes = append(classes, strings.ReplaceAll(c.String(), "_", " "))
		}
		line("  Data", strings.Join(classes, ", "))
		line("  Who gets it", strings.Join(append(slices.Clone(a.Purpose.Recipients), a.Processors...), ", "))
		line("  Transfers", strings.Join(a.Transfers, "; "))
		line("  How long", strings.Join(a.Limits, "; "))
	}
	if len(i.Processors) > 0 {
		b.WriteString("\nWho works for us\n")
		for _, p := range i.Processors {
			line("  "+p.Name, strings.Join(slices.DeleteFunc([]string{p.Does, p.Country, p.Transfer}, func(s string) bool { return s == "" }), ", "))
		}
	}
	b.WriteString("\nYou have the right\n")
	for _, r := range i.Rights {
		fmt.Fprintf(&b, "  %s\n", r)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
