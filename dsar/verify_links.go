package dsar

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// links compares links with foreign keys, types, unique keys and indexes.
func (v *verification) links() {
	for n, t := range v.both() {
		for _, f := range t.Foreign {
			if v.linkOf(t.Name, f) == nil && !v.aside(f.To) {
				v.report("DSR010", n.Name+"."+strings.Join(f.Columns, ","), "it refers to "+f.To+" ("+strings.Join(f.ToCols, ", ")+")", "")
			}
		}
		for i := range n.links {
			v.link(n, t, &n.links[i])
		}
	}
}

// linkOf returns the link that a foreign key of the table backs: its own, or an inverse one of the other table.
func (v *verification) linkOf(table string, f schema.ForeignKey) *link {
	if n := v.tablesByName(table); n != nil {
		for i, l := range n.links {
			if l.to != nil && !l.Inverse && l.to.Name == f.To && l.Path == "" && samePairs(l.columns, l.targets, f.Columns, f.ToCols) {
				return &n.links[i]
			}
		}
	}
	if n := v.tablesByName(f.To); n != nil {
		for i, l := range n.links {
			if l.to != nil && l.Inverse && l.to.Name == table && samePairs(l.targets, l.columns, f.Columns, f.ToCols) {
				return &n.links[i]
			}
		}
	}
	return nil
}

// samePairs reports whether a[i]-b[i] and c[j]-d[j] are the same pairs, in any order.
func samePairs(a, b, c, d []string) bool {
	if len(a) != len(c) || len(b) != len(d) || len(a) != len(b) {
		return false
	}
	for i := range a {
		if !slices.ContainsFunc(seq(len(c)), func(j int) bool { return a[i] == c[j] && b[i] == d[j] }) {
			return false
		}
	}
	return true
}

func seq(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func (v *verification) link(n *node, t *schema.Table, l *link) {
	at := n.Name + "." + strings.Join(l.columns, ",")
	if l.to == nil {
		if !t.Finds(l.columns) && !byExpression(t) && l.Path == "" {
			v.report("DSR020", at, "it is looked up by "+l.Identifier, v.index(t, l.columns))
		}
		return
	}
	to := v.db.Table(l.to.Name)
	if to == nil || slices.ContainsFunc(l.columns, func(c string) bool { return t.Column(c) == nil }) ||
		slices.ContainsFunc(l.targets, func(c string) bool { return to.Column(c) == nil }) {
		return // DSR003 and DSR004 say so
	}
	child, parent, columns, targets := t, to, l.columns, l.targets
	if l.Inverse {
		child, parent, columns, targets = to, t, l.targets, l.columns
	}
	f := foreignKey(child, parent.Name, columns, targets)
	switch {
	case f == nil && l.backed():
		v.report("DSR011", at, "to "+l.to.Name, fmt.Sprintf("ALTER TABLE %s ADD FOREIGN KEY (%s) REFERENCES %s (%s);",
			v.db.SQL(child.Name), quoted(columns), v.db.SQL(parent.Name), quoted(targets)))
	case f != nil && l.Undeclared:
		v.report("DSR016", at, "to "+l.to.Name, "")
	}
	for i := range columns {
		a, b := child.Column(columns[i]), parent.Column(targets[i])
		if l.Path == "" && !fits(a.Family, b.Family) && (l.backed() || !spells(a.Family, b.Family)) {
			v.report("DSR012", at, columns[i]+" is "+orNone(TypeOf(a))+", "+parent.Name+"."+targets[i]+" is "+orNone(TypeOf(b)), "")
		}
	}
	if !parent.IsUnique(targets) {
		v.report("DSR013", at, parent.Name+" ("+strings.Join(targets, ", ")+") is not unique", "")
	}
	if f != nil {
		v.onDelete(n, l, at, f.OnDelete)
	}
	needed := l.Role != Reference && n.Derived == "" || l.to.goes()
	lookup := columns
	if tenant := n.tenant(v.m); tenant != "" && !slices.Contains(lookup, tenant) && child.Column(tenant) != nil && child.Finds(append([]string{tenant}, lookup...)) {
		return
	}
	for _, w := range l.When {
		if child.Finds(append(slices.Clone(lookup), w.Column)) {
			return
		}
	}
	if needed && l.Path == "" && !child.Finds(lookup) {
		v.report("DSR020", at, "each row of "+parent.Name+" that goes is looked up in all of "+child.Name, v.index(child, lookup))
	}
}

// onDelete compares what the database does by itself with what the map says.
func (v *verification) onDelete(n *node, l *link, at string, does schema.Action) {
	if l.Inverse || l.Decide != "" || !l.to.goes() {
		return
	}
	stays := !n.goes() || l.Role == Accessor || l.Role == Mentioned || l.Role == Reference && !l.Then.IsZero() || l.Role == CoOwner && n.Shared != DeleteForAll
	switch {
	case does == schema.Cascade && stays:
		v.report("DSR017", at, "ON DELETE CASCADE takes rows that stay, as the map has it", "")
	case (does == schema.SetNull || does == schema.SetDefault) && !stays && l.Role != Reference:
		v.report("DSR017", at, "ON DELETE "+strings.ToUpper(string(does))+" leaves rows behind that go, as the map has it, and nothing leads to them any more", "")
	}
}

func foreignKey(child *schema.Table, to string, columns, targets []string) *schema.ForeignKey {
	for i, f := range child.Foreign {
		if f.To == to && samePairs(f.Columns, f.ToCols, columns, targets) {
			return &child.Foreign[i]
		}
	}
	return nil
}

// fits reports whether values of the two families can be equal.
func fits(a, b schema.Family) bool {
	text := func(f schema.Family) bool {
		return f == schema.Text || f == schema.UUID || f == schema.Enum || f == schema.Other
	}
	number := func(f schema.Family) bool { return f == schema.Int || f == schema.Number }
	return a == b || a == schema.Any || b == schema.Any || text(a) && text(b) || number(a) && number(b)
}

// spells reports whether values of one family may be those of the other in writing: the number of a user in a column of texts. No foreign key is
// of such columns; whether the values are numbers of rows is looked at in orphans.
func spells(a, b schema.Family) bool {
	return a == schema.Text && (b == schema.Int || b == schema.Number)
}

func byExpression(t *schema.Table) bool {
	return slices.ContainsFunc(t.Indexes, func(x schema.Index) bool { return len(x.Columns) > 0 && x.Columns[0] == "" })
}

func (v *verification) index(t *schema.Table, columns []string) string {
	_, own, ok := strings.Cut(t.Name, ".")
	if !ok {
		own = t.Name
	}
	name := own + "_" + strings.Join(columns, "_")
	if len(name) > 59 {
		name = name[:59]
	}
	return fmt.Sprintf("CREATE INDEX %s ON %s (%s);", schema.Quote(name+"_idx"), v.db.SQL(t.Name), quoted(columns))
}

func quoted(columns []string) string {
	var q []string
	for _, c := range columns {
		q = append(q, schema.Quote(c))
	}
	return strings.Join(q, ", ")
}
