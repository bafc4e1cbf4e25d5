// An old database file, from discovery to receipt: a map is proposed and decided, a customer gets her data and is erased, and a backup does
// not bring her back.
//
//	go run ./examples/dsar [FILE]    // another file of yours: what discovery proposes for it is printed, and that is all
package main

import (
	"bytes"
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/discover"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/engine"
	"github.com/bailiwick-dev/bailiwick/dsar/receipt"
	"github.com/bailiwick-dev/bailiwick/dsar/tombstone"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
	"github.com/jmoiron/sqlx"
)

//go:embed shop.sql
var schema string

func main() {
	ctx := context.Background()
	if len(os.Args) > 1 {
		if err := propose(ctx, os.Stdout, os.Args[1]); err != nil {
			log.Fatal(err)
		}
		return
	}
	dir, err := os.MkdirTemp("", "dsar")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := run(ctx, os.Stdout, dir); err != nil {
		log.Fatal(err)
	}
}

// propose writes the map that discovery proposes for a file.
func propose(ctx context.Context, out io.Writer, file string) error {
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		return err
	}
	defer db.Close()
	p, err := discover.Discover(ctx, db, discover.Options{})
	if err != nil {
		return err
	}
	return p.WriteGo(out, "privacy")
}

// shop is the application, as far as the door needs it.
type shop struct {
	out        io.Writer
	engine     *engine.Engine
	vault      *vault.Vault
	verifier   note.Verifier
	key        tenancy.Key
	passphrase string
}

var tenant = tenancy.MustParseID("shop")

func run(ctx context.Context, out io.Writer, dir string) error {
	files, err := open(dir) // first: SQLite's locks are a process's, and this package looks after them
	if err != nil {
		return err
	}
	defer files.Close()
	old := filepath.Join(dir, "shop.db")
	if err := makeOld(ctx, old); err != nil {
		return err
	}
	fmt.Fprintln(out, "1. What the old file seems to hold of people")
	var proposed bytes.Buffer
	if err := propose(ctx, &proposed, old); err != nil {
		return err
	}
	fmt.Fprintf(out, "   a map of %d lines, with %d questions\n", strings.Count(proposed.String(), "\n"), strings.Count(proposed.String(), "Decide:"))

	if err := adopt(ctx, files, old); err != nil {
		return err
	}
	db := files.TenantDB()
	ctx = tenancy.With(ctx, tenant)
	s := &shop{out: out, passphrase: archive.NewPassphrase()}
	if err := s.wire(ctx, db, dir); err != nil {
		return err
	}
	defer s.vault.Close()

	fmt.Fprintln(out, "2. The map that somebody decided, against the database")
	err = db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		report, err := dsar.Verify(ctx, tx, privacy)
		if err != nil {
			return err
		}
		for _, f := range report.Findings {
			fmt.Fprintf(out, "   %s %s: %s\n", f.Rule, f.Object, f.Message)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var backup bytes.Buffer
	if _, err := files.Export(ctx, tenant, &backup); err != nil {
		return err
	}
	fmt.Fprintln(out, "3. Ada wants to see what there is")
	if err := s.access(ctx, dir); err != nil {
		return err
	}
	fmt.Fprintln(out, "4. Ada wants to be forgotten")
	if err := s.erase(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, "5. Somebody restores the backup")
	return s.restore(ctx, files, &backup)
}

// ada is who asks, as the session says.
var ada = dsar.Person{Kind: "customer", Key: []string{"1"}}

// ask opens a request of somebody who is signed in.
func (s *shop) ask(ctx context.Context, k dsar.Kind) (dsar.Request, error) {
	r, err := s.engine.Open(ctx, dsar.Intake{Kind: k, Person: ada})
	if err != nil {
		return r, err
	}
	fmt.Fprintf(s.out, "   due on %s (%s)\n", r.Clock.Due.Day, r.Clock.Due.Cite)
	return s.engine.Verified(ctx, r.ID, dsar.Evidence{Request: r.ID, Method: "session", Person: ada})
}

func (s *shop) access(ctx context.Context, dir string) error {
	r, err := s.ask(ctx, dsar.Access)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, "ada.zip.age"), os.O_CREATE|os.O_RDWR|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	x, err := s.engine.Export(ctx, r.ID, f)
	if err != nil {
		return err
	}
	id, err := archive.Passed(s.passphrase)
	if err != nil {
		return err
	}
	zip, size, err := archive.Decrypt(f, x.Bytes, id)
	if err != nil {
		return err
	}
	m, err := archive.Verify(zip, size, s.verifier)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "   %d rows in %d files, encrypted to her passphrase and signed\n", x.Rows, len(m.Files))
	return nil
}

func (s *shop) erase(ctx context.Context) error {
	r, err := s.ask(ctx, dsar.Erasure)
	if err != nil {
		return err
	}
	plan, err := s.engine.Plan(ctx, r.ID)
	if err != nil {
		return err
	}
	for _, t := range plan.Tables {
		fmt.Fprintln(s.out, strings.TrimRight(fmt.Sprintf("   %-7s %d of %s  %s", t.Action, t.Rows, t.Table, t.Why), " "))
	}
	officer := audit.Party{Type: "staff", ID: "officer"}
	if _, err := s.engine.Approve(ctx, r.ID, plan.Hash, officer); err != nil {
		return err
	}
	for range 20 { // a service runs engine.Run in the background
		if r, err = s.engine.Request(ctx, r.ID); err != nil {
			return err
		}
		if r.State == dsar.Closed {
			break
		}
		if _, err := s.engine.Step(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.out, "   the request is %s: %s\n", r.State, r.Outcome)
	signed, err := s.engine.Receipt(ctx, r.ID)
	if err != nil {
		return err
	}
	paper, err := receipt.Open(signed, s.verifier)
	if err != nil {
		return err
	}
	return paper.WriteText(s.out)
}

func (s *shop) restore(ctx context.Context, files *sqlite.DB, backup io.Reader) error {
	t := tenancy.Tenant{ID: tenant, State: tenancy.Suspended, Epoch: 1}
	if err := files.SetState(ctx, t); err != nil {
		return err
	}
	t.State = tenancy.Active
	if err := files.Restore(ctx, t, backup); err != nil {
		return err
	}
	if err := s.engine.Guard.Start(ctx); !errors.Is(err, tombstone.ErrRestored) {
		return fmt.Errorf("a restored database was not refused: %v", err)
	}
	fmt.Fprintln(s.out, "   it is refused:", tombstone.ErrRestored)
	done, err := s.engine.Guard.Replay(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "   tombstones replayed: %d person erased again\n", len(done.Erased))
	return s.engine.Guard.Start(ctx)
}

// tell writes to people. Here it is the terminal.
func (s *shop) tell(_ context.Context, n dsar.Notice) error {
	fmt.Fprintf(s.out, "   told: %s\n", n.Kind)
	return nil
}

// makeOld makes the file of an application that never heard of tenants.
func makeOld(ctx context.Context, file string) error {
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, schema)
	return errors.Join(err, db.Close())
}

// open opens the folder of tenants' files. The doors' tables come beside the application's own.
func open(dir string) (*sqlite.DB, error) {
	tenants, err1 := sqlite.ReadDoors(map[string]fs.FS{"dsar": dsarsql.SQLite(), "audit": auditsql.SQLite(), "vault": vaultsql.SQLite()})
	system, err2 := sqlite.ReadDoors(map[string]fs.FS{"audit": auditsql.SQLiteSystem(), "vault": vaultsql.SQLiteSystem()})
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return sqlite.Open(filepath.Join(dir, "data"), sqlite.Options{Migrations: tenants, SystemMigrations: system,
		SystemAudit: func(context.Context, tenancy.Act) error { return nil }}) // a service records why tenants are crossed
}

// adopt makes the old file that of a tenant.
func adopt(ctx context.Context, files *sqlite.DB, old string) error {
	f, err := os.Open(old)
	if err != nil {
		return err
	}
	defer f.Close()
	return files.Adopt(ctx, tenancy.Tenant{ID: tenant, State: tenancy.Active, Epoch: 1}, f)
}
