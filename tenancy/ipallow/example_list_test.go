package ipallow_test

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
)

func ExampleParseList() {
	list, err := ipallow.ParseList(`
		203.0.113.0/24   # office in Leeds
		2001:db8:7::/48  # office in Zürich
		198.51.100.7     # Anna's VPN exit
	`)
	if err != nil {
		panic(err)
	}
	e, ok := list.Lookup(netip.MustParseAddr("::ffff:203.0.113.9"))
	fmt.Println(ok, e.Note)
	fmt.Println(list.Contains(netip.MustParseAddr("198.51.100.8")))
	fmt.Print(list.Text())
	// Output:
	// true office in Leeds
	// false
	// 198.51.100.7 # Anna's VPN exit
	// 203.0.113.0/24 # office in Leeds
	// 2001:db8:7::/48 # office in Zürich
}

func ExampleEntryError() {
	_, err := ipallow.ParseList("203.0.113.0/24\n10.1.2.3/16")
	fmt.Println(err)
	if e, ok := errors.AsType[*ipallow.EntryError](err); ok && e.Masked.IsValid() {
		fmt.Println("did you mean", e.Masked)
	}
	// Output:
	// ipallow: not an allowlist: line 2: it has bits set after its length
	// did you mean 10.1.0.0/16
}

func ExampleList_Diff() {
	old, _ := ipallow.ParseList("203.0.113.0/24 # Leeds\n198.51.100.7")
	now, _ := ipallow.ParseList("203.0.113.0/24 # Leeds\n192.0.2.0/24 # York")
	added, removed := old.Diff(now)
	fmt.Println("added", added)
	fmt.Println("removed", removed)
	// Output:
	// added [{192.0.2.0/24 York}]
	// removed [{198.51.100.7/32 }]
}
