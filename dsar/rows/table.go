package rows

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// table is a table of the map, as statements need it.
type table struct {
	dsar.Mapped
	sql     string           // its name, quoted
	root    string           // the kind whose people it holds; ""
	reach   map[string]reach // by kind
	types   map[string]string
	ties    []tie
	targets []string      // columns that links of other tables, and its own, point at
	group   map[level]int // of tables that lead to each other; 0: it is in no circle
}

type reach = dsar.Role

// level is the weakest role that the links of a way may have.
type level = dsar.Role

// tie is a link of a table.
type tie struct {
	dsar.Tie
	to   *table   // nil: by an identifier
	path []string // see dsar.Link.Path: member names, "[]" for each element
}

var errMark = errors.New("rows: a question mark in the name of a table or column would be taken for a placeholder")

// Column is a column of a table.
type Column struct {
	Name   string
	Type   string        // as the map has it; "" if it does not say
	Family schema.Family // of the type
}

// Columns returns the columns of the table as [Selection.Stream] reads them: all of the map, in its order. Nil if there is no such table.
func (r *Rows) Columns(name string) []Column {
	t := r.tables[name]
	if t == nil {
		return nil
	}
	out := make([]Column, len(t.Fields))
	for i, f := range t.Fields {
		out[i] = Column{Name: f.Name, Type: t.types[f.Name], Family: t.family(f.Name)}
	}
	return out
}

func (t *table) family(column string) schema.Family { return schema.FamilyOf(t.types[column]) }

// read takes from the map what statements need.
func (r *Rows) read() error {
	names := r.c.TableNames()
	for _, name := range names {
		m, _ := r.c.Table(name)
		t := &table{Mapped: m, sql: r.SQL(name), reach: map[string]reach{}, types: map[string]string{}, group: map[level]int{}}
		if r.dialect == schema.Postgres && strings.ContainsRune(name, '?') {
			return errMark
		}
		for _, f := range m.Fields {
			if r.dialect == schema.Postgres && strings.ContainsRune(f.Name, '?') {
				return errMark
			}
			t.types[f.Name] = f.Type(r.dialect)
		}
		for _, x := range r.c.Reach(name) {
			t.reach[x.Kind] = x.Role
		}
		r.tables[name] = t
	}
	for _, k := range r.kinds {
		if t := r.tables[k.Table]; t != nil {
			t.root = k.Kind
		}
	}
	for _, name := range names {
		t := r.tables[name]
		for _, x := range t.Mapped.Ties {
			y := tie{Tie: x, to: r.tables[x.To]}
			if x.Path != "" {
				var err error
				if y.path, err = parsePath(x.Path); err != nil {
					return fmt.Errorf("rows: %s.%s: %w", name, x.Columns[0], err)
				}
			}
			if y.to != nil {
				for _, c := range x.Targets {
					if !slices.Contains(y.to.targets, c) {
						y.to.targets = append(y.to.targets, c)
					}
				}
			}
			t.ties = append(t.ties, y)
		}
	}
	for l := dsar.Owner; l < dsar.Reference; l++ {
		r.circles(names, l)
	}
	return nil
}

// circles finds the tables whose rows lead to each other over links that are no weaker than l: those that reach each other, but not by a
// person's row, where ways end.
func (r *Rows) circles(names []string, l level) {
	reached := map[string]map[string]bool{}
	for _, from := range names {
		seen := map[string]bool{}
		for todo := []string{from}; len(todo) > 0; {
			t := r.tables[todo[0]]
			todo = todo[1:]
			for i := range t.ties {
				if x := &t.ties[i]; x.to != nil && x.to.root == "" && x.Role <= l && !seen[x.To] {
					seen[x.To] = true
					todo = append(todo, x.To)
				}
			}
		}
		reached[from] = seen
	}
	for i, a := range names {
		if !reached[a][a] || r.tables[a].group[l] > 0 {
			continue
		}
		for _, b := range names {
			if reached[a][b] && reached[b][a] {
				r.tables[b].group[l] = i + 1
			}
		}
	}
}

// members are the tables of a circle, in the order of the map.
func (r *Rows) members(group int, l level) (out []*table) {
	for _, name := range r.c.TableNames() {
		if t := r.tables[name]; t.group[l] == group {
			out = append(out, t)
		}
	}
	return out
}

// circular reports whether the link stays in the circle that its table is in.
func (t *table) circular(x *tie, l level) bool {
	return x.to != nil && x.Role <= l && t.group[l] > 0 && t.group[l] == x.to.group[l]
}

// parsePath splits "to[].id" into to, [] and id.
func parsePath(s string) (out []string, err error) {
	if strings.ContainsAny(s, `?"`) {
		return nil, fmt.Errorf("%q is not a path that statements can have", s)
	}
	for i, part := range strings.Split(s, ".") {
		name := strings.TrimRight(part, "[]")
		lists := part[len(name):]
		if name == "" && (i > 0 || lists == "") || strings.ReplaceAll(lists, "[]", "") != "" {
			return nil, fmt.Errorf("%q is not a path", s)
		}
		if name != "" {
			out = append(out, name)
		}
		for range len(lists) / 2 {
			out = append(out, "[]")
		}
	}
	return out, nil
}

// ref is a row in a statement: it returns how a column of it is written.
type ref func(column string) string

// at is the row under an alias.
func at(alias string) ref {
	return func(column string) string { return alias + "." + schema.Quote(column) }
}

func (a ref) list(columns []string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = a(c)
	}
	return strings.Join(out, ", ")
}
