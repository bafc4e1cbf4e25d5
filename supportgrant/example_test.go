package supportgrant_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// The first guarded read is to be no longer than what somebody reads standing.
func TestTheFirstGuardedReadFitsOnAScreen(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("example_first_test.go")
	require.NoError(t, err)
	_, body, ok := strings.Cut(string(src), "func Example() {\n")
	require.True(t, ok)
	body, _, ok = strings.Cut(body, "\t// Output:")
	require.True(t, ok)
	require.LessOrEqual(t, strings.Count(body, "\n"), 40)
}

// helpdesk is a tenant with a table, and a service over it.
func helpdesk(o supportgrant.Options) (context.Context, *supportgrant.Service, *supportgranttest.People) {
	ctx := tenancy.With(context.Background(), tenancy.MustParseID("acme"))
	store := supportgrant.NewMemory(nil)
	columns := []supportgrant.Column{{Name: "id"}, {Name: "name"}, {Name: "password_hash"}, {Name: "settings", JSON: true}, {Name: "vip"}}
	_ = store.Fill(ctx, supportgrant.Table{Name: "users", Columns: columns},
		supportgrant.Row{"id": 1, "name": "Ann", "password_hash": "$2a$10$N9qo8uLO", "settings": `{"language": "de", "sync": {"token": "t0p"}}`, "vip": false},
		supportgrant.Row{"id": 2, "name": "Bea", "password_hash": "$2a$10$8K1p", "settings": `{"language": "fr"}`, "vip": true})
	people := (&supportgranttest.People{}).Hire("sam", "dora").Appoint("olga", "otto", "dora")
	o.MFA = []supportgrant.MFA{&supportgranttest.Factor{}}
	o.Registry = []supportgrant.Resource{{Name: "users", Category: supportgrant.Account, Table: "users", Key: []string{"id"},
		Columns: []string{"id", "name", "settings.language", "settings.sync"}, Care: "vip"}}
	s, err := supportgrant.New(store, people, o)
	if err != nil {
		panic(err)
	}
	return ctx, s, people
}

func asked(care bool) supportgrant.NewRequest {
	return supportgrant.NewRequest{Staff: "sam", Ticket: "T-17", Reason: "Ann's settings are not kept, see the ticket", Scope: supportgrant.ScopeOf(supportgrant.Account), Life: time.Hour, Care: care}
}

// approve is what olga, or otto, does on the page "Support access".
func approve(ctx context.Context, s *supportgrant.Service, id supportgrant.GrantID, by supportgrant.Person) supportgrant.Grant {
	shown, err := s.BeginApproval(ctx, id, by, "test", 0)
	if err != nil {
		panic(err)
	}
	g, err := s.Approve(ctx, id, by, supportgranttest.Answer(shown))
	if err != nil {
		panic(err)
	}
	return g
}

type user struct {
	ID       int64
	Name     string
	Language *string `db:"settings.language"`
}

// A withdrawal that is made while rows are shown waits for that, and returns when nothing is shown any more.
func ExampleUse() {
	ctx, s, _ := helpdesk(supportgrant.Options{})
	g, _ := s.Request(ctx, asked(false))
	g = approve(ctx, s, g.ID, "olga")
	withdrawn := make(chan error)
	err := supportgrant.Use(ctx, s, supportgrant.Access{Grant: g.ID, Staff: "sam", Resource: "users"}, func(_ context.Context, page supportgrant.Page[user]) error {
		go func() {
			_, err := s.Withdraw(ctx, g.ID, "olga", "stop")
			withdrawn <- err
		}()
		for { // until it is withdrawn: new reads are refused from then on
			if g, _ := s.Grant(ctx, g.ID); !g.Live() {
				break
			}
		}
		select {
		case <-withdrawn:
			fmt.Println("it returned while rows were shown")
		case <-time.After(10 * time.Millisecond):
			fmt.Println("shown:", page.Rows[0].Name, *page.Rows[0].Language)
		}
		return nil
	})
	fmt.Println(err, <-withdrawn)
	_, err = supportgrant.Read[user](ctx, s, supportgrant.Access{Grant: g.ID, Staff: "sam", Resource: "users"})
	fmt.Println(err)
	// Output:
	// shown: Ann de
	// <nil> <nil>
	// supportgrant: not granted
}

// What is not listed cannot be asked for, also within JSON, and not by a guess at its value.
func ExampleRead() {
	ctx, s, _ := helpdesk(supportgrant.Options{})
	g, _ := s.Request(ctx, asked(false))
	g = approve(ctx, s, g.ID, "olga")
	a := supportgrant.Access{Grant: g.ID, Staff: "sam", Resource: "users"}
	page, err := supportgrant.Read[supportgrant.Row](ctx, s, a)
	fmt.Println(page.Rows, err)
	_, err = supportgrant.Read[struct{ PasswordHash string }](ctx, s, a)
	fmt.Println(err)
	a.Match = []supportgrant.Condition{supportgrant.Is("password_hash", "$2a$10$N9qo8uLO")}
	_, err = supportgrant.Read[user](ctx, s, a)
	fmt.Println(err)
	// Output:
	// [map[id:1 name:Ann settings.language:de settings.sync:<nil>]] <nil>
	// supportgrant: invalid type: field PasswordHash is no column that the resource lists
	// supportgrant: invalid match: a condition is none, or on a column that the resource does not list
}

// Nothing is handed over before its entry is durable: a log that fails refuses the read.
func ExampleService_Log() {
	log := &failing{}
	ctx, s, _ := helpdesk(supportgrant.Options{Recorder: log})
	g, _ := s.Request(ctx, asked(false))
	g = approve(ctx, s, g.ID, "olga")
	a := supportgrant.Access{Grant: g.ID, Staff: "sam", Resource: "users", Match: []supportgrant.Condition{supportgrant.Is("id", 1)}}
	_, err := supportgrant.Read[user](ctx, s, a)
	fmt.Println(err)
	log.full = true
	_, err = supportgrant.Read[user](ctx, s, a)
	fmt.Println(errors.Is(err, supportgrant.ErrUnavailable))
	entries, _, err := s.Log(ctx, supportgrant.Look{}, "", 0)
	for _, e := range entries {
		fmt.Println(e.Kind, "by", e.By, "for", e.Ticket, e.Resource, e.Columns, e.Keys)
	}
	fmt.Println(err)
	// Output:
	// <nil>
	// true
	// read by sam for T-17 users [id name settings.language] [1]
	// approved by olga for T-17  [] []
	// requested by sam for T-17  [] []
	// <nil>
}

// Who asked cannot approve, nor can anybody else of the staff; and an answer is good for what was shown, once.
func ExampleService_Approve() {
	ctx, s, people := helpdesk(supportgrant.Options{})
	g, _ := s.Request(ctx, asked(false))
	for _, by := range []supportgrant.Person{"sam", "dora", "eve"} { // Dora is on the staff, and an owner too
		_, err := s.BeginApproval(ctx, g.ID, by, "test", 0)
		fmt.Println(by, err)
	}
	other, _ := s.Request(ctx, asked(true))
	shown, _ := s.BeginApproval(ctx, other.ID, "olga", "test", time.Minute)
	_, err := s.Approve(ctx, g.ID, "olga", supportgranttest.Answer(shown))
	fmt.Println("another's answer:", err)
	shown, _ = s.BeginApproval(ctx, g.ID, "olga", "test", time.Minute)
	people.Demote("olga")
	_, err = s.Approve(ctx, g.ID, "olga", supportgranttest.Answer(shown))
	fmt.Println("no owner any more:", err)
	// Output:
	// sam supportgrant: staff approves no grant
	// dora supportgrant: staff approves no grant
	// eve supportgrant: not allowed
	// another's answer: supportgrant: too late, or not what was shown
	// no owner any more: supportgrant: not allowed
}

// Rows to be handled with care are seen when two people have approved that.
func ExampleService_Request() {
	ctx, s, _ := helpdesk(supportgrant.Options{})
	g, err := s.Request(ctx, supportgrant.NewRequest{Staff: "sam", Ticket: "T-17", Reason: "debugging", Scope: supportgrant.ScopeOf(supportgrant.Account), Life: time.Hour})
	fmt.Println(err)
	g, _ = s.Request(ctx, asked(true))
	fmt.Println(approve(ctx, s, g.ID, "olga").State)
	fmt.Println(approve(ctx, s, g.ID, "otto").State)
	page, err := supportgrant.Read[user](ctx, s, supportgrant.Access{Grant: g.ID, Staff: "sam", Resource: "users"})
	fmt.Println(len(page.Rows), err)
	// Output:
	// supportgrant: invalid reason: it has less than 10 letters
	// requested
	// approved
	// 2 <nil>
}

// When a ticket is closed all that was granted for it ends.
func ExampleService_WithdrawTicket() {
	ctx, s, _ := helpdesk(supportgrant.Options{})
	g, _ := s.Request(ctx, asked(false))
	approve(ctx, s, g.ID, "olga")
	_, _ = s.Request(ctx, asked(true))
	fmt.Println(s.WithdrawTicket(ctx, "T-17", "solved"))
	fmt.Println(s.Deliver(ctx, func(_ context.Context, n supportgrant.Notice) error {
		if n.Kind == supportgrant.NoticeEnded {
			fmt.Println("mail:", n.Kind, n.Grant.State, n.Grant.EndReason)
		}
		return nil
	}))
	// Unordered output:
	// 2 <nil>
	// mail: ended withdrawn solved
	// mail: ended cancelled solved
	// 5 <nil>
}

// There is no category for secrets, and none can be made.
func ExampleDefine() {
	tickets := supportgrant.Define("tickets")
	fmt.Println(supportgrant.ScopeOf(tickets, supportgrant.Posts))
	defer func() { fmt.Println(recover()) }()
	supportgrant.Define("refresh_tokens")
	// Output:
	// posts,tickets
	// supportgrant: "refresh_tokens" is of a family that no grant can give: tokens
}
