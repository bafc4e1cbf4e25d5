package egress_test

import (
	"context"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar/egress"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// lines is an audit log that is read at once.
type lines struct{}

func (lines) Record(_ context.Context, e audit.Event) error {
	fmt.Println("log:", e.Action, e.Outcome)
	return nil
}

func Example() {
	key, _ := age.GenerateX25519Identity() // the court's; here for the example
	guard, _ := egress.New(egress.NewMemory(nil), egress.Policy{
		Sinks: []egress.Sink{{Name: "legal", Type: "s3", Destination: "s3://acme-legal", Recipient: key.Recipient().String(),
			Encrypt: func(w io.Writer) (io.WriteCloser, error) { return age.Encrypt(w, key.Recipient()) },
			Open:    func(context.Context, string) (io.WriteCloser, error) { return &bucket{}, nil }}},
		Once:  egress.Limit{Rows: 1000, Bytes: 1 << 20},
		Day:   egress.Limit{Rows: 1000, Bytes: 1 << 20},
		Alone: egress.Limit{Rows: 1, Bytes: 100},
	}, egress.Options{Recorder: lines{}})
	ctx := tenancy.With(context.Background(), tenancy.NewID())
	e, _ := guard.Ask(ctx, egress.Ask{ID: "x", By: "eve", Sink: "legal", Tables: []string{"ticket"}, Limit: egress.Limit{Rows: 2, Bytes: 100}, Reason: "disclosure", Ticket: "LEGAL-17"})
	fmt.Println(e.State)
	_, err := guard.Approve(ctx, "x", e.Hash, "eve")
	fmt.Println(err)
	_, _ = guard.Approve(ctx, "x", e.Hash, "mallory")
	s, _ := guard.Open(ctx, "x", "eve")
	for range 3 {
		if err := s.Rows(1); err != nil {
			fmt.Println(err)
			break
		}
		_, _ = io.WriteString(s, "a row\n")
	}
	_ = s.Stop(ctx)
	e, _ = guard.Export(ctx, "x")
	fmt.Println(e.State, e.Taken.Rows)
	// Output:
	// log: egress.asked success
	// waiting
	// log: egress.refused denied
	// egress: the second person is the first one
	// log: egress.approved success
	// log: egress.begun attempted
	// egress: over the limit
	// log: egress.ended failure
	// stopped 2
}
