package world

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
)

// Who is somebody in a world.
type Who struct {
	dsar.Person
	Table string // of their row; "" if they have none
	ID    string
}

// at is a row's place.
type at struct{ table, id string }

// People are those who can be asked for in a state: by their keys, and by a value that rows hold and nobody's row does.
func (w *World) People(tenant string, s State) (out []Who) {
	has := map[string]bool{}
	for _, k := range w.Map.Subjects {
		for _, id := range w.find(k.Table).ids {
			row, ok := s[k.Table][id]
			if !ok {
				continue
			}
			key := []string{id}
			if w.paired {
				key = []string{tenant, id}
			}
			if row["email"] != nil {
				has[rows.Normal(w.form(), *row["email"])] = true
			}
			out = append(out, Who{dsar.Person{Kind: k.Kind, Key: key}, k.Table, id})
		}
	}
	for _, x := range w.tables {
		for _, l := range x.Links {
			for _, id := range x.ids {
				for _, v := range texts(&l, s[x.Name][id]) {
					if n := rows.Normal(w.form(), v); l.Identifier != "" && !has[n] {
						has[n] = true
						out = append(out, Who{Person: dsar.Person{Kind: "user", Known: map[string][]string{"email": {v}}}})
					}
				}
			}
		}
	}
	return out
}

func (w *World) form() dsar.Form { return w.Map.Subjects[0].Identifiers[0].Form }

// texts are the values of a link in a row, NULL and missing ones left out.
func texts(l *dsar.Link, row Row) []string {
	v := row[l.Columns[len(l.Columns)-1]]
	for column, values := range l.Conditions() {
		if row[column] == nil || !slices.Contains(values, *row[column]) {
			return nil
		}
	}
	if v == nil {
		return nil
	}
	if l.Path == "" {
		return []string{*v}
	}
	return inside(*v, strings.Split(strings.ReplaceAll(l.Path, "[]", ".[]"), "."))
}

// inside are the scalars at a path of a document.
func inside(doc string, path []string) (out []string) {
	var v any
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	vs := []any{v}
	for _, p := range path {
		var next []any
		for _, v := range vs {
			switch v := v.(type) {
			case map[string]any:
				if p == "" {
					next = append(next, v)
				} else if p != "[]" && v[p] != nil {
					next = append(next, v[p])
				}
			case []any:
				if p == "" {
					next = append(next, v)
				} else if p == "[]" {
					next = append(next, v...)
				}
			}
		}
		vs = next
	}
	for _, v := range vs {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case json.Number:
			out = append(out, v.String())
		}
	}
	return out
}

// targets are the rows that a link of a row points at.
func (w *World) targets(l *dsar.Link, row Row, s State) (out []at) {
	to := w.find(l.To)
	if to == nil {
		return nil
	}
	if l.Inverse {
		for id, other := range s[l.To] {
			if v := other[l.ToColumns[len(l.ToColumns)-1]]; v != nil && *v == *row["id"] {
				out = append(out, at{l.To, id})
			}
		}
		return out
	}
	for _, v := range texts(l, row) {
		if len(l.ToColumns) > 0 && l.ToColumns[0] == "code" {
			for id, other := range s[l.To] {
				if other["code"] != nil && *other["code"] == v {
					out = append(out, at{l.To, id})
				}
			}
			continue
		}
		if _, ok := s[l.To][v]; ok {
			out = append(out, at{l.To, v})
		}
	}
	return out
}

// view is what a person is to all rows of a state.
type view struct {
	w      *World
	who    Who
	s      State
	own    at
	known  []string        // normal forms
	role   map[at]int      // absent: nothing to do with it
	others map[at]bool     // another person is owner or co-owner
	held   map[string]bool // normal forms that other people's rows have
}

func (w *World) view(who Who, s State) *view {
	v := &view{w: w, who: who, s: s, own: at{who.Table, who.ID}, role: map[at]int{}, others: map[at]bool{}, held: map[string]bool{}}
	for _, x := range who.Known["email"] {
		v.known = append(v.known, rows.Normal(w.form(), x))
	}
	for _, k := range w.Map.Subjects {
		for id, row := range s[k.Table] {
			switch {
			case row["email"] == nil:
			case at{k.Table, id} == v.own:
				v.known = append(v.known, rows.Normal(w.form(), *row["email"]))
			default:
				v.held[rows.Normal(w.form(), *row["email"])] = true
			}
			if (at{k.Table, id}) != v.own {
				v.others[at{k.Table, id}] = true
			}
		}
	}
	if who.Table != "" {
		v.role[v.own] = 0
	}
	for changed := true; changed; {
		changed = false
		for _, x := range w.tables {
			for id, row := range s[x.Name] {
				if v.step(x, at{x.Name, id}, row) {
					changed = true
				}
			}
		}
	}
	return v
}

// step looks at the links of a row once.
func (v *view) step(x *table, p at, row Row) (changed bool) {
	for i := range x.Links {
		l := &x.Links[i]
		if l.Role == dsar.Reference {
			continue
		}
		mine := func(role int) {
			if old, ok := v.role[p]; !ok || role < old {
				v.role[p], changed = role, true
			}
		}
		other := func() {
			if l.Role <= dsar.CoOwner && !v.others[p] && !x.code {
				v.others[p], changed = true, true
			}
		}
		if l.Identifier != "" {
			for _, t := range texts(l, row) {
				n := rows.Normal(v.w.form(), t)
				if slices.Contains(v.known, n) {
					mine(int(l.Role))
				}
				if v.held[n] {
					other()
				}
			}
			continue
		}
		for _, q := range v.w.targets(l, row, v.s) {
			root := v.w.find(q.table).code
			if role, ok := v.role[q]; ok && (!root || q == v.own) {
				mine(max(role, int(l.Role)))
			}
			if v.others[q] {
				other()
			}
		}
	}
	return changed
}

// In reports whether the row is in the part.
func (v *view) in(p at, part rows.Part) bool {
	role, ok := v.role[p]
	if !ok {
		return false
	}
	mine := role <= int(dsar.CoOwner)
	stays := mine && v.others[p] && v.w.find(p.table).Shared != dsar.DeleteForAll
	switch part {
	case rows.Owned, rows.CoOwned, rows.Accessed, rows.Mentioned:
		return role == int(part)
	case rows.Mine:
		return mine
	case rows.Shared:
		return mine && v.others[p]
	case rows.Erased:
		return mine && !stays
	case rows.Stays:
		return stays
	case rows.Linked:
		return !mine
	}
	return true
}

// Parts returns the ids of the table's rows that are in the part, in order.
func (w *World) Parts(who Who, s State) func(table string, part rows.Part) []string {
	v := w.view(who, s)
	return func(table string, part rows.Part) []string {
		out := []string{}
		for id := range s[table] {
			if v.in(at{table, id}, part) {
				out = append(out, id)
			}
		}
		slices.Sort(out)
		return out
	}
}

// Pointing returns the ids of the table's rows whose link of that index points at rows in the part, or holds an identifier of the person.
func (w *World) Pointing(who Who, s State) func(table string, link int, part rows.Part) []string {
	v := w.view(who, s)
	return func(table string, link int, part rows.Part) []string {
		out := []string{}
		l := &w.find(table).Links[link]
		for id, row := range s[table] {
			hit := false
			if l.Identifier != "" {
				for _, t := range texts(l, row) {
					hit = hit || slices.Contains(v.known, rows.Normal(w.form(), t))
				}
			}
			for _, q := range w.targets(l, row, s) {
				hit = hit || v.in(q, part)
			}
			if hit {
				out = append(out, id)
			}
		}
		slices.Sort(out)
		return out
	}
}

// Tables are the names of the world's tables, in the order of the map.
func (w *World) Tables() (out []string) {
	for _, x := range w.tables {
		out = append(out, x.Name)
	}
	return out
}

// Links returns the links of a table.
func (w *World) Links(table string) []dsar.Link { return w.find(table).Links }

// Nobody reports whether nothing in the state is the person's, who has no row.
func (w *World) Nobody(who Who, s State) bool { return len(w.view(who, s).role) == 0 }
