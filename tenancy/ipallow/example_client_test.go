package ipallow_test

import (
	"fmt"
	"net/http/httptest"
	"net/netip"

	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
)

// A client may write what it likes into the header. The proxy appends where the request really came from.
func ExampleClients_Addr() {
	clients, err := ipallow.NewClients(ipallow.Proxies{
		Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")},
		Header:  "X-Forwarded-For",
	})
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.0.0.5:41312"
	r.Header.Add("X-Forwarded-For", "127.0.0.1, 203.0.113.7") // the client wrote the first half
	fmt.Println(clients.Addr(r))

	r.RemoteAddr = "203.0.113.99:41312" // not a proxy: the header is not read
	fmt.Println(clients.Addr(r))

	r.RemoteAddr = "10.0.0.5:41312"
	r.Header.Set("X-Forwarded-For", "127.0.0.1, unknown")
	_, err = clients.Addr(r)
	fmt.Println(err)
	// Output:
	// 203.0.113.7 <nil>
	// 203.0.113.99 <nil>
	// ipallow: client address cannot be determined: a hop of the header is not an address
}
