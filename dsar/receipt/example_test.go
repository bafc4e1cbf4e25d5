package receipt_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/receipt"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"golang.org/x/mod/sumdb/note"
)

func ExampleReceipt() {
	private, public, _ := note.GenerateKey(rand.Reader, "privacy.example.test")
	signer, _ := note.NewSigner(private)
	verifier, _ := note.NewVerifier(public)

	day := time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)
	end := time.Date(2036, 12, 31, 0, 0, 0, 0, time.UTC)
	hash := "sha256:00000000000000000000000000000000000000000000000000000000000000aa"
	r := receipt.Of("2026-114", "user",
		&dsar.Erased{Plan: hash, Begun: day, Done: day, Tables: []dsar.Planned{
			{Table: "ticket", Action: dsar.ActDelete, Rows: 31},
			{Table: "invoice", Action: dsar.ActKeep, Rows: 2, Why: "legal obligation (§ 147 AO)", Until: &end},
			{Table: "review", Action: dsar.ActCut, Rows: 4},
		}},
		&dsar.Proof{Map: hash, At: day, Rows: 48_112, Residual: []string{"backups, until 2026-07-31"}})
	r.Tenant = tenancy.MustParseID("acme")
	r.Processors = []receipt.Processor{{Name: "mailer", State: dsar.Confirmed, At: day}}
	signed, err := r.Sign(signer, "jane@example.test")
	if err != nil {
		panic(err)
	}
	opened, err := receipt.Open(signed, verifier)
	if err != nil {
		panic(err)
	}
	opened.Proof, opened.Plan, opened.Map = "", "", "" // hashes, for those who check them
	_ = opened.WriteText(os.Stdout)
	_, err = receipt.Open(bytes.Replace(signed, []byte("ticket"), []byte("rocket"), 1), verifier)
	fmt.Println(errors.Is(err, receipt.ErrInvalid))
	// Output:
	// Request 2026-114: partly erased.
	// Ended 2026-07-01 09:00 UTC.
	//
	// Erased:
	//   ticket: 31 rows
	//
	// Kept:
	//   invoice: 2 rows, legal obligation (§ 147 AO), until 2036-12-31
	//
	// Rows of other people stay; what linked them to you was removed, or is theirs too.
	//
	// Others who hold data for us:
	//   mailer: confirmed, 2026-07-01 09:00 UTC
	//
	// Copies may remain in:
	//   backups, until 2026-07-31
	//
	// true
}
