package postgres_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// slowLink returns the DSN of pg seen over a link that adds delay to each answer.
func slowLink(t testing.TB, dsn string, delay time.Duration) string {
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	host := u.Host
	network := "tcp"
	if h := u.Query().Get("host"); h != "" {
		network, host = "unix", h+"/.s.PGSQL."+u.Query().Get("port")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial(network, host)
			if err != nil {
				c.Close()
				return
			}
			wg.Go(func() { _, _ = io.Copy(s, c); s.Close(); c.Close() })
			wg.Go(func() {
				buf := make([]byte, 64<<10)
				for {
					n, err := s.Read(buf)
					time.Sleep(delay)
					if _, werr := c.Write(buf[:n]); err != nil || werr != nil {
						c.Close()
						return
					}
				}
			})
		}
	})
	u.Host = l.Addr().String()
	q := u.Query()
	q.Del("host")
	q.Del("port")
	u.RawQuery = q.Encode()
	return u.String()
}

// BenchmarkPointRead compares a primary-key read of a tenant with the same read by nobody in particular.
func BenchmarkPointRead(b *testing.B) {
	h := newHouse(b)
	h.exec(b, h.Owner.DSN, `CREATE TABLE plain (tenant_id text COLLATE "C", id bigint, body text, PRIMARY KEY (tenant_id, id));
		GRANT SELECT ON plain TO `+h.App.Role)
	h.exec(b, h.Admin.DSN, `INSERT INTO plain SELECT * FROM note; ANALYZE`)
	for _, delay := range []time.Duration{0, time.Millisecond} {
		dsn := h.App.DSN
		if delay > 0 {
			dsn = slowLink(b, dsn, delay)
		}
		pool, err := pgxpool.New(b.Context(), dsn)
		require.NoError(b, err)
		defer pool.Close()
		db := h.openDSN(b, dsn)
		ctx := tenancy.With(context.Background(), alpha)
		const plain = `SELECT body FROM plain WHERE tenant_id = $1 AND id = $2`
		const scoped = `SELECT body FROM note WHERE id = $1`
		var body string
		ways := map[string]func() error{
			"1 plain":   func() error { return pool.QueryRow(ctx, plain, "alpha", 3).Scan(&body) },
			"2 oneshot": func() error { return db.QueryRow(ctx, scoped, 3).Scan(&body) },
			"3 plaintx": func() error {
				return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return tx.QueryRow(ctx, plain, "alpha", 3).Scan(&body) })
			},
			"4 tx": func() error {
				return db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return tx.QueryRow(ctx, scoped, 3).Scan(&body) })
			},
		}
		for _, name := range []string{"1 plain", "2 oneshot", "3 plaintx", "4 tx"} {
			f := ways[name]
			b.Run(delay.String()+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := f(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		for _, name := range []string{"1 plain", "2 oneshot", "3 plaintx", "4 tx"} {
			f := ways[name]
			b.Run(delay.String()+"/parallel/"+name, func(b *testing.B) {
				b.SetParallelism(4)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := f(); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}
