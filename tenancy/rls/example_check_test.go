package rls_test

import (
	"database/sql"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" of database/sql

	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

// The owner of the tables, or a superuser, of a test database in which the migrations have run.
const ownerDSN = "postgres://shop_owner:secret@localhost:5432/shop_test"

func ExampleCheck() {
	var t *testing.T // the argument of your test, such as TestTenantsAreKeptApart
	db, err := sql.Open("pgx", ownerDSN)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rls.Check(t, db, rls.Config{AppRole: "app", Tables: []rls.Table{{Name: "note"}}})
}
