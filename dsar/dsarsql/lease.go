package dsarsql

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/jmoiron/sqlx"
)

// The time is read once, and so that an index can be asked for it.
const (
	claimAny = `WITH n AS MATERIALIZED (SELECT {now} AS now), c AS MATERIALIZED (
			SELECT id FROM dsar_request WHERE next <= (SELECT now FROM n) AND (lease = '' OR leased <= (SELECT now FROM n)) ORDER BY next, id LIMIT ?{skip})
		UPDATE dsar_request SET lease = ?, leased = (SELECT now FROM n) + ? WHERE id {of c} RETURNING ` + requestColumns
	claimOne = `WITH n AS MATERIALIZED (SELECT {now} AS now)
		UPDATE dsar_request SET lease = ?, leased = (SELECT now FROM n) + ?
		WHERE id = ? AND (lease = '' OR leased <= (SELECT now FROM n)) RETURNING ` + requestColumns
	renewLease = `WITH n AS MATERIALIZED (SELECT {now} AS now)
		UPDATE dsar_request SET leased = (SELECT now FROM n) + ? WHERE id = ? AND lease = ? AND leased > (SELECT now FROM n)`
	freeLease = `UPDATE dsar_request SET lease = '', leased = NULL WHERE id = ? AND lease = ?`
)

// Claim implements [dsar.Store].
func (s *Store) Claim(ctx context.Context, c dsar.Claiming) (out []dsar.RequestRow, err error) {
	if c.Lease == "" || len(c.Lease) > 64 || c.For <= 0 {
		return nil, s.no(ctx, "a lease without a name or time")
	}
	if err := texts(c.Lease); err != nil {
		return nil, s.no(ctx, err.Error())
	}
	text, args := claimAny, []any{max(0, c.Limit), c.Lease, c.For.Microseconds()}
	if c.ID != "" {
		text, args = claimOne, []any{c.Lease, c.For.Microseconds(), string(c.ID)}
		if c.Limit < 1 {
			return nil, ctx.Err()
		}
	}
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		out = nil
		rows, err := tx.QueryContext(ctx, s.t.SQL(text), args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			r, err := scanRequest(rows.Scan)
			if err != nil {
				return err
			}
			out = append(out, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b dsar.RequestRow) int { return cmp.Or(a.Next.Compare(b.Next), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// no refuses, and undoes the transaction that ctx carries.
func (s *Store) no(ctx context.Context, why string) error {
	return s.write(ctx, func(context.Context, *sqlx.Tx) error { return refused(why) })
}

// Renew implements [dsar.Store].
func (s *Store) Renew(ctx context.Context, id dsar.ID, lease string, d time.Duration) error {
	return s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if lease == "" {
			return dsar.ErrLease
		}
		n, err := s.exec(ctx, tx, renewLease, d.Microseconds(), string(id), lease)
		if err == nil && n == 0 {
			err = dsar.ErrLease
		}
		return err
	})
}

// Free implements [dsar.Store].
func (s *Store) Free(ctx context.Context, id dsar.ID, lease string) error {
	return s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if lease == "" {
			return nil
		}
		_, err := s.exec(ctx, tx, freeLease, string(id), lease)
		return err
	})
}

// exec returns how many rows a statement changed.
func (s *Store) exec(ctx context.Context, tx *sqlx.Tx, text string, args ...any) (int64, error) {
	done, err := tx.ExecContext(ctx, s.t.SQL(text), args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}
