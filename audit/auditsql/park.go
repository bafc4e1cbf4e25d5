package auditsql

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// Park implements [audit.Store]. On SQLite, where a tenant has one writer at a time, it is Append. On Postgres it
// adds to the outbox, in the packet of the
// caller's COMMIT, and touches nothing that another transaction waits for: the head's row, locked until the
// caller commits, would let the tenant have one transaction at a time. An id that was not made just now is looked up in
// the log and in the outbox first.
func (s *Store) Park(ctx context.Context, entries []audit.Entry) ([]audit.Placed, error) {
	if !s.pg {
		return s.Append(ctx, entries)
	}
	if err := s.check(entries); err != nil || len(entries) == 0 {
		return nil, err
	}
	placed := make([]audit.Placed, len(entries))
	if err := s.fitting(ctx); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(entries, func(e audit.Entry) bool { return !e.New }) {
		for i := range placed {
			placed[i].Parked = true
		}
		text, args := s.parkSQL(entries)
		return placed, named(s.db.Defer(ctx, text, args...))
	}
	if err := s.db.Flush(ctx); err != nil { // what this transaction has parked counts too
		return nil, named(err)
	}
	err := s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		known, err := s.known(ctx, tx, entries)
		if err == nil {
			err = s.waiting(ctx, tx, entries, known)
		}
		if err != nil {
			return err
		}
		placed = make([]audit.Placed, len(entries))
		var fresh []audit.Entry
		for i, e := range entries {
			k, have := known[e.ID]
			switch {
			case have && k.action != e.Action:
				return audit.ErrIDReused
			case have:
				placed[i] = k.place
			default:
				placed[i] = audit.Placed{Parked: true}
				fresh = append(fresh, e)
			}
		}
		if len(fresh) == 0 {
			return nil
		}
		text, args := s.parkSQL(fresh)
		return s.db.Defer(ctx, text, args...)
	})
	if err != nil {
		return nil, err
	}
	return placed, nil
}

// waiting adds to known what the outbox has of entries.
func (s *Store) waiting(ctx context.Context, tx *sqlx.Tx, entries []audit.Entry, known map[uuid.UUID]taken) error {
	ids := make([][]byte, len(entries))
	for i := range entries {
		ids[i] = entries[i].ID[:]
	}
	rows, err := tx.QueryxContext(ctx, s.sql(`SELECT event_id, action FROM {outbox} WHERE event_id = ANY (?)`), ids)
	return each(rows, err, func() error {
		var id uuid.UUID
		k := taken{place: audit.Placed{Parked: true, Again: true}}
		if err := rows.Scan(&id, &k.action); err != nil {
			return err
		}
		if _, placed := known[id]; !placed {
			known[id] = k
		}
		return nil
	})
}

// parkSQL is the statement that adds entries to the outbox.
func (s *Store) parkSQL(entries []audit.Entry) (text string, args []any) {
	n := len(entries)
	ids, actions, outcomes := make([][]byte, n), make([]string, n), make([]int16, n)
	hashes, leaves, opens := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	for i := range entries {
		e := &entries[i]
		ids[i], actions[i], outcomes[i], hashes[i], leaves[i], opens[i] = e.ID[:], e.Action, int16(e.Outcome), e.Hash[:], e.Leaf, packOpens(e.Open)
	}
	return s.sql(`INSERT INTO {outbox} (event_id, action, outcome, hash, leaf, opens)
		SELECT x.* FROM unnest(?::bytea[], ?::text[], ?::smallint[], ?::bytea[], ?::bytea[], ?::bytea[]) x`),
		[]any{ids, actions, outcomes, hashes, leaves, opens}
}

// Committed implements [audit.Store].
func (s *Store) Committed(ctx context.Context, f func()) { s.db.AfterCommit(ctx, f) }

// placeable is what waits in the outbox for a place that it can have.
const placeable = `{outbox} b WHERE NOT EXISTS (SELECT FROM {event} e WHERE e.event_id = b.event_id AND e.action <> b.action)`

// Drain implements [audit.Store]. The head's row is locked first, and the rows are chosen after that: what another
// one drained meanwhile is gone, and nothing that was parked earlier comes later. An event under an id that the log has is
// the same one, parked again. If it is another one, under an id that was taken between Park and the commit, it stays in
// the outbox: the log cannot have both, and what was committed is not thrown away.
func (s *Store) Drain(ctx context.Context, limit int) (n int, err error) {
	if !s.pg {
		if _, err = tenancy.From(ctx); err == nil {
			err = ctx.Err()
		}
		return 0, err
	}
	if err := s.db.Flush(ctx); err != nil {
		return 0, named(err)
	}
	waiting := false
	err = s.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &waiting, s.sql(`SELECT EXISTS (SELECT FROM `+placeable+`)`))
	})
	if err != nil || !waiting {
		return 0, err
	}
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := s.lock(ctx, tx); err != nil {
			return err
		}
		ids, entries, err := s.parked(ctx, tx, limit)
		n = len(entries)
		if err != nil || n == 0 {
			return err
		}
		if _, err = s.appendIn(ctx, tx, entries); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, s.sql(`DELETE FROM {outbox} WHERE id = ANY (?::bigint[])`), ids)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// parked reads the oldest entries of the outbox, of one id those of the first one's action.
func (s *Store) parked(ctx context.Context, tx *sqlx.Tx, limit int) (ids []int64, entries []audit.Entry, err error) {
	rows, err := tx.QueryxContext(ctx, s.sql(`SELECT b.id, b.event_id, b.action, b.outcome, b.hash, b.leaf, b.opens FROM `+placeable+` ORDER BY b.id LIMIT ?`), max(limit, 0))
	actions := map[uuid.UUID]string{}
	err = each(rows, err, func() error {
		var e audit.Entry
		var id int64
		var event, hash sql.RawBytes
		var outcome int16
		var opens []byte
		if err := rows.Scan(&id, &event, &e.Action, &outcome, &hash, &e.Leaf, &opens); err != nil {
			return err
		}
		copy(e.ID[:], event)
		if action, again := actions[e.ID]; again && action != e.Action {
			return nil
		}
		actions[e.ID] = e.Action
		copy(e.Hash[:], hash)
		e.Outcome = audit.Outcome(outcome)
		if e.Open, err = unpackOpens(opens); err != nil {
			return err
		}
		ids, entries = append(ids, id), append(entries, e)
		return nil
	})
	return ids, entries, err
}

// packOpens writes openings as the outbox keeps them: subject, uvarint of the length of data, data, repeated.
func packOpens(open []audit.Opening) []byte {
	out := []byte{}
	for _, o := range open {
		out = append(out, o.Subject[:]...)
		out = binary.AppendUvarint(out, uint64(len(o.Data)))
		out = append(out, o.Data...)
	}
	return out
}

// unpackOpens is the reverse.
func unpackOpens(b []byte) (open []audit.Opening, err error) {
	for len(b) > 0 {
		var o audit.Opening
		if len(b) < len(o.Subject)+1 {
			return nil, fmt.Errorf("%w: openings in the outbox", audit.ErrCorrupt)
		}
		b = b[copy(o.Subject[:], b):]
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) || n != len(binary.AppendUvarint(nil, size)) {
			return nil, fmt.Errorf("%w: openings in the outbox", audit.ErrCorrupt)
		}
		o.Data, b = b[n:n+int(size):n+int(size)], b[n+int(size):]
		open = append(open, o)
	}
	return open, nil
}
