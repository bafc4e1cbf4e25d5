// A token of a service is stored, used and never seen; an address is sealed for the person it belongs to, found by its
// index, and lost for ever when the person is shredded.
//
//	VAULT_KEY=$(head -c 32 /dev/urandom | base64) go run ./examples/vault DIR
//
// The key is the one thing that is not in DIR: with another one, the same DIR does not open.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
	"github.com/jmoiron/sqlx"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: vault DIR")
	}
	keeper, err := vault.KeyFromEnv("VAULT_KEY")
	if err != nil {
		log.Fatal(err)
	}
	if err := onSQLite(context.Background(), os.Stdout, os.Args[1], keeper); err != nil {
		log.Fatal(err)
	}
}

func onSQLite(ctx context.Context, out io.Writer, dir string, keeper vault.Keeper) error {
	// The vault's tables come beside the application's; the roots of the keys are in the system database.
	tenants, err1 := sqlite.ReadMigrations("vault", vaultsql.SQLite())
	system, err2 := sqlite.ReadMigrations("vault", vaultsql.SQLiteSystem())
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	files, err := sqlite.Open(dir, sqlite.Options{
		Migrations: append(tenants, sqlite.Migration{ID: "shop/0001",
			SQL: `CREATE TABLE customer (id TEXT NOT NULL PRIMARY KEY, address BLOB, address_index BLOB) STRICT`}),
		SystemMigrations: system,
		SystemAudit:      func(context.Context, tenancy.Act) error { return nil }, // a real application records why tenants are crossed
	})
	if err != nil {
		return err
	}
	defer files.Close()
	acme := tenancy.MustParseID("acme")
	if err := files.Provision(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}); err != nil {
		return err
	}
	db := files.TenantDB()
	store, err := vaultsql.New(db)
	if err != nil {
		return err
	}
	v, err := vault.Open(ctx, store, keeper, vault.Options{})
	if err != nil {
		return err
	}
	defer v.Close()
	ctx = tenancy.With(ctx, acme)
	if err := connect(ctx, out, v); err != nil {
		return err
	}
	return forget(ctx, out, v, db)
}

// connect stores the token of a service and calls the service with it.
func connect(ctx context.Context, out io.Writer, v *vault.Vault) error {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer xoxb-not-a-real-token" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
		}
	}))
	defer service.Close()
	slack := vault.Ref{Purpose: "slack", ID: "bot"}
	if err := v.Put(ctx, slack, redact.NewSecret("xoxb-not-a-real-token"), vault.Policy{}); err != nil {
		return err
	}
	client := &http.Client{Transport: v.Transport(slack, strings.TrimPrefix(service.URL, "http://"), vault.Bearer, nil)}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, service.URL, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	fmt.Fprintln(out, "the service says", resp.Status)
	err = v.Use(ctx, slack, func(token []byte) error { return fmt.Errorf("bad token %q", token) })
	fmt.Fprintln(out, "an error says", err)
	return nil
}

// customer is a row; what is sealed of it is what the database gets.
type customer struct {
	ID           string       `db:"id"`
	Address      string       `db:"-" vault:"customer.address,id=ID,into=Sealed,subject=customer:ID,index=AddressIndex"`
	Sealed       vault.Sealed `db:"address"`
	AddressIndex []byte       `db:"address_index"`
}

// forget stores a customer, finds her, and shreds her.
func forget(ctx context.Context, out io.Writer, v *vault.Vault, db *tenantdb.DB) error {
	ada := customer{ID: "42", Address: "12 St James's Square"}
	err := db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := v.SealRow(ctx, &ada); err != nil { // new keys are stored with the row, or not at all
			return err
		}
		_, err := tx.NamedExecContext(ctx, `INSERT OR REPLACE INTO customer VALUES (:id, :address, :address_index)`, ada)
		return err
	})
	if err != nil {
		return err
	}
	find := func() (found []customer, lost int, err error) {
		f, err := v.Field(ctx, "customer.address")
		if err != nil {
			return nil, 0, err
		}
		token, err := f.Token(ctx, "12 St James's Square")
		if err != nil {
			return nil, 0, err
		}
		err = db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			return tx.SelectContext(ctx, &found, `SELECT * FROM customer WHERE address_index = ?`, token[:])
		})
		return found, lost, errors.Join(err, v.OpenRows(ctx, found, func(int, string) { lost++ }))
	}
	found, _, err := find()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "found %s: %s\n", found[0].ID, found[0].Address)

	_, err = v.Shred(ctx, vault.Shredding{Subject: audit.SubjectOf("customer", "42"), Basis: "GDPR Art. 17(1)(b)"})
	if err != nil {
		return err
	}
	found, lost, err := find()
	fmt.Fprintf(out, "found %s: %q, %d value lost\n", found[0].ID, found[0].Address, lost)
	return err
}
