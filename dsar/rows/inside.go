package rows

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// holds is that the column of the link, or a place inside of it, has one of the values.
func (r *Rows) holds(t *table, a ref, x *tie, values []value) Cond {
	column := x.Columns[0]
	if x.path == nil {
		return r.equal(t, a, column, values...)
	}
	var texts []string
	for _, v := range values {
		if !v.null {
			texts = append(texts, v.text)
		}
	}
	if len(texts) == 0 {
		return never
	}
	if r.dialect == schema.SQLite {
		return r.inside(t, a, x, func(v string) Cond { return in(v, texts) })
	}
	if t.family(column) == schema.Array {
		element := schema.FamilyOf(strings.TrimSuffix(t.types[column], "[]"))
		fit := texts[:0:0]
		for _, s := range texts {
			if r.fits(element, s) {
				fit = append(fit, s)
			}
		}
		if len(fit) == 0 {
			return never
		}
		array := "?"
		if !strings.ContainsAny(t.types[column], `"`) {
			array = "CAST(? AS " + withoutLength(t.types[column]) + ")"
		}
		return Cond{a(column) + " && " + array, []any{arrayText(fit)}}
	}
	var ways []Cond
	for _, s := range texts { // an index on the column serves these
		for _, doc := range documents(x.path, s) {
			ways = append(ways, Cond{r.document(t, a, column) + " @> CAST(? AS jsonb)", []any{doc}})
		}
	}
	return either(ways...)
}

// in is that a text is one of those.
func in(v string, texts []string) Cond {
	c := Cond{SQL: v + " IN (?" + strings.Repeat(", ?", len(texts)-1) + ")"}
	for _, s := range texts {
		c.Args = append(c.Args, s)
	}
	return c
}

var numeral = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// documents are the smallest documents that have the text at the path, as a string and, if it is one, as a number.
func documents(path []string, text string) []string {
	b, _ := json.Marshal(text)
	leaves := []string{string(b)}
	if numeral.MatchString(text) {
		leaves = append(leaves, text)
	}
	for i := range leaves {
		for j := len(path) - 1; j >= 0; j-- {
			if path[j] == "[]" {
				leaves[i] = "[" + leaves[i] + "]"
				continue
			}
			name, _ := json.Marshal(path[j])
			leaves[i] = "{" + string(name) + ":" + leaves[i] + "}"
		}
	}
	return leaves
}

func withoutLength(typ string) string {
	for {
		before, after, ok := strings.Cut(typ, "(")
		if !ok {
			return typ
		}
		_, after, _ = strings.Cut(after, ")")
		typ = strings.TrimSpace(before) + after
	}
}

// within is that a place inside of the link's column has what the query selects.
func (w *writer) within(t *table, a ref, x *tie, query Cond) Cond {
	return w.r.inside(t, a, x, func(v string) Cond {
		return Concat(v+" IN (WITH z(v) AS (", query, ") SELECT CAST(z.v AS text) FROM z)")
	})
}

// holdsAnother is that the link holds something else than the values.
func (w *writer) holdsAnother(t *table, a ref, x *tie, values []value) Cond {
	other := func(v string) Cond {
		var texts []string
		for _, y := range values {
			texts = append(texts, y.text)
		}
		c := Cond{SQL: v + " <> ''"}
		if len(texts) > 0 {
			c = all(c, in(v, texts).Not())
		}
		return c
	}
	return w.r.inside(t, a, x, other)
}

// document is the column as one of Postgres' jsonb.
func (r *Rows) document(t *table, a ref, column string) string {
	if t.types[column] == "jsonb" {
		return a(column)
	}
	return "CAST(" + a(column) + " AS jsonb)"
}

// inside is that the condition holds of the text at one of the places that the link's path leads to.
func (r *Rows) inside(t *table, a ref, x *tie, c func(v string) Cond) Cond {
	from, v := r.places(t, a, x)
	if from == "" {
		return c(v)
	}
	return Concat("EXISTS (SELECT 1 FROM "+from+" WHERE ", c(v), ")")
}

// places returns what stands after FROM to have a row for each place that the path leads to, "" if there is one place, and the text that is
// there.
func (r *Rows) places(t *table, a ref, x *tie) (from, text string) {
	column := x.Columns[0]
	if x.path == nil {
		return "", "CAST(" + a(column) + " AS text)"
	}
	if r.dialect == schema.Postgres && t.family(column) == schema.Array {
		return "unnest(" + a(column) + ") AS e1(v)", "CAST(e1.v AS text)"
	}
	doc := r.document(t, a, column)
	if r.dialect == schema.SQLite {
		doc = "CASE WHEN json_valid(" + a(column) + ") THEN " + a(column) + " END"
	}
	var parts, names []string
	for _, p := range x.path {
		if p != "[]" {
			names = append(names, p)
			continue
		}
		e := "e" + string(rune('1'+len(parts)))
		if r.dialect == schema.SQLite {
			list := "(" + doc + ")"
			parts = append(parts, "json_each(CASE WHEN json_type("+list+", "+steps(names)+") = 'array' THEN json_extract("+list+", "+steps(names)+") ELSE '[]' END) AS "+e)
			// What is no document comes as a plain value, in which nothing can be looked for.
			doc = "CASE WHEN " + e + ".type IN ('object', 'array') THEN " + e + ".value END"
		} else {
			list := "(" + doc + " #> " + members(names) + ")"
			parts = append(parts, "jsonb_array_elements(CASE WHEN jsonb_typeof"+list+" = 'array' THEN "+list+" ELSE '[]' END) AS "+e+"(v)")
			doc = e + ".v"
		}
		names = nil
	}
	from = strings.Join(parts, " CROSS JOIN ")
	if r.dialect == schema.Postgres {
		return from, doc + " #>> " + members(names)
	}
	if len(names) == 0 {
		return from, "CAST(e" + string(rune('0'+len(parts))) + ".value AS text)"
	}
	return from, "CAST(json_extract(" + doc + ", " + steps(names) + ") AS text)"
}

// steps is a path of SQLite.
func steps(names []string) string {
	s := "$"
	for _, n := range names {
		s += `."` + n + `"`
	}
	return literal(s)
}

// members is a path of Postgres.
func members(names []string) string {
	if len(names) == 0 {
		return "'{}'"
	}
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = literal(n)
	}
	return "ARRAY[" + strings.Join(q, ", ") + "]"
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
