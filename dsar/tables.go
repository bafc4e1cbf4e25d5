package dsar

import (
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// Mapped is a table as a compiled map has it, with what the map leaves out filled in. Nothing in it is to be changed.
type Mapped struct {
	Table
	TenantColumn string  // "" if it has none
	Fields       []Field // all columns: the personal ones, then the plain ones, in the order of the map
	Ties         []Tie   // its links, in the order of the map
}

// Field is a column of a table.
type Field struct {
	Name     string
	Types    []string // as the map has them, in small letters; more than one if it is for two databases
	Nullable bool     // as far as the map says
	Column   *Column  // nil: plain
}

// Tie is a link with what it leaves out filled in.
type Tie struct {
	Link
	Targets []string // columns of To; nil of a link by an identifier
	Kinds   []string // the kinds of subjects that have the identifier; nil of a link to a table
}

// Subjects returns the kinds of people, in the order of the map.
func (c *Compiled) Subjects() []Subject { return slices.Clone(c.m.Subjects) }

// Subject returns the kind of people of that name.
func (c *Compiled) Subject(kind string) (Subject, bool) {
	i := slices.IndexFunc(c.m.Subjects, func(s Subject) bool { return s.Kind == kind })
	if i < 0 {
		return Subject{}, false
	}
	return c.m.Subjects[i], true
}

// Identifier returns a kind's identifier of that name.
func (s Subject) Identifier(name string) (Identifier, bool) {
	i := slices.IndexFunc(s.Identifiers, func(id Identifier) bool { return id.Name == name })
	if i < 0 {
		return Identifier{}, false
	}
	return s.Identifiers[i], true
}

// Purposes returns why data is there, in the order of the map.
func (c *Compiled) Purposes() []Purpose { return slices.Clone(c.m.Purposes) }

// Application returns the application's name and who decides why and how.
func (c *Compiled) Application() (string, Party) { return c.m.Application, c.m.Controller }

// Processors returns who else receives what, in the order of the map.
func (c *Compiled) Processors() []Processor { return slices.Clone(c.m.Processors) }

// TableNames returns the names of all tables, in the order of the map.
func (c *Compiled) TableNames() []string {
	out := make([]string, len(c.m.Tables))
	for i := range c.m.Tables {
		out[i] = c.m.Tables[i].Name
	}
	return out
}

// Table returns the table of that name.
func (c *Compiled) Table(name string) (Mapped, bool) {
	n := c.tables[name]
	if n == nil {
		return Mapped{}, false
	}
	t := Mapped{Table: *n.Table}
	add := func(text string, col *Column) {
		name, types := split(text)
		f := Field{Name: name, Nullable: n.columns[name].nullable(), Column: col}
		for _, typ := range types {
			f.Types = append(f.Types, strings.TrimSpace(strings.TrimSuffix(typ, "not null")))
		}
		t.Fields = append(t.Fields, f)
	}
	for i := range n.Columns {
		add(n.Columns[i].Name, &n.Columns[i])
	}
	for _, p := range n.Plain {
		add(p, nil)
	}
	if tenant := n.tenant(c.m); n.columns[tenant] != nil {
		t.TenantColumn = tenant
	}
	for i := range n.links {
		l := &n.links[i]
		t.Ties = append(t.Ties, Tie{Link: *l.Link, Targets: l.targets, Kinds: l.subjects})
	}
	return t, true
}

// Field returns the column of that name.
func (t *Mapped) Field(name string) (Field, bool) {
	i := slices.IndexFunc(t.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return t.Fields[i], true
}

// Type returns the column's type in that kind of database, "" if the map does not say: of several types, on Postgres, the one that SQLite
// does not know.
func (f Field) Type(d schema.Dialect) string {
	if len(f.Types) == 0 {
		return ""
	}
	i := slices.IndexFunc(f.Types, func(t string) bool {
		switch schema.FamilyOf(t) {
		case schema.Any, schema.Int, schema.Text, schema.Number, schema.Bytes:
			return t == "bytea"
		}
		return true
	})
	switch {
	case len(f.Types) == 1 || i < 0 && d == schema.Postgres:
		return f.Types[0]
	case d == schema.Postgres:
		return f.Types[i]
	case i < 0:
		return f.Types[len(f.Types)-1]
	}
	return f.Types[(i+1)%len(f.Types)]
}

// Family returns the kind of the column's values in that kind of database. A column whose type the map does not say is schema.Any.
func (f Field) Family(d schema.Dialect) schema.Family { return schema.FamilyOf(f.Type(d)) }

// Value returns the text of a [Constant], and the length of a [Truncate].
func (s Strategy) Value() (text string, length int) { return s.value, s.n }
