package auditsql

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// Park implements [audit.Store]. On SQLite, where a tenant has one writer at a time, it is Append. On Postgres it
// adds to the outbox, in the packet of the
// caller's COMMIT, and touches nothing that another transaction waits for: the head's row, locked until the
// caller commits, would let the tenant have one transaction at a time.
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
	err := s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		known, err := s.known(ctx, tx, entries)
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

// Drain implements [audit.Store]. The head's row is locked first, and the rows are chosen after that: what another
// one drained meanwhile is gone, and nothing that was parked earlier comes later. An event under an id that the log has is
// the same one, parked again.
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
		return tx.GetContext(ctx, &waiting, s.sql(`SELECT EXISTS (SELECT FROM {outbox})`))
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
		if _, err = s.appendIn(ctx, tx, entries, true); err != nil {
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

// parked reads the oldest entries of the outbox.
func (s *Store) parked(ctx context.Context, tx *sqlx.Tx, limit int) (ids []int64, entries []audit.Entry, err error) {
	rows, err := tx.QueryxContext(ctx, s.sql(`SELECT id, event_id, action, outcome, hash, leaf, opens FROM {outbox} ORDER BY id LIMIT ?`), max(limit, 0))
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
