package auditsql

import (
	"context"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/jmoiron/sqlx"
)

// Prune implements [audit.Store]. The database itself reads what the event says, and refuses to remove an event
// that is not below a recorded pruning.
func (s *Store) Prune(ctx context.Context, to, event uint64) error {
	return refused(s.write, ctx, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		if err := s.lock(ctx, tx); err != nil {
			return nil, err
		}
		done, err := s.prunedTo(ctx, tx)
		if err != nil || to <= done {
			return nil, err
		}
		if held, err := s.holdsBelow(ctx, tx, to); err != nil || held {
			return audit.ErrHeld, err
		}
		var recorded int
		says := `SELECT count(*) FROM {event} WHERE seq = ? AND json_extract(CAST(leaf AS TEXT), '$.data.to') = CAST(? AS INTEGER)`
		if s.pg {
			says = `SELECT count(*) FROM {event} WHERE seq = ? AND convert_from(leaf, 'UTF8')::json -> 'data' ->> 'to' = (?::bigint)::text`
		}
		// Only one that can be read is read.
		err = tx.GetContext(ctx, &recorded, s.sql(`SELECT count(*) FROM {event} WHERE seq = ? AND seq >= ? AND action = 'audit.pruned'`),
			limited(event), limited(to))
		if err == nil && recorded > 0 {
			err = tx.GetContext(ctx, &recorded, s.sql(says), limited(event), limited(to))
		}
		if err != nil {
			return nil, err
		}
		if recorded == 0 {
			return fmt.Errorf("%w: none at place %d that names the pruning", audit.ErrNotFound, event), nil
		}
		if _, err := tx.ExecContext(ctx, s.sql(`INSERT INTO {pruned} (pruned_to, event) VALUES (?, ?)`), limited(to), limited(event)); err != nil {
			return nil, err
		}
		for _, text := range s.openingsGo() {
			if _, err := tx.ExecContext(ctx, s.sql(text), limited(to)*perEvent); err != nil {
				return nil, err
			}
		}
		_, err = tx.ExecContext(ctx, s.sql(`DELETE FROM {event} WHERE seq < ?`), limited(to))
		return nil, err
	})
}

// openingsGo are the statements that remove the openings of pruned events. SQLite moves the neighbours of rows that go (see
// reopenSQLite), those of two pages at most: without the rows that are emptied here and go with the next pruning, one cut in a
// hundred left a copy of rows that stay. They fill six pages.
func (s *Store) openingsGo() []string {
	if s.pg {
		return []string{`DELETE FROM {open} WHERE place < ?`}
	}
	return []string{
		`UPDATE {open} SET subject = x'', data = x'' WHERE place < ? AND subject <> x''`,
		`DELETE FROM {open} WHERE place < (SELECT place FROM {open} WHERE place < ? ORDER BY place DESC LIMIT 1 OFFSET 2048)`,
	}
}

// holdsBelow reports whether a hold covers an event of the places < to.
func (s *Store) holdsBelow(ctx context.Context, tx *sqlx.Tx, to uint64) (bool, error) {
	holds, err := s.holds(ctx, tx, `ORDER BY id`)
	for _, h := range holds {
		if h.Subject == nil {
			return true, nil
		}
		text, args := s.of(*h.Subject, 0, to)
		held := false
		if err := tx.GetContext(ctx, &held, s.sql(`SELECT EXISTS (SELECT 1 FROM `+text+`)`), args...); err != nil || held {
			return held, err
		}
	}
	return false, err
}

// PrunedTo implements [audit.Store].
func (s *Store) PrunedTo(ctx context.Context) (to uint64, err error) {
	err = s.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		to, err = s.prunedTo(ctx, tx)
		return err
	})
	return to, err
}

func (s *Store) prunedTo(ctx context.Context, tx *sqlx.Tx) (uint64, error) {
	var n int64
	err := tx.GetContext(ctx, &n, s.sql(`SELECT coalesce(max(pruned_to), 0) FROM {pruned}`))
	return uint64(n), err
}

// Hold implements [audit.Store].
func (s *Store) Hold(ctx context.Context, h audit.Hold) error {
	return s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := s.lock(ctx, tx); err != nil { // who erases or prunes comes before or after
			return err
		}
		var who any
		if h.Subject != nil {
			who = h.Subject[:]
		}
		clock := `bw_now()`
		if s.pg {
			clock = `(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint`
		}
		_, err := tx.ExecContext(ctx, s.sql(`INSERT INTO {hold} (id, subject, reason, placed) SELECT ?, ?, ?, `+clock+`
			WHERE NOT EXISTS (SELECT 1 FROM {hold} WHERE id = ?)`), h.ID, who, h.Reason, h.ID)
		return err
	})
}

// Release implements [audit.Store].
func (s *Store) Release(ctx context.Context, id string) error {
	return refused(s.write, ctx, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		res, err := tx.ExecContext(ctx, s.sql(`DELETE FROM {hold} WHERE id = ?`), id)
		if err != nil {
			return nil, err
		}
		n, err := res.RowsAffected()
		if n == 0 {
			refusal = audit.ErrNotFound
		}
		return refusal, err
	})
}

// Holds implements [audit.Store].
func (s *Store) Holds(ctx context.Context) (all []audit.Hold, err error) {
	err = s.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		all, err = s.holds(ctx, tx, `ORDER BY id`)
		return err
	})
	return all, err
}

func (s *Store) holds(ctx context.Context, tx *sqlx.Tx, rest string, args ...any) (all []audit.Hold, err error) {
	rows, err := tx.QueryxContext(ctx, s.sql(`SELECT id, subject, reason, placed FROM {hold} `+rest), args...)
	err = each(rows, err, func() error {
		var h audit.Hold
		var who []byte
		var placed int64
		if err := rows.Scan(&h.ID, &who, &h.Reason, &placed); err != nil {
			return err
		}
		if who != nil {
			h.Subject = new(audit.Pseudonym)
			copy(h.Subject[:], who)
		}
		h.Placed = time.UnixMicro(placed).UTC()
		all = append(all, h)
		return nil
	})
	return all, err
}
