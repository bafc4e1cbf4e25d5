package retention

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// Anchors outside of these are no times at which something happened: what a program writes that has none, or 1970.
var (
	oldest = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	newest = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// anchored is that the anchor of a row holds a plausible time that is not after hi.
func (l *layout) anchored(t *table, hi time.Time) (rows.Cond, error) {
	c := t.live.Column(t.Retention.Since)
	if c == nil {
		return rows.Cond{}, fmt.Errorf("%w: the database has no column %s.%s", ErrMap, t.Name, t.Retention.Since)
	}
	col := "t." + schema.Quote(c.Name)
	between := func(col string, scale int64) rows.Cond {
		return rows.Concat(col+" BETWEEN CAST(", rows.Arg(oldest.Unix()*scale), " AS bigint) AND CAST(", rows.Arg(hi.UnixMicro()/(1_000_000/scale)), " AS bigint)")
	}
	numbers := either(between(col, 1), between(col, 1000), between(col, 1_000_000))
	if !l.pg {
		text := rows.Concat(fmt.Sprintf("typeof(%[1]s) = 'text' AND coalesce(unixepoch(%[1]s, CASE WHEN length(%[1]s) = 10 THEN '+1 day' ELSE '+0 days' END) BETWEEN ", col), rows.Arg(oldest.Unix()), " AND ", rows.Arg(hi.Unix()), ", 0)")
		return either(text, rows.Concat("typeof("+col+") IN ('integer', 'real') AND (", numbers, ")")), nil
	}
	lo, high := rows.Arg(oldest.Format(time.RFC3339Nano)), rows.Arg(hi.Format(time.RFC3339Nano))
	zoned := func(p rows.Cond, as string) rows.Cond {
		return rows.Concat("(CAST(CAST(", p, " AS text) AS timestamptz)"+as+")")
	}
	switch {
	case c.Family == schema.Int:
		return numbers, nil
	case c.Type == "date":
		before := rows.Arg(hi.AddDate(0, 0, -1).Format(time.DateOnly))
		return rows.Concat(col+" >= CAST(CAST(", rows.Arg(oldest.Format(time.DateOnly)), " AS text) AS date) AND "+col+" <= CAST(CAST(", before, " AS text) AS date)"), nil
	case strings.HasPrefix(c.Type, "timestamp") && strings.Contains(c.Type, "without"):
		return rows.Concat(col+" >= ", zoned(lo, " AT TIME ZONE 'UTC'"), " AND "+col+" <= ", zoned(high, " AT TIME ZONE 'UTC'")), nil
	case strings.HasPrefix(c.Type, "timestamp"):
		return rows.Concat(col+" >= ", zoned(lo, ""), " AND "+col+" <= ", zoned(high, "")), nil
	}
	return rows.Cond{}, fmt.Errorf("%w: %s.%s holds no time", ErrMap, t.Name, c.Name)
}

// mine is that a row under the alias is the tenant's, beside what row-level security does.
func (l *layout) mine(alias, column string) rows.Cond {
	if column == "" {
		return rows.Cond{SQL: "1 = 1"}
	}
	return rows.Concat("CAST("+alias+"."+schema.Quote(column)+" AS text) = ", rows.Arg(l.tenant))
}

// kept is that an erasure kept the row under the alias for a reason that has not ended.
func (l *layout) kept(t *table, alias string) rows.Cond {
	if len(t.key) == 0 || len(t.key) > 4 {
		return rows.Cond{SQL: "1 = 0"}
	}
	same := []rows.Cond{rows.Concat("k.tbl = ", rows.Arg(t.Name)), {SQL: "k.until > " + l.micro()}}
	for i, c := range t.key {
		v := alias + "." + schema.Quote(c)
		if l.pg {
			v = "CAST(" + v + " AS text)"
		}
		same = append(same, rows.Cond{SQL: fmt.Sprintf("k.k%d = %s", i+1, v)})
	}
	return rows.Concat("EXISTS (SELECT 1 FROM ", l.s.j.Kept(), " AS k WHERE ", all(same...), ")")
}

// micro is the database's clock.
func (l *layout) micro() string {
	if l.pg {
		return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
	}
	return "bw_now()"
}

// heldRow is that the row under the alias has to do with somebody whom a hold is on.
func (l *layout) heldRow(t *table, alias string) rows.Cond {
	if l.holding(t.Name) {
		return rows.Cond{SQL: "1 = 1"}
	}
	var out []rows.Cond
	for _, sel := range l.people {
		if c, ok := sel.Where(t.Name, rows.All); ok {
			out = append(out, rows.Concat("("+schema.Columns(alias, t.key)+") IN (SELECT "+schema.Columns("t", t.key)+" FROM "+t.sql+" AS t WHERE ", c, ")"))
		}
	}
	return either(out...)
}

// pointed is that rows point at the row under the alias that do not go with it, or must not go.
func (l *layout) pointed(t *table, alias string, seen []*table) rows.Cond {
	var out []rows.Cond
	for _, e := range t.edges {
		b := fmt.Sprintf("b%d", len(seen))
		conds := []rows.Cond{l.mine(b, e.tenant)}
		for i := range e.columns {
			conds = append(conds, rows.Cond{SQL: b + "." + schema.Quote(e.columns[i]) + " = " + alias + "." + schema.Quote(e.targets[i])})
		}
		conds = append(conds, l.when(b, e.when)...)
		if e.together && !slices.Contains(seen, e.child) {
			conds = append(conds, either(l.heldRow(e.child, b), l.kept(e.child, b), l.pointed(e.child, b, append(slices.Clone(seen), t))))
		}
		out = append(out, rows.Concat("EXISTS (SELECT 1 FROM "+l.live.SQL(e.name)+" AS "+b+" WHERE ", all(conds...), ")"))
	}
	return either(out...)
}

func (l *layout) when(alias string, when []dsar.When) (out []rows.Cond) {
	for column, values := range (&dsar.Link{When: when}).Conditions() {
		out = append(out, oneOf(alias, column, values))
	}
	return out
}

func oneOf(alias, column string, values []string) rows.Cond {
	is := []any{"CAST(" + alias + "." + schema.Quote(column) + " AS text) IN ("}
	for i, v := range values {
		if i > 0 {
			is = append(is, ", ")
		}
		is = append(is, rows.Arg(v))
	}
	return rows.Concat(append(is, ")")...)
}

// meant is that the map's period is for the row.
func (l *layout) meant(t *table) (rows.Cond, error) {
	var out []rows.Cond
	for column, values := range t.Retention.Conditions() {
		if t.live.Column(column) == nil {
			return rows.Cond{}, fmt.Errorf("%w: the database has no column %s.%s", ErrMap, t.Name, column)
		}
		out = append(out, oneOf("t", column, values))
	}
	return all(out...), nil
}

// conditions are those by which rows of a table are told apart.
type conditions struct{ mine, meant, over, dated, kept, held, pointed, masked rows.Cond }

func (l *layout) conditions(t *table) (c conditions, err error) {
	if c.over, err = l.anchored(t, t.cutoff); err != nil {
		return c, err
	}
	if c.dated, err = l.anchored(t, newest); err != nil {
		return c, err
	}
	if c.meant, err = l.meant(t); err != nil {
		return c, err
	}
	c.mine, c.kept, c.held = l.mine("t", t.TenantColumn), l.kept(t, "t"), l.heldRow(t, "t")
	c.pointed, c.masked = rows.Cond{SQL: "1 = 0"}, rows.Cond{SQL: "1 = 0"}
	if t.masks == nil {
		c.pointed = l.pointed(t, "t", nil)
	} else {
		c.masked = maskedAlready(t)
	}
	return c, nil
}

// due are the rows that go.
func (c *conditions) due() rows.Cond {
	return all(c.mine, c.meant, c.over, c.masked.Not(), c.kept.Not(), c.held.Not(), c.pointed.Not())
}
