package auditsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// perEvent is how many openings an event may have: one in the table has the place seq * perEvent + i.
const perEvent = 128

// Append implements [audit.Tree]. A batch is taken for one whose ids are new; only if the database finds that
// one is not, it is looked at entry by entry. In a transaction of somebody else's it is looked at before: there,
// Postgres makes nothing good that failed.
func (t *tree) Append(ctx context.Context, entries []audit.Entry) (placed []audit.Placed, err error) {
	if err := t.check(entries); err != nil || len(entries) == 0 {
		return nil, err
	}
	if !t.system && !t.db.InTx(ctx) {
		placed, err := t.appendNew(ctx, entries)
		if !isTaken(err) {
			return placed, err
		}
	}
	err = t.write(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		placed, err = t.appendIn(ctx, tx, entries)
		return err
	})
	if err != nil {
		return nil, err
	}
	return placed, nil
}

// check refuses what no table could hold.
func (t *tree) check(entries []audit.Entry) error {
	for i := range entries {
		e := &entries[i]
		switch {
		case len(e.Leaf) == 0 || len(e.Leaf) > audit.MaxLeaf:
			return fmt.Errorf("%w: its leaf has %d bytes", audit.ErrEvent, len(e.Leaf))
		case len(e.Open) > perEvent:
			return fmt.Errorf("%w: it has %d openings", audit.ErrEvent, len(e.Open))
		}
	}
	return nil
}

// isTaken reports whether a batch was not stored because of what is there: a constraint, of which only that on ids
// can be violated by what check lets through, a head that is not there yet, or a transaction that was in the way.
func isTaken(err error) bool {
	var code interface{ Code() int }
	return errors.Is(err, tenantdb.ErrUnique) || errors.Is(err, sql.ErrNoRows) || errors.Is(err, tenantdb.ErrConflict) ||
		errors.As(err, &code) && code.Code()&0xff == 19
}

// appendNew appends entries in a transaction of its own, if none of their ids is taken.
func (t *tree) appendNew(ctx context.Context, entries []audit.Entry) (placed []audit.Placed, err error) {
	var base uint64
	if t.pg {
		if err := t.fitting(ctx); err != nil {
			return nil, err
		}
		base, err = t.insertPostgres(ctx, t.db.Row, &nextBatchSQL, entries)
		err = named(err)
	} else {
		err = t.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			base, err = t.insertSQLite(ctx, tx, entries)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	placed = make([]audit.Placed, len(entries))
	for i := range entries {
		placed[i] = audit.Placed{Seq: base + uint64(i), Hash: entries[i].Hash}
	}
	return placed, nil
}

// appendIn appends those of entries whose ids are new, in tx. An id that is taken by another action is ErrIDReused.
func (t *tree) appendIn(ctx context.Context, tx *sqlx.Tx, entries []audit.Entry) ([]audit.Placed, error) {
	if err := t.lock(ctx, tx); err != nil {
		return nil, err
	}
	known, err := t.known(ctx, tx, entries)
	if err != nil {
		return nil, err
	}
	placed := make([]audit.Placed, len(entries))
	var fresh []audit.Entry
	var at []int                 // where in entries those of fresh are
	twice := map[uuid.UUID]int{} // where in fresh
	for i, e := range entries {
		k, have := known[e.ID]
		if j, again := twice[e.ID]; again {
			k, have = taken{action: fresh[j].Action, place: audit.Placed{Hash: fresh[j].Hash, Again: true}}, true
		}
		switch {
		case have && k.action != e.Action:
			return nil, audit.ErrIDReused
		case have:
			placed[i] = k.place
		default:
			twice[e.ID] = len(fresh)
			fresh, at = append(fresh, e), append(at, i)
		}
	}
	if len(fresh) == 0 {
		return placed, nil
	}
	base, err := t.insert(ctx, tx, fresh)
	if err != nil {
		return nil, err
	}
	for j, i := range at {
		placed[i] = audit.Placed{Seq: base + uint64(j), Hash: fresh[j].Hash}
	}
	for i, e := range entries {
		if j, ok := twice[e.ID]; ok && placed[i].Again {
			placed[i].Seq = base + uint64(j)
		}
	}
	return placed, nil
}

// taken is what the log has under an id.
type taken struct {
	action string
	place  audit.Placed
}

// known looks up which ids of entries the log has.
func (t *tree) known(ctx context.Context, tx *sqlx.Tx, entries []audit.Entry) (map[uuid.UUID]taken, error) {
	const text = `SELECT event_id, seq, action, hash FROM {event} WHERE event_id `
	found := map[uuid.UUID]taken{}
	read := func(rows *sqlx.Rows, err error) error {
		return each(rows, err, func() error {
			var id uuid.UUID
			var seq int64
			k := taken{place: audit.Placed{Again: true}}
			var hash sql.RawBytes
			if err := rows.Scan(&id, &seq, &k.action, &hash); err != nil {
				return err
			}
			k.place.Seq = uint64(seq)
			copy(k.place.Hash[:], hash)
			found[id] = k
			return nil
		})
	}
	if t.pg {
		ids := make([][]byte, len(entries))
		for i := range entries {
			ids[i] = entries[i].ID[:]
		}
		return found, read(tx.QueryxContext(ctx, t.sql(text+`= ANY (?)`), ids))
	}
	for i := range entries {
		if err := read(tx.QueryxContext(ctx, t.sql(text+`= ?`), entries[i].ID[:])); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// lock makes the writers after this one wait until tx has ended. On SQLite they do already.
func (t *tree) lock(ctx context.Context, tx *sqlx.Tx) error {
	if !t.pg {
		return nil
	}
	for {
		var one bool
		err := tx.GetContext(ctx, &one, t.sql(`SELECT one FROM {head} FOR UPDATE`))
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err := tx.ExecContext(ctx, t.sql(`INSERT INTO {head} DEFAULT VALUES ON CONFLICT DO NOTHING`)); err != nil {
			return err
		}
	}
}

// insert stores entries, whose ids are new, in the next places, and returns the first of them. tx holds the lock.
func (t *tree) insert(ctx context.Context, tx *sqlx.Tx, entries []audit.Entry) (base uint64, err error) {
	if !t.pg {
		return t.insertSQLite(ctx, tx, entries)
	}
	base, err = t.insertPostgres(ctx, func(ctx context.Context, text string, args, dest []any) error {
		return tx.QueryRowxContext(ctx, text, args...).Scan(dest...)
	}, &lastBatchSQL, entries)
	if errors.Is(err, tenantdb.ErrUnique) {
		// Under the lock, only a snapshot that is older than the lock does not show what is there.
		err = fmt.Errorf("%w: %w", tenantdb.ErrConflict, err)
	}
	return base, err
}

// each calls f for each of rows, and closes them.
func each(rows *sqlx.Rows, err error, f func() error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(); err != nil {
			return err
		}
	}
	return rows.Err()
}
