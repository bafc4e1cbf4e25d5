package auditsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/jmoiron/sqlx"
)

// Grown implements [audit.Tree].
func (t *tree) Grown(ctx context.Context) (size uint64, frontier []byte, err error) {
	err = t.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var n int64
		size, frontier = 0, nil
		err := tx.QueryRowxContext(ctx, t.sql(`SELECT size, frontier FROM {tree}`)).Scan(&n, &frontier)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		size = uint64(n)
		return err
	})
	return size, frontier, err
}

// Grow implements [audit.Tree]. The tree's state has a row of its own: in the head's, whoever grows the trees of several
// tenants and whoever appends to them would wait for each other.
func (t *tree) Grow(ctx context.Context, from, to uint64, frontier []byte, tiles []audit.Tile) error {
	if to < from {
		return fmt.Errorf("%w: a tree does not grow from %d to %d", audit.ErrBackwards, from, to)
	}
	return refused(t.write, ctx, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		if size, err := t.sizeIn(ctx, tx); err != nil || to > size {
			return fmt.Errorf("%w: a tree of %d over %d events", audit.ErrCorrupt, to, size), err
		}
		text, args := `UPDATE {tree} SET size = ?, frontier = ? WHERE size = ?`, []any{limited(to), frontier, limited(from)}
		if from == 0 {
			text, args = `INSERT INTO {tree} (size, frontier) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM {tree}) ON CONFLICT DO NOTHING`, args[:2]
			if t.pg {
				text = `INSERT INTO {tree} (size, frontier) VALUES (?, ?) ON CONFLICT DO NOTHING`
			}
		}
		res, err := tx.ExecContext(ctx, t.sql(text), args...)
		if err != nil {
			return nil, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return audit.ErrConflict, err
		}
		for _, tile := range tiles {
			_, err := tx.ExecContext(ctx, t.sql(`INSERT INTO {tile} (level, idx, data) VALUES (?, ?, ?)`), int64(tile.Level), limited(tile.Index), tile.Data)
			if err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
}

// Tiles implements [audit.Tree].
func (t *tree) Tiles(ctx context.Context, of []audit.TileID) (data [][]byte, err error) {
	err = t.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		data = make([][]byte, len(of))
		for i, id := range of {
			err := tx.GetContext(ctx, &data[i], t.sql(`SELECT data FROM {tile} WHERE level = ? AND idx = ?`), int64(id.Level), limited(id.Index))
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}
