//go:build peers

package bench

import (
	"context"
	"database/sql"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/pitabwire/frame/datastore/dialect"
	framepg "github.com/pitabwire/frame/datastore/dialect/postgres"
	"github.com/pitabwire/frame/tenancy"
	frametenancy "github.com/pitabwire/frame/tenancy/postgres"
	"gorm.io/gorm"
)

// github.com/pitabwire/frame keeps tenants apart by row-level security too: settings of the session in
// hooks of the pool, and a policy that calls a function with the row's columns. Its users write the
// predicate on the tenant all the same, for the index.
func init() {
	scopers = append(scopers, scoper{"peer_frame", func(tb testing.TB, w *pgWorld, dsn string, conns int) request {
		db := frameDB(tb, w, dsn, conns)
		return func(ctx context.Context, t int, ids []int64) (sum int, err error) {
			ctx = tenancy.WithClaims(ctx, &tenancy.Claims{TenantID: tenantName(t)})
			for _, id := range ids {
				var n int
				if err := db.QueryRowContext(ctx, "SELECT n FROM docs_frame WHERE tenant_id = $1 AND id = $2", tenantName(t), id).Scan(&n); err != nil {
					return 0, err
				}
				sum += n
			}
			return sum, nil
		}
	}, []string{"unscoped", "plain_tx"}})
}

// frameDB makes the table docs_frame once a database and opens it as the application.
func frameDB(tb testing.TB, w *pgWorld, dsn string, conns int) *sql.DB {
	tb.Helper()
	ctx := context.Background()
	open := func(dsn string) (*frametenancy.Provider, *gorm.DB, *sql.DB) {
		u, err := url.Parse(dsn)
		if err != nil {
			tb.Fatal(err)
		}
		if _, has := u.User.Password(); !has { // it reads an empty one as the name of the database
			u.User = url.UserPassword(u.User.Username(), "none")
		}
		dsn = u.String()
		p, a := frametenancy.New(), framepg.New()
		if err := p.WireAdapter(a); err != nil {
			tb.Fatal(err)
		}
		d, s, closer, err := a.OpenConnection(ctx, dsn, dialect.ConnectionOptions{MaxOpen: conns, PreparedStatements: true})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { closer() })
		g, err := gorm.Open(d, &gorm.Config{})
		if err != nil {
			tb.Fatal(err)
		}
		return p, g, s
	}
	conn, err := pgx.Connect(ctx, w.Admin.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	var made bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass('docs_frame') IS NOT NULL").Scan(&made); err != nil {
		tb.Fatal(err)
	}
	if !made {
		w.exec(tb, w.Admin.DSN, `CREATE TABLE docs_frame (LIKE docs_plain INCLUDING ALL);
ALTER TABLE docs_frame ADD partition_id text NOT NULL DEFAULT '';
INSERT INTO docs_frame SELECT * FROM docs_plain;
GRANT SELECT ON docs_frame TO `+w.App.Role)
		p, g, _ := open(w.Admin.DSN)
		if err := p.Install(ctx, g, []tenancy.ModelInfo{{Table: "docs_frame", TenantColumn: "tenant_id", PartitionColumn: "partition_id"}}); err != nil {
			tb.Fatal(err)
		}
		w.exec(tb, w.Admin.DSN, "VACUUM ANALYZE docs_frame")
	}
	_, _, s := open(dsn)
	return s
}
