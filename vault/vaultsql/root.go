package vaultsql

import (
	"context"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// Roots implements [vault.Store].
func (s *Store) Roots(ctx context.Context) (out []vault.Root, now time.Time, err error) {
	err = s.t.System(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		out = nil
		var us int64
		if err := tx.GetContext(ctx, &us, s.t.SQL(`SELECT {now}`)); err != nil {
			return err
		}
		now = micro(us)
		rows, err := tx.QueryContext(ctx, s.t.SQL(`SELECT id, wrapped, commit_hash, state, created FROM {root} ORDER BY seq`))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r vault.Root
			var id, wrapped, commit []byte
			var letter string
			var created int64
			if err := rows.Scan(&id, &wrapped, &commit, &letter, &created); err != nil {
				return err
			}
			state, ok := stateOf(letter)
			if !ok || len(id) != len(r.ID) || len(commit) != len(r.Commit) {
				return errRow
			}
			copy(r.ID[:], id)
			copy(r.Commit[:], commit)
			if r.State, r.Created = state, micro(created); state != vault.Shredded {
				r.Wrapped = wrapped
			}
			out = append(out, r)
		}
		return rows.Err()
	}, func(o *tenantdb.TxOptions) { o.ReadOnly = true })
	return out, now, err
}

// AddRoot implements [vault.Store]. Two who replace the same root meet at its row, and two who add the first one at the
// unique index on the active one.
func (s *Store) AddRoot(ctx context.Context, r vault.Root, after vault.KeyID) error {
	var refusal error
	err := s.t.System(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		refusal = nil
		if after != (vault.KeyID{}) {
			n, err := changed(ctx, tx, s.t.SQL(`UPDATE {root} SET state = 'r' WHERE id = ? AND state = 'a'`), after[:])
			if err != nil {
				return err
			}
			if n == 0 {
				refusal = vault.ErrConflict
				return nil
			}
		}
		add := `INSERT INTO {root} (id, wrapped, commit_hash, state, created) SELECT ?::bytea, ?::bytea, ?::bytea, 'a', {now} ON CONFLICT DO NOTHING`
		args := []any{r.ID[:], r.Wrapped, r.Commit[:]}
		if !s.t.PG { // where nobody else writes meanwhile
			add = `INSERT INTO {root} (seq, id, wrapped, commit_hash, state, created)
				SELECT (SELECT coalesce(max(seq), 0) + 1 FROM {root}), ?, ?, ?, 'a', {now} WHERE NOT EXISTS (SELECT 1 FROM {root} WHERE state = 'a' OR id = ?)`
			args = append(args, r.ID[:])
		}
		n, err := changed(ctx, tx, s.t.SQL(add), args...)
		switch {
		case err != nil:
			return err
		case n == 0 && after == vault.KeyID{}:
			refusal = vault.ErrConflict
		case n == 0:
			return vault.ErrConflict // the name is taken: after stays active
		}
		return nil
	})
	if err != nil {
		return err
	}
	return refusal
}

// DestroyRoot implements [vault.Store].
func (s *Store) DestroyRoot(ctx context.Context, id vault.KeyID) error {
	var refusal error
	err := s.t.System(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		refusal = nil
		empty := `zeroblob(length(wrapped))`
		if s.t.PG {
			empty = `NULL`
		}
		n, err := changed(ctx, tx, s.t.SQL(`UPDATE {root} SET state = 's', wrapped = `+empty+` WHERE id = ? AND state = 'r'`), id[:])
		if err != nil || n == 1 {
			return err
		}
		var active bool
		err = tx.GetContext(ctx, &active, s.t.SQL(`SELECT state = 'a' FROM {root} WHERE id = ?`), id[:])
		if err == nil && active {
			refusal = vault.ErrConflict
		}
		gone, err := none(err)
		if gone != nil {
			refusal = vault.ErrNotFound
		}
		return err
	})
	if err != nil {
		return err
	}
	return refusal
}
