package rows_test

import (
	"context"
	"fmt"
	"os"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

func Example() {
	m := &dsar.Map{
		Subjects: []dsar.Subject{{Kind: "member", Table: "member", Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: dsar.Email}}}},
		Purposes: []dsar.Purpose{{Name: "forum", Why: "to let members talk", Basis: dsar.Contract}},
		Tables: []dsar.Table{
			{Name: "member", Key: []string{"id"}, Purpose: "forum", Plain: []string{"id integer"}, Columns: []dsar.Column{{Name: "email text", Class: redact.ClassEmail}}},
			{Name: "thread", Key: []string{"id"}, Purpose: "forum", Plain: []string{"id integer", "author integer"},
				Links: []dsar.Link{{Columns: []string{"author"}, To: "member"}}, Columns: []dsar.Column{{Name: "title text", Class: redact.ClassContent}}},
		}}
	c, err := m.Compile()
	if err != nil {
		panic(err)
	}
	dir, _ := os.MkdirTemp("", "rows")
	defer os.RemoveAll(dir)
	files, err := sqlite.Open(dir, sqlite.Options{Migrations: []sqlite.Migration{{ID: "app/1", SQL: `
		CREATE TABLE member (id INTEGER PRIMARY KEY, email TEXT);
		CREATE TABLE thread (id INTEGER PRIMARY KEY, author INTEGER REFERENCES member (id), title TEXT);`}}})
	if err != nil {
		panic(err)
	}
	defer files.Close()
	id := tenancy.MustParseID("acme")
	ctx, db := tenancy.With(context.Background(), id), files.TenantDB()
	if err := files.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}); err != nil {
		panic(err)
	}
	if err := db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO member VALUES (1, 'Ada@Example.com'), (2, 'bob@example.com');
			INSERT INTO thread VALUES (1, 1, 'Engines'), (2, 2, 'Builders'), (3, 1, 'Cards')`)
		return err
	}); err != nil {
		panic(err)
	}

	r, err := rows.New(c, db.Dialect())
	if err != nil {
		panic(err)
	}
	ada, err := r.Resolve(ctx, db, dsar.Person{Kind: "member", Known: map[string][]string{"email": {"ada+forum@example.com"}}})
	if err != nil {
		panic(err)
	}
	cond, _ := ada.Where("thread", rows.Erased)
	fmt.Println(cond.SQL)
	fmt.Println(ada, ada.Person().Key)
	_ = rows.Snapshot(ctx, db, func(ctx context.Context) error {
		_, err := ada.Stream(ctx, db, rows.Query{Table: "thread", Part: rows.Mine, Columns: []string{"id", "title"}}, func(row *rows.Row) error {
			fmt.Printf("%s %s\n", row.Values[0], row.Values[1])
			return nil
		})
		return err
	})
	// Unordered output:
	// t."author" = ?
	// rows.Selection(member) [1]
	// 1 Engines
	// 3 Cards
}
