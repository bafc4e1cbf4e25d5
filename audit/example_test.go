package audit_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"golang.org/x/mod/sumdb/note"
)

var (
	docRead   = audit.Define("example.document_read", audit.Read)
	docShared = audit.Define("example.document_shared", audit.Update)
)

// openExample opens a log over s. A program gets both keys from where it keeps its secrets.
func openExample(s audit.Store) *audit.Log {
	key, err := tenancy.NewKey("k1", []byte("thirty-two bytes from a safe place"))
	if err != nil {
		log.Fatal(err)
	}
	secret, _, err := note.GenerateKey(rand.Reader, "example.com/audit")
	if err != nil {
		log.Fatal(err)
	}
	signer, err := audit.NewSigner(secret)
	if err != nil {
		log.Fatal(err)
	}
	l, err := audit.Open(context.Background(), s, audit.Options{Origin: "example.com/audit", Signer: signer, Key: key})
	if err != nil {
		log.Fatal(err)
	}
	return l
}

func ExampleLog_Append() {
	l := openExample(audit.NewMemory())
	defer l.Close(context.Background())
	ctx := tenancy.With(context.Background(), tenancy.MustParseID("acme"))

	ada := audit.Party{Type: "user", ID: "42", Name: "Ada", Email: "ada@example.com", Person: true}
	receipts, err := l.Append(ctx,
		audit.Event{Action: docRead, Actor: ada, Targets: []audit.Party{{Type: "document", ID: "d-7"}}},
		audit.Event{Action: docShared, Actor: ada, Outcome: audit.Denied, Data: map[string]any{"pages": 3}},
	)
	fmt.Println(len(receipts), err)
	for r, err := range l.Events(ctx, audit.Query{Actor: "user:42"}) { // newest first
		fmt.Println(r.Seq, r.ActionName, r.Outcome, r.Actor.Name, err)
	}
	// Output:
	// 2 <nil>
	// 1 example.document_shared denied Ada <nil>
	// 0 example.document_read success Ada <nil>
}

// A person's values are beside the log, not in it: what is hashed and signed holds commitments to them.
func ExampleLog_Record() {
	l := openExample(audit.NewMemory())
	defer l.Close(context.Background())
	ctx := tenancy.With(context.Background(), tenancy.MustParseID("acme"))

	err := l.Record(ctx, audit.Event{
		ID:     audit.IDFor("import 17, row 3"), // recorded twice, it is in the log once
		Action: docRead,
		Actor:  audit.Party{Type: "user", ID: "42", Person: true},
		Data:   map[string]any{"title": audit.Personal("user:43", "Grace's diary"), "pages": 3},
	})
	fmt.Println(err)
	for r := range l.Events(ctx, audit.Query{}) {
		fmt.Println(r.Actor.ID, r.Data["title"].(audit.PersonalValue).Value(), r.Data["pages"])
		_, afterCommitments, _ := strings.Cut(string(r.Leaf), "},")
		fmt.Println(afterCommitments)
	}
	// Output:
	// <nil>
	// 42 Grace's diary 3
	// "actor":{"type":"user","person":true},"data":{"pages":3}}
}

// What is recorded in a transaction is in the log if the transaction commits, and never if it does not.
func ExampleLog_Append_inATransaction() {
	s := audit.NewMemory() // with package auditsql it is tenantdb's transaction
	l := openExample(s)
	defer l.Close(context.Background())
	ctx := tenancy.With(context.Background(), tenancy.MustParseID("acme"))

	undone := s.Tx(ctx, func(ctx context.Context) error {
		if err := l.Record(ctx, audit.Event{Action: docShared}); err != nil {
			return err
		}
		return fmt.Errorf("the document is locked")
	})
	done := s.Tx(ctx, func(ctx context.Context) error { return l.Record(ctx, audit.Event{Action: docRead}) })
	fmt.Println(undone, done, l.Flush(ctx))
	for r := range l.Events(ctx, audit.Query{}) {
		fmt.Println(r.Seq, r.ActionName)
	}
	// Output:
	// the document is locked <nil> <nil>
	// 0 example.document_read
}
