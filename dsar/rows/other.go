package rows

import (
	"slices"

	"github.com/bailiwick-dev/bailiwick/dsar"
)

// others is that another person reaches the row as owner or co-owner. Ways end at the first person they come to.
func (w *writer) others(t *table, a ref) Cond {
	if t.group[dsar.CoOwner] > 0 {
		return w.up(t, a)
	}
	return w.othersBut(t, a, anyTie)
}

// othersBut is others over the links that are asked for.
func (w *writer) othersBut(t *table, a ref, over func(*tie) bool) Cond {
	if t.root != "" {
		if t.root != w.kind.Kind || w.own == nil {
			return always
		}
		return w.self(t, a).Not()
	}
	var ways []Cond
	for i := range t.ties {
		if x := &t.ties[i]; x.Role <= dsar.CoOwner && over(x) {
			ways = append(ways, w.otherBy(t, a, x))
		}
	}
	return either(ways...)
}

// alike reports whether a row of t that is the person's can be nobody else's, because one link alone makes rows somebody's, and it points at
// one row, of which the same holds.
func (w *writer) alike(t *table) bool {
	if t.root != "" || t.group[dsar.CoOwner] > 0 {
		return t.root == w.kind.Kind
	}
	var sole *tie
	for i := range t.ties {
		x := &t.ties[i]
		if x.Role > dsar.CoOwner || x.to != nil && !x.to.someones() {
			continue
		}
		if sole != nil {
			return false
		}
		sole = x
	}
	switch {
	case sole == nil || sole.Inverse || sole.path != nil:
		return false
	case sole.to == nil:
		return len(w.sharedValues(sole.Identifier)) == 0
	}
	for _, k := range sole.to.Key { // what several rows can share points at several
		if k != sole.to.TenantColumn && !slices.Contains(sole.Targets, k) {
			return false
		}
	}
	return len(sole.to.Key) > 0 && w.alike(sole.to)
}

// someones reports whether rows of the table can have an owner.
func (t *table) someones() bool {
	for _, role := range t.reach {
		if role <= dsar.CoOwner {
			return true
		}
	}
	return false
}

// otherBy is that another person is at the end of the link.
func (w *writer) otherBy(t *table, a ref, x *tie) Cond {
	when := w.r.when(t, a, x)
	if x.to == nil {
		return all(w.otherHolder(t, a, x), when)
	}
	if !x.to.someones() {
		return never
	}
	b := w.alias("o")
	c := w.others(x.to, at(b))
	if c.never() {
		return never
	}
	c = all(w.meets(t, a, x, at(b)), w.tenantOf(x.to, at(b)), c)
	return all(when, Concat("EXISTS (SELECT 1 FROM "+x.to.sql+" AS "+b+" WHERE ", c, ")"))
}

// meets is that the link of row a points at row b.
func (w *writer) meets(t *table, a ref, x *tie, b ref) Cond {
	if x.Path != "" {
		return w.within(t, a, x, Cond{SQL: "SELECT " + b(x.Targets[0])})
	}
	var same []Cond
	for i, c := range x.Columns {
		target := b(x.Targets[i])
		if text, _ := w.r.textual(t, c, x.to, x.Targets[i]); text {
			target = "CAST(" + target + " AS text)"
		}
		same = append(same, Cond{SQL: target + " = " + w.r.comparable(t, a, c, x.to, x.Targets[i])})
	}
	return all(same...)
}

// otherHolder is that the link holds what identifies another person: for a kind with a table, what is in another row of it; for one without,
// any other value.
func (w *writer) otherHolder(t *table, a ref, x *tie) Cond {
	var ways []Cond
	for _, kind := range w.r.kinds {
		if !slices.Contains(x.Kinds, kind.Kind) {
			continue
		}
		id, _ := kind.Identifier(x.Identifier)
		root := w.r.tables[kind.Table]
		if root == nil || id.Column == "" {
			if kind.Kind == w.kind.Kind || root == nil {
				ways = append(ways, w.holdsAnother(t, a, x, w.known(x.Identifier)))
			}
			continue
		}
		b := w.alias("o")
		not := Cond{}
		if kind.Kind == w.kind.Kind {
			not = w.self(root, at(b)).Not()
		}
		held := Concat("SELECT "+w.r.roughly(id.Form, at(b)(id.Column))+" FROM "+root.sql+" AS "+b+" WHERE "+at(b)(id.Column)+" IS NOT NULL", prefixed(" AND ", all(w.tenantOf(root, at(b)), not)))
		ways = append(ways, w.r.inside(t, a, x, func(v string) Cond { return Concat(w.r.roughly(id.Form, v)+" IN (", held, ")") }))
	}
	if vs := w.sharedValues(x.Identifier); len(vs) > 0 {
		ways = append(ways, w.r.holds(t, a, x, vs))
	}
	return either(ways...)
}
