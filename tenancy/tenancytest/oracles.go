package tenancytest

import (
	"fmt"
	"slices"
	"strings"
)

// oracleTricks learn whether tenant B has a row from what the database says to a row of A's own, or
// tie A's rows to B's.
var oracleTricks = []trick{
	{rule: rule("oracle.unique", "a unique or exclusion constraint tells which values other tenants have", "Make the tenant column the first of the constraint."), run: func(h *hand) (string, error) {
		looked := 0
		for _, u := range h.t.Uniques {
			seen, err := h.collide(u)
			switch {
			case seen != "":
				return seen, nil
			case err == nil:
				looked++
			case state(err) == "":
				if _, unfit := err.(skipped); !unfit {
					return "", err
				}
			}
		}
		if looked == 0 {
			return "", skipped{"it has no unique constraint on which the tenants' rows differ"}
		}
		return "", nil
	}},
	{rule: rule("oracle.foreign", "a foreign key lets a row point into another tenant: it tells which rows exist there, and ties their fates", "Let the foreign key include the tenant column on both sides."), run: func(h *hand) (string, error) {
		looked := 0
		for _, l := range h.t.Foreign {
			ok, err := h.point(l)
			switch {
			case ok:
				h.weak = append(h.weak, weakLink{h.t, l})
				return "a row of its own that points at the other tenant's row was accepted by " + l.Name, nil
			case err == nil:
				looked++
			case state(err) == "":
				if _, unfit := err.(skipped); !unfit {
					return "", err
				}
			}
		}
		if looked == 0 {
			return "", skipped{"it has no foreign key to a tenant table on which the tenants' rows differ"}
		}
		return "", nil
	}},
}

// collide inserts a row of A's own that has B's values in the columns of u.
func (h *hand) collide(u unique) (string, error) {
	theirs, err := h.theirs(h.t, u.Columns)
	if err != nil {
		return "", err
	}
	own := h.t.rows[h.A.String()]
	if len(own) == 0 {
		return "", skipped{"no row of tenant A is known"}
	}
	var seen string
	err = h.sub(func() error {
		keep := row{}
		for _, c := range u.Columns {
			if c != h.t.tenant.Name {
				keep[c] = theirs[c]
			}
		}
		m := &maker{ctx: h.ctx, tx: h.tx, cat: h.cat, id: h.A}
		r, err := m.fresh(h.t, own[0], keep, 0)
		if err != nil {
			return skipped{err.Error()}
		}
		_, err = h.exec(h.t.insert(r))
		if s := state(err); (s == "23505" || s == "23P01") && strings.Contains(err.Error(), u.Name) {
			seen = fmt.Sprintf("%s (%s) was raised by %s for a row that the tenant does not have", map[bool]string{true: "exclusion_violation", false: "unique_violation"}[s == "23P01"], s, u.Name)
		}
		return err
	})
	if seen != "" {
		return seen, nil
	}
	switch s := state(err); {
	case err == nil, strings.HasPrefix(s, "23"), refused(err):
		return "", nil
	}
	return "", err
}

// point inserts a row of A's own whose foreign key l has B's values.
func (h *hand) point(l link) (bool, error) {
	p := h.cat.by[l.Parent]
	own := h.t.rows[h.A.String()]
	if p == nil || len(own) == 0 {
		return false, skipped{"not a tenant table, or no row of tenant A is known"}
	}
	theirs, err := h.theirs(p, l.Referenced)
	if err != nil {
		return false, err
	}
	err = h.sub(func() error { return h.pointAt(h.A, h.t, l, theirs) })
	switch s := state(err); {
	case err == nil:
		return true, nil
	case s == "23503", refused(err):
		return false, nil
	}
	return false, err
}

// pointAt inserts a row of tenant id into t whose foreign key l points at row at.
func (h *hand) pointAt(id interface{ String() string }, t *table, l link, at row) error {
	keep := row{}
	for i, c := range l.Columns {
		if c != t.tenant.Name {
			keep[c] = at[l.Referenced[i]]
		}
	}
	m := &maker{ctx: h.ctx, tx: h.tx, cat: h.cat, id: h.A}
	if id.String() == h.B.String() {
		m.id = h.B
	}
	r, err := m.fresh(t, t.rows[id.String()][0], keep, 0)
	if err != nil {
		return skipped{err.Error()}
	}
	_, err = m.put(t, r)
	h.put = m.made
	return err
}

// theirs returns a row of B in t of whose values in columns, the tenant column apart, A has none.
func (h *hand) theirs(t *table, columns []string) (row, error) {
	rest := slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return c == t.tenant.Name })
	if len(rest) == 0 {
		return nil, skipped{"it is made of the tenant column alone"}
	}
	for _, r := range t.rows[h.B.String()] {
		known := true
		and := []string{t.tenant.Ident + "::text = " + lit(h.A.String())}
		for _, c := range rest {
			known = known && r[c].Valid
			and = append(and, ident(c)+"::text = "+lit(r[c].String))
		}
		if !known {
			continue
		}
		n, err := h.number("SELECT count(*) FROM " + t.Name + " WHERE " + strings.Join(and, " AND "))
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return r, nil
		}
	}
	return nil, skipped{"both tenants have the same values there, which a constraint without the tenant would not have let them"}
}
