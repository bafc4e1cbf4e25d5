package discover_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"

	"github.com/bailiwick-dev/bailiwick/dsar/discover"
	_ "modernc.org/sqlite"
)

func Example() {
	ctx := context.Background()
	db, _ := sql.Open("sqlite", "file:shop?mode=memory")
	defer db.Close()
	db.SetMaxOpenConns(1)
	db.Exec(`CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE);
		CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), approved_by INTEGER);
		CREATE TABLE country (code TEXT PRIMARY KEY)`)
	p, err := discover.Discover(ctx, db, discover.Options{Application: "Shop"})
	if err != nil {
		panic(err)
	}
	for _, l := range p.Links {
		fmt.Printf("%s.%s to %s: %.2f, accepted %v\n", l.Table, l.Columns[0], l.To, l.Score, l.Accepted)
	}
	if err := p.WriteGo(os.Stdout, "privacy"); err != nil {
		panic(err)
	}
	// Output:
	// orders.user_id to users: 1.00, accepted true
	// orders.approved_by to users: 0.87, accepted false
	// package privacy
	//
	// import (
	// 	"github.com/bailiwick-dev/bailiwick/dsar"
	// 	"github.com/bailiwick-dev/bailiwick/redact"
	// )
	//
	// // Map says where personal data is. It was proposed from the database. Questions that are open in it, each in a field Decide: 1.
	// // Give controller, purposes and processors, which no database knows.
	// var Map = &dsar.Map{
	// 	Application: "Shop",
	// 	Subjects: []dsar.Subject{
	// 		{Kind: "user", Table: "users", Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: dsar.Email}}},
	// 	},
	// 	Purposes: []dsar.Purpose{
	// 		{Name: "service", Why: "to do what people use Shop for", Basis: "contract"},
	// 	},
	// 	Tables: []dsar.Table{
	// 		{
	// 			Name:        "country",
	// 			NotPersonal: "no link leads to a person, and no column is called as theirs are",
	// 			Key:         []string{"code"},
	// 			Plain:       []string{"code text"},
	// 		},
	// 		{
	// 			Name:    "orders",
	// 			Key:     []string{"id"},
	// 			Purpose: "service",
	// 			Links: []dsar.Link{
	// 				{Columns: []string{"user_id"}, To: "users"},
	// 				// 0.87: approved_by says who did something.
	// 				{Columns: []string{"approved_by"}, To: "users", Role: dsar.Accessor, Undeclared: true, Then: dsar.Null,
	// 					Decide: "who did something is not always whose it is; it may be null; the role is accessor; is it one? (0.87)"},
	// 			},
	// 			Columns: []dsar.Column{
	// 				{Name: "user_id integer not null", Class: redact.ClassUserID},
	// 				{Name: "approved_by integer", Class: redact.ClassUserID},
	// 			},
	// 			Plain: []string{"id integer"},
	// 		},
	// 		{
	// 			Name:    "users",
	// 			Key:     []string{"id"},
	// 			Purpose: "service",
	// 			Columns: []dsar.Column{
	// 				{Name: "email text not null", Class: redact.ClassEmail},
	// 			},
	// 			Plain: []string{"id integer"},
	// 		},
	// 	},
	// }
}
