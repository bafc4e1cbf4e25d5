package dsar_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
)

// acme is a service for one tenant of an application in memory, in which Jane has three rows, and whose clock stands until it is moved.
func acme() (s *dsar.Service, app *dsartest.App, ctx context.Context, pass func(time.Duration)) {
	now := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	app = &dsartest.App{}
	s, err := dsar.New(dsar.NewMemory(func() time.Time { return now }), dsartest.Map, app.Options())
	if err != nil {
		panic(err)
	}
	app.Held = s.Held
	ctx = tenancy.With(context.Background(), tenancy.MustParseID("acme"))
	app.Add(ctx, dsartest.Jane(), 3)
	return s, app, ctx, func(d time.Duration) { now = now.Add(d) }
}

func Example_erasure() {
	s, app, ctx, pass := acme()
	jane := dsartest.Jane()
	r, _ := s.Open(ctx, dsar.Intake{ID: "2026-17", Kind: dsar.Erasure, Person: jane})
	fmt.Println("due:", r.Clock.Due.Day)
	_, err := s.Plan(ctx, r.ID)
	fmt.Println(err)

	_, _ = s.Verified(ctx, r.ID, dsar.Evidence{Request: r.ID, Method: "session", Person: jane})
	plan, _ := s.Plan(ctx, r.ID)
	for _, t := range plan.Tables {
		fmt.Println("plan:", t.Action, t.Rows, "of", t.Table)
	}
	r, _ = s.Approve(ctx, r.ID, plan.Hash, audit.Party{Type: "staff", ID: "dpo", Person: true})
	fmt.Println("hidden:", app.Hidden(ctx, jane), "· rows:", app.Rows(ctx, jane), "· can be taken back until", r.Until.Format(time.DateOnly))

	pass(3 * 24 * time.Hour)
	_, _ = s.Step(ctx) // as Run does
	r, _ = s.Request(ctx, r.ID)
	fmt.Println(r.State, r.Outcome, "· rows:", app.Rows(ctx, jane))
	signed, _ := s.Receipt(ctx, r.ID)
	fmt.Printf("receipt: %s\n", signed)
	// Output:
	// due: 2026-02-28
	// dsar: nobody knows yet who asks
	// plan: delete 3 of ticket
	// hidden: true · rows: 3 · can be taken back until 2026-02-03
	// closed done · rows: 0
	// receipt: 2026-17 [{ticket delete 3  <nil>}] mail done
}

func Example_access() {
	s, app, ctx, _ := acme()
	r, _ := s.Open(ctx, dsar.Intake{ID: "2026-18", Kind: dsar.Access, Person: dsartest.Jane()})
	mallory := dsar.Person{Kind: "user", Key: []string{"666"}}
	_, err := s.Verified(ctx, r.ID, dsar.Evidence{Request: r.ID, Method: "session", Person: mallory})
	fmt.Println(err)

	token, _ := s.Token(ctx, r.ID) // sent to the address that the account has
	_, err = s.Verified(ctx, r.ID, dsar.Evidence{Request: r.ID, Method: "e-mail", Token: token})
	fmt.Println(err)
	_, _ = s.Step(ctx)
	fmt.Println(app.Exports()[0])
	// Output:
	// dsar: that does not show who asks
	// <nil>
	// 2026-18: 3 rows of map[email:[jane.doe@example.test]]
}

func ExampleService_Hold() {
	s, app, ctx, pass := acme()
	jane := dsartest.Jane()
	hold, _ := s.Hold(ctx, dsar.Hold{Person: jane, Basis: "GDPR Art. 17(3)(e), case 17/2026"})
	r, _ := s.Open(ctx, dsar.Intake{Kind: dsar.Erasure, Person: jane})
	_, _ = s.Verified(ctx, r.ID, dsar.Evidence{Request: r.ID, Method: "session", Person: jane})
	plan, _ := s.Plan(ctx, r.ID)
	_, _ = s.Approve(ctx, r.ID, plan.Hash, audit.Party{})
	pass(10 * 24 * time.Hour)
	_, _ = s.Step(ctx)
	fmt.Println("rows:", app.Rows(ctx, jane))

	_, _ = s.Release(ctx, hold.ID, "settled", audit.Party{})
	_, _ = s.Step(ctx)
	fmt.Println("rows:", app.Rows(ctx, jane))
	// Output:
	// rows: 3
	// rows: 0
}

func ExampleService_Restricted() {
	s, _, ctx, _ := acme()
	jane := dsartest.Jane()
	r, _ := s.Open(ctx, dsar.Intake{Kind: dsar.Objection, Person: jane, Purposes: []string{"news"}})
	_, _ = s.Verified(ctx, r.ID, dsar.Evidence{Request: r.ID, Method: "session", Person: jane})
	_, _ = s.Step(ctx)
	all, err := s.Restricted(ctx, jane)
	for _, x := range all {
		fmt.Println(x.Kind, "to", x.Purpose, err)
	}
	// Output: objection to news <nil>
}

func ExampleService_Duties() {
	s, _, ctx, pass := acme()
	_, _ = s.Open(ctx, dsar.Intake{ID: "2026-18", Kind: dsar.Access, Person: dsartest.Jane(), Law: "us-ca"})
	_, _ = s.Open(ctx, dsar.Intake{ID: "2026-19", Kind: dsar.Portability, Person: dsartest.Jane()})
	pass(35 * 24 * time.Hour)
	duties, _ := s.Duties(ctx, 20*24*time.Hour)
	for _, d := range duties {
		fmt.Println(d.By.Day, d.Request.ID, d.What, d.Late)
	}
	// Output:
	// 2026-02-10 2026-18 acknowledge true
	// 2026-02-28 2026-19 answer true
	// 2026-03-17 2026-18 answer false
	// 2026-03-17 2026-18 extend false
}

func ExampleCompiled_Information() {
	c, _ := dsartest.Map.Compile()
	_ = c.Information("reader").WriteText(os.Stdout)
	// Output:
	// What Acme Desk does with your data
	//
	// Who decides: Acme GmbH
	// Contact: privacy@acme.test
	//
	// news
	//   Why: to send what is new
	//   Legal basis: consent
	//   Data: contact
	//   Who gets it: Mail Inc
	//   Transfers: Mail Inc, US: standard contractual clauses
	//
	// Who works for us
	//   Mail Inc: sends e-mail, US, standard contractual clauses
	//
	// You have the right
	//   to have the data corrected or erased, or its use restricted
	//   to object to its use
	//   to get it in a form that machines read
	//   to take back a consent at any time
	//   to complain to a supervisory authority
}

// sealer is a [dsar.Sealer] by a vault: each request has a key of its own there, which goes when the request is closed.
type sealer struct{ v *vault.Vault }

func subject(id dsar.ID) audit.Subject { return audit.SubjectOf("dsar_request", string(id)) }

func (s sealer) Seal(ctx context.Context, id dsar.ID, plain []byte) ([]byte, error) {
	f, err := s.v.Field(ctx, "dsar.request")
	if err != nil {
		return nil, err
	}
	return f.AppendSeal(ctx, nil, string(id), subject(id), plain)
}

func (s sealer) Open(ctx context.Context, id dsar.ID, sealed []byte) ([]byte, error) {
	f, err := s.v.Field(ctx, "dsar.request")
	if err != nil {
		return nil, err
	}
	return f.AppendOpen(ctx, nil, string(id), subject(id), sealed)
}

func (s sealer) Shred(ctx context.Context, id dsar.ID) error {
	_, err := s.v.Shred(ctx, vault.Shredding{Subject: subject(id), Basis: "the request is closed"})
	return err
}

func ExampleSealer() {
	keeper, _ := vault.KeyFromPassphrase(redact.NewSecret("a passphrase for an example"), []byte("0123456789abcdef"))
	ctx := tenancy.With(context.Background(), tenancy.MustParseID("acme"))
	v, err := vault.Open(ctx, vault.NewMemory(), keeper, vault.Options{})
	if err != nil {
		panic(err)
	}
	defer v.Close()
	app := &dsartest.App{}
	app.Add(ctx, dsartest.Jane(), 3)
	o := app.Options()
	o.Sealer = sealer{v}
	store := dsar.NewMemory(nil)
	s, _ := dsar.New(store, dsartest.Map, o)
	r, _ := s.Open(ctx, dsar.Intake{Kind: dsar.Access, Person: dsartest.Jane()})
	row, _ := store.Request(ctx, r.ID) // as a backup has it

	_, _ = s.Verified(ctx, r.ID, dsar.Evidence{Request: r.ID, Method: "session", Person: dsartest.Jane()})
	_, _ = s.Step(ctx)
	r, err = s.Request(ctx, r.ID)
	fmt.Println(r.State, r.Outcome, err)
	_, err = o.Sealer.Open(ctx, r.ID, row.Sealed)
	fmt.Println(err)
	// Output:
	// closed done <nil>
	// vault: the key was destroyed
}
