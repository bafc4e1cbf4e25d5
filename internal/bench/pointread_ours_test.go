package bench

import (
	"bytes"
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
)

func init() {
	native := func(tb testing.TB, dsn string, conns int) *postgres.DB {
		db, err := postgres.New(context.Background(), pool(tb, dsn, conns, nil), benchKeys)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { db.Close() })
		return db
	}
	scopers = append(scopers,
		scoper{"ours_oneshot", func(tb testing.TB, w *pgWorld, dsn string, conns int) request {
			db, ctxs := native(tb, dsn, conns), tenantContexts(w.tenants)
			return func(_ context.Context, t int, ids []int64) (int, error) {
				return sumRows(ctxs[t], db, selectOurs, ids)
			}
		}, []string{"unscoped", "unsigned_oneshot"}},
		// All reads of the request in one packet.
		scoper{"ours_batch", func(tb testing.TB, w *pgWorld, dsn string, conns int) request {
			db, ctxs := native(tb, dsn, conns), tenantContexts(w.tenants)
			return func(_ context.Context, t int, ids []int64) (sum int, err error) {
				var b pgx.Batch
				for _, id := range ids {
					b.Queue(selectOurs, id).QueryRow(func(r pgx.Row) error {
						var n int
						err := r.Scan(&n)
						sum += n
						return err
					})
				}
				return sum, db.SendBatch(ctxs[t], &b).Close()
			}
		}, []string{"unscoped", "plain_tx"}},
		scoper{"ours_tx", func(tb testing.TB, w *pgWorld, dsn string, conns int) request {
			db, ctxs := native(tb, dsn, conns), tenantContexts(w.tenants)
			return func(_ context.Context, t int, ids []int64) (sum int, err error) {
				err = db.Tx(ctxs[t], func(ctx context.Context, tx pgx.Tx) error {
					sum, err = sumRows(ctx, tx, selectOurs, ids)
					return err
				})
				return sum, err
			}
		}, []string{"plain_tx", "unscoped"}},
		// The portable way: a *sqlx.Tx, the same code as on SQLite.
		scoper{"ours_sqlx_read", func(tb testing.TB, w *pgWorld, dsn string, conns int) request {
			db, ctxs := native(tb, dsn, conns).TenantDB(), tenantContexts(w.tenants)
			return func(_ context.Context, t int, ids []int64) (sum int, err error) {
				err = db.Read(ctxs[t], func(ctx context.Context, tx *sqlx.Tx) error {
					for _, id := range ids {
						var n int
						if err := tx.QueryRowContext(ctx, selectOurs, id).Scan(&n); err != nil {
							return err
						}
						sum += n
					}
					return nil
				})
				return sum, err
			}
		}, []string{"plain_tx", "unscoped"}},
	)
}

const selectOurs = "SELECT n FROM docs_ours WHERE id = $1"

var benchKeys = func() tenancy.Keys {
	k, err := tenancy.NewKey("k1", bytes.Repeat([]byte("bench"), 8))
	if err != nil {
		panic(err)
	}
	return tenancy.Keys{Current: k}
}()

func tenantContexts(n int) []context.Context {
	out := make([]context.Context, n)
	for t := range out {
		out[t] = tenancy.With(context.Background(), tenancy.MustParseID(tenantName(t)))
	}
	return out
}

// openOurs adds the table docs_ours with the same rows, guarded as package rls prints it.
func openOurs(tb testing.TB, w *pgWorld) {
	tb.Helper()
	setUp(tb, w.PG, "one", w.tenants)
	w.exec(tb, w.Admin.DSN, `CREATE TABLE docs_ours (LIKE docs_plain INCLUDING ALL);
INSERT INTO docs_ours SELECT * FROM docs_plain;
ALTER TABLE docs_ours OWNER TO `+w.Owner.Role)
	w.exec(tb, w.Owner.DSN, guards(tb, w.PG, "docs_ours"))
	w.exec(tb, w.Admin.DSN, "VACUUM ANALYZE")
}

// setUp makes the schema tenancy in pg, with tenants of the usual names.
func setUp(tb testing.TB, pg *dbtest.PG, shard string, tenants int) {
	tb.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, pg.Owner.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	err = postgres.Setup(ctx, conn, postgres.SetupOptions{AppRole: pg.App.Role, SystemRole: pg.System.Role, Keys: benchKeys, Shard: shard})
	if err != nil {
		tb.Fatal(err)
	}
	sys := openSystem(tb, pg)
	defer sys.Close()
	for t := range tenants {
		if err := sys.Provision(ctx, tenancy.Tenant{ID: tenancy.MustParseID(tenantName(t)), State: tenancy.Active, Epoch: 1}); err != nil {
			tb.Fatal(err)
		}
	}
}

func openSystem(tb testing.TB, pg *dbtest.PG) *postgres.System {
	tb.Helper()
	sys, err := postgres.OpenSystem(context.Background(), pg.System.DSN, postgres.SystemOptions{
		Audit: func(context.Context, tenancy.Act) error { return nil }})
	if err != nil {
		tb.Fatal(err)
	}
	return sys
}

func rlsConfig(pg *dbtest.PG, tables ...string) rls.Config {
	c := rls.Config{AppRole: pg.App.Role, SystemRole: pg.System.Role}
	for _, t := range tables {
		c.Tables = append(c.Tables, rls.Table{Name: t})
	}
	return c
}

func guards(tb testing.TB, pg *dbtest.PG, tables ...string) string {
	tb.Helper()
	sql, err := rls.SQL(rlsConfig(pg, tables...))
	if err != nil {
		tb.Fatal(err)
	}
	return sql
}
