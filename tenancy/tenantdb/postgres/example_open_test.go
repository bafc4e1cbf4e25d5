package postgres_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

// Once a release, as the owner of the database.
func ExampleSetup() {
	var (
		ctx  context.Context
		conn *pgx.Conn // of the owner, not through a pooler
		keys tenancy.Keys
	)
	err := postgres.Setup(ctx, conn, postgres.SetupOptions{
		AppRole: "helpdesk_app", SystemRole: "helpdesk_system", Keys: keys, Shard: "main", Region: "eu",
	})
	_ = err
}

// In the application: statements and transactions of the context's tenant.
func ExampleOpen() {
	var (
		ctx  context.Context // of tenancy.With, or of its HTTP middleware
		keys tenancy.Keys
	)
	sys, err := postgres.OpenSystem(ctx, "postgres://helpdesk_system@db.example/helpdesk?sslmode=verify-full", postgres.SystemOptions{
		Audit: func(ctx context.Context, use tenancy.Act) error {
			slog.InfoContext(ctx, "system work", "reason", use.Reason, "tenant", use.Tenant)
			return nil
		},
	})
	if err != nil {
		return
	}
	db, err := postgres.Open(ctx, "postgres://helpdesk_app@db.example/helpdesk?sslmode=verify-full", keys, postgres.WithSystem(sys))
	if err != nil {
		return
	}
	var open int
	err = db.QueryRow(ctx, `SELECT count(*) FROM conversation WHERE state = $1`, "open").Scan(&open) // one round trip
	fmt.Println(open, err)
	err = db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error { // two, and one for each further statement
		_, err := tx.Exec(ctx, `UPDATE conversation SET state = 'closed' WHERE id = $1`, 7)
		return err
	})
	fmt.Println(err)
}

func ExampleLockKey() {
	a, _ := postgres.LockKey(tenancy.With(context.Background(), tenancy.MustParseID("acme")), "invoices")
	b, _ := postgres.LockKey(tenancy.With(context.Background(), tenancy.MustParseID("globex")), "invoices")
	fmt.Println(a == b)
	// Output: false
}
