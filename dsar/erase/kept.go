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

// now is the database's clock, in microseconds.
func (l *layout) now() string {
	if l.pg {
		return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
	}
	return "bw_now()"
}

// until is SQL of the end of a row that is kept, in microseconds. The period of a row that has no beginning begins now.
func (l *layout) until(t *table) rows.Cond {
	reason, _ := t.Erase.Reason()
	if !reason.Until.IsZero() {
		return rows.Cond{SQL: fmt.Sprint(reason.Until.UnixMicro())}
	}
	p, col := reason.For, schema.Columns("t", []string{reason.Since})
	if l.pg {
		span := fmt.Sprintf(" + interval '%d years %d months %d days'", p.Years, p.Months, p.Days)
		since := "CAST(" + col + " AS timestamptz)"
		if t.live.Column(reason.Since).Family == schema.Int {
			since = "to_timestamp(" + seconds(col) + ")"
		}
		return rows.Cond{SQL: "CAST(extract(epoch FROM coalesce(" + since + ", clock_timestamp())" + span + ") * 1000000 AS bigint)"}
	}
	span := fmt.Sprintf("'+%d years', '+%d months', '+%d days'", p.Years, p.Months, p.Days)
	since := "CASE WHEN typeof(" + col + ") = 'text' THEN datetime(" + col + ") ELSE datetime(" + seconds(col) + ", 'unixepoch') END"
	return rows.Cond{SQL: "(unixepoch(coalesce(" + since + ", datetime(bw_now() / 1000000, 'unixepoch')), " + span + ") * 1000000)"}
}

// seconds are those of a number since 1970, whatever thousandths of them it counts.
func seconds(col string) string {
	return "CASE WHEN abs(" + col + ") > 100000000000000 THEN " + col + " / 1000000 WHEN abs(" + col + ") > 100000000000 THEN " + col + " / 1000 ELSE " + col + " END"
}

// keep writes down which rows are kept, and until when.
func (r *run) keep(ctx context.Context, tx *sqlx.Tx, p *part, these rows.Cond) error {
	into, from := r.l.columns(p.table)
	_, err := r.exec(ctx, tx, rows.Concat("INSERT INTO ", r.e.j.Kept(), " (tbl, "+into+", until, act) SELECT CAST(", rows.Arg(p.Name), " AS text), "+from+", ", r.l.until(p.table),
		", 'delete' FROM ", p.sql, " AS t WHERE ", these, " ON CONFLICT DO NOTHING"))
	return err
}

// why says why rows are kept.
func why(t *table) string {
	reason, _ := t.Erase.Reason()
	return strings.Trim(string(reason.Basis)+", "+reason.Law, ", ")
}

// Expire deletes rows of ctx's tenant that were kept when their owners were erased and whose end has come, by the database's clock. It
// returns how many. It is for a worker to call, once a day say, and may be called again at any time.
func (e *Eraser) Expire(ctx context.Context) (total int64, err error) {
	s := e.m.Subjects()[0]
	l, err := e.layout(ctx, s.Kind)
	if err != nil {
		return 0, err
	}
	r := &run{e: e, l: l}
	for _, t := range l.tables {
		if _, keeps := t.Erase.Reason(); !keeps || len(t.Key) == 0 {
			continue
		}
		for {
			var n, gone int64
			err := e.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
				if e.o.Held != nil {
					if err := e.o.Held(ctx, dsar.Person{}, t.Name); err != nil {
						return err
					}
				}
				n, gone, err = r.expire(ctx, tx, t)
				return err
			})
			if total += gone; err != nil {
				return total, fmt.Errorf("erase: %s: %w", t.Name, err)
			}
			if n < int64(e.o.Batch) {
				break
			}
		}
	}
	return total, nil
}

// expire deletes a batch of rows whose end has come, and returns how many notes there were of such, and how many rows.
func (r *run) expire(ctx context.Context, tx *sqlx.Tx, t *table) (n, gone int64, err error) {
	var ks, own []string
	for i := range t.Key {
		ks = append(ks, r.l.key(t, i))
		own = append(own, fmt.Sprintf("k.k%d", i+1))
	}
	due := rows.Concat(" FROM ", r.e.j.Kept(), " AS k WHERE k.tbl = ", rows.Arg(t.Name), " AND k.until <= "+r.l.now()+" AND k.until <= ")
	var until int64
	if err := r.row(ctx, tx, rows.Concat("SELECT count(*), coalesce(max(u), 0) FROM (SELECT k.until AS u", due, "9223372036854775807", fmt.Sprintf(" ORDER BY k.until LIMIT %d) x", r.e.o.Batch)), &n, &until); err != nil || n == 0 {
		return n, 0, err
	}
	due = rows.Concat(due, rows.Arg(until))
	gone, err = r.exec(ctx, tx, rows.Concat("DELETE FROM ", t.sql, " AS t WHERE ("+schema.Columns("t", t.Key)+") IN (SELECT "+strings.Join(ks, ", "), due, ")"))
	if err != nil {
		return n, 0, err
	}
	_, err = r.exec(ctx, tx, rows.Concat("DELETE FROM ", r.e.j.Kept(), " AS k WHERE ("+strings.Join(own, ", ")+") IN (SELECT "+strings.Join(own, ", "), due, ") AND k.tbl = ", rows.Arg(t.Name)))
	return n, gone, err
}
