package vaultsql

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// ofSubject finds the keys of a person that are not shredded, by the two indexes that have them.
const ofSubject = `(SELECT k.id FROM vault_key k WHERE k.subject = ? AND k.state = 'a' AND k.level = 2
	UNION ALL SELECT k.id FROM vault_key k WHERE k.subject = ? AND k.state = 'r' AND k.level = 2)`

// Shred implements [vault.Store].
func (s *Store) Shred(ctx context.Context, who vault.Pseudonym) (n int, err error) {
	if s.t.PG {
		err = s.t.Row(ctx, `WITH e AS (INSERT INTO vault_epoch (epoch) VALUES (1) ON CONFLICT (tenant_id) DO UPDATE SET epoch = vault_epoch.epoch + 1),
			s AS (UPDATE vault_key SET state = 's', wrapped = NULL WHERE id IN `+ofSubject+` AND state <> 's' RETURNING 1)
			SELECT count(*) FROM s`, []any{who[:], who[:]}, []any{&n})
		return n, err
	}
	err = s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := s.nextEpoch(ctx, tx); err != nil {
			return err
		}
		n, err = changed(ctx, tx, `UPDATE vault_key SET state = 's', wrapped = zeroblob(length(wrapped)) WHERE id IN `+ofSubject, who[:], who[:])
		if err == nil {
			s.expunge(ctx)
		}
		return err
	})
	return n, err
}

// changed runs a statement and returns how many rows it changed.
func changed(ctx context.Context, tx *sqlx.Tx, text string, args ...any) (int, error) {
	done, err := tx.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	return int(n), err
}

// DestroyKey implements [vault.Store]. Nothing is put under a key that is not active, so that under a retired one there is
// only ever less: see AddKey and Rewrap.
func (s *Store) DestroyKey(ctx context.Context, id vault.KeyID) error {
	const free = ` WHERE id = ? AND state = 'r' AND NOT EXISTS (SELECT 1 FROM vault_secret s WHERE s.key_id = ?)
		AND NOT EXISTS (SELECT 1` + underUpper + `) AND (level <> 1 OR NOT EXISTS (SELECT 1` + underPurpose + `))`
	if s.t.PG {
		var done bool
		err := s.t.Row(ctx, `WITH d AS (UPDATE vault_key SET state = 's', wrapped = NULL`+free+` RETURNING 1),
			e AS (INSERT INTO vault_epoch (epoch) SELECT 1 FROM d ON CONFLICT (tenant_id) DO UPDATE SET epoch = vault_epoch.epoch + 1)
			SELECT state = 's' OR EXISTS (SELECT 1 FROM d) FROM vault_key WHERE id = ?`, []any{id[:], id[:], id[:], id[:], id[:]}, []any{&done})
		if err == nil && !done {
			return vault.ErrConflict
		}
		return refusedAs(err, vault.ErrNotFound)
	}
	return answer(func(f tenantdb.Func) error { return s.t.Write(ctx, f) }, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		n, err := changed(ctx, tx, s.t.SQL(`UPDATE vault_key SET state = 's', wrapped = zeroblob(length(wrapped))`+free), id[:], id[:], id[:], id[:])
		switch {
		case err != nil:
			return nil, err
		case n == 1:
			s.expunge(ctx)
			return nil, s.nextEpoch(ctx, tx)
		}
		var shredded bool
		err = tx.GetContext(ctx, &shredded, `SELECT state = 's' FROM vault_key WHERE id = ?`, id[:])
		if err == nil && !shredded {
			return vault.ErrConflict, nil
		}
		refusal, err = none(err)
		return refusedAs(refusal, vault.ErrNotFound), err
	})
}
