package dsar_test

import (
	"database/sql"
	"fmt"
	"os"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/redact"
	_ "modernc.org/sqlite"
)

// forum is a small map. Replies are the rows of who wrote them; those of others stay when a thread's author goes.
var forum = &dsar.Map{
	Application: "Forum",
	Controller:  dsar.Party{Name: "Forum e.V.", Contact: "privacy@forum.example"},
	Subjects: []dsar.Subject{{Kind: "member", Table: "member",
		Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: dsar.Email}}}},
	Purposes:   []dsar.Purpose{{Name: "forum", Why: "to let members talk", Basis: dsar.Contract, Kept: "as long as the account"}},
	Processors: []dsar.Processor{{Party: dsar.Party{Name: "Mail GmbH"}, Does: "sends e-mail", Country: "DE", Purposes: []string{"forum"}, Classes: []redact.Class{redact.ClassEmail}}},
	Tables: []dsar.Table{
		{Name: "member", Key: []string{"id"}, Purpose: "forum",
			Columns: []dsar.Column{{Name: "email text not null", Class: redact.ClassEmail}, {Name: "password_hash text", Class: redact.ClassPassword}},
			Plain:   []string{"id integer"}},
		{Name: "thread", Key: []string{"id"}, Purpose: "forum", Erase: dsar.Mask,
			Links:   []dsar.Link{{Columns: []string{"author_id"}, To: "member"}},
			Columns: []dsar.Column{{Name: "title text", Class: redact.ClassPublicContent, Erase: dsar.Constant("[removed]")}, {Name: "author_id bigint", Class: redact.ClassUserID, Erase: dsar.Null}},
			Plain:   []string{"id integer"}},
		{Name: "reply", Key: []string{"id"}, Purpose: "forum",
			Links: []dsar.Link{
				{Columns: []string{"author_id"}, To: "member"},
				{Columns: []string{"thread_id"}, To: "thread", Role: dsar.Reference}},
			Columns: []dsar.Column{{Name: "body text", Class: redact.ClassPublicContent}, {Name: "author_id bigint", Class: redact.ClassUserID}},
			Plain:   []string{"id integer", "thread_id bigint"}},
	},
}

func ExampleMap() {
	c, err := forum.Compile()
	if err != nil {
		panic(err)
	}
	for _, s := range c.Steps() {
		fmt.Println(s.Wave, s.Table)
	}
	fmt.Println(c.SecretKeys())
	fmt.Println(c.Allow(redact.ClassPublicContent)["reply"])
	// Output:
	// 0 reply
	// 1 thread
	// 2 member
	// [password_hash]
	// [id thread_id body]
}

func ExampleVerify() {
	db, _ := sql.Open("sqlite", "file:forum?mode=memory")
	defer db.Close()
	db.SetMaxOpenConns(1)
	db.Exec(`CREATE TABLE member (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, password_hash TEXT, phone TEXT);
		CREATE TABLE thread (id INTEGER PRIMARY KEY, title TEXT, author_id BIGINT REFERENCES member (id));
		CREATE TABLE reply (id INTEGER PRIMARY KEY, body TEXT, author_id BIGINT REFERENCES member (id), thread_id BIGINT REFERENCES thread (id));
		CREATE INDEX thread_author ON thread (author_id)`)
	r, err := dsar.Verify(ctx, db, forum)
	if err != nil {
		panic(err)
	}
	fmt.Print(r)
	// Output:
	// error    DSR002  member.phone
	//          a column is not in the map
	//          seen: text
	// warning  DSR020  reply.author_id
	//          no index finds the rows of a link: each erasure reads the whole table
	//          seen: each row of member that goes is looked up in all of reply
	//          fix:  CREATE INDEX "reply_author_id_idx" ON "reply" ("author_id");
	// bailiwick/dsar at main: 31 rules, 1 error, 1 warning, 0 info, 0 waived
}

func ExampleCheck() {
	// In a test, once the migrations have run:
	_ = func(t *testing.T, db *sql.DB) {
		dsar.Check(t, db, forum)
	}
}

func ExampleCompiled_Record() {
	c, err := forum.Compile()
	if err != nil {
		panic(err)
	}
	r := c.Record()
	r.Map = "" // the hash
	if err := r.WriteMarkdown(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// # Record of processing activities: Forum
	//
	// - Controller: Forum e.V.
	// - Contact: privacy@forum.example
	//
	// ## forum
	//
	// - Purpose: to let members talk
	// - Legal basis: contract
	// - People: member
	// - Data: email, password, public content, user id
	// - Recipients: Mail GmbH
	// - Erased: as long as the account
	// - Tables: member, thread, reply
	//
	// ## Processors
	//
	// | name | does | country | transfer | purposes | data | contract |
	// |---|---|---|---|---|---|---|
	// | Mail GmbH | sends e-mail | DE |  | forum | email |  |
}

func ExampleColumnsOf() {
	type member struct {
		ID    int64  `db:"id"`
		Email string `db:"email" privacy:"email" dsar:"text not null,pseudonym"`
		Bio   string `db:"bio" privacy:"content" dsar:"text,null"`
	}
	for _, c := range dsar.ColumnsOf[member]() {
		fmt.Println(c.Name, "-", c.Class, "-", c.Erase)
	}
	// Output:
	// email text not null - email - pseudonym
	// bio text - content - null
}
