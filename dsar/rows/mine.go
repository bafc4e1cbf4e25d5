package rows

import (
	"slices"
	"strconv"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// writer makes the names of one condition.
type writer struct {
	*Selection
	n int
}

func (w *writer) alias(letter string) string {
	w.n++
	return letter + strconv.Itoa(w.n)
}

// tenantOf is that the row is of the selection's tenant.
func (w *writer) tenantOf(t *table, a ref) Cond {
	if t.TenantColumn == "" {
		return Cond{}
	}
	c := w.r.equal(t, a, t.TenantColumn, value{text: w.tenant.String(), raw: w.tenant.String()})
	if w.r.dialect == schema.SQLite { // nearly all rows of the file are the tenant's: an index that begins with it alone finds nothing
		return Concat("likelihood(", c, ", 0.99)")
	}
	return c
}

// mine are the ways in which a row of t is the person's, over links that are no weaker than l and are asked for: it is if one of them holds.
func (w *writer) mine(t *table, a ref, l level, over func(*tie) bool) []Cond {
	if !t.reaches(w.kind.Kind, l) {
		return nil
	}
	var ways []Cond
	add := func(c Cond) {
		if !c.never() {
			ways = append(ways, c)
		}
	}
	if t.root == w.kind.Kind {
		add(w.self(t, a))
	}
	for i := range t.ties {
		if x := &t.ties[i]; x.Role <= l && over(x) && (x.to == nil || x.to.reaches(w.kind.Kind, l)) {
			add(w.tied(t, a, x, func(from *table) source { return w.everyRow(from, x.Targets, l) }))
		}
	}
	return ways
}

func anyTie(*tie) bool { return true }

func (t *table) reaches(kind string, l level) bool {
	role, ok := t.reach[kind]
	return ok && role <= l
}

// self is that the row is the person's own.
func (w *writer) self(t *table, a ref) Cond {
	if w.own == nil {
		return never
	}
	var same []Cond
	for _, k := range t.Key {
		same = append(same, w.r.equal(t, a, k, w.own[k]))
	}
	return all(same...)
}

// source is where the rows are that a link points at: values, or a SELECT of the columns that it points at.
type source struct {
	values []value // of each column, of one row
	query  Cond
}

func (s source) none() bool { return s.values == nil && s.query.SQL == "" }

// everyRow is the source of all rows of t that are the person's at that level, for ways that go on: other people's rows end them.
func (w *writer) everyRow(t *table, columns []string, l level) source {
	switch t.root {
	case "":
	case w.kind.Kind:
		if w.own == nil {
			return source{}
		}
		var vs []value
		for _, c := range columns {
			vs = append(vs, w.own[c])
		}
		return source{values: vs}
	default:
		return source{}
	}
	if t.group[l] > 0 {
		return source{query: w.down(t, columns, l)}
	}
	a := w.alias("x")
	return source{query: w.selectWays(t, a, columns, w.mine(t, at(a), l, anyTie))}
}

// selectWays selects from t by one way or the other: each has an index of its own, which OR would forgo but where Postgres compares columns with
// values.
func (w *writer) selectWays(t *table, a string, columns []string, ways []Cond) Cond {
	var simple, parts []Cond
	for _, way := range ways {
		if way.selects() || w.r.dialect == schema.SQLite {
			parts = append(parts, way)
		} else {
			simple = append(simple, way)
		}
	}
	if len(simple) > 0 {
		parts = append(parts, either(simple...))
	}
	var out []any
	for i, way := range parts {
		if i > 0 {
			out = append(out, " UNION ALL ")
		}
		out = append(out, "SELECT "+at(a).list(columns)+" FROM "+t.sql+" AS "+a+" WHERE ", all(way, w.tenantOf(t, at(a))))
	}
	return Concat(out...)
}

// tied is that the row's link points into the source, or at the person by an identifier.
func (w *writer) tied(t *table, a ref, x *tie, from func(*table) source) Cond {
	when := w.r.when(t, a, x)
	if x.to == nil {
		if !slices.Contains(x.Kinds, w.kind.Kind) {
			return never
		}
		return all(w.r.holds(t, a, x, w.known(x.Identifier)), when)
	}
	s := from(x.to)
	if s.none() {
		return never
	}
	var points Cond
	switch {
	case x.Path != "" && s.values != nil:
		points = w.r.holds(t, a, x, s.values)
	case x.Path != "":
		points = w.within(t, a, x, s.query)
	case s.values != nil:
		var same []Cond
		for i, c := range x.Columns {
			same = append(same, w.r.equal(t, a, c, s.values[i]))
		}
		points = all(same...)
	case len(x.Columns) == 1:
		points = Concat(w.r.comparable(t, a, x.Columns[0], x.to, x.Targets[0]), " IN (", w.r.castTo(t, x, s.query), ")")
	default:
		points = Concat("("+a.list(x.Columns)+") IN (", s.query, ")")
	}
	return all(points, when)
}

// when is that the columns which say what a link points at each have a value for which it holds.
func (r *Rows) when(t *table, a ref, x *tie) Cond {
	var cs []Cond
	for column, values := range x.Conditions() {
		var has []Cond
		for _, v := range values {
			has = append(has, r.discriminates(t, a, column, v))
		}
		cs = append(cs, either(has...))
	}
	return all(cs...)
}

func (r *Rows) discriminates(t *table, a ref, column, v string) Cond {
	if f := t.family(column); r.dialect == schema.SQLite && f != schema.Text && f != schema.Int {
		return Cond{"CAST(" + a(column) + " AS TEXT) = ?", []any{v}}
	}
	return r.equal(t, a, column, value{text: v, raw: v})
}

// textual reports whether values of the two columns are compared as texts, because Postgres has no other way.
func (r *Rows) textual(t *table, c string, to *table, target string) (either, columnToo bool) {
	if r.dialect != schema.Postgres {
		return false, false
	}
	a, b := t.family(c), to.family(target)
	if a == b || a == schema.Any || b == schema.Any {
		return a == schema.Enum && t.types[c] != to.types[target], true
	}
	number := func(f schema.Family) bool { return f == schema.Int || f == schema.Number }
	if number(a) && number(b) {
		return false, false
	}
	return true, a != schema.Text
}

// comparable is the column as it is compared: as it is, so that an index serves, unless it is no text and what it points at is one.
func (r *Rows) comparable(t *table, a ref, c string, to *table, target string) string {
	if text, column := r.textual(t, c, to, target); text && column {
		return "CAST(" + a(c) + " AS text)"
	}
	return a(c)
}

// castTo casts what a query selects to text, where that is how it is compared.
func (r *Rows) castTo(t *table, x *tie, query Cond) Cond {
	if text, _ := r.textual(t, x.Columns[0], x.to, x.Targets[0]); text {
		return Concat("SELECT CAST(z.v AS text) FROM (", query, ") AS z(v)")
	}
	return query
}
