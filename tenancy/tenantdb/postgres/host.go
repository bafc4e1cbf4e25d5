package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Provision implements [tenancy.Host]: from now on t may live here. Its epoch, if 0, is 1. A tenant that
// was moved away may come back under a higher epoch.
func (s *System) Provision(ctx context.Context, t tenancy.Tenant) error {
	if t.ID.IsZero() {
		return tenancy.ErrNoTenant
	}
	if err := s.use(ctx, "provision a tenant", t.ID); err != nil {
		return err
	}
	return s.run(ctx, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `INSERT INTO tenancy.tenant AS t (id, state, region, epoch, decided_at)
			VALUES ($1, $2, NULLIF($3, ''), $4, $5)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, region = excluded.region, epoch = excluded.epoch,
				decided_at = greatest(t.decided_at, excluded.decided_at), changed_at = clock_timestamp()
			WHERE t.state NOT IN ('purging', 'purged') AND (t.epoch < excluded.epoch OR t.epoch = excluded.epoch AND t.state <> 'moved')
			  AND (excluded.decided_at < t.decided_at) IS NOT TRUE`,
			t.ID.String(), string(t.State), string(t.Region), max(t.Epoch, 1), decidedAt(t))
		var pg *pgconn.PgError
		switch {
		case errors.As(err, &pg) && pg.ConstraintName == "tenancy_state":
			return fmt.Errorf("%w: there is no such state", tenancy.ErrState)
		case err != nil || tag.RowsAffected() > 0:
			return err
		}
		var purged, overtaken bool
		err = tx.QueryRow(ctx, `SELECT state IN ('purging', 'purged'), ($2 < decided_at) IS TRUE FROM tenancy.tenant WHERE id = $1`,
			t.ID.String(), decidedAt(t)).Scan(&purged, &overtaken)
		switch {
		case err != nil:
			return err
		case purged:
			return tenancy.ErrPurged
		case overtaken:
			return errOvertaken
		}
		return tenancy.ErrStaleEpoch
	})
}

var errOvertaken = fmt.Errorf("%w: a later decision is in force", tenancy.ErrState)

// decidedAt is when what t says was decided, NULL if t does not say.
func decidedAt(t tenancy.Tenant) *time.Time {
	if t.ChangedAt.IsZero() {
		return nil
	}
	return &t.ChangedAt
}

// SetState implements [tenancy.Host]. For the states that stop writes so that data can be copied or
// destroyed (exporting, moving, purging) it waits until no write of the tenant is under way, within
// ctx. For the others it waits only for writers that hold a lock on the tenant's row: those at repeatable read or
// serializable, and those that another session kept from the advisory lock of the tenant's writers.
//
// A transaction at repeatable read or serializable sees the state its snapshot holds, and can go on
// reading until it ends; it can write no more.
func (s *System) SetState(ctx context.Context, t tenancy.Tenant) error {
	if t.ID.IsZero() {
		return tenancy.ErrNoTenant
	}
	if err := s.use(ctx, "set a tenant's state to "+string(t.State), t.ID); err != nil {
		return err
	}
	return s.run(ctx, func(ctx context.Context, tx pgx.Tx) error { return setState(ctx, tx, t) })
}

func setState(ctx context.Context, tx pgx.Tx, t tenancy.Tenant) error {
	switch t.State {
	case tenancy.Exporting, tenancy.Moving, tenancy.Purging:
		if err := lockFence(ctx, tx, t.ID); err != nil {
			return err
		}
	case tenancy.Provisioning, tenancy.Active, tenancy.Suspended, tenancy.Purged:
	default:
		return fmt.Errorf("%w: there is no such state", tenancy.ErrState)
	}
	var state string
	var epoch int64
	var overtaken bool
	err := tx.QueryRow(ctx, `SELECT state, epoch, ($2::timestamptz < decided_at) IS TRUE FROM tenancy.tenant WHERE id = $1 FOR NO KEY UPDATE`,
		t.ID.String(), decidedAt(t)).Scan(&state, &epoch, &overtaken)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return tenancy.ErrUnknownTenant
	case err != nil:
		return err
	case state == "purged" && t.State != tenancy.Purged,
		state == "purging" && t.State != tenancy.Purging && t.State != tenancy.Purged:
		return tenancy.ErrPurged
	case state == "moved" || epoch != t.Epoch:
		return tenancy.ErrStaleEpoch
	case overtaken:
		return errOvertaken
	}
	_, err = tx.Exec(ctx, `UPDATE tenancy.tenant SET state = $2, decided_at = greatest(decided_at, $3),
		changed_at = CASE state WHEN $2 THEN changed_at ELSE clock_timestamp() END WHERE id = $1`, t.ID.String(), string(t.State), decidedAt(t))
	return err
}

// lockFence waits until no write of the tenant is under way, and holds new ones up until tx ends. The row
// comes first: new writers, who would no longer get the advisory lock, must find it locked.
func lockFence(ctx context.Context, tx pgx.Tx, id tenancy.ID) error {
	_, err := tx.Exec(ctx, `SELECT FROM tenancy.tenant WHERE id = $1 FOR NO KEY UPDATE`, id.String())
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `SELECT pg_advisory_xact_lock(tenancy.fence_key($1))`, id.String())
	return err
}

// RotateKeys makes ks the keys that the database accepts, at once. To change keys without refusing anybody: install
// {new, old} in every database, start every process with {new, old}, and once the old scopes have
// expired (a minute after the last process) install {new}.
func (s *System) RotateKeys(ctx context.Context, ks tenancy.Keys) error {
	r, err := rowsOf(ks, s.about.shard)
	if err != nil {
		return err
	}
	if err := s.use(ctx, "install signing keys", tenancy.ID{}); err != nil {
		return err
	}
	return s.run(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, installKeysSQL, r.tags, r.ipads, r.opads)
		return err
	})
}
