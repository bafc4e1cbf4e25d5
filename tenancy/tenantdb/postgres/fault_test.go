package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

func TestFullPoolIsSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.openDSN(t, with(h.App.DSN, "pool_max_conns=1"))
	require.NoError(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SELECT 1`)
		require.NoError(t, err)
		short, cancel := context.WithTimeout(as(t, beta), 20*time.Millisecond)
		defer cancel()
		err = db.QueryRow(short, `SELECT 1`).Scan(new(int))
		require.ErrorIs(t, err, tenantdb.ErrPoolFull)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, db.Tx(short, func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `SELECT 1`)
			return err
		}), context.DeadlineExceeded)
		return nil
	}))
	require.Equal(t, 10, count(t, as(t, beta), db))
}

func TestCancelledWorkLeavesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, mode := range modes {
		db := h.openDSN(t, with(h.App.DSN, "pool_max_conns=1&default_query_exec_mode=%s", mode))
		// In the middle of the first statement: BEGIN and scope have been sent.
		ctx, cancel := context.WithTimeout(as(t, alpha), 30*time.Millisecond)
		err := db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `SELECT pg_sleep(20)`)
			return err
		})
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 10, count(t, as(t, beta), db), mode)

		// Before anything was sent, and between two statements.
		ctx, cancel = context.WithCancel(as(t, alpha))
		err = db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			cancel()
			_, err := tx.Exec(ctx, `SELECT 1`)
			return err
		})
		require.ErrorIs(t, err, context.Canceled)
		ctx, cancel = context.WithCancel(as(t, alpha))
		err = db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO note (id, body) VALUES (99, 'x')`)
			require.NoError(t, err)
			cancel()
			return nil
		})
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, tenantdb.ErrOutcomeUnknown)
		require.Equal(t, 10, count(t, as(t, alpha), db), mode)

		// One-shots.
		ctx, cancel = context.WithTimeout(as(t, alpha), 30*time.Millisecond)
		_, err = db.Exec(ctx, `SELECT pg_sleep(20)`)
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 10, count(t, as(t, beta), db), mode)
		require.Empty(t, scopeLeft(t, db))
	}
}

// TestStatementWithoutContextEndsWithItsTransaction covers sqlx's methods that take no context.
func TestStatementWithoutContextEndsWithItsTransaction(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	ctx, cancel := context.WithTimeout(as(t, alpha), 50*time.Millisecond)
	defer cancel()
	err := db.TenantDB().Tx(ctx, func(_ context.Context, tx *sqlx.Tx) error {
		_, err := tx.Exec(`SELECT pg_sleep(20)`)
		return err
	})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestKilledBackendIsReportedAndReplaced(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.openDSN(t, with(h.App.DSN, "pool_max_conns=1"))
	kill := func(pid uint32) {
		_, err := h.owner.Exec(t.Context(), `SELECT pg_terminate_backend($1, 5000)`, pid)
		require.NoError(t, err)
	}
	// Between statements.
	err := db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO note (id, body) VALUES (99, 'x')`)
		require.NoError(t, err)
		kill(tx.Conn().PgConn().PID())
		_, err = tx.Exec(ctx, `SELECT 1`)
		return err
	})
	require.ErrorIs(t, err, tenantdb.ErrUnavailable)
	require.Equal(t, 10, count(t, as(t, beta), db))
	// Before COMMIT: whether it arrived cannot be known from here.
	err = db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO note (id, body) VALUES (99, 'x')`)
		require.NoError(t, err)
		kill(tx.Conn().PgConn().PID())
		return nil
	})
	require.ErrorIs(t, err, tenantdb.ErrOutcomeUnknown)
	require.Equal(t, 10, count(t, as(t, alpha), db))
	// Idle in the pool.
	var pid uint32
	require.NoError(t, db.QueryRow(as(t, alpha), `SELECT pg_backend_pid()`).Scan(&pid))
	kill(pid)
	err = db.QueryRow(as(t, beta), `SELECT count(*) FROM note`).Scan(new(int))
	if err != nil { // pgx looks at idle connections only now and then
		require.ErrorIs(t, err, tenantdb.ErrUnavailable)
	}
	require.Equal(t, 10, count(t, as(t, beta), db))
}

// TestLostAnswerToCommitIsUnknown cuts the link when COMMIT is on its way, before and after the server has it.
func TestLostAnswerToCommitIsUnknown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, delivered := range []bool{true, false} {
		var cut atomic.Bool
		cfg, err := pgxpool.ParseConfig(h.App.DSN)
		require.NoError(t, err)
		cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			return &cutConn{Conn: c, cut: &cut, delivered: delivered}, err
		}
		pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
		require.NoError(t, err)
		db, err := postgres.New(t.Context(), pool, h.keys, postgres.AllowOldServer())
		require.NoError(t, err)
		err = db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO note (id, body) VALUES (99, 'x')`)
			cut.Store(true)
			return err
		})
		require.ErrorIs(t, err, tenantdb.ErrOutcomeUnknown, "delivered: %v", delivered)
		require.ErrorIs(t, err, tenantdb.ErrUnavailable)
		cut.Store(false)
		want := 10
		if delivered {
			want = 11
		}
		require.Eventually(t, func() bool { return count(t, as(t, alpha), db) == want }, wait, tick, "delivered: %v", delivered)
		_, err = db.Exec(as(t, alpha), `DELETE FROM note WHERE id = 99`)
		require.NoError(t, err)
		require.NoError(t, db.Close())
		pool.Close()
	}
}

type cutConn struct {
	net.Conn
	cut       *atomic.Bool
	delivered bool
}

func (c *cutConn) Write(p []byte) (int, error) {
	if c.cut.Load() && !c.delivered {
		c.Conn.Close()
		return 0, io.ErrClosedPipe
	}
	return c.Conn.Write(p)
}

func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.cut.Load() {
		c.Conn.Close()
		return 0, io.EOF
	}
	return n, err
}

func TestDeferredConstraintAtCommitIsAnAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.exec(t, h.Owner.DSN, tableSQL("late", h.App.Role, "id bigint NOT NULL, n bigint, UNIQUE (tenant_id, n) DEFERRABLE INITIALLY DEFERRED", "id"))
	db := h.openDSN(t, with(h.App.DSN, "pool_max_conns=1"))
	err := db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO late (id, n) VALUES (1, 1), (2, 1)`)
		return err
	})
	require.Error(t, err)
	require.NotErrorIs(t, err, tenantdb.ErrOutcomeUnknown)
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg)
	require.Equal(t, "23505", pg.Code)
	require.Equal(t, 10, count(t, as(t, beta), db))
}

func TestSwallowedErrorDoesNotCommit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.openDSN(t, with(h.App.DSN, "pool_max_conns=1"))
	for _, first := range []string{`SELECT 1`, `SELECT 1 / 0`, `SELEC`} {
		err := db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
			_, _ = tx.Exec(ctx, first)
			_, _ = tx.Exec(ctx, `INSERT INTO note (id, body) VALUES (1, 'duplicate')`)
			_, _ = tx.Exec(ctx, `INSERT INTO note (id, body) VALUES (98, 'x')`)
			return nil
		})
		require.ErrorIs(t, err, tenantdb.ErrDoomed, first)
		require.Equal(t, 10, count(t, as(t, alpha), db))
	}
}

func TestConflictIsRetried(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	tries := 0
	update := func(ctx context.Context, tx pgx.Tx) error {
		tries++
		require.NoError(t, tx.QueryRow(ctx, `SELECT body FROM note WHERE id = 1`).Scan(new(string)))
		if tries == 1 {
			_, err := db.Exec(as(t, alpha), `UPDATE note SET body = 'first' WHERE id = 1`)
			require.NoError(t, err)
		}
		_, err := tx.Exec(ctx, `UPDATE note SET body = 'second' WHERE id = 1`)
		return err
	}
	require.NoError(t, db.Tx(as(t, alpha), update, tenantdb.Isolation(4), tenantdb.Retry(2)))
	require.Equal(t, 2, tries)
	tries = 0
	require.ErrorIs(t, db.Tx(as(t, alpha), update, tenantdb.Isolation(4)), tenantdb.ErrConflict)
}

func TestTimeoutsTravelWithTheScope(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t, postgres.WithTimeouts(func(id tenancy.ID) postgres.Timeouts {
		if id == alpha {
			return postgres.Timeouts{Statement: 40 * time.Millisecond, Lock: time.Second, IdleInTransaction: 80 * time.Millisecond}
		}
		return postgres.Timeouts{}
	}))
	_, err := db.Exec(as(t, alpha), `SELECT pg_sleep(20)`)
	requireCode(t, err, "57014")
	_, err = db.Exec(as(t, beta), `SELECT pg_sleep(0.1)`)
	require.NoError(t, err)
	require.Error(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SELECT pg_sleep(20)`)
		requireCode(t, err, "57014")
		return err
	}))
	require.ErrorIs(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SELECT 1`)
		require.NoError(t, err)
		pid := tx.Conn().PgConn().PID()
		require.Eventually(t, func() bool {
			var gone bool
			require.NoError(t, h.owner.QueryRow(ctx, `SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)`, pid).Scan(&gone))
			return gone
		}, wait, tick)
		_, err = tx.Exec(ctx, `SELECT 1`)
		return err
	}), tenantdb.ErrUnavailable)
	require.Equal(t, 10, count(t, as(t, beta), db))
}

func requireCode(t testing.TB, err error, code string) {
	t.Helper()
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg)
	require.Equal(t, code, pg.Code)
}

func TestErrorsShowNoValues(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.exec(t, h.Owner.DSN, `ALTER TABLE note ADD CONSTRAINT short CHECK (length(body) < 40);
		CREATE UNIQUE INDEX ON note (tenant_id, body)`)
	const secret = "hunter2"
	for _, mode := range modes {
		db := h.openDSN(t, with(h.App.DSN, "default_query_exec_mode=%s", mode))
		ctx := as(t, alpha)
		_, err := db.Exec(ctx, `INSERT INTO note (id, body) VALUES (200, $1) ON CONFLICT DO NOTHING`, secret)
		require.NoError(t, err)
		attempts := map[string][]any{
			`INSERT INTO note (id, body) VALUES (201, $1)`:                    {secret},
			`INSERT INTO note (id, body) VALUES (202, $1)`:                    {secret + secret + secret + secret + secret + secret},
			`SELECT $1::text::int`:                                            {secret},
			`SELECT $1::text::uuid`:                                           {secret},
			`SELECT $1::text::timestamptz`:                                    {secret},
			`SELECT id FROM note WHERE id = $1`:                               {secret},
			`SELECT json_object_keys($1::text::json)`:                         {`{"hunter2`},
			`SELECT 1 WHERE $1::bytea = $1`:                                   {struct{ Secret string }{secret}},
			`INSERT INTO note (tenant_id, id, body) VALUES ('beta', 203, $1)`: {secret},
			`UPDATE note SET body = NULL WHERE body = $1`:                     {secret},
		}
		for sql, args := range attempts {
			_, execErr := db.Exec(ctx, sql, args...)
			require.Error(t, execErr, sql)
			require.NotContains(t, execErr.Error(), secret, sql)
			txErr := db.TenantDB().Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				_, err := tx.ExecContext(ctx, sql, args...)
				return err
			})
			require.Error(t, txErr, sql)
			require.NotContains(t, txErr.Error(), secret, sql)
			rowErr := db.QueryRow(ctx, sql, args...).Scan(new(int))
			require.Error(t, rowErr, sql)
			require.NotContains(t, rowErr.Error(), secret, sql)
		}
		var n int
		err = db.QueryRow(ctx, `SELECT body FROM note WHERE body = $1`, secret).Scan(&n)
		require.Error(t, err)
		require.NotContains(t, err.Error(), secret)
		err = db.TenantDB().Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			return fmt.Errorf("loading: %w", tx.GetContext(ctx, &n, `SELECT body FROM note WHERE body = $1`, secret))
		})
		require.Error(t, err)
		require.NotContains(t, err.Error(), secret, "an error the caller has wrapped")
		err = db.SQLX().GetContext(ctx, &n, `SELECT body FROM note WHERE body = $1`, secret)
		require.Error(t, err)
	}
	var pg *pgconn.PgError
	_, err := h.open(t).Exec(as(t, alpha), `INSERT INTO note (id, body) VALUES (1, 'x')`)
	require.True(t, errors.As(err, &pg))
	require.Equal(t, "note_pkey", pg.ConstraintName)
	require.ErrorContains(t, err, "note_pkey")
}
