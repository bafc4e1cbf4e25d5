package bench

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
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

// openOurs adds the table docs_ours, guarded as the library does it, with the same rows.
func openOurs(tb testing.TB, w *pgWorld) {
	tb.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.Owner.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	err = postgres.Setup(ctx, conn, postgres.SetupOptions{AppRole: w.App.Role, SystemRole: w.System.Role, Keys: benchKeys, Shard: "one"})
	if err != nil {
		tb.Fatal(err)
	}
	var b strings.Builder
	p := func(f string, a ...any) { fmt.Fprintf(&b, f+";\n", a...) }
	p("INSERT INTO tenancy.tenant (id, state, epoch) SELECT 'tenant-' || lpad(g::text, 4, '0'), 'active', 1 FROM generate_series(0, %d) g", w.tenants-1)
	p("CREATE TABLE docs_ours (LIKE docs_plain INCLUDING ALL)")
	p("ALTER TABLE docs_ours ALTER tenant_id SET DEFAULT tenancy.id()")
	p("INSERT INTO docs_ours SELECT * FROM docs_plain")
	p("ALTER TABLE docs_ours OWNER TO %s", w.Owner.Role)
	p(guardSQL("docs_ours", w.App.Role))
	w.exec(tb, w.Admin.DSN, b.String())
	w.exec(tb, w.Admin.DSN, "VACUUM ANALYZE")
}

// guardSQL is the guard that package rls prints for a table.
func guardSQL(table, app string) string {
	return strings.NewReplacer("$T", table, "$APP", app).Replace(`ALTER TABLE $T ENABLE ROW LEVEL SECURITY;
ALTER TABLE $T FORCE ROW LEVEL SECURITY;
CREATE POLICY tenancy_allow ON $T AS PERMISSIVE FOR ALL TO $APP USING (true) WITH CHECK (true);
CREATE POLICY tenancy_guard ON $T AS RESTRICTIVE FOR ALL TO PUBLIC USING (tenant_id = (SELECT tenancy.id())) WITH CHECK (tenant_id = (SELECT tenancy.id()));
CREATE TRIGGER tenancy_fence BEFORE INSERT OR UPDATE OR DELETE ON $T FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence();
GRANT SELECT, INSERT, DELETE ON $T TO $APP`)
}
