package rls_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

// bigDesk adds n tables of ten columns, guarded by SQL or, where own is true, each by a policy of its own that
// reads a setting of its own.
func bigDesk(b testing.TB, n int, own bool) *desk {
	d := newDesk(b)
	var ddl strings.Builder
	for i := range n {
		fmt.Fprintf(&ddl, `CREATE TABLE app.t%d (tenant_id text COLLATE "C" NOT NULL, id uuid NOT NULL, a text, b int, c bool, d timestamptz, e jsonb, f numeric, g text[], h uuid, PRIMARY KEY (tenant_id, id));
			CREATE INDEX ON app.t%d (tenant_id, d);`, i, i)
		d.cfg.Tables = append(d.cfg.Tables, rls.Table{Name: fmt.Sprintf("app.t%d", i)})
	}
	exec(b, d.owner, ddl.String())
	sql, err := rls.SQL(d.cfg)
	require.NoError(b, err)
	exec(b, d.owner, sql)
	if own {
		ddl.Reset()
		for i := range n {
			fmt.Fprintf(&ddl, `ALTER POLICY tenancy_guard ON app.t%d USING (tenant_id = (SELECT tenancy.id()) AND (c OR a = (SELECT current_setting('app.user%d', true))));`, i, i)
		}
		exec(b, d.owner, ddl.String())
	}
	return d
}

func BenchmarkInspect(b *testing.B) {
	for _, own := range []bool{false, true} {
		b.Run(fmt.Sprintf("tables=200/own-policies=%v", own), func(b *testing.B) {
			d := bigDesk(b, 200, own)
			for _, db := range []struct {
				name string
				db   rls.DB
			}{{"superuser", d.admin}, {"owner", d.owner}} {
				b.Run(db.name, func(b *testing.B) {
					for b.Loop() {
						r, err := rls.Inspect(context.Background(), db.db, d.cfg)
						require.NoError(b, err)
						require.Empty(b, r.Findings, "%s", r)
					}
				})
			}
		})
	}
}
