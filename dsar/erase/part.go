package erase

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// part does what becomes of a part's rows, batch by batch.
func (r *run) part(ctx context.Context, p *part, secret []byte) (int64, error) {
	switch {
	case p.action == dsar.ActDelete && p.ended == 0 && (p.Deferred || len(p.selfs) > 0):
		return r.together(ctx, p, secret)
	case p.keys:
		return r.keyed(ctx, p, secret)
	}
	cond, ok := r.which(p)
	if !ok {
		return 0, nil
	}
	if p.action == dsar.ActShare { // of a table without a key: counted once
		return r.loop(ctx, p, secret, func(ctx context.Context, tx *sqlx.Tx) (s Step, err error) {
			if s.Done = true; !r.last {
				err = r.row(ctx, tx, rows.Concat("SELECT count(*) FROM ", p.sql, " AS t WHERE ", cond), &s.Rows)
			}
			return s, err
		})
	}
	return r.loop(ctx, p, secret, func(ctx context.Context, tx *sqlx.Tx) (Step, error) {
		n, err := r.exec(ctx, tx, rows.Concat("DELETE FROM ", p.sql, " AS t WHERE ", r.l.some(p.table, cond, r.e.o.Batch)))
		return Step{Rows: n, Done: n < int64(r.e.o.Batch)}, err
	})
}

// keyed works on the keys that are noted, in their order.
func (r *run) keyed(ctx context.Context, p *part, secret []byte) (int64, error) {
	if !p.before() {
		if err := r.capture(ctx, p, secret); err != nil {
			return 0, err
		}
	}
	sets, inside, err := r.sets(p)
	if err != nil {
		return 0, err
	}
	return r.loop(ctx, p, secret, func(ctx context.Context, tx *sqlx.Tx) (s Step, err error) {
		after := r.step(p.seq).Cursor
		n, last, err := r.next(ctx, tx, p.seq, after)
		if err != nil || n == 0 {
			return Step{Cursor: after, Done: true}, err
		}
		s.Cursor, s.Done = last, n < int64(r.e.o.Batch)
		these := r.noted(p.table, p.seq, after, last)
		if p.action == dsar.ActKeep {
			if err := r.keep(ctx, tx, p, these); err != nil {
				return s, err
			}
		}
		if len(inside) > 0 {
			if err := r.edit(ctx, tx, p.table, these, inside); err != nil {
				return s, err
			}
		}
		switch {
		case p.action == dsar.ActDelete:
			if err := r.alone(ctx, tx, p.table, these); err != nil {
				return s, err
			}
			s.Rows, err = r.exec(ctx, tx, rows.Concat("DELETE FROM ", p.sql, " AS t WHERE ", these))
		case len(sets) > 0:
			s.Rows, err = r.exec(ctx, tx, rows.Concat("UPDATE ", p.sql, " AS t SET ", list(", ", sets), " WHERE ", these))
		default:
			err = r.row(ctx, tx, rows.Concat("SELECT count(*) FROM ", p.sql, " AS t WHERE ", these), &s.Rows)
		}
		if err == nil && !p.stay {
			err = r.forget(ctx, tx, p.seq, last)
		}
		for _, i := range p.cuts {
			if err == nil && s.Done {
				err = r.forget(ctx, tx, p.tied(i), 1<<62)
			}
		}
		return s, err
	})
}

// taking are the foreign keys by which rows that go take others with them, or change them, without being asked.
func (l *layout) taking(t *table) (out []taker) {
	for _, x := range l.live.Tables {
		for _, f := range x.Foreign {
			if f.To == t.Name && f.OnDelete != schema.NoAction && f.OnDelete != schema.Restrict {
				out = append(out, taker{l.live.SQL(x.Name), f})
			}
		}
	}
	return out
}

type taker struct {
	sql string
	schema.ForeignKey
}

// alone is errTaken if rows would take others with them: those have their own turn, in which they are counted and nobody else's are touched.
// It locks the rows, so that none comes.
func (r *run) alone(ctx context.Context, tx *sqlx.Tx, t *table, these rows.Cond) error {
	takes := r.l.taking(t)
	if len(takes) == 0 {
		return nil
	}
	var n int
	if r.l.pg {
		if err := r.row(ctx, tx, rows.Concat("SELECT count(*) FROM (SELECT 1 FROM ", t.sql, " AS t WHERE ", these, " FOR UPDATE OF t) x"), &n); err != nil {
			return err
		}
	}
	for _, f := range takes {
		q := rows.Concat("SELECT count(*) FROM (SELECT 1 FROM ", f.sql, " AS c WHERE ("+schema.Columns("c", f.Columns)+") IN (SELECT "+schema.Columns("t", f.ToCols)+" FROM ", t.sql, " AS t WHERE ", these, ")")
		if f.sql == t.sql { // rows of the same batch may go with each other
			q = rows.Concat(q, " AND NOT EXISTS (SELECT 1 FROM ", t.sql, " AS t WHERE ", equal(t.Key), " AND ", these, ")")
		}
		if err := r.row(ctx, tx, rows.Concat(q, " LIMIT 1) x"), &n); err != nil {
			return err
		}
		if n > 0 {
			return errTaken
		}
	}
	return nil
}

// equal compares the keys of rows under the aliases t and c.
func equal(key []string) string {
	out := make([]string, len(key))
	for i, k := range key {
		out[i] = "t." + schema.Quote(k) + " = c." + schema.Quote(k)
	}
	return strings.Join(out, " AND ")
}

// loop runs batches of a part until it is done, and returns how many rows they changed.
func (r *run) loop(ctx context.Context, p *part, secret []byte, fn func(context.Context, *sqlx.Tx) (Step, error)) (changed int64, err error) {
	for {
		var s Step
		var n int64
		err := r.batch(ctx, p.table, secret, func(ctx context.Context, tx *sqlx.Tx) (err error) {
			if s, err = fn(ctx, tx); err != nil {
				return err
			}
			s.Seq, s.Table, s.Action = p.seq, p.Name, string(p.action)
			if n = s.Rows; p.own {
				s.Rows = 0
			}
			if n == 0 && s.Done && r.last { // the last pass comes by often, and has nothing to say
				return nil
			}
			return r.advance(ctx, s)
		})
		if err != nil {
			return changed, err
		}
		changed += n
		if r.did(s); s.Done {
			return changed, nil
		}
	}
}

// together deletes the rows of a cycle that nothing breaks in one statement, at whose end references are looked at; on SQLite in one
// transaction.
func (r *run) together(ctx context.Context, p *part, secret []byte) (changed int64, err error) {
	group := []*part{p}
	if p.Deferred {
		group = group[:0]
		for _, o := range r.l.parts {
			if o.Deferred && o.Wave == p.Wave && o.action == dsar.ActDelete && o.ended == 0 && !r.step(o.seq).Done {
				group = append(group, o)
			}
		}
	}
	var steps []Step
	err = r.batch(ctx, p.table, secret, func(ctx context.Context, tx *sqlx.Tx) error {
		steps, changed = nil, 0
		var conds []rows.Cond
		for _, o := range group {
			cond, ok := r.which(o)
			if o.keys {
				if !o.before() && ok {
					if _, err := r.note(ctx, tx, o.table, o.seq, 0, cond); err != nil {
						return err
					}
				}
				cond, ok = r.noted(o.table, o.seq, 0, 1<<62), true
			}
			if !ok {
				cond = rows.Cond{SQL: "false"}
			}
			conds = append(conds, cond)
		}
		counts := make([]int64, len(group))
		if err := r.delete(ctx, tx, group, conds, counts); err != nil {
			return err
		}
		for i, o := range group {
			changed += counts[i]
			s := Step{Seq: o.seq, Table: o.Name, Action: string(o.action), Rows: counts[i], Done: true}
			if steps = append(steps, s); counts[i] == 0 && r.last {
				continue
			}
			if err := r.forget(ctx, tx, o.seq, 1<<62); err != nil {
				return err
			}
			if err := r.advance(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, s := range steps {
		r.did(s)
	}
	return changed, nil
}

func (r *run) delete(ctx context.Context, tx *sqlx.Tx, group []*part, conds []rows.Cond, counts []int64) (err error) {
	if !r.l.pg {
		if _, err := tx.ExecContext(ctx, "PRAGMA defer_foreign_keys = ON"); err != nil {
			return err
		}
		for i, o := range group {
			if counts[i], err = r.exec(ctx, tx, rows.Concat("DELETE FROM ", o.sql, " AS t WHERE ", conds[i])); err != nil {
				return err
			}
		}
		return nil
	}
	var with, sums []any
	dest := make([]any, len(group))
	for i, o := range group {
		sep := ", "
		if i == 0 {
			sep = ""
		}
		with = append(with, fmt.Sprintf("%sd%d AS (DELETE FROM ", sep, i), o.sql, " AS t WHERE ", conds[i], " RETURNING 1)")
		sums = append(sums, fmt.Sprintf("%s(SELECT count(*) FROM d%d)", sep, i))
		dest[i] = &counts[i]
	}
	return r.row(ctx, tx, rows.Concat("WITH ", rows.Concat(with...), " SELECT ", rows.Concat(sums...)), dest...)
}

// sets are the columns that a part changes, in SQL, and the JSON columns whose members it changes.
func (r *run) sets(p *part) (out []rows.Cond, inside map[string][]member, err error) {
	inside = map[string][]member{}
	to := map[string]rows.Cond{}
	var order []string
	for _, e := range p.sets {
		if len(e.inside) > 0 {
			inside[e.column] = append(inside[e.column], e.inside...)
			continue
		}
		value := e.to
		if value.SQL == "" {
			if value, err = r.becomes(p.table, e); err != nil {
				return nil, nil, err
			}
		}
		old, ok := to[e.column]
		if !ok {
			order = append(order, e.column)
			old = rows.Cond{SQL: schema.Columns("t", []string{e.column})}
		}
		if e.only && len(p.cuts) > 1 {
			value = rows.Concat("CASE WHEN ", r.noted(p.table, p.tied(e.tie), 0, 1<<62), " THEN ", value, " ELSE ", old, " END")
		}
		to[e.column] = value
	}
	for _, c := range order {
		out = append(out, rows.Concat(strings.TrimSpace(schema.Columns("", []string{c})), " = ", to[c]))
	}
	return out, inside, nil
}

// becomes is what a column becomes, in SQL.
func (r *run) becomes(t *table, e edit) (rows.Cond, error) {
	if e.stand != "" {
		to := r.l.byName[e.stand]
		return rows.Concat("(SELECT ", r.l.key(to, e.k), " FROM ", r.e.j.Keys(), " AS k WHERE k.job = ", rows.Arg(r.job.ID), " AND k.step = ", rows.Arg(standIns-to.number), ")"), nil
	}
	value, ok, err := r.l.value(t, t.live.Column(e.column), e.class, e.how, r.entry.Salt)
	if err == nil && !ok {
		value = rows.Cond{SQL: schema.Columns("t", []string{e.column})}
	}
	return value, err
}
