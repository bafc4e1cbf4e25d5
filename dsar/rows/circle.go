package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// circle is the recursive part of a statement about tables that lead to each other: rows of all of them in one relation, with a column for
// each column that is needed of any.
type circle struct {
	name    string
	members []*table
	cells   []cell
}

type cell struct {
	table  *table
	column string
}

func (w *writer) circle(members []*table, needs func(*table) []string) *circle {
	c := &circle{name: w.alias("r"), members: members}
	for _, m := range members {
		for _, column := range needs(m) {
			if !slices.Contains(c.cells, cell{m, column}) {
				c.cells = append(c.cells, cell{m, column})
			}
		}
	}
	return c
}

func (c *circle) tag(t *table) string { return fmt.Sprint(slices.Index(c.members, t)) }

// of is a row of table t in the relation.
func (c *circle) of(t *table) ref {
	return func(column string) string {
		return fmt.Sprintf("%s.c%d", c.name, slices.Index(c.cells, cell{t, column}))
	}
}

// row selects a row of table t into the relation.
func (c *circle) row(t *table, a ref) string {
	parts := []string{c.tag(t)}
	for _, x := range c.cells {
		v := "(SELECT " + at("z")(x.column) + " FROM " + x.table.sql + " AS z WHERE 1 = 0)" // NULL of the column's type
		if x.table == t {
			v = a(x.column)
		}
		if x.table.types[x.column] == "json" { // which cannot be compared
			v = "CAST(" + v + " AS jsonb)"
		}
		parts = append(parts, v)
	}
	return strings.Join(parts, ", ")
}

// with is the relation: rows to begin with, and steps from what is there to further rows, each of them a FROM, of one table, and a WHERE.
func (c *circle) with(dialect schema.Dialect, begin []Cond, steps []step) Cond {
	names := []string{"tag"}
	for i := range c.cells {
		names = append(names, fmt.Sprintf("c%d", i))
	}
	out := []any{"WITH RECURSIVE " + c.name + "(" + strings.Join(names, ", ") + ") AS ("}
	for i, b := range begin {
		if i > 0 {
			out = append(out, " UNION ")
		}
		out = append(out, b)
	}
	if dialect == schema.SQLite {
		for _, s := range steps {
			out = append(out, " UNION SELECT "+s.row+" FROM "+c.name+" CROSS JOIN "+s.from+" WHERE ", s.where)
		}
		return Concat(append(out, ") ")...)
	}
	for i, s := range steps { // Postgres has the relation once in its own definition
		if i == 0 {
			out = append(out, " UNION SELECT s.* FROM "+c.name+" CROSS JOIN LATERAL (")
		} else {
			out = append(out, " UNION ALL ")
		}
		out = append(out, "SELECT "+s.row+" FROM "+s.from+" WHERE ", s.where)
	}
	return Concat(append(out, ") AS s) ")...)
}

type step struct {
	row, from string
	where     Cond
}

// down selects the columns of all rows of t that are the person's at that level, with what leads to them over rows of t itself.
func (w *writer) down(t *table, columns []string, l level) Cond {
	c := w.circle(w.r.members(t.group[l], l), func(m *table) []string { return m.targets })
	var begin []Cond
	var steps []step
	for _, m := range c.members {
		a := w.alias("x")
		for _, way := range w.mine(m, at(a), l, func(x *tie) bool { return !m.circular(x, l) }) {
			begin = append(begin, Concat("SELECT "+c.row(m, at(a))+" FROM "+m.sql+" AS "+a+" WHERE ", all(way, w.tenantOf(m, at(a)))))
		}
		for i := range m.ties {
			x := &m.ties[i]
			if !m.circular(x, l) {
				continue
			}
			b := w.alias("x")
			from := Cond{SQL: c.name + ".tag = " + c.tag(x.to)}
			steps = append(steps, step{c.row(m, at(b)), m.sql + " AS " + b,
				all(from, w.meets(m, at(b), x, c.of(x.to)), w.r.when(m, at(b), x), w.tenantOf(m, at(b)))})
		}
	}
	if len(begin) == 0 {
		return Cond{}
	}
	return Concat(c.with(w.r.dialect, begin, steps), "SELECT "+c.of(t).list(columns)+" FROM "+c.name+" WHERE "+c.name+".tag = "+c.tag(t))
}

// up is that another person reaches the row over rows of tables that lead to each other.
func (w *writer) up(t *table, a ref) Cond {
	const l = dsar.CoOwner
	members := w.r.members(t.group[l], l)
	stays := func(m *table) func(*tie) bool {
		return func(x *tie) bool { return m.circular(x, l) }
	}
	c := w.circle(members, func(m *table) (out []string) {
		for i := range m.ties {
			if x := &m.ties[i]; x.Role <= l {
				out = append(out, x.Columns...)
				for column := range x.Conditions() {
					out = append(out, column)
				}
			}
		}
		return out
	})
	leaves := func(m *table) func(*tie) bool {
		in := stays(m)
		return func(x *tie) bool { return !in(x) }
	}
	var begin []Cond
	var steps []step
	next := func(m *table, a ref, x *tie) (string, string, Cond) {
		b := w.alias("x")
		return c.row(x.to, at(b)), x.to.sql + " AS " + b, all(w.meets(m, a, x, at(b)), w.r.when(m, a, x), w.tenantOf(x.to, at(b)))
	}
	for i := range t.ties {
		if x := &t.ties[i]; stays(t)(x) {
			row, from, where := next(t, a, x)
			begin = append(begin, Concat("SELECT "+row+" FROM "+from+" WHERE ", where))
		}
	}
	ends := []Cond{}
	for _, m := range members {
		for i := range m.ties {
			if x := &m.ties[i]; stays(m)(x) {
				row, from, where := next(m, c.of(m), x)
				steps = append(steps, step{row, from, all(Cond{SQL: c.name + ".tag = " + c.tag(m)}, where)})
			}
		}
		if end := w.othersBut(m, c.of(m), leaves(m)); !end.never() {
			ends = append(ends, all(Cond{SQL: c.name + ".tag = " + c.tag(m)}, end))
		}
	}
	here := w.othersBut(t, a, leaves(t))
	if len(begin) == 0 || len(ends) == 0 {
		return here
	}
	return either(here, Concat("EXISTS (", c.with(w.r.dialect, begin, steps), "SELECT 1 FROM "+c.name+" WHERE ", either(ends...), ")"))
}
