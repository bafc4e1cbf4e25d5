package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A pgWorld is a Postgres database that holds the same rows of the same tenants once for each way to keep
// tenants apart: row id of tenant t says n = (t*rows + id) % 97.
type pgWorld struct {
	*dbtest.PG
	tenants int
	rows    int // of each tenant
}

func tenantName(t int) string { return fmt.Sprintf("tenant-%04d", t) }

func (w *pgWorld) want(t int, id int64) int { return int((int64(t*w.rows) + id) % 97) }

// The setting that unsigned ways use, and how policies read it.
const (
	setSetting  = "SELECT set_config('app.tenant_id', $1, true)"
	readSetting = "nullif(current_setting('app.tenant_id', true), '')"
)

// newPGWorld makes the tables
//
//	docs_plain    no isolation
//	docs_setting  a policy that compares with the setting, evaluated once per statement
//	docs_call     the same policy without the sub-select, as most guides write it
//	tN.docs       a schema per tenant, if there are at most 100
//
// with rows of each tenant, and grants the application's role what it needs. tenant_id is text
// everywhere, as it is in ours.
func newPGWorld(tb testing.TB, tenants, rows int) *pgWorld {
	tb.Helper()
	w := &pgWorld{PG: dbtest.Postgres(tb), tenants: tenants, rows: rows}
	var b strings.Builder
	p := func(f string, a ...any) { fmt.Fprintf(&b, f+";\n", a...) }
	p("CREATE TABLE docs_plain (tenant_id text NOT NULL, id bigint NOT NULL, body text NOT NULL, n int NOT NULL, PRIMARY KEY (tenant_id, id))")
	p("INSERT INTO docs_plain SELECT 'tenant-' || lpad((g/%d)::text, 4, '0'), g%%%d, repeat('x', 100), g%%97 FROM generate_series(0, %d-1) g", rows, rows, tenants*rows)
	for table, expr := range map[string]string{"docs_setting": "(SELECT " + readSetting + ")", "docs_call": readSetting} {
		p("CREATE TABLE %s (LIKE docs_plain INCLUDING ALL)", table)
		p("INSERT INTO %s SELECT * FROM docs_plain", table)
		p("CREATE POLICY tenant ON %s USING (tenant_id = %s) WITH CHECK (tenant_id = %s)", table, expr, expr)
		p("ALTER TABLE %s ENABLE ROW LEVEL SECURITY", table)
		p("ALTER TABLE %s FORCE ROW LEVEL SECURITY", table)
	}
	if tenants <= 100 {
		for t := range tenants {
			p("CREATE SCHEMA t%d", t)
			p("CREATE TABLE t%d.docs (id bigint PRIMARY KEY, body text NOT NULL, n int NOT NULL)", t)
			p("INSERT INTO t%d.docs SELECT id, body, n FROM docs_plain WHERE tenant_id = '%s'", t, tenantName(t))
			p("GRANT USAGE ON SCHEMA t%d TO %s", t, w.App.Role)
			p("GRANT SELECT, INSERT ON t%d.docs TO %s", t, w.App.Role)
		}
	}
	p("GRANT SELECT, INSERT, DELETE ON docs_plain, docs_setting, docs_call TO %s", w.App.Role)
	// FORCE holds for the owner too, and COPY of a policied table is refused: fill as the superuser.
	w.exec(tb, w.Admin.DSN, b.String())
	w.exec(tb, w.Admin.DSN, "VACUUM ANALYZE")
	return w
}

func (w *pgWorld) exec(tb testing.TB, dsn, sql string) {
	tb.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		tb.Fatalf("%v\n%.300s", err, sql)
	}
}

// pool opens a pool of conns connections, all of them open.
func pool(tb testing.TB, dsn string, conns int, change func(*pgxpool.Config)) *pgxpool.Pool {
	tb.Helper()
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	cfg.MaxConns, cfg.MinConns = int32(conns), int32(conns)
	if change != nil {
		change(cfg)
	}
	p, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Close)
	return p
}
