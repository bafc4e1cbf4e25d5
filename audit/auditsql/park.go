package auditsql

import (
	"context"
	"math/bits"
	"slices"

	"github.com/bailiwick-dev/bailiwick/audit"
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
		return placed, named(s.deferred(ctx, entries))
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
		return s.deferred(ctx, fresh)
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

var outboxRowsSQL = rowsSQL(`INSERT INTO {outbox} (event_id, action, outcome, hash, leaf, subjects, opens) VALUES `, `(?, ?, ?, ?, ?, ?, ?)`)

// deferred adds entries to the outbox with the transaction's COMMIT.
func (s *Store) deferred(ctx context.Context, entries []audit.Entry) error {
	for len(entries) > 0 {
		n := bits.Len(uint(min(len(entries), perStatement))) - 1
		args := make([]any, 0, 7<<n)
		for i := range entries[:1<<n] {
			e := &entries[i]
			subjects, data := make([][]byte, len(e.Open)), make([][]byte, len(e.Open))
			for j := range e.Open {
				subjects[j], data[j] = e.Open[j].Subject[:], notNil(e.Open[j].Data)
			}
			args = append(args, e.ID[:], e.Action, int16(e.Outcome), e.Hash[:], e.Leaf, subjects, data)
		}
		if err := s.db.Defer(ctx, s.sql(outboxRowsSQL[n]), args...); err != nil {
			return err
		}
		entries = entries[1<<n:]
	}
	return nil
}

// Committed implements [audit.Store].
func (s *Store) Committed(ctx context.Context, f func()) { s.db.AfterCommit(ctx, f) }
