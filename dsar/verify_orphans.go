package dsar

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// sampled is how many distinct values of a link are looked at, among its first scanned rows.
const sampled, scanned = 1000, 20000

// sample is the question how many values of a link point at no row.
type sample struct {
	at, to string
	ask    func(mark func(value string) string) string // mark takes an argument and returns its placeholder
}

// orphans looks for values of undeclared links that point at no row. More than one in a thousand is a wrong link.
func (v *verification) orphans(ctx context.Context, db DB) error {
	var all []sample
	for n, t := range v.both() {
		for i := range n.links {
			l := &n.links[i]
			if l.to == nil || l.Path != "" || l.backed() || l.Inverse || len(l.columns) != len(l.targets) {
				continue
			}
			to := v.db.Table(l.to.Name)
			if to == nil || slices.ContainsFunc(l.columns, func(c string) bool { return t.Column(c) == nil }) ||
				slices.ContainsFunc(l.targets, func(c string) bool { return to.Column(c) == nil }) ||
				slices.ContainsFunc(l.When, func(w When) bool { return t.Column(w.Column) == nil }) {
				continue
			}
			all = append(all, sample{n.Name + "." + strings.Join(l.columns, ","), to.Name, v.pointless(t, l, to)})
		}
	}
	// Many questions at once, for the sake of the way to the database; one by one where one of them is refused.
	for some := range slices.Chunk(all, 50) {
		if v.ask(ctx, db, some) == nil {
			continue
		}
		for _, one := range some {
			if err := v.ask(ctx, db, []sample{one}); ctx.Err() != nil {
				return ctx.Err()
			} else if err != nil {
				v.report("DSR015", one.at, "the database refused to answer", "")
			}
		}
	}
	return ctx.Err()
}

// pointless is the query that counts the values of a link, and those that point at no row.
func (v *verification) pointless(t *schema.Table, l *link, to *schema.Table) func(func(string) string) string {
	var set, match, conds []string
	for i, c := range l.columns {
		set = append(set, schema.Quote(c))
		a, b := "t."+schema.Quote(l.targets[i]), "x."+schema.Quote(c)
		if t.Column(c).Family != to.Column(l.targets[i]).Family { // and no index helps
			a, b = "CAST("+a+" AS text)", "CAST("+b+" AS text)"
		}
		match = append(match, a+" = "+b)
		conds = append(conds, schema.Quote(c)+" IS NOT NULL")
	}
	return func(mark func(string) string) string {
		where := slices.Clone(conds)
		for column, values := range l.Conditions() {
			var marks []string
			for _, v := range values {
				marks = append(marks, mark(v))
			}
			where = append(where, "CAST("+schema.Quote(column)+" AS text) IN ("+strings.Join(marks, ", ")+")")
		}
		columns := strings.Join(set, ", ")
		return fmt.Sprintf("SELECT count(*) AS n, coalesce(sum(CASE WHEN EXISTS (SELECT 1 FROM %s t WHERE %s) THEN 0 ELSE 1 END), 0) AS lost FROM (SELECT DISTINCT %s FROM (SELECT %s FROM %s WHERE %s LIMIT %d) z LIMIT %d) x",
			v.db.SQL(to.Name), strings.Join(match, " AND "), columns, columns, v.db.SQL(t.Name), strings.Join(where, " AND "), scanned, sampled)
	}
}

// ask asks all of the questions in one statement and reports what is lost; nothing, if the database refuses one.
func (v *verification) ask(ctx context.Context, db DB, some []sample) error {
	var parts []string
	var args []any
	mark := func(value string) string {
		args = append(args, value)
		if v.db.Dialect == schema.Postgres {
			return fmt.Sprintf("$%d", len(args))
		}
		return "?"
	}
	for i, s := range some {
		parts = append(parts, fmt.Sprintf("SELECT %d AS i, q.n, q.lost FROM (%s) q", i, s.ask(mark)))
	}
	type answer struct{ i, n, lost int }
	var answers []answer
	err := schema.Try(ctx, db, func() error {
		rows, err := db.QueryContext(ctx, strings.Join(parts, " UNION ALL "), args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var a answer
			if err := rows.Scan(&a.i, &a.n, &a.lost); err != nil {
				return err
			}
			answers = append(answers, a)
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	for _, a := range answers {
		if a.lost*sampled > a.n {
			v.report("DSR014", some[a.i].at, fmt.Sprintf("%d of %d sampled values are not in %s", a.lost, a.n, some[a.i].to), "")
		}
	}
	return nil
}
