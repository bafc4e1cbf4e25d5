// Two tenants, and what happens when a statement forgets whose rows it wants. On Postgres the same
// program opens tenantdb/postgres instead: postgres_test.go shows each step.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
)

func main() {
	dir, err := os.MkdirTemp("", "tenancy")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: []sqlite.Migration{{ID: "notes/0001",
		SQL: `CREATE TABLE note (tenant_id TEXT NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (tenant_id, id)) STRICT`}}})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if err := run(context.Background(), os.Stdout, db.TenantDB(), db); err != nil {
		log.Fatal(err)
	}
}

// run is the application: it does not know which database it is on.
func run(ctx context.Context, out io.Writer, db *tenantdb.DB, host tenancy.Host) error {
	life := tenancy.Lifecycle{Store: tenancy.NewMemory(), Shards: []tenancy.Shard{{Host: host}}} // a service: tenancysql
	alder, birch := tenancy.MustParseID("alder"), tenancy.MustParseID("birch")
	for _, id := range []tenancy.ID{alder, birch} {
		if _, err := life.Provision(ctx, id, ""); err != nil {
			return err
		}
		if err := db.Tx(tenancy.With(ctx, id), func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO note (tenant_id, id, body) VALUES (?, 1, ?)`), id, "a secret of "+id.String())
			return err
		}); err != nil {
			return err
		}
	}
	return db.Read(tenancy.With(ctx, alder), func(ctx context.Context, tx *sqlx.Tx) error {
		var bodies []string
		if err := tx.SelectContext(ctx, &bodies, `SELECT body FROM note`); err != nil { // no WHERE
			return err
		}
		fmt.Fprintln(out, "alder sees:", bodies)
		fmt.Fprintln(out, "and as birch:", db.Read(tenancy.Switch(ctx, birch), func(context.Context, *sqlx.Tx) error { return nil }))
		return nil
	})
}
