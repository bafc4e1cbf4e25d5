package discover

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/classify"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// sampler looks at values, in the database.
type sampler struct {
	ctx   context.Context
	q     dsar.DB
	w     *world
	tells map[*table]bool // whether a key of these people is nobody else's; see telling
}

// sampled is how many distinct values of a column are looked for, among its first scanned rows.
const sampled, scanned = 1000, 20000

// weigh changes the scores of candidates by what their columns hold, and adds links that no name speaks of.
func (s *sampler) weigh(candidates *[]*candidate) error {
	seen := map[string]bool{}
	for _, c := range *candidates {
		if len(c.Columns) == 1 {
			seen[c.from.Name+"."+c.Columns[0]] = true
		}
		if c.declared || len(c.Columns) != 1 {
			continue
		}
		var err error
		switch {
		case len(c.When) > 0:
			err = s.types(c)
		case c.Identifier != "":
			err = s.addresses(c)
		default:
			err = s.contained(c)
		}
		if err != nil {
			return err
		}
	}
	for _, t := range s.w.tables {
		if t.Kind != schema.Ordinary {
			continue
		}
		for _, col := range t.Columns {
			if seen[t.Name+"."+col.Name] {
				continue
			}
			found, err := s.unnamed(t, col)
			if err != nil {
				return err
			}
			*candidates = append(*candidates, found...)
		}
	}
	return s.ctx.Err()
}

// count returns how many distinct values of a column were looked at, and how many of them the other column has. all is -1
// if the database refused to answer.
func (s *sampler) count(t *table, column string, to *table, target string, fold bool) (all, in int, err error) {
	c, y := schema.Quote(column), schema.Quote(target)
	// Frameworks without nulls write nobody as 0, -1 or nothing.
	values := fmt.Sprintf("SELECT DISTINCT %s AS v FROM (SELECT %s FROM %s WHERE %s IS NOT NULL AND CAST(%s AS text) NOT IN ('', '0', '-1') LIMIT %d) z LIMIT %d",
		c, c, s.w.db.SQL(t.Name), c, c, scanned, sampled)
	// An index finds keys one by one; what no index finds is joined whole.
	query := fmt.Sprintf("SELECT count(*), coalesce(sum(CASE WHEN EXISTS (SELECT 1 FROM %s y WHERE y.%s = x.v) THEN 1 ELSE 0 END), 0) FROM (%s) x", s.w.db.SQL(to.Name), y, values)
	if fold || t.Column(column).Family != to.Column(target).Family {
		query = fmt.Sprintf("SELECT count(*), count(k.v) FROM (SELECT DISTINCT lower(CAST(v AS text)) AS v FROM (%s) u) x LEFT JOIN (SELECT DISTINCT lower(CAST(%s AS text)) AS v FROM %s) k ON k.v = x.v",
			values, y, s.w.db.SQL(to.Name))
	}
	err = schema.Try(s.ctx, s.q, func() error { return s.q.QueryRowContext(s.ctx, query).Scan(&all, &in) })
	if s.ctx.Err() != nil {
		return 0, 0, s.ctx.Err()
	}
	if err != nil {
		return -1, 0, nil // of a type that cannot be compared, or hidden from us
	}
	return all, in, nil
}

// contained weighs a link by whether the values are keys.
func (s *sampler) contained(c *candidate) error {
	target := c.to.key
	if len(c.ToColumns) == 1 {
		target = c.ToColumns[0]
	}
	if c.Path != "" || target == "" {
		return nil
	}
	all, in, err := s.count(c.from, c.Columns[0], c.to, target, false)
	if err != nil || all <= 0 {
		return err
	}
	switch {
	case in == all && all >= 3:
		told := true
		if s.w.isRoot(c.to) && target == c.to.key {
			if told, err = s.telling(c.to); err != nil {
				return err
			}
		}
		if !told {
			return nil // so are the keys of any table
		}
		c.score = 1 - (1-c.score)*s.surprise(c.to.Column(target))
		c.note("all of %d sampled values are in %s", all, c.to.Name)
	case in == 0 && all >= 3, in*2 < all && all >= 5:
		c.scale(0.25, "%d of %d sampled values are not in %s", all-in, all, c.to.Name)
		return s.byName(c)
	case in*100 < all*95 && all >= 20:
		c.scale(0.8, "%d of %d sampled values are not in %s", all-in, all, c.to.Name)
	}
	return nil
}

// byName looks whether values that are not keys are what people are called.
func (s *sampler) byName(c *candidate) error {
	if c.to != s.w.actor || c.from.Column(c.Columns[0]).Family != schema.Text {
		return nil
	}
	for _, u := range c.to.Columns {
		switch classify.Column(c.to.Name, u.Name, u.Family) {
		case redact.ClassAccount, redact.ClassEmail:
		default:
			continue
		}
		all, in, err := s.count(c.from, c.Columns[0], c.to, u.Name, true)
		if err != nil {
			return err
		}
		if all >= 2 && in*10 >= all*9 {
			c.ToColumns, c.score = []string{u.Name}, 0.75
			c.note("%d of %d are in %s.%s", in, all, c.to.Name, u.Name)
			return nil
		}
	}
	return nil
}

// surprise is what is left of the doubt when values are keys: little for random ones, most for counted ones, which any small
// number is.
func (s *sampler) surprise(key *schema.Column) float64 {
	if key.Family == schema.Int || key.Family == schema.Number {
		return 0.8
	}
	return 0.3
}

// types weighs a polymorphic link by the names in its type column.
func (s *sampler) types(c *candidate) error {
	typ := schema.Quote(c.When[0].Column)
	query := fmt.Sprintf("SELECT DISTINCT CAST(%s AS text) FROM (SELECT %s FROM %s WHERE %s IS NOT NULL LIMIT %d) z LIMIT 100", typ, typ, s.w.db.SQL(c.from.Name), typ, scanned)
	var values []string
	err := schema.Try(s.ctx, s.q, func() error {
		rows, err := s.q.QueryContext(s.ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var v string
			if err := rows.Scan(&v); err != nil {
				return err
			}
			values = append(values, v)
		}
		return rows.Err()
	})
	if s.ctx.Err() != nil {
		return s.ctx.Err()
	}
	if err != nil || len(values) == 0 {
		return nil
	}
	for _, r := range append([]*table{c.to}, s.w.roots...) {
		if of := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return !isClassOf(v, r) }); len(of) > 0 {
			slices.Sort(of)
			column := c.When[0].Column
			c.to, c.Link.To, c.When, c.score = r, r.Name, nil, 0.9
			for _, v := range of { // one class has several names where it was moved
				c.When = append(c.When, dsar.When{Column: column, Value: v})
			}
			c.note("some rows say they are of %s", r.Name)
			return nil
		}
	}
	if !slices.ContainsFunc(values, func(v string) bool { return strings.Trim(v, "0123456789") == "" }) { // ids of types say nothing
		c.scale(0.2, "no row says it is of %s", c.to.Name)
	}
	return nil
}

// addresses weighs a link by value by whether any of the addresses is somebody's.
func (s *sampler) addresses(c *candidate) error {
	for _, r := range s.w.roots {
		for _, u := range r.Columns {
			if classify.Column(r.Name, u.Name, u.Family) != redact.ClassEmail {
				continue
			}
			all, in, err := s.count(c.from, c.Columns[0], r, u.Name, true)
			if err != nil || all <= 0 {
				return err
			}
			if in >= 2 || in == all {
				c.score = max(c.score, 0.85)
				c.note("%d of %d sampled values are in %s.%s", in, all, r.Name, u.Name)
			}
			return nil
		}
	}
	return nil
}

// telling reports whether the keys of people are theirs alone. Where rows were made by hand, or keys are counted as text, the keys
// of other tables are the same, and that a value is one of them says nothing.
func (s *sampler) telling(r *table) (bool, error) {
	if told, ok := s.tells[r]; ok {
		return told, nil
	}
	key, tried, same := r.Column(r.key), 0, 0
	for _, t := range s.w.tables {
		own := t.Column(t.key)
		if t == r || t.Kind != schema.Ordinary || own == nil || own.Family != key.Family || !s.w.generic(t.key) || tried == 10 {
			continue
		}
		all, in, err := s.count(t, t.key, r, r.key, false)
		if err != nil {
			return false, err
		}
		if all >= 3 {
			tried++
			if in*2 >= all {
				same++
			}
		}
	}
	s.tells[r] = same*2 < max(tried, 1)
	return s.tells[r], nil
}

// unnamed finds links to people that only values tell of: keys that hardly come about by chance, addresses and user names, and
// what JSON holds.
func (s *sampler) unnamed(t *table, col *schema.Column) ([]*candidate, error) {
	if col.Generated || s.w.isRoot(t) && slices.Contains(t.Key, col.Name) {
		return nil, nil
	}
	if col.Family == schema.JSON || col.Family == schema.Text && mayBeJSON(col.Name) {
		return s.members(t, col)
	}
	for _, r := range s.w.roots {
		for _, u := range r.Columns {
			key := u.Name == r.key && (u.Family == schema.UUID || u.Family == schema.Text) && match(col.Family, u.Family) >= 0.9
			class := classify.Column(r.Name, u.Name, u.Family)
			name := !key && r != t && u.Family == schema.Text && col.Family == schema.Text && (class == redact.ClassEmail || class == redact.ClassAccount) && r.IsUnique([]string{u.Name})
			if !key && !name || t == r && u.Name == col.Name {
				continue
			}
			if key {
				told, err := s.telling(r)
				if err != nil {
					return nil, err
				}
				if !told {
					continue
				}
			}
			all, in, err := s.count(t, col.Name, r, u.Name, name)
			if err != nil {
				return nil, err
			}
			if all < 3 || in*100 < all*95 {
				continue
			}
			c := &candidate{Link: dsar.Link{Columns: []string{col.Name}, To: r.Name}, from: t, to: r, score: 0.8, nullable: !col.NotNull,
				stem: s.w.parse(splitName(col.Name)).stem}
			if name {
				if all < 5 {
					c.score = 0.4
				}
				if class == redact.ClassEmail {
					c.Link = dsar.Link{Columns: []string{col.Name}, Identifier: s.w.identifier}
				} else {
					c.ToColumns = []string{u.Name}
				}
			}
			c.note("%d of %d sampled values are in %s.%s, whatever the name says", in, all, r.Name, u.Name)
			return []*candidate{c}, nil
		}
	}
	return nil, nil
}
