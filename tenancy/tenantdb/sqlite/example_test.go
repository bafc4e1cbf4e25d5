package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
)

var steps = []sqlite.Migration{
	{ID: "app/1", SQL: `CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT NOT NULL, at TIMESTAMP NOT NULL DEFAULT (bw_now()))`},
}

// example opens a folder with two tenants, acme and globex.
func example() (context.Context, *sqlite.DB, func()) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "bailiwick-example-*")
	check(err)
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: steps})
	check(err)
	for _, id := range []tenancy.ID{acme, globex} {
		check(db.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	}
	return ctx, db, func() { check(db.Close()); check(os.RemoveAll(dir)) }
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func write(ctx context.Context, db *sqlite.DB, query string, args ...any) error {
	return db.TenantDB().Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

func ExampleOpen() {
	ctx, db, done := example()
	defer done()
	ofAcme, ofGlobex := tenancy.With(ctx, acme), tenancy.With(ctx, globex)

	check(write(ofAcme, db, "INSERT INTO note (body) VALUES (?)", "only for acme"))

	count := func(ctx context.Context) (n int) {
		check(db.TenantDB().Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			return tx.GetContext(ctx, &n, "SELECT count(*) FROM note")
		}))
		return n
	}
	fmt.Println("acme:", count(ofAcme), "globex:", count(ofGlobex))

	err := write(ofGlobex, db, "ATTACH 'tenants/of/acme.db' AS theirs")
	fmt.Println(errors.Is(err, tenantdb.ErrIsolation))
	fmt.Println(write(ctx, db, "DELETE FROM note"))
	// Output:
	// acme: 1 globex: 0
	// true
	// tenancy: no tenant
}

func ExampleDB_SetState() {
	ctx, db, done := example()
	defer done()
	ofAcme := tenancy.With(ctx, acme)

	check(db.SetState(ctx, tenancy.Tenant{ID: acme, State: tenancy.Suspended, Epoch: 1}))
	fmt.Println(write(ofAcme, db, "DELETE FROM note"))
	check(db.SetState(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}))
	fmt.Println(write(ofAcme, db, "DELETE FROM note"))
	// Output:
	// tenancy: tenant is not active
	// <nil>
}

func ExampleDB_Export() {
	ctx, db, done := example()
	defer done()
	ofAcme := tenancy.With(ctx, acme)
	check(write(ofAcme, db, "INSERT INTO note (body) VALUES (?)", "worth keeping"))

	var file bytes.Buffer
	snapshot, err := db.Export(ctx, acme, &file)
	check(err)
	fmt.Println(snapshot.Tenant, snapshot.Bytes == int64(file.Len()))

	check(write(ofAcme, db, "DELETE FROM note"))
	check(db.SetState(ctx, tenancy.Tenant{ID: acme, State: tenancy.Suspended, Epoch: 1}))
	check(db.Restore(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}, &file))
	check(db.TenantDB().Read(ofAcme, func(ctx context.Context, tx *sqlx.Tx) error {
		var body string
		err := tx.GetContext(ctx, &body, "SELECT body FROM note")
		fmt.Println(body)
		return err
	}))
	// Output:
	// acme true
	// worth keeping
}

func ExampleDB_Purge() {
	ctx, db, done := example()
	defer done()

	receipt, err := db.Purge(ctx, tenancy.Tenant{ID: acme, State: tenancy.Purging, Epoch: 1})
	check(err)
	fmt.Println("left:", receipt.Left)
	fmt.Println(write(tenancy.With(ctx, acme), db, "DELETE FROM note"))
	fmt.Println(db.Provision(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 2}))
	// Output:
	// left: 0
	// tenancy: tenant is purged
	// tenancy: tenant is purged
}

func ExampleDB_Migrate() {
	ctx, db, done := example()
	defer done()

	err := db.Migrate(ctx, 0, func(p sqlite.Progress) {
		fmt.Printf("%d of %d, error: %v\n", p.Done, p.Total, p.Err)
	})
	fmt.Println(err)
	// Output:
	// 1 of 2, error: <nil>
	// 2 of 2, error: <nil>
	// <nil>
}

func ExampleDB_Each() {
	dir, err := os.MkdirTemp("", "bailiwick-example-*")
	check(err)
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: steps, SystemAudit: func(_ context.Context, a tenancy.Act) error {
		fmt.Println("audited:", a.Reason)
		return nil
	}})
	check(err)
	defer db.Close()
	check(db.Provision(context.Background(), tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}))

	check(db.Each(context.Background(), "nightly clean-up", func(ctx context.Context, id tenancy.ID) error {
		fmt.Println(id)
		return write(ctx, db, "DELETE FROM note")
	}))
	// Output:
	// audited: nightly clean-up
	// acme
}
