package dsar

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrMap is wrapped by the errors of [Map.Compile].
var ErrMap = errors.New("dsar: the map contradicts itself")

// Compiled is a map that has been checked. It is safe for concurrent use, as long as nobody changes the map.
type Compiled struct {
	m      *Map
	tables map[string]*node
	hash   string
	steps  []Step
	open   []string
}

// node is a table and what follows from it.
type node struct {
	*Table
	at      int // in Map.Tables
	columns map[string]*column
	links   []link
	reach   map[string]Reach // by kind of subject
}

// column is a column of a table, personal or plain.
type column struct {
	*Column // nil: plain
	name    string
	types   []string
}

// link is a Link with what it leaves out filled in.
type link struct {
	*Link
	to       *node // nil: by an identifier
	columns  []string
	targets  []string
	subjects []string // those of the identifier
}

// Compile checks the map by itself and works out the order of erasure. Its error wraps [ErrMap] and says all that is wrong,
// a line each. What waits for a decision is not wrong yet: see [Compiled.Undecided].
func (m *Map) Compile() (*Compiled, error) {
	c := &compiler{Compiled: &Compiled{m: m.clone(), tables: map[string]*node{}}, seen: map[string]bool{}}
	c.names()
	if len(c.wrong) == 0 {
		c.join()
	}
	if len(c.wrong) == 0 {
		c.reaches()
		c.checkTables()
		c.order()
	}
	if len(c.wrong) > 0 {
		return nil, fmt.Errorf("%w:\n  %s", ErrMap, strings.Join(c.wrong, "\n  "))
	}
	c.hash = c.m.hash()
	return c.Compiled, nil
}

// Hash is the SHA-256 of what the map says, as "sha256:" and hex digits. The order in which tables and columns are written does
// not matter to it, nor do waivers.
func (c *Compiled) Hash() string { return c.hash }

// Undecided returns what a person still has to decide, each as "table: question". A map with any is good for reading, and
// not for erasing.
func (c *Compiled) Undecided() []string { return slices.Clone(c.open) }

type compiler struct {
	*Compiled
	wrong []string
	seen  map[string]bool
}

// say notes what is wrong, once.
func (c *compiler) say(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if !c.seen[s] {
		c.seen[s] = true
		c.wrong = append(c.wrong, s)
	}
}

// names looks at each name by itself.
func (c *compiler) names() {
	m := c.m
	if len(m.Subjects) == 0 {
		c.say("it has no subjects")
	}
	for i := range m.Tables {
		t := &m.Tables[i]
		switch {
		case t.Name == "":
			c.say("a table has no name")
			continue
		case c.tables[t.Name] != nil:
			c.say("%s: the table is there twice", t.Name)
			continue
		}
		n := &node{Table: t, at: i, columns: map[string]*column{}, reach: map[string]Reach{}}
		c.tables[t.Name] = n
		for j := range t.Columns {
			c.addColumn(n, t.Columns[j].Name, &t.Columns[j])
		}
		for _, p := range t.Plain {
			c.addColumn(n, p, nil)
		}
		c.undecided(t)
	}
	purposes := map[string]bool{}
	for _, p := range m.Purposes {
		switch {
		case p.Name == "":
			c.say("a purpose has no name")
		case purposes[p.Name]:
			c.say("purpose %q: it is there twice", p.Name)
		case !slices.Contains(bases, p.Basis):
			c.say("purpose %q: %q is not a legal basis", p.Name, p.Basis)
		}
		purposes[p.Name] = true
	}
	for _, p := range m.Processors {
		if p.Name == "" || p.Does == "" {
			c.say("processor %q: it needs a name and what it does", p.Name)
		}
		for _, purpose := range p.Purposes {
			if !purposes[purpose] {
				c.say("processor %q: there is no purpose %q", p.Name, purpose)
			}
		}
	}
	for _, a := range m.Aside {
		if a.Name == "" || strings.TrimSpace(a.Why) == "" {
			c.say("aside %q: it needs a name and a reason", a.Name)
		}
	}
	for name, n := range c.tables {
		if n.Purpose != "" && !purposes[n.Purpose] {
			c.say("%s: there is no purpose %q", name, n.Purpose)
		}
		for _, col := range n.columns {
			if col.Column != nil && col.Purpose != "" && !purposes[col.Purpose] {
				c.say("%s.%s: there is no purpose %q", name, col.name, col.Purpose)
			}
		}
	}
	slices.Sort(c.wrong) // maps were ranged over
}

var bases = []Basis{Consent, Contract, LegalObligation, VitalInterests, PublicTask, LegitimateInterests}

func (c *compiler) addColumn(n *node, text string, col *Column) {
	name, types := split(text)
	switch {
	case name == "":
		c.say("%s: a column has no name", n.Name)
	case n.columns[name] != nil:
		c.say("%s.%s: the column is there twice", n.Name, name)
	case col != nil && col.Class.IsZero():
		c.say("%s.%s: it has no class", n.Name, name)
	}
	n.columns[name] = &column{Column: col, name: name, types: types}
}

func (c *compiler) undecided(t *Table) {
	if t.Decide != "" {
		c.open = append(c.open, t.Name+": "+t.Decide)
	}
	for _, l := range t.Links {
		if l.Decide != "" {
			c.open = append(c.open, t.Name+"."+strings.Join(l.Columns, ",")+": "+l.Decide)
		}
	}
}

// join finds what links and subjects name.
func (c *compiler) join() {
	identifiers := map[string][]string{}
	kinds, roots := map[string]bool{}, map[string]bool{}
	for _, s := range c.m.Subjects {
		switch {
		case s.Kind == "":
			c.say("a subject has no kind")
		case kinds[s.Kind]:
			c.say("subject %q: it is there twice", s.Kind)
		case s.Table == "" && len(s.Identifiers) == 0:
			c.say("subject %q: it has neither a table nor an identifier", s.Kind)
		case s.Table != "" && c.tables[s.Table] == nil:
			c.say("subject %q: there is no table %q", s.Kind, s.Table)
		case s.Table != "" && roots[s.Table]:
			c.say("subject %q: table %q is another subject's", s.Kind, s.Table)
		case s.Table != "" && len(c.tables[s.Table].Key) == 0 && c.tables[s.Table].Decide == "":
			c.say("subject %q: table %q has no Key", s.Kind, s.Table)
		}
		kinds[s.Kind], roots[s.Table] = true, true
		for _, id := range s.Identifiers {
			if id.Name == "" {
				c.say("subject %q: an identifier has no name", s.Kind)
			}
			if n := c.tables[s.Table]; id.Column != "" && (n == nil || n.columns[id.Column] == nil) {
				c.say("subject %q: identifier %q: there is no column %q", s.Kind, id.Name, id.Column)
			}
			if slices.Contains(identifiers[id.Name], s.Kind) {
				c.say("subject %q: identifier %q: it is there twice", s.Kind, id.Name)
			}
			identifiers[id.Name] = append(identifiers[id.Name], s.Kind)
		}
	}
	for i := range c.m.Tables {
		n := c.tables[c.m.Tables[i].Name]
		for j := range n.Table.Links {
			c.joinLink(n, &n.Table.Links[j], identifiers)
		}
	}
}

func (c *compiler) joinLink(n *node, l *Link, identifiers map[string][]string) {
	at := n.Name + "." + strings.Join(l.Columns, ",")
	x := link{Link: l, columns: l.Columns, targets: l.ToColumns}
	if len(l.Columns) == 0 {
		c.say("%s: a link has no columns", n.Name)
		return
	}
	for _, col := range l.Columns {
		if n.columns[col] == nil {
			c.say("%s: a link names a column %q that the table does not have", n.Name, col)
		}
	}
	for _, w := range l.When {
		if n.columns[w.Column] == nil {
			c.say("%s: the link is for some values of a column %q that the table does not have", at, w.Column)
		}
	}
	if l.Role > Reference {
		c.say("%s: the link has no such role", at)
	}
	if (l.To == "") == (l.Identifier == "") {
		c.say("%s: the link needs a table or an identifier, and not both", at)
		return
	}
	if (l.Path != "" || l.Identifier != "") && len(l.Columns) != 1 {
		c.say("%s: a link through JSON or by an identifier has one column", at)
	}
	if l.Identifier != "" {
		x.subjects = identifiers[l.Identifier]
		switch {
		case len(x.subjects) == 0:
			c.say("%s: no subject has an identifier %q", at, l.Identifier)
		case len(l.ToColumns) > 0 || l.Inverse || l.Undeclared:
			c.say("%s: a link by an identifier has no table at the other end", at)
		case l.Role == Reference:
			c.say("%s: a link by an identifier is of a person: it cannot be a reference", at)
		}
	} else {
		if x.to = c.tables[l.To]; x.to == nil {
			c.say("%s: the link goes to a table %q that is not in the map", at, l.To)
			return
		}
		if len(x.targets) == 0 {
			x.targets = x.to.Key
		}
		if len(x.targets) != len(x.columns) {
			c.say("%s: %d columns of %s stand against %d", at, len(x.targets), l.To, len(x.columns))
		}
		for _, col := range x.targets {
			if x.to.columns[col] == nil {
				c.say("%s: the link goes to a column %q that %s does not have", at, col, l.To)
			}
		}
	}
	switch {
	case l.Then.IsZero() || l.Then.Is(Constant("")) || l.Then.Is(Pseudonym):
	case l.Then.Is(Null):
		if l.Path == "" && !slices.ContainsFunc(l.Columns, func(name string) bool { return n.columns[name].nullable() }) {
			c.say("%s: the link would be made null, and no column of it may be", at)
		}
	default:
		c.say("%s: a link is cut with Null, Constant or Pseudonym, not %q", at, l.Then)
	}
	n.links = append(n.links, x)
}

// nullable reports whether the column may hold null, as far as the map says.
func (c *column) nullable() bool {
	return c != nil && !slices.ContainsFunc(c.types, func(t string) bool { return strings.HasSuffix(t, " not null") || t == "not null" })
}
