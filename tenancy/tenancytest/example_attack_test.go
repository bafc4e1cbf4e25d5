package tenancytest_test

import (
	"context"
	"fmt"
	"os"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancytest"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

// In a test, t stands where this example has a printer.
func ExampleAttack() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: []sqlite.Migration{
		{ID: "app/0001", SQL: "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT NOT NULL)"},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	acme, bell := tenancy.MustParseID("acme"), tenancy.MustParseID("bell")
	for _, id := range []tenancy.ID{acme, bell} {
		if err := db.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}); err != nil {
			fmt.Println(err)
		}
	}

	report := tenancytest.Attack(printer{ctx}, tenancytest.Target{DB: db.TenantDB(), A: acme, B: bell})
	fmt.Println("attacks that succeeded:", len(report.Findings))
	// Output:
	// tenancytest: 10 attacks on 2 objects, 0 succeeded, 0 could not be tried
	// attacks that succeeded: 0
}

type printer struct{ ctx context.Context }

func (p printer) Helper()                      {}
func (p printer) Context() context.Context     { return p.ctx }
func (p printer) Logf(f string, args ...any)   { fmt.Printf(f+"\n", args...) }
func (p printer) Errorf(f string, args ...any) { fmt.Printf(f+"\n", args...) }
