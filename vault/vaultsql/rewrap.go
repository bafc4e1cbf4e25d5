package vaultsql

import (
	"context"
	"slices"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// The keys under a purpose's key, of which there may be many, are found by going through the tenant's keys in order; those of
// tenants and purposes, of which there are few, by their index.
const (
	underPurpose = ` FROM vault_key k WHERE k.state <> 's' AND k.parent = ?`
	underUpper   = ` FROM vault_key k {upper} WHERE k.level < 2 AND k.state <> 's' AND k.parent = ?`
)

// under is the one of the two for what is under parent.
func (s *Store) under(ctx context.Context, tx *sqlx.Tx, parent vault.KeyID) (string, error) {
	var level int64
	err := tx.GetContext(ctx, &level, s.t.SQL(`SELECT k.level FROM vault_key k WHERE k.id = ?`), parent[:])
	if root, err := none(err); err != nil || root == nil && vault.Level(level) == vault.OfPurpose {
		return underPurpose, err
	}
	return underUpper, nil
}

// Under implements [vault.Store].
func (s *Store) Under(ctx context.Context, parent vault.KeyID, after int64, limit int) (out []vault.WrappedKey, err error) {
	err = s.t.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		those, err := s.under(ctx, tx, parent)
		if err != nil {
			return err
		}
		out, err = keys(ctx, tx, s.t.SQL(`SELECT {key}`+those+` AND k.seq > ? ORDER BY k.seq LIMIT ?`), []any{parent[:], after, limit})
		return err
	})
	return out, err
}

// CountUnder implements [vault.Store].
func (s *Store) CountUnder(ctx context.Context, parent vault.KeyID) (n int, err error) {
	err = s.t.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		those, err := s.under(ctx, tx, parent)
		if err != nil {
			return err
		}
		return tx.GetContext(ctx, &n, s.t.SQL(`SELECT (SELECT count(*)`+those+`) + (SELECT count(*) FROM vault_secret s WHERE s.key_id = ?)`), parent[:], parent[:])
	})
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
	if s.t.PG {
		return s.rewrapPostgres(ctx, rows, parents, from)
	}
	return s.rewrapSQLite(ctx, rows, parents, from)
}

// rewrapPostgres is one statement. The locks on the parents' rows are those that AddKey takes, for the same reason; that on
// from's lets those who wrap the same keys pass one after the other. The rows are found as a stretch of the tenant's keys, as
// Under found them, and not each by itself.
func (s *Store) rewrapPostgres(ctx context.Context, rows []vault.WrappedKey, parents []vault.KeyID, from vault.KeyID) (n int, err error) {
	over, ids, under, wrapped := make([][]byte, len(parents)), make([][]byte, len(rows)), make([][]byte, len(rows)), make([][]byte, len(rows))
	for i := range parents {
		over[i] = parents[i][:]
	}
	first, last := rows[0].Seq, rows[0].Seq
	for i := range rows {
		r := &rows[i]
		ids[i], under[i], wrapped[i] = r.ID[:], r.Parent[:], r.Wrapped
		first, last = min(first, r.Seq), max(last, r.Seq)
	}
	var active bool
	err = s.t.Row(ctx, `WITH f AS MATERIALIZED (SELECT FROM vault_key WHERE id = ?::bytea FOR NO KEY UPDATE),
		p AS MATERIALIZED (SELECT FROM vault_key WHERE (SELECT count(*) FROM f) >= 0 AND id = ANY (?::bytea[]) AND state = 'a' ORDER BY id FOR SHARE),
		ok AS MATERIALIZED (SELECT count(*) = ?::bigint AS ok FROM p),
		u AS (UPDATE vault_key k SET parent = w.parent, wrapped = w.wrapped FROM unnest(?::bytea[], ?::bytea[], ?::bytea[]) w (id, parent, wrapped)
			WHERE (SELECT ok FROM ok) AND k.parent = ?::bytea AND k.seq BETWEEN ? AND ? AND k.state <> 's' AND k.id = w.id RETURNING 1)
		SELECT (SELECT ok FROM ok), (SELECT count(*) FROM u)`,
		[]any{from[:], over, len(parents), ids, under, wrapped, from[:], first, last}, []any{&active, &n})
	if err == nil && !active {
		err = vault.ErrConflict
	}
	return n, err
}

func (s *Store) rewrapSQLite(ctx context.Context, rows []vault.WrappedKey, parents []vault.KeyID, from vault.KeyID) (n int, err error) {
	runs := runsOf(rows)
	err = answer(func(f tenantdb.Func) error { return s.t.Write(ctx, f) }, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		if ok, err := areActive(ctx, tx, parents); err != nil || !ok {
			return vault.ErrConflict, err
		}
		n = 0
		for i := range runs {
			done, err := runs[i].rewrap(ctx, tx, from)
			if err != nil {
				return nil, err
			}
			n += done
		}
		// Who goes through them in order finds the next one at once, and looks at all but once.
		for _, after := range [...]int64{runs[len(runs)-1].last, 0} {
			var left bool
			if err := tx.GetContext(ctx, &left, `SELECT EXISTS (SELECT 1 FROM vault_key k WHERE k.parent = ? AND k.state <> 's' AND k.seq > ?)`, from[:], after); err != nil || left || n == 0 {
				return nil, err
			}
		}
		s.expunge(ctx)
		return nil, nil
	})
	return n, err
}
