package vaultsql

import (
	"context"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// Used implements [vault.Store]. It writes nothing if what is noted is new enough.
func (s *Store) Used(ctx context.Context, purpose, id string) error {
	const minute = int64(time.Minute / time.Microsecond)
	const stale = `(used IS NULL OR used < {now} - 60000000)`
	if s.t.PG {
		var one int
		return refusedAs(s.t.Row(ctx, `WITH u AS (UPDATE vault_secret SET used = {now} / 60000000 * 60000000 WHERE purpose = ? AND id = ? AND `+stale+`)
			SELECT 1 FROM vault_secret WHERE purpose = ? AND id = ?`, []any{purpose, id, purpose, id}, []any{&one}), vault.ErrNotFound)
	}
	var old bool
	err := s.t.Look(ctx, `SELECT `+stale+` FROM vault_secret WHERE purpose = ? AND id = ?`, []any{purpose, id}, []any{&old})
	if err != nil || !old {
		return refusedAs(err, vault.ErrNotFound)
	}
	return s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, s.t.SQL(`UPDATE vault_secret SET used = {now} / ? * ? WHERE purpose = ? AND id = ?`), minute, minute, purpose, id)
		return err
	})
}

// Lease implements [vault.Store].
func (s *Store) Lease(ctx context.Context, purpose, id, by string, d time.Duration) (ok bool, err error) {
	const take = `UPDATE vault_secret SET lease_by = ?, lease_until = {now} + ? WHERE purpose = ? AND id = ?
		AND (lease_by IS NULL OR lease_by = ? OR lease_until <= {now})`
	args := []any{by, d.Microseconds(), purpose, id, by}
	if s.t.PG {
		err = s.t.Row(ctx, `WITH u AS (`+take+` RETURNING 1) SELECT EXISTS (SELECT 1 FROM u) FROM vault_secret WHERE purpose = ? AND id = ?`,
			append(args, purpose, id), []any{&ok})
		return ok, refusedAs(err, vault.ErrNotFound)
	}
	err = answer(func(f tenantdb.Func) error { return s.t.Write(ctx, f) }, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		n, err := changed(ctx, tx, s.t.SQL(take), args...)
		if ok = n == 1; err != nil || ok {
			return nil, err
		}
		return s.exists(ctx, tx, purpose, id)
	})
	return ok, err
}

// exists refuses what is not there.
func (s *Store) exists(ctx context.Context, tx *sqlx.Tx, purpose, id string) (refusal, err error) {
	var one int
	refusal, err = none(tx.GetContext(ctx, &one, s.t.SQL(`SELECT 1 FROM vault_secret WHERE purpose = ? AND id = ?`), purpose, id))
	return refusedAs(refusal, vault.ErrNotFound), err
}

// Release implements [vault.Store].
func (s *Store) Release(ctx context.Context, purpose, id, by string) error {
	return answer(func(f tenantdb.Func) error { return s.t.Write(ctx, f) }, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		n, err := changed(ctx, tx, s.t.SQL(`UPDATE vault_secret SET lease_by = NULL, lease_until = NULL WHERE purpose = ? AND id = ? AND lease_by = ?`), purpose, id, by)
		if err != nil || n == 1 {
			return nil, err
		}
		return s.exists(ctx, tx, purpose, id)
	})
}
