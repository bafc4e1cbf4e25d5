package erase

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// place is what one row of a table is picked by, under the alias t.
func (l *layout) place(t *table) string {
	switch {
	case t.keyed && len(t.Key) > 0:
		return "(" + schema.Columns("t", t.Key) + ")"
	case t.keyed:
		return ""
	case l.pg:
		return "t.ctid"
	}
	return "t.rowid"
}

// some picks at most n of the rows of a condition.
func (l *layout) some(t *table, cond rows.Cond, n int) rows.Cond {
	place := l.place(t)
	if place == "" {
		return cond
	}
	pick := rows.Concat("SELECT ", strings.Trim(place, "()"), " FROM ", t.sql, " AS t WHERE ", cond, fmt.Sprintf(" LIMIT %d", n))
	if place == "t.ctid" { // a scan by places: the planner would join else
		return rows.Concat("t.ctid = ANY(ARRAY(", pick, "))")
	}
	return rows.Concat(place, " IN (", pick, ")")
}

// key is the SQL of a noted key's column as the table has it.
func (l *layout) key(t *table, i int) string {
	k := fmt.Sprintf("k.k%d", i+1)
	if !l.pg {
		return k
	}
	return "CAST(" + k + " AS " + t.live.Column(t.Key[i]).Type + ")"
}

// noted picks the rows whose keys a step has noted behind one number and up to another.
func (r *run) noted(t *table, step int, after, to int64) rows.Cond {
	ks := make([]string, len(t.Key))
	for i := range t.Key {
		ks[i] = r.l.key(t, i)
	}
	return rows.Concat("("+schema.Columns("t", t.Key)+") IN (SELECT "+strings.Join(ks, ", ")+" FROM "+r.e.j.Keys()+" AS k WHERE k.job = ", rows.Arg(r.job.ID),
		" AND k.step = ", rows.Arg(step), " AND k.n > ", rows.Arg(after), " AND k.n <= ", rows.Arg(to), ")")
}

// columns are the names and values of a row's key for a table of keys.
func (l *layout) columns(t *table) (into, from string) {
	var a, b []string
	for i, k := range t.Key {
		a = append(a, fmt.Sprintf("k%d", i+1))
		v := "t." + schema.Quote(k)
		if l.pg {
			v = "CAST(" + v + " AS text)"
		}
		b = append(b, v)
	}
	return strings.Join(a, ", "), strings.Join(b, ", ")
}

// note notes the keys of rows, those that are not noted yet, and returns how many.
func (r *run) note(ctx context.Context, tx *sqlx.Tx, t *table, step int, after int64, cond rows.Cond) (int64, error) {
	var last int64
	if err := r.row(ctx, tx, rows.Concat("SELECT coalesce(max(n), 0) FROM ", r.e.j.Keys(), " WHERE job = ", rows.Arg(r.job.ID), " AND step = ", rows.Arg(step)), &last); err != nil {
		return 0, err
	}
	into, from := r.l.columns(t)
	return r.exec(ctx, tx, rows.Concat("INSERT INTO ", r.e.j.Keys(), " (job, step, n, "+into+") SELECT CAST(", rows.Arg(r.job.ID), " AS text), CAST(", rows.Arg(step),
		" AS integer), CAST(", rows.Arg(max(last, after)), " AS bigint) + row_number() OVER (), "+from+" FROM ", t.sql, " AS t WHERE ", cond, " ON CONFLICT DO NOTHING"))
}

// next returns how many keys are noted behind a number, at most as many as a batch has, and the number of the last of them.
func (r *run) next(ctx context.Context, tx *sqlx.Tx, step int, after int64) (n, last int64, err error) {
	err = r.row(ctx, tx, rows.Concat("SELECT count(*), coalesce(max(n), 0) FROM (SELECT n FROM ", r.e.j.Keys(), " WHERE job = ", rows.Arg(r.job.ID), " AND step = ", rows.Arg(step),
		" AND n > ", rows.Arg(after), fmt.Sprintf(" ORDER BY n LIMIT %d) x", r.e.o.Batch)), &n, &last)
	return n, last, err
}

// forget removes noted keys up to a number.
func (r *run) forget(ctx context.Context, tx *sqlx.Tx, step int, to int64) error {
	_, err := r.exec(ctx, tx, rows.Concat("DELETE FROM ", r.e.j.Keys(), " WHERE job = ", rows.Arg(r.job.ID), " AND step = ", rows.Arg(step), " AND n <= ", rows.Arg(to)))
	return err
}

func (r *run) exec(ctx context.Context, tx *sqlx.Tx, c rows.Cond) (int64, error) {
	done, err := tx.ExecContext(ctx, tx.Rebind(c.SQL), c.Args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

func (r *run) row(ctx context.Context, tx *sqlx.Tx, c rows.Cond, dest ...any) error {
	return tx.QueryRowxContext(ctx, tx.Rebind(c.SQL), c.Args...).Scan(dest...)
}
