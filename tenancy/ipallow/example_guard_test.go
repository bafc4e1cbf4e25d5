package ipallow_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
)

// Only the tenant's own networks reach its portal.
func ExampleGuard_Middleware() {
	ctx, acme := context.Background(), tenancy.MustParseID("acme")
	guard, err := ipallow.NewGuard(ipallow.NewMemory(), ipallow.Options{
		Observe: func(_ context.Context, d ipallow.Decision) { fmt.Println(d.Addr, "is", d.Reason) },
	})
	if err != nil {
		panic(err)
	}
	offices, _ := ipallow.ParseList("203.0.113.0/24 # Leeds")
	_, err = guard.Replace(ctx, acme, ipallow.Change{
		Policy: ipallow.Policy{List: offices},
		Actor:  netip.MustParseAddr("203.0.113.7"),
	})
	if err != nil {
		panic(err)
	}

	clients, _ := ipallow.NewClients(ipallow.Proxies{}) // no proxy in front
	portal := guard.Middleware(clients.Addr)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "welcome")
	}))
	for _, from := range []string{"203.0.113.7:40000", "198.51.100.7:40000"} {
		r := httptest.NewRequest("GET", "/", nil).WithContext(tenancy.With(ctx, acme))
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		portal.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 203.0.113.7 is listed
	// 200
	// 198.51.100.7 is not listed
	// 403
}

// An administrator forgets their own network. Nothing happens, unless they insist.
func ExampleGuard_Replace() {
	ctx, acme := context.Background(), tenancy.MustParseID("acme")
	guard, _ := ipallow.NewGuard(ipallow.NewMemory(), ipallow.Options{OpenByDefault: true})
	york, _ := ipallow.ParseList("192.0.2.0/24 # York")
	home := netip.MustParseAddr("198.51.100.7")

	change := ipallow.Change{Policy: ipallow.Policy{List: york}, Actor: home}
	_, err := guard.Replace(ctx, acme, change)
	fmt.Println(err)
	fmt.Println(guard.Decide(ctx, acme, home).Allowed)

	change.Force = true
	_, err = guard.Replace(ctx, acme, change)
	fmt.Println(err)
	fmt.Println(guard.Decide(ctx, acme, home).Allowed)
	// Output:
	// ipallow: change would lock out its author
	// true
	// <nil>
	// false
}

// A change on trial goes back by itself, unless somebody whom it lets in says that it should stay.
func ExampleGuard_Confirm() {
	ctx, acme := context.Background(), tenancy.MustParseID("acme")
	guard, _ := ipallow.NewGuard(ipallow.NewMemory(), ipallow.Options{OpenByDefault: true})
	york, _ := ipallow.ParseList("192.0.2.0/24 # York")
	home, desk := netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("192.0.2.31")

	r, err := guard.Replace(ctx, acme, ipallow.Change{
		Policy: ipallow.Policy{List: york}, Actor: home, Trial: 10 * time.Minute,
	})
	fmt.Println(r.Version, err)
	_, err = guard.Confirm(ctx, acme, r.Version, home)
	fmt.Println(err)
	r, err = guard.Confirm(ctx, acme, r.Version, desk)
	fmt.Println(r.Version, r.Trial, err)
	// Output:
	// 1 <nil>
	// ipallow: change would lock out its author
	// 2 <nil> <nil>
}
