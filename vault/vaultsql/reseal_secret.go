package vaultsql

import (
	"context"
	"slices"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// SecretsUnder implements [vault.Store].
func (s *Store) SecretsUnder(ctx context.Context, key vault.KeyID, purpose, id string, limit int) (out []vault.StoredSecret, err error) {
	text := `SELECT ` + secretColumns + `, s.sealed FROM vault_secret s`
	if !s.t.PG {
		text = `SELECT ` + secretColumns + `, p.data FROM vault_secret s JOIN vault_sealed p ON p.place = s.place`
	}
	text += ` WHERE s.key_id = ? AND (s.purpose, s.id) > (?, ?) ORDER BY s.purpose, s.id LIMIT ?`
	err = s.t.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		out = nil
		rows, err := tx.QueryContext(ctx, s.t.SQL(text), key[:], purpose, id, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r secretRow
			var data []byte
			if err := rows.Scan(append(r.dest(), &data)...); err != nil {
				return err
			}
			x, err := s.sealedSecret(&r, data)
			if err != nil {
				return err
			}
			out = append(out, x)
		}
		return rows.Err()
	})
	return out, err
}

// ResealSecrets implements [vault.Store].
func (s *Store) ResealSecrets(ctx context.Context, rows []vault.StoredSecret, from vault.KeyID) (int, error) {
	if len(rows) == 0 {
		return 0, ctx.Err()
	}
	var to []vault.KeyID
	for i := range rows {
		if !slices.Contains(to, rows[i].Key) {
			to = append(to, rows[i].Key)
		}
	}
	if s.t.PG {
		return s.resealPostgres(ctx, rows, to, from)
	}
	return s.resealSQLite(ctx, rows, to, from)
}

// follow counts the active keys in the place of a retired one that are among some.
const follow = `FROM vault_key n JOIN vault_key o ON n.level = o.level AND n.purpose = o.purpose AND n.subject = o.subject WHERE o.id = ? AND o.state = 'r' AND n.state = 'a'`

// resealPostgres is one statement. The locks are those of PutSecret, of the keys first, and of the secrets in one order.
func (s *Store) resealPostgres(ctx context.Context, rows []vault.StoredSecret, to []vault.KeyID, from vault.KeyID) (n int, err error) {
	over, purposes, ids := make([][]byte, len(to)), make([]string, len(rows)), make([]string, len(rows))
	versions, under, sealed := make([]int64, len(rows)), make([][]byte, len(rows)), make([][]byte, len(rows))
	for i := range to {
		over[i] = to[i][:]
	}
	for i := range rows {
		r := &rows[i]
		purposes[i], ids[i], versions[i], under[i], sealed[i] = r.Purpose, r.ID, r.Version, r.Key[:], r.Sealed
	}
	var follows bool
	err = s.t.Row(ctx, `WITH k AS MATERIALIZED (SELECT n.id `+follow+` AND n.id = ANY (?::bytea[]) ORDER BY n.id FOR SHARE OF n),
		ok AS MATERIALIZED (SELECT count(*) = ?::bigint AS ok FROM k),
		w AS MATERIALIZED (SELECT * FROM unnest(?::text[], ?::text[], ?::bigint[], ?::bytea[], ?::bytea[]) w (purpose, id, version, key_id, sealed)),
		l AS MATERIALIZED (SELECT s.purpose, s.id FROM vault_secret s WHERE (SELECT ok FROM ok) AND (s.purpose, s.id) IN (SELECT w.purpose, w.id FROM w)
			AND s.key_id = ?::bytea ORDER BY s.purpose, s.id FOR NO KEY UPDATE),
		u AS (UPDATE vault_secret s SET key_id = w.key_id, sealed = w.sealed FROM w WHERE s.purpose = w.purpose AND s.id = w.id AND s.version = w.version
			AND s.key_id = ?::bytea AND (s.purpose, s.id) IN (SELECT l.purpose, l.id FROM l) RETURNING 1)
		SELECT (SELECT ok FROM ok), (SELECT count(*) FROM u)`,
		[]any{from[:], over, len(to), purposes, ids, versions, under, sealed, from[:], from[:]}, []any{&follows, &n})
	if err == nil && !follows {
		err = vault.ErrConflict
	}
	return n, err
}

func (s *Store) resealSQLite(ctx context.Context, rows []vault.StoredSecret, to []vault.KeyID, from vault.KeyID) (n int, err error) {
	err = answer(func(f tenantdb.Func) error { return s.t.Write(ctx, f) }, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		n = 0
		for i := range to {
			var follows bool
			if err := tx.GetContext(ctx, &follows, `SELECT EXISTS (SELECT 1 `+follow+` AND n.id = ?)`, from[:], to[i][:]); err != nil || !follows {
				return vault.ErrConflict, err
			}
		}
		for i := range rows {
			done, err := s.resealOne(ctx, tx, &rows[i], from)
			if err != nil {
				return nil, err
			}
			n += done
		}
		var left bool
		err = tx.GetContext(ctx, &left, `SELECT EXISTS (SELECT 1 FROM vault_secret WHERE key_id = ?)`, from[:])
		if err == nil && n > 0 && !left {
			s.expunge(ctx)
		}
		return nil, err
	})
	return n, err
}

// resealOne writes over what was sealed, where it is, if it has the size.
func (s *Store) resealOne(ctx context.Context, tx *sqlx.Tx, x *vault.StoredSecret, from vault.KeyID) (int, error) {
	var place, size int64
	err := tx.QueryRowxContext(ctx, `SELECT s.place, length(p.data) FROM vault_secret s JOIN vault_sealed p ON p.place = s.place
		WHERE s.purpose = ? AND s.id = ? AND s.version = ? AND s.key_id = ?`, x.Purpose, x.ID, x.Version, from[:]).Scan(&place, &size)
	if gone, err := none(err); err != nil || gone != nil {
		return 0, err
	}
	data := pack(x.Sealed)
	if int64(len(data)) == size {
		_, err = tx.ExecContext(ctx, `UPDATE vault_sealed SET data = ? WHERE place = ?`, data, place)
	} else {
		place, err = s.place(ctx, tx, data)
	}
	if err != nil {
		return 0, err
	}
	return changed(ctx, tx, `UPDATE vault_secret SET key_id = ?, place = ? WHERE purpose = ? AND id = ?`, x.Key[:], place, x.Purpose, x.ID)
}
