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

// cuts returns the ties that are cut from somebody else's rows: to the person, and to rows of theirs that go.
func (l *layout) cuts(t *table) (out []int) {
	for i, tie := range t.Ties {
		if !tie.Then.IsZero() && l.severed(tie) && (tie.Role >= dsar.Accessor) {
			out = append(out, i)
		}
	}
	return out
}

// severed reports whether the tie is cut where it points at what is erased: to rows that stay it leads on, but for the person's own, which is
// not to be found by it.
func (l *layout) severed(tie dsar.Tie) bool {
	to := l.byName[tie.To]
	switch {
	case tie.Inverse:
		return false
	case tie.Identifier != "":
		return true
	}
	return to != nil && (to.goes() || to.root && tie.Role != dsar.Reference)
}

// owncuts are the columns that are made null in rows that go, so that no order among them is needed: those of cycles, and of links of
// the table to itself.
func (l *layout) owncuts(t *table) (out []edit) {
	if !t.goes() {
		return nil
	}
	null := func(columns []string) bool {
		ok := false
		for _, c := range columns {
			if c != t.TenantColumn && !t.live.Column(c).NotNull {
				out, ok = append(out, edit{column: c, to: rows.Cond{SQL: "NULL"}}), true
			}
		}
		return ok
	}
	for _, c := range t.Cut {
		null(strings.Split(c, ","))
	}
	for i, tie := range t.Ties {
		if tie.To == t.Name && tie.Identifier == "" && tie.Path == "" && !tie.Inverse {
			if !null(tie.Columns) && !slices.Contains(t.selfs, i) {
				t.selfs = append(t.selfs, i)
			}
		}
	}
	return out
}

// stays reports whether rows of the person's in the table may stay.
func (l *layout) stays(t *table) bool { return !t.goes() || t.Shared != dsar.DeleteForAll }

// left reports whether the tie is cut from the person's rows that stay. Shared ones keep what says no Then: their other owners lead elsewhere.
func (l *layout) left(t *table, tie dsar.Tie) bool {
	if !l.stays(t) || !l.severed(tie) {
		return false
	}
	return !tie.Then.IsZero() || !t.goes() && tie.Identifier == "" && tie.Path == "" && l.byName[tie.To].goes() && l.declared(t, tie)
}

// leaving are the ties that are cut from the person's rows that stay, where they point at what is erased, and what their columns become.
func (l *layout) leaving(t *table) (cuts []int, out []edit, err error) {
	for i, tie := range t.Ties {
		if !l.left(t, tie) {
			continue
		}
		es, err := l.tie(t, i, !t.goes())
		if err != nil {
			return nil, nil, err
		}
		if out = append(out, es...); len(es) > 0 {
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
	return slices.ContainsFunc(t.live.Foreign, func(f schema.ForeignKey) bool { return f.Covers(tie.To, tie.Columns, tie.Targets) })
}

// tie is what the columns of a tie become where it points at what is erased. Where a table's rows are masked or kept, a column that
// says itself what becomes of it has its say.
func (l *layout) tie(t *table, i int, kept bool) (out []edit, err error) {
	tie, said := t.Ties[i], false
	how := tie.Then
	if how.IsZero() {
		how = dsar.Null
	}
	if tie.Path != "" {
		return []edit{{column: tie.Columns[0], inside: []member{{path: tie.Path, how: how, tie: i, only: true}}}}, nil
	}
	for k, name := range tie.Columns {
		c := t.live.Column(name)
		if f, _ := t.Field(name); kept && f.Column != nil && !f.Column.Erase.IsZero() {
			said = true
			if _, changes, err := l.value(t, c, f.Column.Class, f.Column.Erase, make([]byte, 32)); err != nil {
				return nil, err
			} else if changes {
				out = append(out, edit{column: name, how: f.Column.Erase, class: f.Column.Class, tie: i, only: true})
			}
			continue
		}
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
	if len(out) == 0 && !said {
		return nil, fmt.Errorf("%w: %s: no column of a link can be changed: say in Then what it holds", ErrMap, t.Name)
	}
	return out, nil
}
