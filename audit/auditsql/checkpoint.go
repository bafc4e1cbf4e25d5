package auditsql

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/jmoiron/sqlx"
)

// Sign implements [audit.Tree]. Of two checkpoints of one size the first stays.
func (t *tree) Sign(ctx context.Context, c audit.Signed) error {
	return refused(t.write, ctx, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		// Two that sign at once: the second must see what the first signed.
		if _, _, err := t.lockTree(ctx, tx); err != nil {
			return nil, err
		}
		var newest int64
		if err := tx.GetContext(ctx, &newest, t.sql(`SELECT coalesce(max(size), -1) FROM {checkpoint}`)); err != nil {
			return nil, err
		}
		switch size := limited(c.Size); {
		case size < newest:
			return audit.ErrBackwards, nil
		case size == newest:
			return nil, nil
		default:
			_, err := tx.ExecContext(ctx, t.sql(`INSERT INTO {checkpoint} (size, note, heads_index) VALUES (?, ?, ?)`), size, c.Note, max(c.HeadsIndex, -1))
			return nil, err
		}
	})
}

// Signed implements [audit.Tree].
func (t *tree) Signed(ctx context.Context, from uint64, f func(audit.Signed) error) error {
	for {
		found, err := t.signed(ctx, `WHERE size >= ? ORDER BY size LIMIT ?`, limited(from), page)
		if err != nil {
			return err
		}
		for _, c := range found {
			if err := f(c); err != nil {
				return err
			}
		}
		if len(found) < page {
			return nil
		}
		from = found[len(found)-1].Size + 1
	}
}

// Newest implements [audit.Tree].
func (t *tree) Newest(ctx context.Context) (audit.Signed, error) {
	found, err := t.signed(ctx, `ORDER BY size DESC LIMIT 1`)
	switch {
	case err != nil:
		return audit.Signed{}, err
	case len(found) == 0:
		return audit.Signed{}, audit.ErrNotFound
	}
	return found[0], nil
}

func (t *tree) signed(ctx context.Context, rest string, args ...any) (found []audit.Signed, err error) {
	err = t.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		found = nil
		rows, err := tx.QueryxContext(ctx, t.sql(`SELECT size, note, heads_index FROM {checkpoint} `+rest), args...)
		return each(rows, err, func() error {
			var c audit.Signed
			var size int64
			err := rows.Scan(&size, &c.Note, &c.HeadsIndex)
			c.Size = uint64(size)
			found = append(found, c)
			return err
		})
	})
	return found, err
}

// Indexed implements [audit.Store]. The first index stays.
func (s *Store) Indexed(ctx context.Context, size uint64, index int64) error {
	return refused(s.write, ctx, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		res, err := tx.ExecContext(ctx, s.sql(`UPDATE {checkpoint} SET heads_index = ? WHERE size = ? AND heads_index = -1`), index, limited(size))
		if err != nil {
			return nil, err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return nil, err
		}
		var there int
		err = tx.GetContext(ctx, &there, s.sql(`SELECT count(*) FROM {checkpoint} WHERE size = ?`), limited(size))
		if err == nil && there == 0 {
			refusal = audit.ErrNotFound
		}
		return refusal, err
	})
}
