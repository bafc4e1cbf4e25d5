package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/internal/finding"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Workload R, inspection: everything package rls looks at in a database of 200 guarded tables. One operation
// is one Inspect, which must find nothing.
func BenchmarkInspect(b *testing.B) {
	b.Run("200_tables", func(b *testing.B) { compare(b, inspections(b, 200), nil) })
}

func TestInspectionIsClean(t *testing.T) { checkWays(t, inspections(t, 3)[:1]) }

func inspections(tb testing.TB, tables int) []way {
	pg := dbtest.Postgres(tb)
	setUp(tb, pg, "one", 1)
	w := &pgWorld{PG: pg}
	var names []string
	var b strings.Builder
	for i := range tables {
		name := fmt.Sprintf("thing_%03d", i)
		names = append(names, name)
		fmt.Fprintf(&b, "CREATE TABLE %s (tenant_id text NOT NULL, id bigint NOT NULL, name text, at timestamptz, PRIMARY KEY (tenant_id, id));\n", name)
		fmt.Fprintf(&b, "CREATE INDEX ON %s (tenant_id, at);\n", name)
		if i > 0 {
			fmt.Fprintf(&b, "ALTER TABLE %s ADD parent bigint, ADD FOREIGN KEY (tenant_id, parent) REFERENCES %s;\n", name, names[i-1])
		}
	}
	w.exec(tb, pg.Owner.DSN, b.String())
	w.exec(tb, pg.Owner.DSN, guards(tb, pg, names...))
	cfg := rlsConfig(pg, names...)
	inspect := func(tb testing.TB) func(int) error {
		conn, err := pgx.ParseConfig(pg.Admin.DSN)
		if err != nil {
			tb.Fatal(err)
		}
		db := stdlib.OpenDB(*conn)
		tb.Cleanup(func() { db.Close() })
		return shared(1, func() error {
			rep, err := rls.Inspect(context.Background(), db, cfg)
			if err != nil {
				return err
			}
			return rep.Err(finding.Warning)
		})
	}
	return []way{{name: "ours", open: inspect}}
}
