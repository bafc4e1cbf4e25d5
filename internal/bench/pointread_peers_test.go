package bench

import (
	"context"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	selectPlain   = "SELECT n FROM docs_plain WHERE tenant_id = $1 AND id = $2"
	selectSetting = "SELECT n FROM docs_setting WHERE id = $1"
)

// querier is what pools, connections and transactions have in common.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// sumRows reads rows one after the other; args come before the id in each query.
func sumRows(ctx context.Context, q querier, sql string, ids []int64, args ...any) (sum int, err error) {
	for _, id := range ids {
		var n int
		if err := q.QueryRow(ctx, sql, append(args[:len(args):len(args)], id)...).Scan(&n); err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// inTx is an interactive transaction that runs first, if it is not empty, before the reads.
func inTx(sql, first string, arg func(t int) string, whole bool) func(testing.TB, *pgWorld, string, int) request {
	return func(tb testing.TB, w *pgWorld, dsn string, conns int) request {
		p := pool(tb, dsn, conns, nil)
		return func(ctx context.Context, t int, ids []int64) (sum int, err error) {
			err = pgx.BeginFunc(ctx, p, func(tx pgx.Tx) error {
				if first != "" {
					if _, err := tx.Exec(ctx, first, arg(t)); err != nil {
						return err
					}
				}
				if whole {
					sum, err = sumRows(ctx, tx, sql, ids, tenantName(t))
				} else {
					sum, err = sumRows(ctx, tx, sql, ids)
				}
				return err
			})
			return sum, err
		}
	}
}

func init() {
	scopers = append(scopers,
		// No isolation: the query says which tenant, and nothing holds it to that.
		scoper{"unscoped", func(tb testing.TB, w *pgWorld, dsn string, conns int) request {
			p := pool(tb, dsn, conns, nil)
			return func(ctx context.Context, t int, ids []int64) (int, error) {
				return sumRows(ctx, p, selectPlain, ids, tenantName(t))
			}
		}, nil},
		scoper{"plain_tx", inTx(selectPlain, "", nil, true), []string{"unscoped"}},
		// What guides to row-level security show: BEGIN, set_config, the query, COMMIT.
		scoper{"rls_naive_tx", inTx(selectSetting, setSetting, tenantName, false), []string{"unscoped", "plain_tx"}},
		// The recipe of jackc/pgx issue 288: the setting belongs to the session and is set when a connection
		// leaves the pool and cleared when it comes back.
		scoper{"rls_session_hooks", sessionHooks, []string{"unscoped", "plain_tx"}},
		// A schema per tenant, found by the search path (gorm-multitenancy, django-tenants).
		scoper{"schema_per_tenant", inTx("SELECT n FROM docs WHERE id = $1", "SELECT set_config('search_path', $1, true)",
			func(t int) string { return "t" + strconv.Itoa(t) }, false), []string{"unscoped", "plain_tx"}},
		// The floor of ours: the setting and the query in one implicit transaction and one packet, unsigned.
		scoper{"unsigned_oneshot", unsignedOneShot, []string{"unscoped"}},
	)
}

func sessionHooks(tb testing.TB, w *pgWorld, dsn string, conns int) request {
	const set = "SELECT set_config('app.tenant_id', $1, false)"
	type key struct{}
	p := pool(tb, dsn, conns, func(c *pgxpool.Config) {
		c.PrepareConn = func(ctx context.Context, conn *pgx.Conn) (bool, error) {
			t, ok := ctx.Value(key{}).(string)
			if !ok {
				return true, nil
			}
			_, err := conn.Exec(ctx, set, t)
			return err == nil, err
		}
		c.AfterRelease = func(conn *pgx.Conn) bool {
			_, err := conn.Exec(context.Background(), set, "")
			return err == nil
		}
	})
	return func(ctx context.Context, t int, ids []int64) (int, error) {
		conn, err := p.Acquire(context.WithValue(ctx, key{}, tenantName(t)))
		if err != nil {
			return 0, err
		}
		defer conn.Release()
		return sumRows(ctx, conn, selectSetting, ids)
	}
}

func unsignedOneShot(tb testing.TB, w *pgWorld, dsn string, conns int) request {
	p := pool(tb, dsn, conns, nil)
	return func(ctx context.Context, t int, ids []int64) (sum int, err error) {
		for _, id := range ids {
			var n int
			var b pgx.Batch
			b.Queue(setSetting, tenantName(t))
			b.Queue(selectSetting, id).QueryRow(func(r pgx.Row) error { return r.Scan(&n) })
			if err := p.SendBatch(ctx, &b).Close(); err != nil {
				return 0, err
			}
			sum += n
		}
		return sum, nil
	}
}
