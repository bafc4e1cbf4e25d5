package supportgrantsql

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/jmoiron/sqlx"
)

// Post implements [supportgrant.Store].
func (s *Store) Post(ctx context.Context, n supportgrant.NoteRow) error {
	return s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := texts(n.Key, string(n.Kind)); err != nil {
			return err
		}
		if ok, err := s.already(ctx, tx, `SELECT 1 FROM supportgrant_note WHERE key = ?`, n.Key); ok || err != nil {
			return err
		}
		return s.t.DB.Defer(ctx, s.t.SQL(`WITH n AS MATERIALIZED (SELECT {now} AS now) INSERT INTO supportgrant_note (key, kind, grant_id, at, due)
			VALUES (?, ?, ?, (SELECT now FROM n), (SELECT now FROM n) + ?) ON CONFLICT DO NOTHING`), n.Key, string(n.Kind), n.Grant, n.Delay.Microseconds())
	})
}

// Claim implements [supportgrant.Store].
func (s *Store) Claim(ctx context.Context, limit int, lease time.Duration) (out []supportgrant.NoteRow, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		out = nil
		if err := s.t.DB.Flush(ctx); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, s.t.SQL(`WITH n AS MATERIALIZED (SELECT {now} AS now) UPDATE supportgrant_note SET claimed = (SELECT now FROM n) + ?
			WHERE key IN (SELECT o.key FROM supportgrant_note o WHERE o.sent IS NULL AND o.due <= (SELECT now FROM n) AND o.claimed <= (SELECT now FROM n)
				ORDER BY o.due, o.key LIMIT ?{skip}) RETURNING key, kind, grant_id, at, due`), lease.Microseconds(), limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n supportgrant.NoteRow
			var at, due int64
			if err := rows.Scan(&n.Key, &n.Kind, &n.Grant, &at, &due); err != nil {
				return err
			}
			n.At, n.Delay = micro(at), time.Duration(due-at)*time.Microsecond
			out = append(out, n)
		}
		return rows.Err()
	})
	slices.SortFunc(out, func(a, b supportgrant.NoteRow) int {
		return cmp.Or(a.At.Add(a.Delay).Compare(b.At.Add(b.Delay)), cmp.Compare(a.Key, b.Key))
	})
	return out, err
}

// Sent implements [supportgrant.Store].
func (s *Store) Sent(ctx context.Context, key string) error {
	if texts(key) != nil {
		return nil // there is none
	}
	return s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := s.t.DB.Flush(ctx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, s.t.SQL(`UPDATE supportgrant_note SET sent = {now} WHERE key = ? AND sent IS NULL`), key)
		return err
	})
}
