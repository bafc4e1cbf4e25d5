package dsartest

import (
	"strconv"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/rows"
)

// counted are rows, by what they say, and how many say it.
type counted map[string]int

// bystanders are the rows of each table that have nothing to do with a person: neither are they the person's, nor do they lead to them or to
// what is theirs.
func (x *trial) bystanders(who *rows.Selection) (map[string]counted, error) {
	tenant, err := x.rows.Tenant(x.ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]counted{}
	for _, name := range x.tables() {
		all, err := x.count(tenant, rows.Query{Table: name, Part: rows.All})
		if err != nil {
			return nil, err
		}
		touched := counted{}
		add := func(c rows.Cond, ok bool) error {
			if !ok {
				return nil
			}
			some, err := x.count(tenant, rows.Query{Table: name, Part: rows.All, And: c})
			for row, n := range some { // a row may be touched in several ways
				touched[row] = max(touched[row], n)
			}
			return err
		}
		if err := add(who.Where(name, rows.All)); err != nil {
			return nil, err
		}
		t, _ := x.c.Table(name)
		for i := range t.Ties {
			if err := add(who.Points(name, i, rows.Mine)); err != nil {
				return nil, err
			}
		}
		for row, n := range touched {
			if all[row] -= n; all[row] <= 0 {
				delete(all, row)
			}
		}
		out[name] = all
	}
	return out, nil
}

// unchanged fails if one of the rows is no longer what it was.
func (x *trial) unchanged(before map[string]counted) error {
	tenant, err := x.rows.Tenant(x.ctx)
	if err != nil {
		return err
	}
	for _, name := range x.tables() {
		now, err := x.count(tenant, rows.Query{Table: name, Part: rows.All})
		if err != nil {
			return err
		}
		lost := 0
		for row, n := range before[name] {
			lost += max(0, n-now[row])
		}
		if lost > 0 {
			x.Errorf("an erasure changed %d rows of %s that have nothing to do with the person", lost, name)
		}
	}
	return nil
}

// tables are those with rows of their own.
func (x *trial) tables() (out []string) {
	for _, name := range x.c.TableNames() {
		if t, _ := x.c.Table(name); t.Derived == "" {
			out = append(out, name)
		}
	}
	return out
}

func (x *trial) count(s *rows.Selection, q rows.Query) (counted, error) {
	out := counted{}
	_, err := s.Stream(x.ctx, x.db, q, func(r *rows.Row) error {
		var text strings.Builder
		for _, v := range r.Values {
			if v == nil {
				text.WriteByte('-')
				continue
			}
			text.WriteString(strconv.Itoa(len(v)))
			text.WriteByte(':')
			text.Write(v)
		}
		out[text.String()]++
		return nil
	})
	return out, err
}
