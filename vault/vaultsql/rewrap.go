package vaultsql

import (
	"context"
	"slices"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// Under implements [vault.Store]. The order is that in which the keys came, so that what is wrapped anew together lies
// together.
func (s *Store) Under(ctx context.Context, parent, after vault.KeyID, limit int) (out []vault.WrappedKey, err error) {
	err = s.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		out, err = keys(ctx, tx, s.sql(`SELECT {key} FROM vault_key k WHERE k.parent = ? AND k.state <> 's'
			AND k.seq > coalesce((SELECT a.seq FROM vault_key a WHERE a.id = ?), -1) ORDER BY k.seq LIMIT ?`), []any{parent[:], after[:], limit})
		return err
	})
	return out, err
}

// CountUnder implements [vault.Store].
func (s *Store) CountUnder(ctx context.Context, parent vault.KeyID) (n int, err error) {
	err = s.look(ctx, `SELECT (SELECT count(*) FROM vault_key k WHERE k.parent = ? AND k.state <> 's') + (SELECT count(*) FROM vault_secret s WHERE s.key_id = ?)`,
		[]any{parent[:], parent[:]}, []any{&n})
	return n, err
}

// Rewrap implements [vault.Store].
func (s *Store) Rewrap(ctx context.Context, rows []vault.WrappedKey, from vault.KeyID) (int, error) {
	if len(rows) == 0 {
		return 0, ctx.Err()
	}
	var parents []vault.KeyID // that must be active
	for i := range rows {
		if k := &rows[i]; k.Level != vault.OfTenant && !slices.Contains(parents, k.Parent) {
			parents = append(parents, k.Parent)
		}
	}
	if s.pg {
		return s.rewrapPostgres(ctx, rows, parents, from)
	}
	return s.rewrapSQLite(ctx, rows, parents, from)
}

// rewrapPostgres is one statement. The locks on the parents' rows are those that AddKey takes, for the same reason; those
// on the keys' are taken in one order, so that no two who wrap the same ones wait for each other.
func (s *Store) rewrapPostgres(ctx context.Context, rows []vault.WrappedKey, parents []vault.KeyID, from vault.KeyID) (n int, err error) {
	over, ids, under, wrapped := make([][]byte, len(parents)), make([][]byte, len(rows)), make([][]byte, len(rows)), make([][]byte, len(rows))
	for i := range parents {
		over[i] = parents[i][:]
	}
	for i := range rows {
		ids[i], under[i], wrapped[i] = rows[i].ID[:], rows[i].Parent[:], rows[i].Wrapped
	}
	var active bool
	err = s.row(ctx, `WITH p AS MATERIALIZED (SELECT id FROM vault_key WHERE id = ANY (?::bytea[]) AND state = 'a' ORDER BY id FOR SHARE),
		ok AS MATERIALIZED (SELECT count(*) = ?::bigint AS ok FROM p),
		l AS MATERIALIZED (SELECT k.id FROM vault_key k WHERE (SELECT ok FROM ok) AND k.id = ANY (?::bytea[]) AND k.parent = ?::bytea AND k.state <> 's'
			ORDER BY k.id FOR NO KEY UPDATE),
		u AS (UPDATE vault_key k SET parent = w.parent, wrapped = w.wrapped FROM unnest(?::bytea[], ?::bytea[], ?::bytea[]) w (id, parent, wrapped)
			WHERE k.id = w.id AND k.id IN (SELECT id FROM l) RETURNING 1)
		SELECT (SELECT ok FROM ok), (SELECT count(*) FROM u)`,
		[]any{over, len(parents), ids, from[:], ids, under, wrapped}, []any{&active, &n})
	if err == nil && !active {
		err = vault.ErrConflict
	}
	return n, err
}

// rewrapSQLite hands over rows of one size as one value, which a statement takes apart: a thousand statements would take
// several times as long.
func (s *Store) rewrapSQLite(ctx context.Context, rows []vault.WrappedKey, parents []vault.KeyID, from vault.KeyID) (n int, err error) {
	bySize := map[int][]byte{}
	for i := range rows {
		k := &rows[i]
		b := bySize[len(k.Wrapped)]
		b = append(append(append(b, k.ID[:]...), k.Parent[:]...), k.Wrapped...)
		bySize[len(k.Wrapped)] = b
	}
	err = answer(func(f tenantdb.Func) error { return s.write(ctx, f) }, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		if ok, err := areActive(ctx, tx, parents); err != nil || !ok {
			return vault.ErrConflict, err
		}
		n = 0
		for size, all := range bySize {
			step := 32 + size
			done, err := changed(ctx, tx, `WITH RECURSIVE i (at, last) AS (SELECT 1, length(?) - ? UNION ALL SELECT at + ?, last FROM i WHERE at <= last),
				w (id, parent, wrapped) AS MATERIALIZED (SELECT substr(?, at, 16), substr(?, at + 16, 16), substr(?, at + 32, ?) FROM i)
				UPDATE vault_key AS k SET parent = w.parent, wrapped = w.wrapped FROM w WHERE k.id = w.id AND k.parent = ? AND k.state <> 's'`,
				all, step, step, all, all, all, size, from[:])
			if err != nil {
				return nil, err
			}
			n += done
		}
		var left bool
		err = tx.GetContext(ctx, &left, `SELECT EXISTS (SELECT 1 FROM vault_key k WHERE k.parent = ? AND k.state <> 's')`, from[:])
		if err == nil && n > 0 && !left {
			s.expunge(ctx)
		}
		return nil, err
	})
	return n, err
}
