package postgres_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Whoever can run SQL can take any advisory lock, and can work out which one a tenant's writers share.
func TestNoAdvisoryLockStallsTheWritersOfAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	const key = `hashtextextended('alpha', 7233150837425263457)`
	var genuine bool
	require.NoError(t, h.owner.QueryRow(t.Context(), `SELECT tenancy.fence_key('alpha') = `+key).Scan(&genuine))
	require.True(t, genuine, "the attack aims at another lock than the fence's")
	state := func(s tenancy.State) error {
		return h.sys.SetState(deadline(t), tenancy.Tenant{ID: alpha, State: s, Epoch: 1})
	}
	for _, lock := range []string{`pg_advisory_xact_lock(` + key + `)`, `pg_advisory_lock(` + key + `)`} {
		for _, level := range levels {
			err := db.Tx(as(t, beta), func(ctx context.Context, attack pgx.Tx) error {
				if _, err := attack.Exec(ctx, `SELECT `+lock); err != nil {
					return err
				}
				return db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
					_, err := tx.Exec(ctx, `SET LOCAL lock_timeout = '5s'`)
					require.NoError(t, err)
					_, err = tx.Exec(ctx, `UPDATE note SET body = 'alpha written' WHERE id = 1`)
					return err
				}, tenantdb.Isolation(level))
			})
			require.NoError(t, err, "%s at %s", lock, level)
		}
	}

	// A writer that the attack sent the other way is still waited for, and one that comes later is stopped.
	moving := make(chan error, 1)
	require.NoError(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		require.NoError(t, db.Tx(as(t, beta), func(_ context.Context, attack pgx.Tx) error {
			_, err := attack.Exec(as(t, beta), `SELECT pg_advisory_xact_lock(`+key+`)`)
			require.NoError(t, err)
			_, err = tx.Exec(ctx, `UPDATE note SET body = 'alpha first'`)
			require.NoError(t, err)
			return nil
		}))
		go func() { moving <- state(tenancy.Moving) }()
		h.waiting(t, ctx, 1)
		select {
		case err := <-moving:
			t.Error("the state did not wait for the writer", err)
		default:
		}
		return nil
	}))
	require.NoError(t, <-moving)
	_, err := db.Exec(as(t, alpha), `UPDATE note SET body = 'late'`)
	require.ErrorIs(t, err, tenancy.ErrReadOnly)
	require.NoError(t, state(tenancy.Active))
}

var levels = []sql.IsolationLevel{sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable}

// Else a tenant that is always writing could never be moved.
func TestWhoWaitsForWritersHoldsNewOnesUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	write := func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO note (id, body) VALUES (1000 + (random() * 1e9)::bigint, 'alpha')`)
		return err
	}
	for _, level := range levels {
		late, stop := make(chan error, 1), make(chan error, 1)
		waits, giveUp := context.WithCancel(deadline(t))
		require.NoError(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
			require.NoError(t, write(ctx, tx))
			go func() {
				stop <- h.sys.SetState(waits, tenancy.Tenant{ID: alpha, State: tenancy.Moving, Epoch: 1})
			}()
			h.waiting(t, ctx, 1)
			go func() { late <- db.Tx(as(t, alpha), write, tenantdb.Isolation(level)) }()
			h.waiting(t, ctx, 2)
			require.NoError(t, write(ctx, tx), "one that is under way goes on")
			giveUp()
			require.Error(t, <-stop)
			require.NoError(t, <-late)
			return nil
		}, tenantdb.Isolation(level)), level)
	}
}

// waiting returns when n of h's sessions wait for a lock.
func (h *house) waiting(t testing.TB, ctx context.Context, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		var got int
		require.NoError(t, h.owner.QueryRow(ctx, `SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
			WHERE NOT granted AND datname = current_database()`).Scan(&got))
		return got == n
	}, wait, tick)
}
