package supportgrant_test

import (
	"context"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// The first guarded read: asked for, approved, read, withdrawn.
func Example() {
	ctx := tenancy.With(context.Background(), tenancy.MustParseID("acme"))
	store := supportgrant.NewMemory(nil) // or supportgrantsql's
	table := supportgrant.Table{Name: "posts", Columns: []supportgrant.Column{{Name: "id"}, {Name: "title"}, {Name: "draft_token"}}}
	_ = store.Fill(ctx, table, supportgrant.Row{"id": 1, "title": "Hello", "draft_token": "t0p"})
	people := (&supportgranttest.People{}).Hire("sam").Appoint("olga") // or your own tables

	s, err := supportgrant.New(store, people, supportgrant.Options{
		MFA:      []supportgrant.MFA{&supportgranttest.Factor{}}, // or totp, webauthn, oidc
		Registry: []supportgrant.Resource{{Name: "posts", Category: supportgrant.Posts, Table: "posts", Key: []string{"id"}, Columns: []string{"id", "title"}}},
	})
	if err != nil {
		panic(err)
	}
	g, _ := s.Request(ctx, supportgrant.NewRequest{Staff: "sam", Ticket: "T-17", Reason: "Posts do not show up on the front page",
		Scope: supportgrant.ScopeOf(supportgrant.Posts), Life: 2 * time.Hour})
	shown, _ := s.BeginApproval(ctx, g.ID, "olga", "test", time.Hour) // Olga sees shown.Intent, and makes it shorter
	g, err = s.Approve(ctx, g.ID, "olga", supportgranttest.Answer(shown))
	fmt.Println(g.State, g.Life, err)

	type post struct{ ID, Title string }
	a := supportgrant.Access{Grant: g.ID, Staff: "sam", Resource: "posts"}
	page, err := supportgrant.Read[post](ctx, s, a)
	fmt.Println(page.Rows, err)

	g, err = s.Withdraw(ctx, g.ID, "olga", "thank you, that is enough")
	fmt.Println(g.State, err)
	_, err = supportgrant.Read[post](ctx, s, a)
	fmt.Println(err)
	// Output:
	// approved 1h0m0s <nil>
	// [{1 Hello}] <nil>
	// withdrawn <nil>
	// supportgrant: not granted
}
