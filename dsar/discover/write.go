package discover

import (
	"bytes"
	"fmt"
	"go/format"
	"io"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// WriteGo writes the proposal as a Go file of the package, gofmt-ed, that declares the map under the name Map. Above each
// link stands what speaks for it, and what has to be decided is in Decide: delete the field once it is, or the link, or
// change it. What was thought of and not proposed stands in comments.
func (p *Proposal) WriteGo(w io.Writer, pkg string) error {
	m := p.Map()
	var b bytes.Buffer
	imports := "\t\"github.com/bailiwick-dev/bailiwick/dsar\"\n"
	if slices.ContainsFunc(m.Tables, func(t dsar.Table) bool { return len(t.Columns) > 0 }) {
		imports += "\t\"github.com/bailiwick-dev/bailiwick/redact\"\n"
	}
	fmt.Fprintf(&b, "package %s\n\nimport (\n%s)\n\n", pkg, imports)
	open := 0
	for _, t := range m.Tables {
		if t.Decide != "" {
			open++
		}
		for _, l := range t.Links {
			if l.Decide != "" {
				open++
			}
		}
	}
	fmt.Fprintf(&b, "// Map says where personal data is. It was proposed from the database. Questions that are open in it, each in a field Decide: %d.\n", open)
	b.WriteString("// Give controller, purposes and processors, which no database knows.\nvar Map = &dsar.Map{\n")
	field(&b, "Application", m.Application)
	field(&b, "Tenant", m.Tenant)
	b.WriteString("Subjects: []dsar.Subject{\n")
	for _, s := range m.Subjects {
		fmt.Fprintf(&b, "{Kind: %q, Table: %q, Identifiers: []dsar.Identifier{", s.Kind, s.Table)
		for _, id := range s.Identifiers {
			fmt.Fprintf(&b, "{Name: %q, Column: %q, Form: dsar.%s},", id.Name, id.Column, forms[id.Form])
		}
		b.WriteString("}},\n")
	}
	b.WriteString("},\nPurposes: []dsar.Purpose{\n")
	for _, x := range m.Purposes {
		fmt.Fprintf(&b, "{Name: %q, Why: %q, Basis: %q},\n", x.Name, x.Why, string(x.Basis))
	}
	b.WriteString("},\n")
	if len(m.Aside) > 0 {
		b.WriteString("Aside: []dsar.Aside{\n")
		for _, a := range m.Aside {
			fmt.Fprintf(&b, "{Name: %q, Why: %q},\n", a.Name, a.Why)
		}
		b.WriteString("},\n")
	}
	b.WriteString("Tables: []dsar.Table{\n")
	for _, t := range m.Tables {
		p.writeTable(&b, t)
	}
	b.WriteString("},\n}\n")
	src, err := format.Source(b.Bytes())
	if err != nil {
		return fmt.Errorf("discover: the map cannot be written as Go: %w", err)
	}
	_, err = w.Write(src)
	return err
}

var (
	forms = [...]string{"Exact", "Fold", "Email", "Phone"}
	roles = [...]string{"Owner", "CoOwner", "Accessor", "Mentioned", "Reference"}
)

func (p *Proposal) writeTable(b *bytes.Buffer, t dsar.Table) {
	b.WriteString("{\n")
	field(b, "Name", t.Name)
	field(b, "NotPersonal", t.NotPersonal)
	field(b, "Derived", t.Derived)
	field(b, "Tenant", t.Tenant)
	list(b, "Key", t.Key)
	field(b, "Purpose", t.Purpose)
	if t.Shared == dsar.DeleteForAll {
		b.WriteString("Shared: dsar.DeleteForAll,\n")
	}
	field(b, "Decide", t.Decide)
	if len(t.Links) > 0 {
		b.WriteString("Links: []dsar.Link{\n")
		for _, l := range t.Links {
			p.writeLink(b, t.Name, l)
		}
		b.WriteString("},\n")
	}
	for _, l := range p.Doubtful {
		if l.Table == t.Name && l.Score >= 0.2 && l.Subject {
			fmt.Fprintf(b, "// Not proposed (%.2f): %s to %s: %s.\n", l.Score, strings.Join(l.Columns, ", "), l.To+l.Identifier, comment(strings.Join(l.Evidence, "; ")))
		}
	}
	if len(t.Columns) > 0 {
		b.WriteString("Columns: []dsar.Column{\n")
		for _, c := range t.Columns {
			fmt.Fprintf(b, "{Name: %q, Class: redact.%s},\n", c.Name, classNames[c.Class])
		}
		b.WriteString("},\n")
	}
	list(b, "Plain", t.Plain)
	list(b, "Triggers", t.Triggers)
	b.WriteString("},\n")
}

func (p *Proposal) writeLink(b *bytes.Buffer, table string, l dsar.Link) {
	i := slices.IndexFunc(p.Links, func(x Link) bool {
		return x.Table == table && x.To == l.To && x.Path == l.Path && x.Identifier == l.Identifier && slices.Equal(x.Columns, l.Columns)
	})
	if i >= 0 && !p.Links[i].Declared {
		fmt.Fprintf(b, "// %.2f: %s.\n", p.Links[i].Score, comment(strings.Join(p.Links[i].Evidence, "; ")))
	}
	fmt.Fprintf(b, "{Columns: %s", stringsOf(l.Columns))
	part := func(format string, args ...any) { fmt.Fprintf(b, ", "+format, args...) }
	if l.To != "" {
		part("To: %q", l.To)
	}
	if len(l.ToColumns) > 0 {
		part("ToColumns: %s", stringsOf(l.ToColumns))
	}
	if l.Identifier != "" {
		part("Identifier: %q", l.Identifier)
	}
	if l.Role != dsar.Owner {
		part("Role: dsar.%s", roles[l.Role])
	}
	if len(l.When) > 0 {
		var when []string
		for _, w := range l.When {
			when = append(when, fmt.Sprintf("{Column: %q, Value: %q}", w.Column, w.Value))
		}
		part("When: []dsar.When{%s}", strings.Join(when, ", "))
	}
	if l.Path != "" {
		part("Path: %q", l.Path)
	}
	if l.Undeclared {
		part("Undeclared: true")
	}
	switch {
	case l.Then.Is(dsar.Null):
		part("Then: dsar.Null")
	case l.Then.Is(dsar.Pseudonym):
		part("Then: dsar.Pseudonym")
	}
	if l.Decide != "" {
		part("\nDecide: %q", l.Decide)
	}
	b.WriteString("},\n")
}

func field(b *bytes.Buffer, name, value string) {
	if value != "" {
		fmt.Fprintf(b, "%s: %q,\n", name, value)
	}
}

func list(b *bytes.Buffer, name string, values []string) {
	if len(values) > 0 {
		fmt.Fprintf(b, "%s: %s,\n", name, stringsOf(values))
	}
}

func stringsOf(values []string) string {
	var q []string
	for _, v := range values {
		q = append(q, fmt.Sprintf("%q", v))
	}
	return "[]string{" + strings.Join(q, ", ") + "}"
}

// comment keeps names from the outside in their line.
func comment(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// classNames are the names of the variables of redact.
var classNames = func() map[redact.Class]string {
	m := map[redact.Class]string{}
	special := map[string]string{"mfa": "MFA", "oauth": "OAuth", "id": "ID", "ip": "IP"}
	for c := range redact.Classes() {
		name := "Class"
		for part := range strings.SplitSeq(c.String(), "_") {
			if s, ok := special[part]; ok {
				name += s
				continue
			}
			name += strings.ToUpper(part[:1]) + part[1:]
		}
		m[c] = name
	}
	return m
}()
