package vault_test

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	"golang.org/x/mod/sumdb/note"
)

var docRead = audit.Define("example.document_read", audit.Read)

// A log seals what it holds of a person under the person's key. Shredding that takes it out of all copies of the log.
func ExampleAuditSealer() {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	ctx := tenancy.With(context.Background(), tenancy.MustParseID("acme"))
	private, _, err := note.GenerateKey(rand.Reader, "example.com/audit")
	must(err)
	signer, err := audit.NewSigner(private)
	must(err)
	key, err := tenancy.NewKey("k1", []byte("thirty-two bytes from a safe place"))
	must(err)
	keeper, err := vault.KeyFromPassphrase(redact.NewSecret("a passphrase for an example"), []byte("0123456789abcdef"))
	must(err)

	sealer := new(vault.AuditSealer)
	log, err := audit.Open(ctx, audit.NewMemory(), audit.Options{Origin: "example.com/audit", Signer: signer, Key: key, Sealer: sealer})
	must(err)
	defer log.Close(ctx)
	v, err := vault.Open(ctx, vault.NewMemory(), keeper, vault.Options{Recorder: log, Sealer: sealer})
	must(err)
	defer v.Close()

	ada := audit.Party{Type: "user", ID: "42", Name: "Ada", Person: true}
	must(log.Record(ctx, audit.Event{Action: docRead, Actor: ada}))
	show := func() {
		for r, err := range log.Events(ctx, audit.Query{Actions: []audit.Action{docRead}}) {
			fmt.Printf("%s by %q, erased: %v, error: %v\n", r.ActionName, r.Actor.Name, r.Erased, err)
		}
	}
	show()
	_, err = v.Shred(ctx, vault.Shredding{Subject: ada.Subject(), Basis: "GDPR Art. 17(1)(b)"})
	must(err)
	show()
	// Whoever verifies the log is told why they are missing.
	done, err := log.Erase(ctx, audit.Erasure{Subject: ada.Subject(), Basis: "GDPR Art. 17(1)(b)", By: audit.Party{Type: "admin"}})
	must(err)
	fmt.Println("events it told of:", done.Events)
	// Output:
	// example.document_read by "Ada", erased: [], error: <nil>
	// example.document_read by "", erased: [actor.id actor.name], error: <nil>
	// events it told of: 2
}
