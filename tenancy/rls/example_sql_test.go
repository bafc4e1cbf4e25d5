package rls_test

import (
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

func ExampleSQL() {
	sql, err := rls.SQL(rls.Config{
		AppRole: "app",
		Tables:  []rls.Table{{Name: "note"}},
		Shared:  []string{"country"},
	})
	fmt.Println(err)
	fmt.Print(sql)
	// Output:
}

func ExampleCheck() {
	var db rls.DB // *sql.DB of the migrated database, as its owner
	_ = func(t *testing.T) {
		rls.Check(t, db, rls.Config{AppRole: "app", Tables: []rls.Table{{Name: "note"}}})
	}
}
