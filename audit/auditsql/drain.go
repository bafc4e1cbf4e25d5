package auditsql

import (
	"context"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// A drain is one statement too. w is what waits, oldest first: without what is in the log under its id as another event, and
// with what is there as the same one, parked again, which goes and gets no place. Of several under one id the first
// gets the place. Only what was still there to be taken out gets one, n: another drain may have come before.
const drainSQL = `,
	w AS MATERIALIZED (
		SELECT x.*, first_value(x.action) OVER one AS first, row_number() OVER one AS nth
		FROM (
			SELECT k.* FROM (
				SELECT b.id, b.event_id, b.action, b.outcome, b.hash, b.leaf, b.subjects, b.opens,
					(SELECT e.action FROM {event} e WHERE e.event_id = b.event_id) AS known
				FROM {outbox} b WHERE (SELECT true FROM h) ORDER BY b.id OFFSET 0) k
			WHERE COALESCE(k.known, k.action) = k.action LIMIT $1) x
		WINDOW one AS (PARTITION BY x.event_id ORDER BY x.id)),
	g AS (DELETE FROM {outbox} WHERE id = ANY (ARRAY(SELECT id FROM w WHERE action = first)) RETURNING id),
	n AS MATERIALIZED (
		SELECT w.*, h.base + row_number() OVER (ORDER BY w.id) - 1 AS seq, h.at
		FROM w JOIN g USING (id) CROSS JOIN h WHERE w.known IS NULL AND w.nth = 1),
	e AS (
		INSERT INTO {event} (seq, at, event_id, action, outcome, hash, leaf)
		SELECT seq, at, event_id, action, outcome, hash, leaf FROM n ORDER BY seq),
	o AS (
		INSERT INTO {open} (stretch, place, subject, data)
		SELECT n.seq / 1024, n.seq * 128 + y.i - 1, y.subject, y.data
		FROM n CROSS JOIN LATERAL unnest(n.subjects, n.opens) WITH ORDINALITY AS y (subject, data, i))
	SELECT (SELECT count(*) FROM h), (SELECT count(*) FROM g), NOT EXISTS (SELECT FROM w) AND EXISTS (SELECT FROM {outbox})`

// drain is what came of a drain.
type drain struct {
	locked, moved int  // rows
	stuck         bool // nothing of what waits can have a place
}

// Drain implements [audit.Store]. The head's row is locked before the rows are taken out, and what another drain took out
// meanwhile is not found: nothing that was parked earlier comes later. What is under an id that was taken by another
// event, between Park and the commit, stays in the outbox: the log cannot have both, and what was committed is not
// thrown away.
func (s *Store) Drain(ctx context.Context, limit int) (int, error) {
	if !s.pg {
		_, err := tenancy.From(ctx)
		if err == nil {
			err = ctx.Err()
		}
		return 0, err
	}
	if err := s.db.Flush(ctx); err != nil {
		return 0, named(err)
	}
	for {
		waiting := false
		err := s.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error { // most often there is nothing, and a tenant may be read-only
			return tx.GetContext(ctx, &waiting, s.sql(`SELECT EXISTS (SELECT FROM {outbox})`))
		})
		if err != nil || !waiting || limit < 1 {
			return 0, err
		}
		d, err := s.drain(ctx, limit)
		switch {
		case err != nil:
			return 0, err
		case d.moved > 0:
			return d.moved, nil
		case d.stuck:
			return 0, fmt.Errorf("%w: what was recorded with a transaction stays without a place", audit.ErrIDReused)
		}
	}
}

// drain drains in one round trip, if ctx carries no transaction and nothing came in between.
func (s *Store) drain(ctx context.Context, limit int) (d drain, err error) {
	dest := []any{&d.locked, &d.moved, &d.stuck}
	if !s.db.InTx(ctx) {
		err = s.db.Row(ctx, s.sql(nextSQL+drainSQL), []any{limit}, dest)
		if err == nil && d.locked > 0 || err != nil && !isTaken(err) {
			return d, named(err)
		}
	}
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := s.lock(ctx, tx); err != nil {
			return err
		}
		return tx.QueryRowxContext(ctx, s.sql(lastSQL+drainSQL), limit).Scan(dest...)
	})
	return d, err
}
