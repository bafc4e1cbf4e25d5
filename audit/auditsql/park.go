package auditsql

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// Park implements [audit.Store]. On SQLite, where a tenant has one writer at a time, it is Append. On Postgres it
// adds to the outbox and touches nothing that another transaction waits for: the head's row, locked until the
// caller commits, would let the tenant have one transaction at a time.
func (s *Store) Park(ctx context.Context, entries []audit.Entry) ([]audit.Placed, error) {
	if !s.pg {
		return s.Append(ctx, entries)
	}
	if err := s.check(entries); err != nil || len(entries) == 0 {
		return nil, err
	}
	var placed []audit.Placed
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
		return s.park(ctx, tx, fresh)
	})
	if err != nil {
		return nil, err
	}
	return placed, nil
}

func (s *Store) park(ctx context.Context, tx *sqlx.Tx, entries []audit.Entry) error {
	n := len(entries)
	if n == 0 {
		return nil
	}
	ids, actions, outcomes := make([][16]byte, n), make([]string, n), make([]int16, n)
	hashes, leaves, opens := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	for i := range entries {
		e := &entries[i]
		ids[i], actions[i], outcomes[i], hashes[i], leaves[i], opens[i] = e.ID, e.Action, int16(e.Outcome), e.Hash[:], e.Leaf, packOpens(e.Open)
	}
	_, err := tx.ExecContext(ctx, s.sql(`INSERT INTO {outbox} (event_id, action, outcome, hash, leaf, opens)
		SELECT x.* FROM unnest(?::uuid[], ?::text[], ?::smallint[], ?::bytea[], ?::bytea[], ?::bytea[]) x`),
		ids, actions, outcomes, hashes, leaves, opens)
	return err
}

// Committed implements [audit.Store].
func (s *Store) Committed(ctx context.Context, f func()) {
	if !s.InTx(ctx) {
		f()
	}
}

// Drain implements [audit.Store]. The head's row is locked first, and the rows are chosen after that: what another
// one drained meanwhile is gone, and nothing that was parked earlier comes later. An event under an id that the log has is
// the same one, parked again.
func (s *Store) Drain(ctx context.Context, limit int) (n int, err error) {
	if !s.pg || limit <= 0 {
		return 0, nil
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
		entries, err := s.take(ctx, tx, limit)
		n = len(entries)
		if err != nil || n == 0 {
			return err
		}
		_, err = s.appendIn(ctx, tx, entries, true)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// take removes the oldest entries from the outbox and returns them in order.
func (s *Store) take(ctx context.Context, tx *sqlx.Tx, limit int) ([]audit.Entry, error) {
	type parked struct {
		id int64
		audit.Entry
	}
	var all []parked
	rows, err := tx.QueryxContext(ctx, s.sql(`DELETE FROM {outbox} WHERE id IN (SELECT id FROM {outbox} ORDER BY id LIMIT ?)
		RETURNING id, event_id, action, outcome, hash, leaf, opens`), limit)
	err = each(rows, err, func() error {
		var p parked
		var outcome int16
		var hash, opens []byte
		var event uuid.UUID
		err := rows.Scan(&p.id, &event, &p.Action, &outcome, &hash, &p.Leaf, &opens)
		if err != nil {
			return err
		}
		p.ID, p.Outcome = event, audit.Outcome(outcome)
		copy(p.Hash[:], hash)
		if p.Open, err = unpackOpens(opens); err != nil {
			return err
		}
		all = append(all, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b parked) int { return int(a.id - b.id) })
	entries := make([]audit.Entry, len(all))
	for i := range all {
		entries[i] = all[i].Entry
	}
	return entries, nil
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
