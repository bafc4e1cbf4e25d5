package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	"golang.org/x/mod/sumdb/note"
)

// origin names the audit logs to the outside.
const origin = "helpdesk.example/audit"

// keys are the application's secrets, which are in no database. Here they are files beside it; a real application has a secret store, and
// a key management service in the place of vault.key.
type keys struct {
	Signer     string // signs the audit logs' checkpoints
	Public     string // verifies them; no secret
	Scope      string // signs which tenant a transaction is of, on Postgres
	Session    string // signs cookies and links
	Consent    string // signs what visitors answered
	People     string // leads from users to their consent
	Trail      string // leads from people to events about them
	Tombstones string // seals who was erased, outside of the database
}

// openKeys reads the keys of dir, or makes them.
func openKeys(dir string) (k keys, err error) {
	path := filepath.Join(dir, "keys.json")
	b, err := os.ReadFile(path)
	if err == nil {
		return k, json.Unmarshal(b, &k)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if k.Signer, k.Public, err = note.GenerateKey(rand.Reader, origin); err != nil {
		return k, err
	}
	for _, p := range []*string{&k.Scope, &k.Session, &k.Consent, &k.People, &k.Trail, &k.Tombstones} {
		*p = rand.Text() + rand.Text()
	}
	if b, err = json.Marshal(k); err != nil {
		return k, err
	}
	// Under another name first: what is half written when the process ends is not read by the next one.
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return k, err
	}
	return k, os.Rename(path+".new", path)
}

// key is the one of that name made of secret.
func key(name, secret string) (tenancy.Key, error) { return tenancy.NewKey(name, []byte(secret)) }

// vaultKeeper wraps the root of all keys by the one in dir.
func vaultKeeper(dir string) (vault.Keeper, error) {
	path := filepath.Join(dir, "vault.key")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(path, []byte(vault.NewKey().Reveal()), 0o600); err != nil {
			return nil, err
		}
	}
	return vault.KeyFromFile(path)
}
