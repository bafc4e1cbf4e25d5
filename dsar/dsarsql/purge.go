package dsarsql

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// Steps and events go after their request, which is what lets them.
const (
	closedRequests = `SELECT id FROM dsar_request WHERE closed < ? ORDER BY closed, id LIMIT ?{skip}`
	purgeRequest   = `DELETE FROM dsar_request WHERE id = ?`
	purgeSteps     = `DELETE FROM dsar_step WHERE request = ?`
	purgeEvents    = `DELETE FROM dsar_event WHERE request = ?`
)

// Purge implements [dsar.Store].
func (s *Store) Purge(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		n = 0
		var now int64
		if err := tx.QueryRowxContext(ctx, s.t.SQL(`SELECT {now}`)).Scan(&now); err != nil {
			return err
		}
		if before.UnixMicro() >= now {
			return refused("what was closed just now goes")
		}
		var ids []string
		if err := tx.SelectContext(ctx, &ids, s.t.SQL(closedRequests), before.UnixMicro(), max(0, limit)); err != nil {
			return err
		}
		for _, id := range ids {
			for _, text := range []string{purgeRequest, purgeSteps, purgeEvents} {
				if _, err := s.exec(ctx, tx, text, id); err != nil {
					return err
				}
			}
		}
		n = len(ids)
		return nil
	})
	if err != nil {
		n = 0
	}
	return n, err
}
