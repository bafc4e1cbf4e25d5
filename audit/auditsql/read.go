package auditsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// page is how many events are read at a time.
const page = 512

// limited is n as the database counts; what is beyond it does not exist.
func limited(n uint64) int64 { return int64(min(n, math.MaxInt64/perEvent)) }

// Size implements [audit.Tree].
func (t *tree) Size(ctx context.Context) (size uint64, err error) {
	err = t.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		size, err = t.sizeIn(ctx, tx)
		return err
	})
	return size, err
}

func (t *tree) sizeIn(ctx context.Context, tx *sqlx.Tx) (uint64, error) {
	var n int64
	err := tx.GetContext(ctx, &n, t.sql(`SELECT coalesce(max(seq) + 1, 0) FROM {event}`))
	return uint64(n), err
}

// Hashes implements [audit.Tree].
func (t *tree) Hashes(ctx context.Context, from, to uint64) (all []byte, err error) {
	if to < from || to-from > 65536 {
		return nil, fmt.Errorf("auditsql: hashes of places %d to %d were asked for", from, to)
	}
	text := `SELECT hash FROM {event} WHERE seq >= ? AND seq < ? ORDER BY seq`
	if t.pg {
		text = `SELECT coalesce(string_agg(hash, ''::bytea ORDER BY seq), ''::bytea) FROM {event} WHERE seq >= ? AND seq < ?`
	}
	err = t.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		all = make([]byte, 0, (to-from)*32)
		rows, err := tx.QueryxContext(ctx, t.sql(text), limited(from), limited(to))
		return each(rows, err, func() error {
			var b sql.RawBytes
			err := rows.Scan(&b)
			all = append(all, b...)
			return err
		})
	})
	if err == nil && uint64(len(all)) != (to-from)*32 {
		err = fmt.Errorf("%w: hashes of places %d to %d are missing", audit.ErrCorrupt, from, to)
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Leaves implements [audit.Tree]. f is called between transactions, so that it may use the log itself.
func (t *tree) Leaves(ctx context.Context, from, to uint64, f func(audit.Stored) error) error {
	for from < to {
		var found []audit.Stored
		err := t.readAtOnce(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
			found, err = t.events(ctx, tx, `{event} e WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT ?`, limited(from), limited(to), page)
			if err != nil || len(found) == 0 {
				return err
			}
			return t.openings(ctx, tx, found, true)
		})
		if err != nil || len(found) == 0 {
			return err
		}
		for i := range found {
			if err := f(found[i]); err != nil {
				return err
			}
		}
		if len(found) < page {
			return nil
		}
		from = found[len(found)-1].Seq + 1
	}
	return nil
}

// events reads the events, called e, that the rest of the statement selects, without their openings.
func (t *tree) events(ctx context.Context, tx *sqlx.Tx, rest string, args ...any) (found []audit.Stored, err error) {
	rows, err := tx.QueryxContext(ctx, t.sql(`SELECT e.seq, e.at, e.event_id, e.action, e.outcome, e.hash, e.leaf FROM `+rest), args...)
	err = each(rows, err, func() error {
		var e audit.Stored
		var seq, at, outcome int64
		var id uuid.UUID
		var hash sql.RawBytes
		if err := rows.Scan(&seq, &at, &id, &e.Action, &outcome, &hash, &e.Leaf); err != nil {
			return err
		}
		if len(hash) != len(e.Hash) || outcome < 0 || outcome > math.MaxUint8 {
			return fmt.Errorf("%w: the event at place %d", audit.ErrCorrupt, seq)
		}
		e.Seq, e.Recorded, e.ID, e.Outcome = uint64(seq), time.UnixMicro(at).UTC(), id, audit.Outcome(outcome)
		copy(e.Hash[:], hash)
		found = append(found, e)
		return nil
	})
	return found, err
}

// openings adds the openings of found. If dense is set, found is in order of place and nearly all of a range.
func (t *tree) openings(ctx context.Context, tx *sqlx.Tx, found []audit.Stored, dense bool) error {
	if len(found) == 0 {
		return nil
	}
	const columns = `SELECT o.place, o.subject, o.data FROM `
	var rows *sqlx.Rows
	var err error
	at := make(map[uint64]int, len(found))
	seqs := make([]int64, len(found))
	for i := range found {
		at[found[i].Seq], seqs[i] = i, int64(found[i].Seq)
	}
	switch {
	case dense:
		rows, err = tx.QueryxContext(ctx, t.sql(columns+`{open} o WHERE o.place >= ? AND o.place < ? ORDER BY o.place`),
			seqs[0]*perEvent, (seqs[len(seqs)-1]+1)*perEvent)
	case t.pg:
		first, after := bounds(seqs)
		rows, err = tx.QueryxContext(ctx, t.sql(columns+`unnest(?::bigint[], ?::bigint[]) s (first, after) CROSS JOIN LATERAL (
			SELECT p.place, p.subject, p.data FROM {open} p WHERE p.place >= s.first AND p.place < s.after ORDER BY p.place LIMIT 128) o ORDER BY o.place`), first, after)
	default:
		var list []byte
		if list, err = json.Marshal(seqs); err != nil {
			return err
		}
		rows, err = tx.QueryxContext(ctx, t.sql(columns+`json_each(?) s CROSS JOIN {open} o ON o.place >= s.value * 128 AND o.place < (s.value + 1) * 128
			ORDER BY o.place`), string(list))
	}
	return each(rows, err, func() error {
		var place int64
		var who sql.RawBytes
		var o audit.Opening
		if err := rows.Scan(&place, &who, &o.Data); err != nil {
			return err
		}
		if !t.pg && len(who) == 0 {
			return nil // erased whole
		}
		if len(who) != len(o.Subject) {
			return fmt.Errorf("%w: an opening of place %d", audit.ErrCorrupt, place/perEvent)
		}
		copy(o.Subject[:], who)
		if i, ok := at[uint64(place/perEvent)]; ok {
			found[i].Open = append(found[i].Open, o)
		}
		return nil
	})
}

// bounds returns where the openings of the events at seqs begin, and what they are before, for Postgres: under row-level
// security it uses an index only for what compares a column with a value as it is, since arithmetic on the way might
// tell of rows that are not the tenant's. It also has no idea how few rows two bounds leave: LATERAL and LIMIT
// keep it from reading all.
func bounds(seqs []int64) (first, after []int64) {
	first, after = make([]int64, len(seqs)), make([]int64, len(seqs))
	for i, n := range seqs {
		first[i], after[i] = n*perEvent, (n+1)*perEvent
	}
	return first, after
}

// ByID implements [audit.Store].
func (s *Store) ByID(ctx context.Context, id uuid.UUID) (audit.Stored, error) {
	var found []audit.Stored
	err := s.readAtOnce(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		if found, err = s.events(ctx, tx, `{event} e WHERE e.event_id = ?`, id[:]); err != nil {
			return err
		}
		return s.openings(ctx, tx, found, true)
	})
	switch {
	case err != nil:
		return audit.Stored{}, err
	case len(found) == 0:
		return audit.Stored{}, audit.ErrNotFound
	}
	return found[0], nil
}
