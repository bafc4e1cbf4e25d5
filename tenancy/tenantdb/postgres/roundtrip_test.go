package postgres_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

// trips counts round trips: answers that were waited for after something was sent.
type trips struct {
	mu   sync.Mutex
	sent bool
	n    int
}

// take returns the number of round trips since it was last called.
func (c *trips) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.n
	c.n = 0
	return n
}

// counted is a connection whose round trips are counted.
type counted struct {
	net.Conn
	*trips
}

func (c counted) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.sent = true
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	if c.sent && n > 0 {
		c.n++
		c.sent = false
	}
	c.mu.Unlock()
	return n, err
}

func TestAStatementAndATransactionsFirstOneTakeOneRoundTrip(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, mode := range []string{"cache_statement", "cache_describe", "exec"} {
		var c trips
		cfg, err := pgxpool.ParseConfig(with(h.App.DSN, "pool_max_conns=1&default_query_exec_mode=%s", mode))
		require.NoError(t, err)
		dial := cfg.ConnConfig.DialFunc
		cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dial(ctx, network, addr)
			return counted{conn, &c}, err
		}
		// A connection that lay idle for a second is pinged when it is taken out again.
		cfg.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
		pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
		require.NoError(t, err)
		defer pool.Close()
		db, err := postgres.New(t.Context(), pool, h.keys, postgres.AllowOldServer())
		require.NoError(t, err)
		defer func() { require.NoError(t, db.Close()) }()

		const read, write = `SELECT body FROM note WHERE id = $1`, `UPDATE note SET body = $2 WHERE id = $1`
		var body string
		ctx := as(t, alpha)
		batch := func() *pgx.Batch {
			var b pgx.Batch
			b.Queue(write, 1, "alpha")
			b.Queue(read, 1)
			return &b
		}
		for name, run := range map[string]func() error{
			"Exec":      func() error { _, err := db.Exec(ctx, write, 1, "alpha"); return err },
			"QueryRow":  func() error { return db.QueryRow(ctx, read, 1).Scan(&body) },
			"SendBatch": func() error { return db.SendBatch(ctx, batch()).Close() },
			"sqlx exec": func() error { _, err := db.SQLX().ExecContext(ctx, write, 1, "alpha"); return err },
			"sqlx get":  func() error { return db.SQLX().GetContext(ctx, &body, read, 1) },
		} {
			require.NoError(t, run()) // pgx asks for a statement's types once a connection
			c.take()
			require.NoError(t, run())
			require.Equal(t, 1, c.take(), "%s: %s alone", mode, name)
		}

		for name, run := range map[string]func(context.Context, pgx.Tx) error{
			"Exec":      func(ctx context.Context, tx pgx.Tx) error { _, err := tx.Exec(ctx, write, 1, "alpha"); return err },
			"QueryRow":  func(ctx context.Context, tx pgx.Tx) error { return tx.QueryRow(ctx, read, 1).Scan(&body) },
			"SendBatch": func(ctx context.Context, tx pgx.Tx) error { return tx.SendBatch(ctx, batch()).Close() },
			"through ctx": func(ctx context.Context, _ pgx.Tx) error {
				return db.QueryRow(ctx, read, 1).Scan(&body)
			},
			"sqlx": func(ctx context.Context, _ pgx.Tx) error {
				return db.TenantDB().Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return tx.GetContext(ctx, &body, read, 1) })
			},
		} {
			require.NoError(t, db.Tx(ctx, run))
			c.take()
			require.NoError(t, db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
				for _, s := range []string{"first", "second"} {
					require.NoError(t, run(ctx, tx))
					require.Equal(t, 1, c.take(), "%s: %s, the %s of a transaction", mode, name, s)
				}
				return nil
			}))
			require.Equal(t, 1, c.take(), "%s: COMMIT and what clears the connection", mode)
		}
	}
}
