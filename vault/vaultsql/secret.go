package vaultsql

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// secretRow is a row of vault_secret.
type secretRow struct {
	vault.StoredSecret
	subject, key, fingerprint []byte
	rotateEvery               int64
	expires, used             *int64
	created, replaced         int64
}

// dest is where the columns go.
func (r *secretRow) dest() []any {
	return []any{&r.Purpose, &r.ID, &r.Version, &r.subject, &r.key, &r.fingerprint, &r.Closing, &r.rotateEvery, &r.expires, &r.created, &r.replaced, &r.used, &r.Stale}
}

func (r *secretRow) secret() (vault.StoredSecret, error) {
	s := r.StoredSecret
	if len(r.subject) != len(s.Subject) || len(r.key) != len(s.Key) || len(r.fingerprint) != len(s.Fingerprint) {
		return s, errRow
	}
	copy(s.Subject[:], r.subject)
	copy(s.Key[:], r.key)
	copy(s.Fingerprint[:], r.fingerprint)
	s.RotateEvery = time.Duration(r.rotateEvery)
	s.Expires, s.Created, s.Replaced, s.Used = microOr(r.expires), micro(r.created), micro(r.replaced), microOr(r.used)
	return s, nil
}

// Secret implements [vault.Store].
func (s *Store) Secret(ctx context.Context, purpose, id string) (vault.StoredSecret, error) {
	var r secretRow
	var data []byte
	text := `SELECT ` + secretColumns + `, s.sealed FROM vault_secret s WHERE s.purpose = ? AND s.id = ?`
	if !s.t.PG {
		text = `SELECT ` + secretColumns + `, p.data FROM vault_secret s JOIN vault_sealed p ON p.place = s.place WHERE s.purpose = ? AND s.id = ?`
	}
	if err := s.t.Look(ctx, text, []any{purpose, id}, append(r.dest(), &data)); err != nil {
		return vault.StoredSecret{}, refusedAs(err, vault.ErrNotFound)
	}
	return s.sealedSecret(&r, data)
}

// sealedSecret is what is in a row, with what is sealed.
func (s *Store) sealedSecret(r *secretRow, data []byte) (out vault.StoredSecret, err error) {
	out, err = r.secret()
	if out.Sealed = data; err == nil && !s.t.PG {
		out.Sealed, err = unpack(data)
	}
	return out, err
}

// In SQLite what is sealed has a place of a size that has room for the next version too: see the migration.
const (
	sealedHead = 5
	sealedStep = 256
)

func pack(sealed []byte) []byte {
	n := sealedHead + len(sealed)
	out := make([]byte, (n+sealedStep-1)/sealedStep*sealedStep)
	out[0] = 1
	binary.BigEndian.PutUint32(out[1:], uint32(len(sealed)))
	copy(out[sealedHead:], sealed)
	return out
}

func unpack(data []byte) ([]byte, error) {
	if len(data) < sealedHead || data[0] != 1 {
		return nil, errRow
	}
	n := binary.BigEndian.Uint32(data[1:])
	if uint64(n) > uint64(len(data)-sealedHead) {
		return nil, errRow
	}
	return data[sealedHead : sealedHead+n], nil
}

// PutSecret implements [vault.Store]. On Postgres it locks the key's row as AddKey locks a parent's: nothing new comes under a
// key that was retired.
func (s *Store) PutSecret(ctx context.Context, x vault.StoredSecret) error {
	if x.Version < 1 {
		return vault.ErrConflict
	}
	if s.t.PG {
		var one int
		values := []any{x.Key[:], x.Subject[:], x.Key[:], x.Sealed, x.Fingerprint[:], x.Closing, int64(x.RotateEvery), microOf(x.Expires), x.Purpose, x.ID}
		text := `WITH t AS MATERIALIZED (SELECT {now} AS now FROM (SELECT FROM vault_key WHERE id = ? AND state = 'a' FOR SHARE) k)
			INSERT INTO vault_secret (subject, key_id, sealed, fingerprint, closing, rotate_every, expires, purpose, id, version, created, replaced)
			SELECT ?::bytea, ?::bytea, ?::bytea, ?::bytea, ?::boolean, ?::bigint, ?::bigint, ?::text, ?::text, 1, t.now, t.now FROM t ON CONFLICT DO NOTHING RETURNING 1`
		if x.Version > 1 {
			text = `WITH k AS MATERIALIZED (SELECT FROM vault_key WHERE id = ? AND state = 'a' FOR SHARE)
				UPDATE vault_secret SET subject = ?, key_id = ?, sealed = ?, fingerprint = ?, closing = ?, rotate_every = ?, expires = ?,
				version = version + 1, replaced = {now} WHERE purpose = ? AND id = ? AND version = ? AND EXISTS (SELECT FROM k) RETURNING 1`
			values = append(values, x.Version-1)
		}
		return refusedAs(s.t.Row(ctx, text, values, []any{&one}), vault.ErrConflict)
	}
	return answer(func(f tenantdb.Func) error { return s.t.Write(ctx, f) }, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		if ok, err := areActive(ctx, tx, []vault.KeyID{x.Key}); err != nil || !ok {
			return vault.ErrConflict, err
		}
		return s.putSQLite(ctx, tx, &x)
	})
}

func (s *Store) putSQLite(ctx context.Context, tx *sqlx.Tx, x *vault.StoredSecret) (refusal, err error) {
	var newest, place int64
	err = tx.QueryRowxContext(ctx, `SELECT version, place FROM vault_secret WHERE purpose = ? AND id = ?`, x.Purpose, x.ID).Scan(&newest, &place)
	if _, err := none(err); err != nil {
		return nil, err
	}
	if newest != x.Version-1 {
		return vault.ErrConflict, nil
	}
	if newest > 0 { // the next version goes into its place, if it fits
		if _, err := tx.ExecContext(ctx, `UPDATE vault_sealed SET data = zeroblob(length(data)) WHERE place = ?`, place); err != nil {
			return nil, err
		}
		s.expunge(ctx)
	}
	if place, err = s.place(ctx, tx, pack(x.Sealed)); err != nil {
		return nil, err
	}
	values := []any{x.Subject[:], x.Key[:], place, x.Fingerprint[:], x.Closing, int64(x.RotateEvery), microOf(x.Expires), x.Purpose, x.ID}
	text := `INSERT INTO vault_secret (subject, key_id, place, fingerprint, closing, rotate_every, expires, purpose, id, version, created, replaced)
		SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, now, now FROM (SELECT {now} AS now)`
	if newest > 0 {
		text = `UPDATE vault_secret SET subject = ?, key_id = ?, place = ?, fingerprint = ?, closing = ?, rotate_every = ?, expires = ?,
			version = version + 1, replaced = {now} WHERE purpose = ? AND id = ?`
	}
	_, err = tx.ExecContext(ctx, s.t.SQL(text), values...)
	return nil, err
}

// place writes data over a place of its size that is nobody's, or into a new one.
func (s *Store) place(ctx context.Context, tx *sqlx.Tx, data []byte) (place int64, err error) {
	err = tx.QueryRowxContext(ctx, `UPDATE vault_sealed SET data = ? WHERE place = (SELECT place FROM vault_sealed
		WHERE length(data) = ? AND substr(data, 1, 1) = x'00' LIMIT 1) RETURNING place`, data, len(data)).Scan(&place)
	if gone, err := none(err); gone == nil {
		return place, err
	}
	err = tx.QueryRowxContext(ctx, `INSERT INTO vault_sealed (place, data)
		VALUES ((SELECT coalesce(max(place), 0) + 1 FROM vault_sealed), ?) RETURNING place`, data).Scan(&place)
	return place, err
}

// RemoveSecret implements [vault.Store].
func (s *Store) RemoveSecret(ctx context.Context, purpose, id string) error {
	return s.one(ctx, `DELETE FROM vault_secret WHERE purpose = ? AND id = ?`, purpose, id)
}

// CloseSecret implements [vault.Store].
func (s *Store) CloseSecret(ctx context.Context, purpose, id string) error {
	return s.one(ctx, `UPDATE vault_secret SET closing = true WHERE purpose = ? AND id = ?`, purpose, id)
}

// one runs a statement that changes a secret, if it is there.
func (s *Store) one(ctx context.Context, text string, args ...any) error {
	if s.t.PG {
		var one int
		return refusedAs(s.t.Row(ctx, text+` RETURNING 1`, args, []any{&one}), vault.ErrNotFound)
	}
	return answer(func(f tenantdb.Func) error { return s.t.Write(ctx, f) }, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		n, err := changed(ctx, tx, s.t.SQL(text), args...)
		if err == nil && n == 0 {
			return vault.ErrNotFound, nil
		}
		s.expunge(ctx)
		return nil, err
	})
}

// page is how many secrets are read at a time.
const page = 500

// Secrets implements [vault.Store]. f is called between transactions.
func (s *Store) Secrets(ctx context.Context, purpose, id string, f func(vault.StoredSecret) error) error {
	for {
		var found []vault.StoredSecret
		err := s.t.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			found = nil
			rows, err := tx.QueryContext(ctx, s.t.SQL(`SELECT `+secretColumns+` FROM vault_secret s WHERE (s.purpose, s.id) > (?, ?) ORDER BY s.purpose, s.id LIMIT ?`), purpose, id, page)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var r secretRow
				if err := rows.Scan(r.dest()...); err != nil {
					return err
				}
				x, err := r.secret()
				if err != nil {
					return err
				}
				found = append(found, x)
			}
			return rows.Err()
		})
		if err != nil {
			return err
		}
		for _, x := range found {
			if err := f(x); err != nil {
				return err
			}
		}
		if len(found) < page {
			return nil
		}
		purpose, id = found[page-1].Purpose, found[page-1].ID
	}
}
