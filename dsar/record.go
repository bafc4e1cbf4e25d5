package dsar

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Record is the record of processing activities of Art. 30(1) GDPR, one activity a purpose.
type Record struct {
	Application string      `json:"application"`
	Controller  Party       `json:"controller"` // (a)
	Activities  []Activity  `json:"activities"`
	Processors  []Processor `json:"processors"`
	Measures    []string    `json:"measures"` // (g)
	Map         string      `json:"map"`      // the hash of the map it was made from
}

// Activity is processing for one purpose.
type Activity struct {
	Purpose    Purpose        `json:"purpose"`    // (b), and the recipients of (d)
	Subjects   []string       `json:"subjects"`   // categories of people: (c)
	Classes    []redact.Class `json:"classes"`    // categories of data: (c)
	Processors []string       `json:"processors"` // (d)
	Transfers  []string       `json:"transfers"`  // (e): "Mail Inc, US: standard contractual clauses"
	Limits     []string       `json:"limits"`     // (f): "ticket: delete after 3 years from closed_at"
	Tables     []string       `json:"tables"`
}

// Record returns the record of processing activities. It says what the map says: purposes that no table names come with no
// data, and what is processed outside of the database is not in it.
func (c *Compiled) Record() Record {
	r := Record{Application: c.m.Application, Controller: c.m.Controller, Processors: c.m.Processors, Measures: c.m.Measures, Map: c.hash}
	for _, p := range c.m.Purposes {
		r.Activities = append(r.Activities, c.activity(p))
	}
	return r
}

func (c *Compiled) activity(p Purpose) Activity {
	a := Activity{Purpose: p}
	subjects, classes := map[string]bool{}, map[string]redact.Class{}
	for i := range c.m.Tables {
		n := c.tables[c.m.Tables[i].Name]
		uses := false
		for _, col := range n.Columns {
			if purpose := col.Purpose; !personal(col.Class) || purpose != p.Name && (purpose != "" || n.Purpose != p.Name) {
				continue
			}
			uses = true
			classes[col.Class.String()] = col.Class
			for _, in := range col.Inside {
				classes[in.Class.String()] = in.Class
			}
		}
		if !uses && n.Purpose != p.Name || len(n.reach) == 0 {
			continue
		}
		a.Tables = append(a.Tables, n.Name)
		for _, s := range n.reach {
			subjects[s.Kind] = true
		}
		if ret := n.Retention; ret != nil {
			a.Limits = append(a.Limits, n.Name+": "+ret.String())
		}
		if _, ok := n.Erase.Reason(); ok {
			a.Limits = append(a.Limits, n.Name+": "+n.Erase.String())
		}
	}
	if p.Kept != "" {
		a.Limits = append(a.Limits, p.Kept)
	}
	a.Subjects = slices.Sorted(maps.Keys(subjects))
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		a.Classes = append(a.Classes, classes[name])
	}
	for _, pr := range c.m.Processors {
		if !slices.Contains(pr.Purposes, p.Name) {
			continue
		}
		a.Processors = append(a.Processors, pr.Name)
		if pr.Transfer != "" {
			a.Transfers = append(a.Transfers, pr.Name+", "+pr.Country+": "+pr.Transfer)
		}
	}
	return a
}

// WriteJSON writes the record as one indented JSON object.
func (r Record) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteMarkdown writes the record for people, the list of processors behind it.
func (r Record) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	line := func(label, value string) {
		if value != "" {
			fmt.Fprintf(&b, "- %s: %s\n", label, cell(value))
		}
	}
	fmt.Fprintf(&b, "# Record of processing activities: %s\n\n", cell(r.Application))
	line("Controller", r.Controller.Name)
	line("Address", r.Controller.Address)
	line("Contact", r.Controller.Contact)
	line("Representative", r.Controller.Representative)
	line("Data protection officer", r.Controller.Officer)
	line("Map", r.Map)
	for _, a := range r.Activities {
		fmt.Fprintf(&b, "\n## %s\n\n", cell(a.Purpose.Name))
		line("Purpose", a.Purpose.Why)
		line("Legal basis", string(a.Purpose.Basis))
		line("People", strings.Join(a.Subjects, ", "))
		var classes []string
		for _, c := range a.Classes {
			classes = append(classes, strings.ReplaceAll(c.String(), "_", " "))
		}
		line("Data", strings.Join(classes, ", "))
		line("Recipients", strings.Join(append(slices.Clone(a.Purpose.Recipients), a.Processors...), ", "))
		line("Transfers", strings.Join(a.Transfers, "; "))
		line("Erased", strings.Join(a.Limits, "; "))
		line("Tables", strings.Join(a.Tables, ", "))
	}
	if len(r.Measures) > 0 {
		b.WriteString("\n## Measures\n\n")
		for _, m := range r.Measures {
			fmt.Fprintf(&b, "- %s\n", cell(m))
		}
	}
	b.WriteString("\n## Processors\n\n| name | does | country | transfer | purposes | data | contract |\n|---|---|---|---|---|---|---|\n")
	for _, p := range r.Processors {
		var classes []string
		for _, c := range p.Classes {
			classes = append(classes, strings.ReplaceAll(c.String(), "_", " "))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", cell(p.Name), cell(p.Does), cell(p.Country), cell(p.Transfer),
			cell(strings.Join(p.Purposes, ", ")), strings.Join(classes, ", "), cell(p.Contract))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cell keeps a text in its line and its cell.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;").Replace(s)
}
