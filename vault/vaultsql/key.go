package vaultsql

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// keyRow is a row of vault_key.
type keyRow struct {
	id, subject, parent, wrapped, commit []byte
	level                                int64
	purpose, state                       string
	created, seq                         int64
}

// dest is where the columns go.
func (r *keyRow) dest() []any {
	return []any{&r.id, &r.level, &r.purpose, &r.subject, &r.parent, &r.wrapped, &r.commit, &r.state, &r.created, &r.seq}
}

var errRow = errors.New("vaultsql: a row is not one that this package writes")

func (r *keyRow) key() (vault.WrappedKey, error) {
	k := vault.WrappedKey{Level: vault.Level(r.level), Purpose: r.purpose, Created: micro(r.created), Seq: r.seq}
	state, ok := stateOf(r.state)
	if !ok || len(r.id) != len(k.ID) || len(r.subject) != len(k.Subject) || len(r.parent) != len(k.Parent) || len(r.commit) != len(k.Commit) {
		return k, errRow
	}
	k.State = state
	copy(k.ID[:], r.id)
	copy(k.Subject[:], r.subject)
	copy(k.Parent[:], r.parent)
	copy(k.Commit[:], r.commit)
	if state != vault.Shredded { // on SQLite it is zeros then
		k.Wrapped = r.wrapped
	}
	return k, nil
}

// keys runs a query for the columns of keys, behind extra ones.
func keys(ctx context.Context, tx *sqlx.Tx, text string, args []any, extra ...any) (out []vault.WrappedKey, err error) {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var r keyRow
	dest := append(extra, r.dest()...)
	for rows.Next() {
		r = keyRow{}
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		k, err := r.key()
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// oneKey is keys for a query that finds one at most, by look or row.
func oneKey(run func(ctx context.Context, text string, args, dest []any) error, ctx context.Context, text string, args ...any) (out []vault.WrappedKey, err error) {
	var r keyRow
	if err := run(ctx, text, args, r.dest()); err != nil {
		return nil, refusedAs(err, nil)
	}
	k, err := r.key()
	return []vault.WrappedKey{k}, err
}

// Keys implements [vault.Store]. One statement has one view of the rows and the epoch.
func (s *Store) Keys(ctx context.Context) (out []vault.WrappedKey, epoch int64, err error) {
	err = s.t.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		out, err = keys(ctx, tx, s.t.SQL(`SELECT coalesce((SELECT epoch FROM vault_epoch), 0), {key} FROM vault_key k {upper}
			WHERE k.level < 2 AND k.state <> 's' ORDER BY k.seq`), nil, &epoch)
		if err == nil && len(out) == 0 {
			epoch, err = s.epoch(ctx, tx)
		}
		return err
	})
	return out, epoch, err
}

const epochSQL = `SELECT coalesce((SELECT epoch FROM vault_epoch), 0)`

func (s *Store) epoch(ctx context.Context, tx *sqlx.Tx) (epoch int64, err error) {
	err = tx.GetContext(ctx, &epoch, epochSQL)
	return epoch, err
}

// Epoch implements [vault.Store].
func (s *Store) Epoch(ctx context.Context) (epoch int64, err error) {
	err = s.t.Look(ctx, epochSQL, nil, []any{&epoch})
	return epoch, err
}

// perStatement is how many keys a statement of SQLite asks for: its text must stay short enough to be kept compiled.
const perStatement = 256

// some runs a query of keys for values, in which %s stands for a condition on a column that has one of them.
func (s *Store) some(ctx context.Context, column, text string, values [][]byte, more ...any) (out []vault.WrappedKey, err error) {
	if len(values) == 0 {
		return nil, ctx.Err()
	}
	if len(values) == 1 {
		return oneKey(s.t.Look, ctx, fmt.Sprintf(text, column+` = ?`), append([]any{values[0]}, more...)...)
	}
	err = s.t.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if s.t.PG {
			out, err = keys(ctx, tx, s.t.SQL(fmt.Sprintf(text, column+` = ANY (?::bytea[])`)), append([]any{values}, more...))
			return err
		}
		out = nil
		left := values
		for n := perStatement; len(left) > 0; left = left[n:] {
			for n > len(left) { // few different texts
				n /= 2
			}
			args := make([]any, n, n+len(more))
			for i := range n {
				args[i] = left[i]
			}
			in := column + ` IN (?` + strings.Repeat(", ?", n-1) + `)`
			found, err := keys(ctx, tx, s.t.SQL(fmt.Sprintf(text, in)), append(args, more...))
			if err != nil {
				return err
			}
			out = append(out, found...)
		}
		return nil
	})
	return out, err
}

// KeysByID implements [vault.Store].
func (s *Store) KeysByID(ctx context.Context, ids []vault.KeyID) ([]vault.WrappedKey, error) {
	values := make([][]byte, len(ids))
	for i := range ids {
		values[i] = ids[i][:]
	}
	return s.some(ctx, "k.id", `SELECT {key} FROM vault_key k WHERE %s`, values)
}

// SubjectKeys implements [vault.Store].
func (s *Store) SubjectKeys(ctx context.Context, purpose string, who []vault.Pseudonym) ([]vault.WrappedKey, error) {
	values := make([][]byte, len(who))
	for i := range who {
		values[i] = who[i][:]
	}
	return s.some(ctx, "k.subject", `SELECT {key} FROM vault_key k WHERE %s AND k.purpose = ? AND k.level = 2 AND k.state = 'a'`, values, purpose)
}

// AddKey implements [vault.Store].
func (s *Store) AddKey(ctx context.Context, k vault.WrappedKey, after vault.KeyID) (vault.WrappedKey, error) {
	const active = `SELECT {key} FROM vault_key k WHERE k.subject = ? AND k.purpose = ? AND k.level = ? AND k.state = 'a'`
	k.State = vault.Active
	if !s.t.PG {
		return s.addSQLite(ctx, active, k, after)
	}
	for range 10 {
		added, err := s.addPostgres(ctx, &k, after)
		if err != nil {
			return vault.WrappedKey{}, err
		}
		if added {
			return k, nil
		}
		found, err := oneKey(s.t.Row, ctx, active, k.Subject[:], k.Purpose, int64(k.Level))
		if err != nil {
			return vault.WrappedKey{}, err
		}
		if len(found) == 1 && found[0].ID != after {
			return found[0], nil
		}
		// It was shredded or retired in between.
	}
	return vault.WrappedKey{}, vault.ErrConflict
}

// addPostgres adds k in one statement, and completes it; false: another key is there. The lock on the parent's row is held to
// the commit: who would retire it waits, and then finds k under it; who has retired it has made k wait, and k finds it
// retired. Of two keys of one place the second waits for the first at the unique index.
func (s *Store) addPostgres(ctx context.Context, k *vault.WrappedKey, after vault.KeyID) (added bool, err error) {
	var parentIsActive bool
	var created, seq *int64
	err = s.t.Row(ctx, `WITH p AS MATERIALIZED (SELECT FROM vault_key WHERE id = ?::bytea AND state = 'a' FOR SHARE),
		ok AS MATERIALIZED (SELECT ?::bigint = 0 OR EXISTS (SELECT FROM p) AS ok),
		r AS (UPDATE vault_key SET state = 'r' WHERE id = ?::bytea AND subject = ?::bytea AND purpose = ?::text AND level = ?::bigint AND state = 'a'
			AND (SELECT ok FROM ok) AND NOT EXISTS (SELECT FROM vault_key WHERE id = ?::bytea) RETURNING 1),
		e AS (INSERT INTO vault_epoch (epoch) SELECT 1 FROM r ON CONFLICT (tenant_id) DO UPDATE SET epoch = vault_epoch.epoch + 1),
		a AS (INSERT INTO vault_key (id, level, purpose, subject, parent, wrapped, commit_hash, state, created)
			SELECT ?::bytea, ?::smallint, ?::text, ?::bytea, ?::bytea, ?::bytea, ?::bytea, 'a', {now} FROM ok
			WHERE ok.ok AND (SELECT count(*) FROM r) >= 0 -- that is, once r is done
			ON CONFLICT DO NOTHING RETURNING created, seq)
		SELECT (SELECT ok FROM ok), (SELECT created FROM a), (SELECT seq FROM a)`,
		[]any{k.Parent[:], int64(k.Level), after[:], k.Subject[:], k.Purpose, int64(k.Level), k.ID[:],
			k.ID[:], int64(k.Level), k.Purpose, k.Subject[:], k.Parent[:], k.Wrapped, k.Commit[:]},
		[]any{&parentIsActive, &created, &seq})
	switch {
	case err != nil:
		return false, err
	case !parentIsActive:
		return false, vault.ErrConflict
	case created == nil:
		return false, nil
	}
	k.Created, k.Seq = micro(*created), *seq
	return true, nil
}

func (s *Store) addSQLite(ctx context.Context, active string, k vault.WrappedKey, after vault.KeyID) (out vault.WrappedKey, err error) {
	err = answer(func(f tenantdb.Func) error { return s.t.Write(ctx, f) }, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		if k.Level != vault.OfTenant {
			if ok, err := areActive(ctx, tx, []vault.KeyID{k.Parent}); err != nil || !ok {
				return vault.ErrConflict, err
			}
		}
		found, err := keys(ctx, tx, s.t.SQL(active), []any{k.Subject[:], k.Purpose, int64(k.Level)})
		if err != nil {
			return nil, err
		}
		if len(found) == 1 && found[0].ID != after {
			out = found[0]
			return nil, nil
		}
		var taken bool
		if err := tx.GetContext(ctx, &taken, `SELECT EXISTS (SELECT 1 FROM vault_key WHERE id = ?)`, k.ID[:]); err != nil || taken {
			return vault.ErrConflict, err
		}
		if len(found) == 1 {
			if _, err := tx.ExecContext(ctx, `UPDATE vault_key SET state = 'r' WHERE id = ?`, after[:]); err != nil {
				return nil, err
			}
			if err := s.nextEpoch(ctx, tx); err != nil {
				return nil, err
			}
		}
		var created int64
		err = tx.QueryRowxContext(ctx, s.t.SQL(`INSERT INTO vault_key (seq, id, level, purpose, subject, parent, wrapped, commit_hash, state, created)
			VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM vault_key), ?, ?, ?, ?, ?, ?, ?, 'a', {now}) RETURNING created, seq`),
			k.ID[:], int64(k.Level), k.Purpose, k.Subject[:], k.Parent[:], k.Wrapped, k.Commit[:]).Scan(&created, &k.Seq)
		out = k
		out.Created = micro(created)
		return nil, err
	})
	if err != nil {
		return vault.WrappedKey{}, err
	}
	return out, nil
}

// areActive is for SQLite, where nobody else writes meanwhile.
func areActive(ctx context.Context, tx *sqlx.Tx, ids []vault.KeyID) (bool, error) {
	for i := range ids {
		var one int
		err := tx.GetContext(ctx, &one, `SELECT 1 FROM vault_key WHERE id = ? AND state = 'a'`, ids[i][:])
		if err != nil {
			return false, refusedAs(err, nil)
		}
	}
	return true, nil
}

// nextEpoch is for SQLite too.
func (s *Store) nextEpoch(ctx context.Context, tx *sqlx.Tx) error {
	done, err := tx.ExecContext(ctx, `UPDATE vault_epoch SET epoch = epoch + 1`)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO vault_epoch (epoch) VALUES (1)`)
	return err
}
