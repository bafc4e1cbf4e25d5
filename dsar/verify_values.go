package dsar

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// values looks at whether strategies can be carried out.
func (v *verification) values() {
	for n, t := range v.both() {
		for i := range n.Columns {
			name, _ := split(n.Columns[i].Name)
			if c := t.Column(name); c != nil {
				v.strategy(t, c, n.Columns[i].Erase, n.Erase.Is(Mask))
			}
		}
		for _, l := range n.links {
			for _, name := range l.columns {
				c := t.Column(name)
				if c != nil && l.Then.Is(Null) && c.NotNull && len(l.columns) == 1 && l.Path == "" {
					v.report("DSR021", n.Name+"."+name, TypeOf(c), "")
				}
			}
		}
		if r := n.Retention; r != nil {
			v.anchor(t, r.Since)
		}
		if r, ok := n.Erase.Reason(); ok {
			v.anchor(t, r.Since)
		}
	}
}

func (v *verification) anchor(t *schema.Table, column string) {
	if c := t.Column(column); c != nil && c.Family != schema.Time && c.Family != schema.Int && c.Family != schema.Any && !(v.db.Dialect == schema.SQLite && c.Family == schema.Text) {
		v.report("DSR025", t.Name+"."+column, TypeOf(c), "")
	}
}

func (v *verification) strategy(t *schema.Table, c *schema.Column, s Strategy, masked bool) {
	at := t.Name + "." + c.Name
	switch {
	case s.IsZero() || s.Is(Keep(Reason{})):
		return
	case c.Generated:
		v.report("DSR023", at, s.String(), "")
		return
	case s.Is(Null) && c.NotNull:
		v.report("DSR021", at, TypeOf(c), "")
	case (s.Is(Constant("")) || s.Is(Truncate(0))) && t.IsUnique([]string{c.Name}):
		v.report("DSR022", at, s.String(), "")
	}
	fit := true
	switch c.Family {
	case schema.Int, schema.Number:
		_, err := strconv.ParseFloat(s.value, 64)
		fit = s.Is(Null) || s.Is(Random) || s.Is(Constant("")) && err == nil || s.Is(Pseudonym) && c.Family == schema.Int
	case schema.UUID:
		fit = !s.Is(Truncate(0)) && !s.Is(Shred) && (!s.Is(Constant("")) || len(s.value) == 36)
	case schema.Bool:
		fit = s.Is(Null) || s.Is(Random) || s.Is(Constant(""))
	case schema.Time:
		fit = !s.Is(Pseudonym) && !s.Is(Shred)
	case schema.JSON, schema.Array, schema.Bytes, schema.Enum:
		fit = s.Is(Null) || s.Is(Constant("")) || s.Is(Shred) && c.Family == schema.Bytes
	}
	if !fit {
		v.report("DSR024", at, s.String()+" of "+orNone(TypeOf(c)), "")
	}
}

// followed notes links through columns that are masked in a row whose own dependents are found by them.
func (v *verification) followed() {
	for n, t := range v.both() {
		for _, l := range n.links {
			if l.to == nil || l.Inverse || l.Role == Reference {
				continue
			}
			for _, target := range l.targets {
				col := l.to.columns[target]
				if col != nil && col.Column != nil && !col.Erase.IsZero() && !col.Erase.Is(Keep(Reason{})) && l.to.Erase.Is(Mask) && t != nil && !n.goes() {
					v.report("DSR024", l.to.Name+"."+target, "rows of "+n.Name+" stay and are found by it: "+col.Erase.String(), "")
				}
			}
		}
	}
}

// sampled is how many values of a link are looked at.
const sampled = 1000

// orphans looks for values of undeclared links that point at no row. More than one in a thousand is a wrong link.
func (v *verification) orphans(ctx context.Context, db DB) error {
	for n, t := range v.both() {
		for i := range n.links {
			l := &n.links[i]
			if l.to == nil || l.Path != "" || l.backed() || l.Inverse || len(l.columns) != len(l.targets) {
				continue
			}
			to := v.db.Table(l.to.Name)
			if to == nil || slices.ContainsFunc(l.columns, func(c string) bool { return t.Column(c) == nil }) ||
				slices.ContainsFunc(l.targets, func(c string) bool { return to.Column(c) == nil }) {
				continue
			}
			if err := v.orphan(ctx, db, n, l, to); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *verification) orphan(ctx context.Context, db DB, n *node, l *link, to *schema.Table) error {
	at := n.Name + "." + strings.Join(l.columns, ",")
	var set, match, conds []string
	var args []any
	for i, c := range l.columns {
		set = append(set, "s."+schema.Quote(c))
		a, b := "t."+schema.Quote(l.targets[i]), "x."+schema.Quote(c)
		if v.db.Table(n.Name).Column(c).Family != to.Column(l.targets[i]).Family { // and no index helps
			a, b = "CAST("+a+" AS text)", "CAST("+b+" AS text)"
		}
		match = append(match, a+" = "+b)
		conds = append(conds, "s."+schema.Quote(c)+" IS NOT NULL")
	}
	for _, w := range l.When {
		if v.db.Dialect == schema.Postgres {
			conds = append(conds, fmt.Sprintf("CAST(s.%s AS text) = $%d", schema.Quote(w.Column), len(args)+1))
		} else {
			conds = append(conds, "CAST(s."+schema.Quote(w.Column)+" AS text) = ?")
		}
		args = append(args, w.Value)
	}
	query := fmt.Sprintf("SELECT count(*), coalesce(sum(CASE WHEN EXISTS (SELECT 1 FROM %s t WHERE %s) THEN 0 ELSE 1 END), 0) FROM (SELECT DISTINCT %s FROM %s s WHERE %s LIMIT %d) x",
		v.db.SQL(to.Name), strings.Join(match, " AND "), strings.Join(set, ", "), v.db.SQL(n.Name), strings.Join(conds, " AND "), sampled)
	var all, lost int
	err := schema.Try(ctx, db, func() error { return db.QueryRowContext(ctx, query, args...).Scan(&all, &lost) })
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		v.report("DSR015", at, "the database refused to answer", "")
	case lost*sampled > all:
		v.report("DSR014", at, fmt.Sprintf("%d of %d sampled values are not in %s", lost, all, to.Name), "")
	}
	return nil
}
