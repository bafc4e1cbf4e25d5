// A note, and the event that tells who wrote it, in one transaction; who wrote it is forgotten; and a copy of the
// log goes to somebody who trusts none of this.
//
//	go run ./examples/audit DIR
//	go run ./audit/auditverify -key "$(cat DIR/log.key)" -trusted DIR/checkpoint DIR/log.tar
//
// The second line is what that somebody runs. It needs neither the database nor a secret: log.key is the public key,
// got once, and checkpoint is the signed statement that the copy is held against, got another way than the
// copy. Its exit status is 0; with one byte of log.tar changed it is 1, and without the checkpoint 2. On Postgres the
// same program opens tenantdb/postgres instead: postgres_test.go shows each step.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"golang.org/x/mod/sumdb/note"
)

var noteWritten = audit.Define("note.written", audit.Create)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: audit DIR")
	}
	if err := onSQLite(context.Background(), os.Stdout, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func onSQLite(ctx context.Context, out io.Writer, dir string) error {
	// The log's tables come beside the application's; the log of all logs' heads is in the system database.
	tenants, err1 := sqlite.ReadMigrations("audit", auditsql.SQLite())
	system, err2 := sqlite.ReadMigrations("audit", auditsql.SQLiteSystem())
	if err := errors.Join(err1, err2, os.MkdirAll(dir, 0o700)); err != nil {
		return err
	}
	acts := &audit.Acts{Operator: operator}
	db, err := sqlite.Open(filepath.Join(dir, "data"), sqlite.Options{
		Migrations: append(tenants, sqlite.Migration{ID: "notes/0001",
			SQL: `CREATE TABLE note (tenant_id TEXT NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (tenant_id, id)) STRICT`}),
		SystemMigrations: system,
		SystemAudit:      acts.Tell, // why tenants are crossed
	})
	if err != nil {
		return err
	}
	defer db.Close()
	return run(ctx, out, dir, acts, db.TenantDB(), db)
}

// operator is the tenant in whose log stands what is done to the others.
var operator = tenancy.MustParseID("operator")

// open opens the logs in db. Both keys are made once and come from where your secrets are; here they end with the program,
// so that each run needs a DIR of its own.
func open(ctx context.Context, db *tenantdb.DB) (l *audit.Log, public string, err error) {
	const origin = "example.com/audit"
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, "", err
	}
	signer, err1 := audit.NewSigner(private)
	key, err2 := tenancy.NewKey("k1", []byte(rand.Text()+rand.Text()))
	store, err3 := auditsql.New(db)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, "", err
	}
	l, err = audit.Open(ctx, store, audit.Options{Origin: origin, Signer: signer, Key: key}) // a service: Anchors, too
	return l, public, err
}

// run is the application: it does not know which database it is on.
func run(ctx context.Context, out io.Writer, dir string, acts *audit.Acts, db *tenantdb.DB, host tenancy.Host) (err error) {
	l, public, err := open(ctx, db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close(ctx)) }()                                                        // a service: go l.Run(ctx), which signs meanwhile
	life := tenancy.Lifecycle{Store: tenancy.NewMemory(), Shards: []tenancy.Shard{{Host: host}}, Audit: acts.Tell} // a service: tenancysql
	alder := tenancy.MustParseID("alder")
	_, err1 := life.Provision(ctx, operator, "")
	err2 := acts.Begin(ctx, l) // from here on, an act that cannot be recorded is not done
	_, err3 := life.Provision(ctx, alder, "")
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}

	ctx = tenancy.With(ctx, alder)
	ada := audit.Party{Type: "user", ID: "42", Name: "Ada", Email: "ada@example.com", Person: true}
	write := func(id int, then error) error {
		return db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			if _, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO note (tenant_id, id, body) VALUES (?, ?, 'hello')`), alder, id); err != nil {
				return err
			}
			e := audit.Event{Action: noteWritten, Actor: ada, Targets: []audit.Party{{Type: "note", ID: fmt.Sprint(id)}}}
			if err := l.Record(ctx, e); err != nil {
				return err // not recorded: not written
			}
			return then
		})
	}
	if err := write(1, nil); err != nil {
		return err
	}
	fmt.Fprintln(out, "rolled back:", write(2, errors.New("out of paper")))
	if err := show(ctx, out, l); err != nil {
		return err
	}
	before, err := l.Checkpoint(ctx) // a signed statement of the log's length and hash
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "signed:", before.Size, "event")

	admin := audit.Party{Type: "user", ID: "1", Person: true}
	erased, err := l.Erase(ctx, audit.Erasure{Subject: ada.Subject(), Basis: "GDPR Art. 17(1)(b)", By: admin})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "erased:", erased.Fields, "values")
	if err := show(ctx, out, l); err != nil {
		return err
	}
	return handOver(ctx, dir, l, public)
}

// show prints the log, oldest first.
func show(ctx context.Context, out io.Writer, l *audit.Log) error {
	for r, err := range l.Events(ctx, audit.Query{Oldest: true}) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%d  %s by %q, erased: %v\n", r.Seq, r.ActionName, r.Actor.Name, r.Erased)
	}
	return nil
}

// handOver writes the copy and what it is verified with.
func handOver(ctx context.Context, dir string, l *audit.Log, public string) error {
	f, err := os.Create(filepath.Join(dir, "log.tar"))
	if err != nil {
		return err
	}
	end, err := l.Bundle(ctx, f, audit.Bundling{By: audit.Party{Type: "service", ID: "handover"}, Reason: "the auditor asked"})
	return errors.Join(err, f.Close(),
		os.WriteFile(filepath.Join(dir, "checkpoint"), end.Note, 0o600),
		os.WriteFile(filepath.Join(dir, "log.key"), []byte(public+"\n"), 0o600))
}
