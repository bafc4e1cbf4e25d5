package erase

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// edit is what one column becomes.
type edit struct {
	column string
	to     rows.Cond     // SQL that needs nothing of the job
	how    dsar.Strategy // else
	class  redact.Class
	tie    int // where only is true: the column is changed where this tie points at what is erased
	only   bool
	stand  string // the table whose stand-in's key the column holds; k is which of its columns
	k      int
	inside []member // members of JSON
}

// member is what one member of a JSON column becomes.
type member struct {
	path string
	how  dsar.Strategy
	tie  int // where only is true: where it holds what that tie points at
	only bool
}

// masks are what the columns of a row that stays become.
func (l *layout) masks(t *table) (out []edit, err error) {
	for _, f := range t.Fields {
		if f.Column == nil {
			continue
		}
		live := t.live.Column(f.Name)
		e := edit{column: f.Name, how: f.Column.Erase, class: f.Column.Class}
		if !f.Column.Erase.IsZero() {
			if _, changes, err := l.value(t, live, e.class, e.how, make([]byte, 32)); err != nil {
				return nil, err
			} else if changes {
				out = append(out, e)
			}
			continue
		}
		for i := range f.Column.Inside {
			in := &f.Column.Inside[i]
			if _, kept := in.Erase.Reason(); !in.Erase.IsZero() && !kept && !in.Erase.Is(dsar.Shred) {
				path, _, _ := strings.Cut(strings.TrimSpace(in.Name), " ")
				e.inside = append(e.inside, member{path: path, how: in.Erase})
			}
		}
		if len(e.inside) > 0 {
			out = append(out, e)
		}
	}
	return out, nil
}

// leaving are the ties that are cut from the person's rows that stay, where they point at what is erased, and what their columns become.
func (l *layout) leaving(t *table) (cuts []int, out []edit, err error) {
	for i, tie := range t.Ties {
		if !l.severed(tie) {
			continue
		}
		// Shared rows keep what says no Then: their other owners lead elsewhere.
		if tie.Then.IsZero() && (t.goes() || tie.Identifier != "" || tie.Path != "" || !l.byName[tie.To].goes() || !l.declared(t, tie)) {
			continue
		}
		es, err := l.tie(t, i)
		if err != nil {
			return nil, nil, err
		}
		n := len(out)
		for _, e := range es {
			// A column that says itself what becomes of it has its say in masked rows.
			if f, _ := t.Field(e.column); len(e.inside) == 0 && !t.goes() && f.Column != nil && !f.Column.Erase.IsZero() {
				if _, kept := f.Column.Erase.Reason(); kept || f.Column.Erase.Is(dsar.Shred) {
					continue
				}
				e.how, e.class, e.stand = f.Column.Erase, f.Column.Class, ""
			}
			out = append(out, e)
		}
		if len(out) > n {
			cuts = append(cuts, i)
		}
	}
	return cuts, out, nil
}

// uncut returns the columns by which shared rows that stay would go on leading to the person.
func (l *layout) uncut(t *table) (out []string) {
	for _, tie := range t.Ties {
		if tie.Role <= dsar.CoOwner && tie.Then.IsZero() && l.severed(tie) && (tie.Identifier != "" || l.byName[tie.To].root) {
			out = append(out, strings.Join(tie.Columns, ", "))
		}
	}
	return out
}

// declared reports whether a foreign key of the database backs the tie.
func (l *layout) declared(t *table, tie dsar.Tie) bool {
	return slices.ContainsFunc(t.live.Foreign, func(f schema.ForeignKey) bool { return f.To == tie.To && slices.Equal(f.Columns, tie.Columns) })
}

// tie is what the columns of a tie become where it points at what is erased.
func (l *layout) tie(t *table, i int) (out []edit, err error) {
	tie := t.Ties[i]
	how := tie.Then
	if how.IsZero() {
		how = dsar.Null
	}
	if tie.Path != "" {
		return []edit{{column: tie.Columns[0], inside: []member{{path: tie.Path, how: how, tie: i, only: true}}}}, nil
	}
	for k, name := range tie.Columns {
		c := t.live.Column(name)
		switch {
		case name == t.TenantColumn, c.Generated, how.Is(dsar.Null) && c.NotNull && len(tie.Columns) > 1:
			continue
		case how.Is(dsar.Null) && c.NotNull:
			return nil, fmt.Errorf("%w: %s.%s would be made null, and may not be: say in Then what the link holds", ErrMap, t.Name, name)
		}
		e := edit{column: name, how: how, tie: i, only: true}
		if how.Is(dsar.Pseudonym) && tie.Identifier == "" && l.declared(t, tie) {
			e.stand, e.k = tie.To, slices.Index(l.byName[tie.To].Key, tie.Targets[k])
			if e.k < 0 {
				return nil, fmt.Errorf("%w: %s.%s: a stand-in is told by its primary key", ErrMap, t.Name, name)
			}
		} else if _, _, err := l.value(t, c, redact.Class{}, how, make([]byte, 32)); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: %s: no column of a link can be changed: say in Then what it holds", ErrMap, t.Name)
	}
	return out, nil
}
