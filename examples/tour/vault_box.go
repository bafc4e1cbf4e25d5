package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
)

// box is the desk's vault, and how an application uses it. The tests have worse ones.
type box struct {
	store  vault.Store
	keeper vault.Keeper
	v      *vault.Vault

	put  func(ctx context.Context, r vault.Ref, secret redact.Secret[string], p vault.Policy) error
	use  func(ctx context.Context, r vault.Ref, f func(secret []byte) error) error
	seal func(ctx context.Context, at vault.Ref, plaintext []byte) ([]byte, error)
	open func(ctx context.Context, at vault.Ref, sealed []byte) ([]byte, error)
}

// keepSecrets opens the desk's vault, to be closed with it. The keeper's key is in a file outside the database.
func (d *desk) keepSecrets(ctx context.Context, c config) error {
	outside, err := os.MkdirTemp(c.tmp, "bailiwick-tour-key-")
	if err != nil {
		return err
	}
	d.close = append(d.close, func() error { return os.RemoveAll(outside) })
	path := filepath.Join(outside, "vault.key")
	if err := os.WriteFile(path, []byte(vault.NewKey().Reveal()), 0o600); err != nil {
		return err
	}
	b := &box{}
	if b.keeper, err = vault.KeyFromFile(path); err != nil {
		return err
	}
	if b.store, err = vaultsql.New(d.db); err != nil {
		return err
	}
	if b.v, err = vault.Open(ctx, b.store, b.keeper, vault.Options{Recorder: d.trail.log}); err != nil {
		return err
	}
	b.put, b.use, b.seal, b.open = b.v.Put, b.v.Use, sealField(b.v), openField(b.v)
	d.box = b
	d.close = append(d.close, b.v.Close)
	return nil
}

func sealField(v *vault.Vault) func(context.Context, vault.Ref, []byte) ([]byte, error) {
	return func(ctx context.Context, at vault.Ref, plaintext []byte) ([]byte, error) {
		f, err := v.Field(ctx, at.Purpose)
		if err != nil {
			return nil, err
		}
		return f.AppendSeal(ctx, nil, at.ID, at.Subject, plaintext)
	}
}

func openField(v *vault.Vault) func(context.Context, vault.Ref, []byte) ([]byte, error) {
	return func(ctx context.Context, at vault.Ref, sealed []byte) ([]byte, error) {
		f, err := v.Field(ctx, at.Purpose)
		if err != nil {
			return nil, err
		}
		return f.AppendOpen(ctx, nil, at.ID, at.Subject, sealed)
	}
}

var hook = vault.Ref{Purpose: "slack", ID: "webhook"}

// Made up for each tour. The credential is looked for in the database, so it must not be there by chance.
var (
	credential = "xoxb-" + base64.RawURLEncoding.EncodeToString([]byte(rand.Text()))
	address    = "rosalind." + rand.Text() + "@post.example"
)

// customerAt is where the private address of a customer is kept.
func customerAt(n int) vault.Ref {
	return vault.Ref{Purpose: "customers.address", ID: fmt.Sprint(n), Subject: audit.SubjectOf("customer", fmt.Sprint(n))}
}

// ginkgosSecrets has ginkgo connect a service, and keep the addresses of its customers.
func ginkgosSecrets(ctx context.Context, d *desk) (fact string, err error) {
	ctx = tenancy.With(ctx, ginkgo)
	if err := d.box.put(ctx, hook, redact.NewSecret(credential), vault.Policy{}); err != nil {
		return "", err
	}
	customers := d.org(ginkgo).books.customers
	d.sealed = make([][]byte, len(customers))
	for i := range d.sealed {
		if d.sealed[i], err = d.box.seal(ctx, customerAt(i), []byte(addressOf(i))); err != nil {
			return "", err
		}
		d.ops.Add(1)
	}
	return fmt.Sprintf("ginkgo connects a service, and seals the addresses of %d customers under a key of each", len(d.sealed)), nil
}

func addressOf(i int) string { return fmt.Sprint(i, " ", address) }
