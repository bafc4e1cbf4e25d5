package rbac_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// The first protected route.
func ExampleMux() {
	shop := rbac.NewCatalog("shop")
	readOrders := shop.Permission("orders.read")
	clerk := shop.Role("clerk", readOrders)
	a, _ := rbac.New(shop, rbac.NewMemory(), rbac.Options{})
	defer a.Close()

	mux := rbac.NewMux(a, rbac.TokenOr(session), rbac.MuxOptions{})
	mux.HandleFunc("GET /orders", readOrders, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "all orders")
	})
	gate := tenancy.Gate{Directory: everyTenant{}, Resolvers: []tenancy.Resolver{tenancy.Subdomain("shop.example")}}
	handler := gate.Middleware(mux)

	ctx := tenancy.With(context.Background(), tenancy.MustParseID("acme"))
	sys, _ := a.System(ctx, "an example")
	_ = a.Add(ctx, sys, rbac.User("carl"), clerk.ID())
	for _, who := range []string{"", "eve", "carl"} {
		r := httptest.NewRequest("GET", "http://acme.shop.example/orders", nil)
		r.Header.Set("X-Session", who)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	fmt.Println(mux.Routes())
	// Output:
	// 401 {"title":"Unauthorized","status":401,"detail":"rbac: denied: nobody is asking"}
	// 403 {"title":"Forbidden","status":403,"detail":"rbac: denied: not a member"}
	// 200 all orders
	// [{GET /orders orders.read}]
}

func ExampleAuthorizer_IssueToken() {
	shop := rbac.NewCatalog("shop")
	read, write := shop.Permission("orders.read"), shop.Permission("orders.write")
	admin := shop.Role("admin", rbac.Everything, rbac.Owner)
	robot := shop.Role("robot", rbac.ForMachines, read, write)
	a, _ := rbac.New(shop, rbac.NewMemory(), rbac.Options{Tokens: apitoken.MustNew("shop", "live")})
	defer a.Close()

	ctx := tenancy.With(context.Background(), tenancy.MustParseID("acme"))
	sys, _ := a.System(ctx, "an example")
	_ = a.Found(ctx, sys, rbac.User("ada"), admin.ID())
	ada, _ := a.Member(ctx, rbac.User("ada"))
	_ = a.AddMachine(ctx, ada, "sync", rbac.User("ada"), robot.ID())

	secret, info, err := a.IssueToken(ctx, ada, rbac.TokenSpec{Member: rbac.Service("sync"), Integration: "webshop", Scopes: []rbac.Permission{read}})
	fmt.Println(secret, err, info.Expires.Sub(info.Created))

	p, _ := a.Token(ctx, secret.Reveal(), here)
	fmt.Println(p.Can(read), p.Require(write))

	n, _ := a.RevokeTokens(ctx, ada, rbac.TokenSelector{Integration: "webshop"}, "found in a log")
	_, err = a.Token(ctx, secret.Reveal(), here)
	fmt.Println(n, err)
	// Output:
	// [redacted:secret] <nil> 2160h0m0s
	// true rbac: denied: orders.write: the token's scopes do not have it
	// 1 rbac: denied: no valid token
}

func ExampleLookup() {
	shop := rbac.NewCatalog("shop")
	seeStatus, seeOrder := shop.Permission("order.status"), shop.Permission("order.see")
	shop.Role("admin", rbac.Everything, rbac.Owner)
	widget := shop.Surface("widget", seeStatus, seeOrder)
	a, _ := rbac.New(shop, rbac.NewMemory(), rbac.Options{})
	defer a.Close()

	type order struct{ Number, Email, Status, Item, Note string }
	status, _ := redact.NewView[order]("Number", "Status")
	full, _ := redact.NewView[order]("Number", "Status", "Item")
	lookup, _ := rbac.NewLookup(a, rbac.LookupOptions[order]{
		Surface: widget, MaySeeStatus: seeStatus, MaySeeAll: seeOrder, Status: status, Full: full,
		Find: func(ctx context.Context, number string) (*order, error) {
			if number != "1001" {
				return nil, nil
			}
			return &order{"1001", "ada@example.com", "sent", "a lamp", "asked twice"}, nil
		},
		Number: func(o *order) string { return o.Number },
		Email:  func(o *order) string { return o.Email },
	})

	ctx := tenancy.With(context.Background(), tenancy.MustParseID("acme"))
	p, _ := a.Surface(ctx, widget)
	for _, proof := range []rbac.Proof{{Number: "1001"}, {Number: "1001", Email: "Ada@example.com"}, {Number: "1001", Email: "eve@example.com"}, {Number: "7", Email: "ada@example.com"}} {
		answer, err := lookup.Ask(ctx, p, proof, here)
		fmt.Println(string(answer.JSON), err)
	}
	// Output:
	// {"Number":"1001","Status":"sent"} <nil>
	// {"Number":"1001","Status":"sent","Item":"a lamp"} <nil>
	//  rbac: nothing is found by this proof
	//  rbac: nothing is found by this proof
}
