package ipallowsql_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow/ipallowsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

// A tenant restricts its admin portal, and leaves its shop open, in its own database.
func ExampleStore() {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	dir, err := os.MkdirTemp("", "ipallow")
	must(err)
	defer os.RemoveAll(dir)
	steps, err := sqlite.ReadMigrations("ipallow", ipallowsql.SQLite())
	must(err)
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: steps})
	must(err)
	defer db.Close()
	ctx, acme := context.Background(), tenancy.MustParseID("acme")
	must(db.Provision(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}))

	guards := map[string]*ipallow.Guard{}
	for _, portal := range []string{"admin", "shop"} {
		store, err := ipallowsql.New(db.TenantDB(), portal)
		must(err)
		guards[portal], err = ipallow.NewGuard(store, ipallow.Options{OpenByDefault: true})
		must(err)
	}
	offices, err := ipallow.ParseList("203.0.113.0/24 # Leeds")
	must(err)
	desk, home := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("198.51.100.7")
	_, err = guards["admin"].Replace(ctx, acme, ipallow.Change{Policy: ipallow.Policy{List: offices}, Actor: desk})
	must(err)
	fmt.Println("admin:", guards["admin"].Decide(ctx, acme, home).Reason)
	fmt.Println("shop:", guards["shop"].Decide(ctx, acme, home).Reason)
	// Output:
	// admin: not listed
	// shop: open
}
