package export_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"os"

	"filippo.io/age"
	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/export"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

// forum is a database with two members.
func forum() (ctx context.Context, db *tenantdb.DB, remove func()) {
	dir, _ := os.MkdirTemp("", "export")
	files, err := sqlite.Open(dir, sqlite.Options{Migrations: []sqlite.Migration{{ID: "app/1", SQL: `
		CREATE TABLE member (id INTEGER PRIMARY KEY, email TEXT, password_hash TEXT);
		CREATE TABLE thread (id INTEGER PRIMARY KEY, author INTEGER REFERENCES member (id), title TEXT);`}}})
	if err != nil {
		panic(err)
	}
	id := tenancy.MustParseID("acme")
	ctx, db = tenancy.With(context.Background(), id), files.TenantDB()
	if err := files.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}); err != nil {
		panic(err)
	}
	if err := db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO member VALUES (1, 'ada@example.com', 'x9'), (2, 'bob@example.com', 'y8');
			INSERT INTO thread VALUES (1, 1, 'Engines'), (2, 2, 'Builders')`)
		return err
	}); err != nil {
		panic(err)
	}
	return ctx, db, func() { _ = files.Close(); _ = os.RemoveAll(dir) }
}

func Example() {
	m := &dsar.Map{
		Application: "Forum", Controller: dsar.Party{Name: "Forum Ltd", Address: "1 Road", Contact: "privacy@forum.example"},
		Subjects: []dsar.Subject{{Kind: "member", Table: "member", Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: dsar.Email}}}},
		Purposes: []dsar.Purpose{{Name: "forum", Why: "to let members talk", Basis: dsar.Contract}},
		Tables: []dsar.Table{
			{Name: "member", Key: []string{"id"}, Purpose: "forum", Plain: []string{"id integer"},
				Columns: []dsar.Column{{Name: "email text", Class: redact.ClassEmail}, {Name: "password_hash text", Class: redact.ClassPassword}}},
			{Name: "thread", Key: []string{"id"}, Purpose: "forum", Plain: []string{"id integer", "author integer"},
				Links: []dsar.Link{{Columns: []string{"author"}, To: "member"}}, Columns: []dsar.Column{{Name: "title text", Class: redact.ClassContent}}},
		}}
	c, err := m.Compile()
	if err != nil {
		panic(err)
	}
	ctx, db, remove := forum()
	defer remove()

	_, private, _ := ed25519.GenerateKey(nil) // yours: it is kept
	signer, verifier, err := archive.Key("forum.example", private)
	if err != nil {
		panic(err)
	}
	theirs, err := age.GenerateX25519Identity() // the person's own; or archive.Passphrase
	if err != nil {
		panic(err)
	}
	e, err := export.New(db, c, export.Options{Signer: signer, Recipients: func(context.Context, dsar.Person) ([]age.Recipient, error) {
		return []age.Recipient{theirs.Recipient()}, nil
	}})
	if err != nil {
		panic(err)
	}
	var file bytes.Buffer
	ada := dsar.Person{Kind: "member", Known: map[string][]string{"email": {"ada@example.com"}}}
	x, err := e.Export(ctx, ada, &file, dsar.ExportOptions{Request: "r-17"})
	if err != nil {
		panic(err) // what was written is no archive
	}
	fmt.Println(x.Rows, "rows")

	// What the person does with it.
	r, size, err := archive.Decrypt(bytes.NewReader(file.Bytes()), int64(file.Len()), theirs)
	if err != nil {
		panic(err)
	}
	if _, err := archive.Verify(r, size, verifier); err != nil {
		panic(err)
	}
	a, _ := archive.Open(r, size, verifier)
	for _, t := range a.Manifest.Tables {
		for line, err := range a.Lines(t.Name) {
			fmt.Printf("%s %s %v\n", t.Name, line, err)
		}
		for _, w := range t.Withheld {
			fmt.Println(t.Name, "without", w.Column+":", w.Why)
		}
	}
	// Output:
	// 2 rows
	// member {"email":"ada@example.com","id":1} <nil>
	// member without password_hash: secret
	// thread {"title":"Engines","id":1,"author":1} <nil>
}
