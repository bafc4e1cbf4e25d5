package vault_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
)

// newVault opens a vault over a store in memory; package vaultsql has one over SQLite and Postgres.
func newVault() (*vault.Vault, context.Context) {
	keeper, err := vault.KeyFromPassphrase(redact.NewSecret("a passphrase for an example"), []byte("0123456789abcdef"))
	if err != nil {
		panic(err)
	}
	v, err := vault.Open(context.Background(), vault.NewMemory(), keeper, vault.Options{})
	if err != nil {
		panic(err)
	}
	acme, err := tenancy.ParseID("acme")
	if err != nil {
		panic(err)
	}
	return v, tenancy.With(context.Background(), acme)
}

func Example() {
	v, ctx := newVault()
	defer v.Close()
	slack := vault.Ref{Purpose: "slack", ID: "bot"}

	var form struct{ Token redact.Secret[string] }
	_ = json.Unmarshal([]byte(`{"Token":"xoxb-not-a-real-one"}`), &form)
	fmt.Println("as it came in:", form)
	fmt.Println("stored:", v.Put(ctx, slack, form.Token, vault.Policy{}))

	err := v.Use(ctx, slack, func(secret []byte) error {
		return fmt.Errorf("the service refused %q", secret)
	})
	fmt.Println(err)
	// Output:
	// as it came in: {[redacted:secret]}
	// stored: <nil>
	// the service refused "[redacted:secret]"
}

func ExampleField() {
	v, ctx := newVault()
	defer v.Close()
	email, _ := v.Field(ctx, "customers.email")
	sealed, _ := email.AppendSeal(ctx, nil, "42", "user:42", []byte("ada@example.com"))
	fmt.Println(len(sealed)-len("ada@example.com"), "bytes more")

	plain, _ := email.AppendOpen(ctx, nil, "42", "user:42", sealed)
	fmt.Println(string(plain))
	_, err := email.AppendOpen(ctx, nil, "43", "user:43", sealed) // moved to another row
	fmt.Println(errors.Is(err, vault.ErrNotAuthentic))
	// Output:
	// 57 bytes more
	// ada@example.com
	// true
}

func ExampleVault_Shred() {
	v, ctx := newVault()
	defer v.Close()
	email, _ := v.Field(ctx, "customers.email")
	sealed, _ := email.AppendSeal(ctx, nil, "42", "user:42", []byte("ada@example.com"))

	receipt, _ := v.Shred(ctx, vault.Shredding{Subject: "user:42", Basis: "GDPR Art. 17(1)(b)"})
	fmt.Println("keys destroyed:", receipt.Keys)
	_, err := email.AppendOpen(ctx, nil, "42", "user:42", sealed)
	fmt.Println(err)
	// Output:
	// keys destroyed: 1
	// vault: the key was destroyed
}

func ExampleVault_SealRow() {
	v, ctx := newVault()
	defer v.Close()
	type customer struct {
		ID          string
		Email       string `db:"-" vault:"customers.email,id=ID,into=EmailSealed,subject=user:ID"`
		EmailSealed vault.Sealed
	}
	ada := customer{ID: "42", Email: "ada@example.com"}
	_ = v.SealRow(ctx, &ada)

	read := customer{ID: ada.ID, EmailSealed: ada.EmailSealed} // as it comes out of the database
	_ = v.OpenRow(ctx, &read)
	fmt.Println(read.Email)
	// Output: ada@example.com
}
