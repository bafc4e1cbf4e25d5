package rls_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" of database/sql

	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

// The rule and the object are as the finding prints them.
var known = []rls.Waiver{
	{Rule: "RLS082", Object: "publication everything", Reason: "feeds our own standby, which has the same policies"},
	{Rule: "RLS034", Object: "public.legacy", Reason: "goes with the release of May",
		Until: time.Date(2027, time.May, 31, 0, 0, 0, 0, time.UTC)},
}

func ExampleConfig_waive() {
	db, err := sql.Open("pgx", "postgres://shop_owner:secret@localhost:5432/shop")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	report, err := rls.Inspect(context.Background(), db, rls.Config{AppRole: "app", Tables: []rls.Table{{Name: "note"}}, Waive: known})
	if err != nil {
		panic(err)
	}
	for _, w := range report.Waived {
		fmt.Println(w.Rule, w.Object, "is accepted:", w.Reason)
	}
	var failure *rls.Failure
	if errors.As(report.Err(rls.Warning), &failure) {
		fmt.Println(len(failure.Findings), "findings count")
	}
}
