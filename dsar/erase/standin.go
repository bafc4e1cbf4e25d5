package erase

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// standIns makes a row for each table in which links of rows that stay lead to a stand-in for the person: a copy of the person's own
// row without anything personal, under a key of its own. Its key is noted, so that there is one however often the job is taken up.
func (r *run) standIns(ctx context.Context, secret []byte) error {
	for _, p := range r.l.parts {
		for _, e := range p.sets {
			if e.stand == "" {
				continue
			}
			t := r.l.byName[e.stand]
			seq := standIns - t.number
			if r.steps[seq].Done {
				continue
			}
			if !t.root {
				return fmt.Errorf("%w: %s: a stand-in is of the person's own row, not of %s", ErrMap, p.Name, t.Name)
			}
			s := Step{Seq: seq, Table: t.Name, Action: "stand-in", Done: true}
			err := r.batch(ctx, t, secret, func(ctx context.Context, tx *sqlx.Tx) error {
				if cond, ok := r.which(p); !ok || r.none(ctx, tx, p.table, cond) {
					s.Done = false
					return nil
				}
				if err := r.standIn(ctx, tx, t, seq); err != nil {
					return err
				}
				return r.advance(ctx, s)
			})
			if err != nil {
				return err
			}
			if s.Done {
				r.did(s)
			}
		}
	}
	return nil
}

// none reports whether there is no row of a condition.
func (r *run) none(ctx context.Context, tx *sqlx.Tx, t *table, cond rows.Cond) bool {
	var n int
	err := r.row(ctx, tx, rows.Concat("SELECT count(*) FROM (SELECT 1 FROM ", t.sql, " AS t WHERE ", cond, " LIMIT 1) x"), &n)
	return err == nil && n == 0
}

func (r *run) standIn(ctx context.Context, tx *sqlx.Tx, t *table, seq int) error {
	var columns []string
	var values []any
	for _, c := range t.live.Columns {
		v, ok, err := r.stands(t, c)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if len(columns) > 0 {
			values = append(values, ", ")
		}
		columns, values = append(columns, schema.Quote(c.Name)), append(values, v)
	}
	back := make([]string, len(t.Key))
	for i, k := range t.Key {
		if back[i] = schema.Quote(k); r.l.pg {
			back[i] = "CAST(" + back[i] + " AS text)"
		}
	}
	keys := make([]any, len(t.Key))
	dest := make([]any, len(t.Key))
	for i := range keys {
		dest[i] = &keys[i]
	}
	if err := r.row(ctx, tx, rows.Concat("INSERT INTO ", t.sql, " ("+strings.Join(columns, ", ")+") SELECT ", rows.Concat(values...), " FROM ", t.sql, " AS t WHERE ",
		r.l.own(r.sel.Person().Key), " RETURNING "+strings.Join(back, ", ")), dest...); err != nil {
		return err
	}
	into, _ := r.l.columns(t)
	insert := rows.Concat("INSERT INTO ", r.e.j.Keys(), " (job, step, n, "+into+") VALUES (", rows.Arg(r.job.ID), ", ", rows.Arg(seq), ", 1")
	for _, k := range keys {
		insert = rows.Concat(insert, ", ", rows.Arg(k))
	}
	_, err := r.exec(ctx, tx, rows.Concat(insert, ")"))
	return err
}

// stands is what a column of a stand-in holds; false: its default.
func (r *run) stands(t *table, c *schema.Column) (v rows.Cond, ok bool, err error) {
	f, _ := t.Field(c.Name)
	copied := rows.Cond{SQL: schema.Columns("t", []string{c.Name})}
	class := redact.Class{}
	if f.Column != nil {
		class = f.Column.Class
	}
	switch {
	case c.Generated:
		return v, false, nil
	case c.Name == t.TenantColumn:
		return copied, true, nil
	case slices.Contains(t.Key, c.Name):
		number := c.Family == schema.Int
		if c.Default || !r.l.pg && number && len(t.Key) == 1 { // the database gives the next one
			return v, false, nil
		}
		if number {
			return rows.Cond{SQL: "(SELECT coalesce(max(m." + schema.Quote(c.Name) + "), 0) + 1 FROM " + t.sql + " AS m)"}, true, nil
		}
		return r.l.pseudonym(t, c, class, append(r.entry.Salt[:len(r.entry.Salt):len(r.entry.Salt)], 's')), true, nil
	case f.Column != nil && f.Column.Erase.Is(dsar.Constant("")):
		return r.l.value(t, c, class, f.Column.Erase, r.entry.Salt)
	case !c.NotNull && (f.Column != nil || r.refers(t, c.Name)):
		return v, false, nil
	case f.Column != nil || t.live.IsUnique([]string{c.Name}):
		if !c.NotNull {
			return v, false, nil
		}
		v = rows.Cond{SQL: r.l.random(c, class)}
		if v.SQL == "" {
			return copied, true, nil
		}
		return v, true, nil
	}
	return copied, true, nil
}

// refers reports whether the column is one of a foreign key.
func (r *run) refers(t *table, column string) bool {
	return slices.ContainsFunc(t.live.Foreign, func(f schema.ForeignKey) bool { return slices.Contains(f.Columns, column) })
}
