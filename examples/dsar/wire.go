package main

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/bailiwick-dev/bailiwick/dsar/engine"
	"github.com/bailiwick-dev/bailiwick/dsar/proof"
	"github.com/bailiwick-dev/bailiwick/dsar/tombstone"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
)

// wire puts the door together: what a service does once, when it starts. Keys are made here; a service has them from its secrets.
func (s *shop) wire(ctx context.Context, db *tenantdb.DB, dir string) error {
	private, public, err := note.GenerateKey(rand.Reader, "shop.example/audit")
	if err != nil {
		return err
	}
	signer, err := audit.NewSigner(private) // one key for the log, exports and receipts
	if err != nil {
		return err
	}
	if s.verifier, err = note.NewVerifier(public); err != nil {
		return err
	}
	if s.key, err = newKey("k1"); err != nil {
		return err
	}
	events, err := auditsql.New(db)
	if err != nil {
		return err
	}
	log, err := audit.Open(ctx, events, audit.Options{Origin: "shop.example/audit", Signer: signer, Key: s.key})
	if err != nil {
		return err
	}
	keys, err := vaultsql.New(db)
	if err != nil {
		return err
	}
	keeper, err := vault.KeyFrom(vault.NewKey())
	if err != nil {
		return err
	}
	if s.vault, err = vault.Open(ctx, keys, keeper, vault.Options{Recorder: log}); err != nil {
		return err
	}
	elsewhere := filepath.Join(dir, "elsewhere") // in truth on another machine, and in another backup
	if err := os.Mkdir(elsewhere, 0o700); err != nil {
		return err
	}
	stones, err := tombstone.OpenFile(filepath.Join(elsewhere, "tombstones"))
	if err != nil {
		return err
	}
	perth, err := time.LoadLocation("Australia/Perth")
	if err != nil {
		return err
	}
	s.engine, err = engine.New(db, privacy, engine.Options{
		Options: dsar.Options{
			Key: s.key, Sealer: sealer{s.vault}, Recorder: log,
			Law: "eu-gdpr", Calendar: deadline.Calendar{Zone: perth},
			Kinds: []dsar.Kind{dsar.Access, dsar.Erasure},
			Tell:  s.tell,
			Hide:  func(context.Context, dsar.Person) error { return nil }, // a service ends sessions and shows the account no more
			Show:  func(context.Context, dsar.Person) error { return nil },
			Undo:  -1, // three days, if nothing is said
		},
		Signer: signer,
		Recipients: func(context.Context, dsar.Person) ([]age.Recipient, error) {
			r, err := archive.Passphrase(s.passphrase)
			return []age.Recipient{r}, err
		},
		Stones: stones, StoneKeys: tombstone.Keys{s.key},
		Proof: proof.Options{Backups: 35 * 24 * time.Hour},
	})
	return err
}

// newKey makes a key.
func newKey(id string) (tenancy.Key, error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	return tenancy.NewKey(id, secret)
}

// sealer seals who a request is about in the vault, under a key of that request's own.
type sealer struct{ v *vault.Vault }

func (s sealer) Seal(ctx context.Context, id dsar.ID, plain []byte) ([]byte, error) {
	f, err := s.v.Field(ctx, "dsar.request")
	if err != nil {
		return nil, err
	}
	return f.AppendSeal(ctx, nil, string(id), audit.SubjectOf("dsar request", string(id)), plain)
}

func (s sealer) Open(ctx context.Context, id dsar.ID, sealed []byte) ([]byte, error) {
	f, err := s.v.Field(ctx, "dsar.request")
	if err != nil {
		return nil, err
	}
	return f.AppendOpen(ctx, nil, string(id), audit.SubjectOf("dsar request", string(id)), sealed)
}

func (s sealer) Shred(ctx context.Context, id dsar.ID) error {
	_, err := s.v.Shred(ctx, vault.Shredding{Subject: audit.SubjectOf("dsar request", string(id)), Basis: "the request is closed"})
	return err
}
