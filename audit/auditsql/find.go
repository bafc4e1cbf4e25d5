package auditsql

import (
	"context"
	"errors"
	"math"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/jmoiron/sqlx"
)

// Find implements [audit.Store]. f is called between transactions, so that it may use the log itself.
func (s *Store) Find(ctx context.Context, q audit.Find, f func(audit.Stored) error) error {
	if q.Limit < 1 {
		return errors.New("auditsql: a query needs a limit")
	}
	for left := q.Limit; left > 0; {
		var found []audit.Stored
		n := min(left, page)
		err := s.readAtOnce(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
			if q.From, q.To, err = s.within(ctx, tx, q); err != nil {
				return err
			}
			rest, args := s.where(q)
			if found, err = s.events(ctx, tx, rest, append(args, n)...); err != nil {
				return err
			}
			return s.openings(ctx, tx, found, false)
		})
		if err != nil {
			return err
		}
		for i := range found {
			if err := f(found[i]); err != nil {
				return err
			}
		}
		if len(found) < n {
			return nil
		}
		left -= n
		if last := found[n-1].Seq; q.Desc {
			q.To = last
			if last == 0 { // To 0 means no end
				return nil
			}
		} else {
			q.From = last + 1
		}
	}
	return nil
}

// where is the rest of the statement for q, but for the argument of LIMIT.
func (s *Store) where(q audit.Find) (string, []any) {
	var b strings.Builder
	var args []any
	to := uint64(math.MaxInt64)
	if q.To > 0 {
		to = q.To
	}
	if q.Subject != nil {
		text, of := s.of(*q.Subject, q.From, to)
		if b.WriteString(`(SELECT o.place, o.place >> 7 AS seq FROM ` + text); s.pg { // see bounds
			b.WriteString(` OFFSET 0) o CROSS JOIN LATERAL (
				SELECT x.seq, x.at, x.event_id, x.action, x.outcome, x.hash, x.leaf FROM {event} x WHERE x.seq = o.seq OFFSET 0) e WHERE true`)
		} else {
			b.WriteString(`) o CROSS JOIN {event} e WHERE e.seq = o.seq`)
		}
		args = of
	} else {
		b.WriteString(`{event} e WHERE e.seq >= ? AND e.seq < ?`)
		args = append(args, limited(q.From), limited(to))
	}
	in := func(column string, n int, arg func(int) any) {
		if n > 0 {
			b.WriteString(` AND ` + column + ` IN (?` + strings.Repeat(`, ?`, n-1) + `)`)
			for i := range n {
				args = append(args, arg(i))
			}
		}
	}
	in(`e.action`, len(q.Actions), func(i int) any { return q.Actions[i] })
	in(`e.outcome`, len(q.Outcomes), func(i int) any { return int64(q.Outcomes[i]) })
	if !q.Since.IsZero() {
		b.WriteString(` AND e.at >= ?`)
		args = append(args, q.Since.UnixMicro())
	}
	if !q.Until.IsZero() {
		b.WriteString(` AND e.at < ?`)
		args = append(args, q.Until.UnixMicro())
	}
	key, order := `e.seq`, ``
	if q.Subject != nil {
		key = `o.place`
	}
	if q.Desc {
		order = ` DESC`
	}
	b.WriteString(` ORDER BY ` + key + order + ` LIMIT ?`)
	return b.String(), args
}

// within narrows the places to those of q's times: they rise with the places, and every 256th is in an index.
func (s *Store) within(ctx context.Context, tx *sqlx.Tx, q audit.Find) (from, to uint64, err error) {
	from, to = q.From, q.To
	if !q.Since.IsZero() {
		var n int64
		err := tx.GetContext(ctx, &n, s.sql(`SELECT coalesce(max(seq), 0) FROM {event} WHERE seq % 256 = 0 AND at < ?`), q.Since.UnixMicro())
		if err != nil {
			return 0, 0, err
		}
		from = max(from, uint64(n))
	}
	if !q.Until.IsZero() {
		var n int64
		err := tx.GetContext(ctx, &n, s.sql(`SELECT coalesce(min(seq), 0) FROM {event} WHERE seq % 256 = 0 AND at >= ?`), q.Until.UnixMicro())
		if err != nil {
			return 0, 0, err
		}
		if n > 0 && (to == 0 || uint64(n) < to) {
			to = uint64(n)
		}
	}
	return from, to, nil
}
