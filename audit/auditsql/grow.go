package auditsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
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
	return refused(t.write, ctx, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		grown, there, err := t.lockTree(ctx, tx)
		if err != nil {
			return nil, err
		}
		size, err := t.sizeIn(ctx, tx)
		switch {
		case err != nil:
			return nil, err
		case grown != from:
			return audit.ErrConflict, nil
		case to < from:
			return fmt.Errorf("%w: a tree does not grow from %d to %d", audit.ErrBackwards, from, to), nil
		case to > size:
			return fmt.Errorf("%w: a tree of %d over %d events", audit.ErrCorrupt, to, size), nil
		}
		text := `UPDATE {tree} SET size = ?, frontier = ?`
		if !there {
			text = `INSERT INTO {tree} (size, frontier) VALUES (?, ?) ON CONFLICT DO NOTHING`
		}
		res, err := tx.ExecContext(ctx, t.sql(text), limited(to), notNil(frontier))
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

// lockTree returns the size of the tree, if it has one, and makes whoever else grows or signs it wait until tx has ended.
func (t *tree) lockTree(ctx context.Context, tx *sqlx.Tx) (size uint64, there bool, err error) {
	text := `SELECT size FROM {tree}`
	if t.pg {
		text += ` FOR UPDATE`
	}
	var n int64
	err = tx.GetContext(ctx, &n, t.sql(text))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return uint64(n), true, err
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

// SignedTile implements [audit.Store].
func (s *Store) SignedTile(ctx context.Context, id audit.TileID) (newest audit.Signed, tile []byte, err error) {
	text := s.sql(`SELECT c.size, c.note, c.heads_index, (SELECT t.data FROM {tile} t WHERE t.level = ? AND t.idx = ?) FROM {checkpoint} c ORDER BY c.size DESC LIMIT 1`)
	var size int64
	args, dest := []any{int64(id.Level), limited(id.Index)}, []any{&size, &newest.Note, &newest.HeadsIndex, &tile}
	if s.pg {
		if err = s.fitting(ctx); err == nil {
			err = s.db.Row(ctx, text, args, dest)
		}
	}
	// Of a statement of its own it is not known what became of it if no answer came. It is asked again where that is known.
	if !s.pg || errors.Is(err, tenantdb.ErrOutcomeUnknown) {
		err = s.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			err := tx.QueryRowxContext(ctx, text, args...).Scan(dest...)
			if errors.Is(err, sql.ErrNoRows) {
				err = nil
			}
			return err
		})
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return audit.Signed{}, nil, named(err)
	}
	newest.Size = uint64(size)
	return newest, tile, nil
}
