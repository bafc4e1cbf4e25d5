package tenancytest_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancytest"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

func attackShop(t *testing.T, keys tenancy.Keys) {
	db, err := postgres.Open(t.Context(), "postgres://app:secret@localhost:5432/shop_test", keys)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	acme, bell := tenancy.MustParseID("acme"), tenancy.MustParseID("bell") // provisioned and active
	tenancytest.Attack(t, tenancytest.Target{DB: db.TenantDB(), A: acme, B: bell})
}

// A test of the application calls attackShop, with the keys the database was set up with.
func Example() {
	_ = func(t *testing.T) {
		key, err := tenancy.NewKey("k1", []byte("at least 32 bytes, out of a secret store"))
		if err != nil {
			t.Fatal(err)
		}
		attackShop(t, tenancy.Keys{Current: key})
	}
}
