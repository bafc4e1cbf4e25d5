package tenancy_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

func ExampleParseID() {
	for _, s := range []string{"acme", "Acme Ltd", "null", ""} {
		id, err := tenancy.ParseID(s)
		fmt.Printf("%q %v\n", id, err)
	}
	// Output:
	// "acme" <nil>
	// "" tenancy: malformed tenant id: byte 0 is not one of a-z 0-9 - _
	// "" tenancy: malformed tenant id: it is a reserved word
	// "" tenancy: malformed tenant id: it is empty
}

// A context has one tenant for life.
func ExampleWith() {
	ctx := tenancy.With(context.Background(), tenancy.MustParseID("acme"))
	fmt.Println(tenancy.From(ctx))

	ctx = tenancy.With(ctx, tenancy.MustParseID("globex"))
	_, err := tenancy.From(ctx)
	fmt.Println(err)
	_, err = tenancy.From(context.Background())
	fmt.Println(err)
	// Output:
	// acme <nil>
	// tenancy: conflicting tenants
	// tenancy: no tenant
}

func ExampleKey() {
	k, _ := tenancy.NewKey("k1", []byte("32 bytes from a random generator"))
	fmt.Printf("%v %x %+v\n", k, k, struct{ Signing tenancy.Key }{k})
	// Output: tenancy.Key(k1) tenancy.Key(k1) {Signing:tenancy.Key(k1)}
}

// A web handler queues a job; a worker runs it for the same tenant. What was signed for one queue is
// refused by another.
func ExampleCourier() {
	key, _ := tenancy.NewKey("k1", []byte("32 bytes from a random generator"))
	keys := tenancy.Keys{Current: key}
	emails, _ := tenancy.NewCourier(keys, "emails", time.Hour)
	reports, _ := tenancy.NewCourier(keys, "reports", time.Hour)

	request := tenancy.With(context.Background(), tenancy.MustParseID("acme"))
	carrier, _ := emails.Detach(request)

	job, err := emails.Attach(context.Background(), carrier)
	fmt.Println(err)
	fmt.Println(tenancy.From(job))
	_, err = reports.Attach(context.Background(), carrier)
	fmt.Println(err)
	_, err = emails.Attach(context.Background(), carrier+"x")
	fmt.Println(err)
	// Output:
	// <nil>
	// acme <nil>
	// tenancy: carrier is for another audience
	// tenancy: carrier is not validly signed
}

// The host says one tenant and the token another: refused. So are a tenant that is suspended and one
// that does not exist.
func ExampleGate() {
	ctx := context.Background()
	store := tenancy.NewMemory()
	for _, name := range []string{"acme", "globex"} {
		t, _ := store.Create(ctx, tenancy.Tenant{ID: tenancy.MustParseID(name)})
		t, _ = store.Transition(ctx, t, tenancy.Active)
		if name == "globex" {
			_, _ = store.Transition(ctx, t, tenancy.Suspended)
		}
	}
	gate := tenancy.Gate{
		Directory: tenancy.NewCache(store, time.Minute),
		Resolvers: []tenancy.Resolver{
			tenancy.Subdomain("example.com", "www"),
			tenancy.Claim(func(r *http.Request) string { return r.Header.Get("Verified-Claim") }),
		},
	}
	h := gate.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, _ := tenancy.From(r.Context())
		fmt.Fprintln(w, "hello", id)
	}))
	for _, c := range []struct{ host, claim string }{
		{"acme.example.com", "acme"}, {"acme.example.com", "globex"}, {"globex.example.com", ""}, {"nobody.example.com", ""}, {"example.com", ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = c.host
		r.Header.Set("Verified-Claim", c.claim)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 hello acme
	// 400 Bad Request
	// 403 Forbidden
	// 404 Not Found
	// 400 Bad Request
}

// A busy tenant is told so, and its neighbour does not notice.
func ExampleLimiter() {
	limiter := tenancy.NewLimiter(func(tenancy.ID) tenancy.Limit { return tenancy.Limit{Concurrent: 2} })
	ctx := context.Background()
	for range 3 {
		_, err := limiter.Acquire(ctx, tenancy.MustParseID("acme"))
		fmt.Println("acme:", err)
	}
	release, err := limiter.Acquire(ctx, tenancy.MustParseID("globex"))
	fmt.Println("globex:", err)
	release()
	fmt.Printf("%+v\n", limiter.Usage(tenancy.MustParseID("acme")))
	// Output:
	// acme: <nil>
	// acme: <nil>
	// acme: tenancy: tenant over its limit: too many at once
	// globex: <nil>
	// {Admitted:2 Refused:1 Waited:0 InFlight:2 Waiting:0}
}

// Once invalidated, a tenant that was suspended is not served as active from memory.
func ExampleCache() {
	ctx, id := context.Background(), tenancy.MustParseID("acme")
	store := tenancy.NewMemory()
	t, _ := store.Create(ctx, tenancy.Tenant{ID: id})
	t, _ = store.Transition(ctx, t, tenancy.Active)
	cache := tenancy.NewCache(store, time.Minute)

	seen, _ := cache.Lookup(ctx, id)
	fmt.Println(seen.State)
	_, _ = store.Transition(ctx, t, tenancy.Suspended)
	cache.Invalidate(id)
	seen, _ = cache.Lookup(ctx, id)
	fmt.Println(seen.State)
	// Output:
	// active
	// suspended
}

// toyHost stands in for tenantdb/postgres.System or tenantdb/sqlite.DB.
type toyHost struct{}

func (toyHost) Provision(context.Context, tenancy.Tenant) error { return nil }

func (toyHost) SetState(_ context.Context, t tenancy.Tenant) error {
	fmt.Println("  database:", t.State)
	return nil
}

func (toyHost) Purge(_ context.Context, t tenancy.Tenant) (tenancy.Receipt, error) {
	return tenancy.Receipt{Tenant: t.ID, Erased: map[string]int64{"ticket": 12}}, nil
}

// A purge needs a tenant that was suspended or exported before, shreds its keys between shutting the
// door and destroying the data, and returns the same receipt however often it is repeated.
func ExampleLifecycle() {
	ctx, id := context.Background(), tenancy.MustParseID("acme")
	life := &tenancy.Lifecycle{
		Store:  tenancy.NewMemory(),
		Shards: []tenancy.Shard{{Name: "eu-1", Region: "eu", Host: toyHost{}}},
		BeforePurge: func(context.Context, tenancy.Tenant) error {
			fmt.Println("  keys shredded")
			return nil
		},
	}
	t, err := life.Provision(ctx, id, "eu")
	fmt.Println(t.State, t.Shard, err)
	_, err = life.Provision(ctx, tenancy.NewID(), "us")
	fmt.Println(err)
	_, err = life.Purge(ctx, id)
	fmt.Println(errors.Is(err, tenancy.ErrState), err)
	t, err = life.Suspend(ctx, id)
	fmt.Println(t.State, err)
	for range 2 {
		receipt, err := life.Purge(ctx, id)
		fmt.Println(receipt.Erased, receipt.Left, err)
	}
	_, err = life.Provision(ctx, id, "eu")
	fmt.Println(err)
	// Output:
	//   database: active
	// active eu-1 <nil>
	// tenancy: wrong region: no shard there takes tenants
	// true tenancy: wrong state: the tenant is active
	//   database: suspended
	// suspended <nil>
	//   database: purging
	//   keys shredded
	// map[ticket:12] 0 <nil>
	// map[ticket:12] 0 <nil>
	// tenancy: tenant is purged
}

func ExampleLogHandler() {
	h := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	log := slog.New(tenancy.LogHandler(h)).WithGroup("mail")
	log.InfoContext(tenancy.With(context.Background(), tenancy.MustParseID("acme")), "sent", "count", 3)
	// Output: level=INFO msg=sent tenant=acme mail.count=3
}

func ExampleCacheKey() {
	ctx := tenancy.With(context.Background(), tenancy.MustParseID("acme"))
	fmt.Println(tenancy.CacheKey(ctx, "inbox", "42"))
	fmt.Println(tenancy.CacheKey(context.Background(), "inbox"))
	// Output:
	// acme/5:inbox/2:42 <nil>
	//  tenancy: no tenant
}

func ExampleRendezvous() {
	shards := []string{"eu-1", "eu-2", "eu-3"}
	for _, name := range []string{"acme", "globex", "initech"} {
		fmt.Println(name, tenancy.Rendezvous(tenancy.MustParseID(name), shards))
	}
	// Output:
	// acme eu-2
	// globex eu-2
	// initech eu-3
}
