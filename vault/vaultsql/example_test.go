package vaultsql_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
)

// A tenant's secret is in its own file, and opens with the keeper's key alone.
func ExampleStore() {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	dir, err := os.MkdirTemp("", "vault")
	must(err)
	defer os.RemoveAll(dir)
	steps, err := sqlite.ReadMigrations("vault", vaultsql.SQLite())
	must(err)
	system, err := sqlite.ReadMigrations("vault", vaultsql.SQLiteSystem())
	must(err)
	db, err := sqlite.Open(filepath.Join(dir, "data"), sqlite.Options{Migrations: steps, SystemMigrations: system,
		SystemAudit: func(context.Context, tenancy.Act) error { return nil }})
	must(err)
	defer db.Close()
	acme := tenancy.MustParseID("acme")
	must(db.Provision(context.Background(), tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}))
	ctx := tenancy.With(context.Background(), acme)

	file := filepath.Join(dir, "key") // in production a key management service, or KeyFromEnv
	must(os.WriteFile(file, []byte(vault.NewKey().Reveal()), 0o600))
	keeper, err := vault.KeyFromFile(file)
	must(err)
	store, err := vaultsql.New(db.TenantDB())
	must(err)
	v, err := vault.Open(ctx, store, keeper, vault.Options{})
	must(err)
	defer v.Close()
	slack := vault.Ref{Purpose: "slack", ID: "bot"}
	must(v.Put(ctx, slack, redact.NewSecret("xoxb-1"), vault.Policy{}))
	must(v.RotateTenantKey(ctx, vault.Rotation{}))
	must(v.Use(ctx, slack, func(secret []byte) error { fmt.Println(len(secret), "bytes are lent"); return nil }))

	wrong := filepath.Join(dir, "wrong")
	must(os.WriteFile(wrong, []byte(vault.NewKey().Reveal()), 0o600))
	other, err := vault.KeyFromFile(wrong)
	must(err)
	_, err = vault.Open(ctx, store, other, vault.Options{})
	fmt.Println("another key opens the root:", err == nil)
	// Output:
	// 6 bytes are lent
	// another key opens the root: false
}
