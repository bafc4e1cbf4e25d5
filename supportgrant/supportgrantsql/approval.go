package supportgrantsql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/jmoiron/sqlx"
)

// AddChallenge implements [supportgrant.Store].
func (s *Store) AddChallenge(ctx context.Context, c supportgrant.ChallengeRow, most int) error {
	return s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		ok, err := s.there(ctx, tx, `SELECT 1 FROM supportgrant_grant WHERE id = ?{lock}`, c.Grant)
		if err == nil && !ok {
			err = supportgrant.ErrNotFound
		}
		if err != nil {
			return err
		}
		var had int
		err = tx.QueryRowxContext(ctx, s.t.SQL(`SELECT count(*) FROM supportgrant_challenge WHERE grant_id = ? AND approver = ?`), c.Grant, string(c.Approver)).Scan(&had)
		if err != nil {
			return err
		}
		if had >= most {
			return supportgrant.ErrTooMany
		}
		if err := texts(string(c.Approver), c.Method); err != nil {
			return err
		}
		life, err := seconds(c.Life)
		if err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, s.t.SQL(`WITH n AS MATERIALIZED (SELECT {now} AS now)
			INSERT INTO supportgrant_challenge (digest, grant_id, approver, life, nonce, method, state, made, expires)
			VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT now FROM n), (SELECT now FROM n) + ?) ON CONFLICT DO NOTHING`),
			c.Digest[:], c.Grant, string(c.Approver), life, c.Nonce[:], c.Method, bytesOr(c.State), c.For.Microseconds())
		return one(done, err, refused("a challenge that was there before"))
	})
}

// Burn implements [supportgrant.Store].
func (s *Store) Burn(ctx context.Context, digest [32]byte) (c supportgrant.ChallengeRow, err error) {
	if s.InTx(ctx) {
		return c, supportgrant.ErrInTransaction
	}
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c = supportgrant.ChallengeRow{}
		var life, made, expires int64
		var nonce []byte
		// One from later than now was made before the clock went back.
		err := tx.QueryRowxContext(ctx, s.t.SQL(`WITH n AS MATERIALIZED (SELECT {now} AS now) UPDATE supportgrant_challenge SET used = (SELECT now FROM n)
			WHERE digest = ? AND used IS NULL AND expires > (SELECT now FROM n) AND made <= (SELECT now FROM n) + 1000000
			RETURNING grant_id, approver, life, nonce, method, state, made, expires`), digest[:]).
			Scan(&c.Grant, &c.Approver, &life, &nonce, &c.Method, &c.State, &made, &expires)
		if errors.Is(err, sql.ErrNoRows) {
			return supportgrant.ErrStale
		}
		if err == nil && len(nonce) != len(c.Nonce) {
			err = errRow
		}
		copy(c.Nonce[:], nonce)
		c.Digest, c.Life, c.For = digest, time.Duration(life)*time.Second, time.Duration(expires-made)*time.Microsecond
		return err
	})
	if err != nil {
		c = supportgrant.ChallengeRow{}
	}
	return c, err
}

// AddProof implements [supportgrant.Store].
func (s *Store) AddProof(ctx context.Context, p supportgrant.ProofRow) error {
	return s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		ok, err := s.there(ctx, tx, `SELECT 1 FROM supportgrant_grant WHERE id = ?{lock}`, p.Grant)
		if err == nil && !ok {
			err = supportgrant.ErrNotFound
		}
		if err != nil {
			return err
		}
		ok, err = s.there(ctx, tx, `SELECT 1 FROM supportgrant_proof WHERE digest = ? OR grant_id = ? AND approver = ?`, p.Digest[:], p.Grant, string(p.Approver))
		if err == nil && ok {
			err = supportgrant.ErrExists
		}
		if err != nil {
			return err
		}
		if err := texts(string(p.Approver), p.Method); err != nil {
			return err
		}
		life, err := seconds(p.Life)
		if err != nil {
			return err
		}
		var proof any
		if p.Proof != nil {
			proof = p.Proof
		}
		done, err := tx.ExecContext(ctx, s.t.SQL(`INSERT INTO supportgrant_proof (grant_id, digest, approver, life, nonce, method, phishing_resistant, proof, at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, {now}) ON CONFLICT DO NOTHING`), p.Grant, p.Digest[:], string(p.Approver), life, p.Nonce[:], p.Method, p.PhishingResistant, proof)
		return one(done, err, supportgrant.ErrExists)
	})
}

// Proofs implements [supportgrant.Store].
func (s *Store) Proofs(ctx context.Context, id supportgrant.GrantID) (out []supportgrant.ProofRow, err error) {
	err = s.t.All(ctx, `SELECT digest, approver, life, nonce, method, phishing_resistant, proof, at FROM supportgrant_proof WHERE grant_id = ? ORDER BY at, digest`, []any{id},
		func() { out = nil }, func(scan func(...any) error) error {
			p := supportgrant.ProofRow{Grant: id}
			var digest, nonce []byte
			var life, at int64
			if err := scan(&digest, &p.Approver, &life, &nonce, &p.Method, &p.PhishingResistant, &p.Proof, &at); err != nil {
				return err
			}
			if len(digest) != len(p.Digest) || len(nonce) != len(p.Nonce) {
				return errRow
			}
			copy(p.Digest[:], digest)
			copy(p.Nonce[:], nonce)
			p.Life, p.At = time.Duration(life)*time.Second, micro(at)
			out = append(out, p)
			return nil
		})
	return out, err
}

// bytesOr is no bytes for nil, where a column has no NULL.
func bytesOr(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// one is none if a statement changed no row.
func one(done sql.Result, err, none error) error {
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != 0 {
		return err
	}
	return none
}
