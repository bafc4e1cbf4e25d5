package bench

import (
	"context"
	"flag"
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/jackc/pgx/v5"
)

var scanRows = flag.Int("scanrows", 100_000, "rows of workload S, 1,000 for each tenant")

// Workload S, tenant aggregate. One operation is count(*) and sum(n) over one tenant's 1,000 rows of all,
// which the primary key's index finds, in one round trip.
func BenchmarkTenantScan(b *testing.B) {
	w := newPGWorld(b, *scanRows/1000, 1000)
	openOurs(b, w)
	compare(b, tenantScans(w), w.serverCPU)
}

func TestEveryScanCountsTheTenantsRows(t *testing.T) {
	w := newPGWorld(t, 3, 100)
	openOurs(t, w)
	checkWays(t, tenantScans(w))
}

func tenantScans(w *pgWorld) []way {
	const tenant = 2
	aggregate := func(table string) string { return "SELECT count(*), sum(n) FROM " + table }
	check := func(n int, err error) error {
		if err == nil && n != w.rows {
			err = fmt.Errorf("%d rows, want %d", n, w.rows)
		}
		return err
	}
	unsigned := func(table string) func(tb testing.TB) func(int) error {
		return func(tb testing.TB) func(int) error {
			p := pool(tb, w.App.DSN, 1, nil)
			return shared(1, func() error {
				var n, sum int
				var b pgx.Batch
				b.Queue(setSetting, tenantName(tenant))
				b.Queue(aggregate(table)).QueryRow(func(r pgx.Row) error { return r.Scan(&n, &sum) })
				err := p.SendBatch(context.Background(), &b).Close()
				return check(n, err)
			})
		}
	}
	return []way{
		{name: "unscoped", open: func(tb testing.TB) func(int) error {
			p := pool(tb, w.App.DSN, 1, nil)
			return shared(1, func() error {
				var n, sum int
				err := p.QueryRow(context.Background(), aggregate("docs_plain")+" WHERE tenant_id = $1", tenantName(tenant)).Scan(&n, &sum)
				return check(n, err)
			})
		}},
		{name: "rls_sub_select", vs: []string{"unscoped"}, open: unsigned("docs_setting")},
		{name: "rls_call_per_row", vs: []string{"unscoped"}, open: unsigned("docs_call")},
		{name: "ours", vs: []string{"unscoped", "rls_sub_select"}, open: func(tb testing.TB) func(int) error {
			db, err := postgres.New(context.Background(), pool(tb, w.App.DSN, 1, nil), benchKeys)
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { db.Close() })
			ctx := tenantContexts(tenant + 1)[tenant]
			return shared(1, func() error {
				var n, sum int
				err := db.QueryRow(ctx, aggregate("docs_ours")).Scan(&n, &sum)
				return check(n, err)
			})
		}},
	}
}
