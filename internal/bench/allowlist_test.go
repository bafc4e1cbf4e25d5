package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
)

// Workload I, allowlists: is an address in one of 1,024 networks (IPv4 /8 to /32 and IPv6 /32 to /64)? Half
// of the addresses are. And: which client sent a request that came through two proxies?
func BenchmarkAllowList(b *testing.B) {
	b.Run("contains", func(b *testing.B) { compare(b, allowLists(), nil) })
}

func BenchmarkClientAddr(b *testing.B) { compare(b, clientAddrs(), nil) }

func TestEveryAllowListAgrees(t *testing.T) {
	checkWays(t, allowLists())
	checkWays(t, clientAddrs())
}

func allowLists() []way {
	r := rand.New(rand.NewPCG(7, 9))
	var nets []netip.Prefix
	seen := map[netip.Prefix]bool{}
	for len(nets) < 1024 {
		var p netip.Prefix
		if len(nets)%4 == 3 {
			var a [16]byte
			for i := range a {
				a[i] = byte(r.Uint32())
			}
			a[0], a[1] = 0x2a, 0x00
			p = netip.PrefixFrom(netip.AddrFrom16(a), 32+r.IntN(33)).Masked()
		} else {
			a := [4]byte{byte(11 + r.IntN(100)), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}
			p = netip.PrefixFrom(netip.AddrFrom4(a), 12+r.IntN(21)).Masked()
		}
		if !seen[p] {
			seen[p] = true
			nets = append(nets, p)
		}
	}
	linear := func(a netip.Addr) bool {
		for _, p := range nets {
			if p.Contains(a) {
				return true
			}
		}
		return false
	}
	// A map of prefixes, asked once for each length there is.
	lengths := map[bool][]int{}
	for _, p := range nets {
		v4 := p.Addr().Is4()
		known := false
		for _, l := range lengths[v4] {
			known = known || l == p.Bits()
		}
		if !known {
			lengths[v4] = append(lengths[v4], p.Bits())
		}
	}
	mapped := func(a netip.Addr) bool {
		for _, l := range lengths[a.Is4()] {
			if p, _ := a.Prefix(l); seen[p] {
				return true
			}
		}
		return false
	}
	var addrs [1024]netip.Addr // a power of two: no division in the loop
	want := 0
	for i := range addrs {
		if i%2 == 0 {
			addrs[i] = nets[r.IntN(len(nets))].Addr()
		} else {
			addrs[i] = netip.AddrFrom4([4]byte{byte(120 + r.IntN(80)), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())})
		}
		if linear(addrs[i]) {
			want++
		}
	}
	open := func(contains func(netip.Addr) bool) func(testing.TB) func(int) error {
		return func(testing.TB) func(int) error {
			return func(n int) error {
				in := 0
				for i := range n {
					if contains(addrs[uint(i)%uint(len(addrs))]) {
						in++
					}
				}
				if n%len(addrs) == 0 && in != n/len(addrs)*want {
					return fmt.Errorf("%d of %d addresses are in, want %d", in, n, want)
				}
				return nil
			}
		}
	}
	return []way{
		{name: "linear_scan", open: open(linear)},
		{name: "map_per_length", open: open(mapped)},
		{name: "ours", vs: []string{"linear_scan", "map_per_length"}, open: func(tb testing.TB) func(int) error {
			var entries []ipallow.Entry
			for _, p := range nets {
				entries = append(entries, ipallow.Entry{Prefix: p})
			}
			l, err := ipallow.NewList(entries...)
			if err != nil {
				tb.Fatal(err)
			}
			return open(l.Contains)(tb)
		}},
	}
}

func clientAddrs() []way {
	want := netip.MustParseAddr("203.0.113.77")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("2001:db8:1::/48")}
	req, err := http.NewRequestWithContext(context.Background(), "GET", "http://app.example/", nil)
	if err != nil {
		panic(err)
	}
	req.RemoteAddr = "10.1.2.3:41234"
	req.Header.Set("X-Forwarded-For", "198.51.100.1, 203.0.113.77, 10.9.8.7")
	open := func(addr func(*http.Request) (netip.Addr, error)) func(testing.TB) func(int) error {
		return func(testing.TB) func(int) error {
			return func(n int) error {
				for range n {
					if a, err := addr(req); err != nil || a != want {
						return fmt.Errorf("%v, %v", a, err)
					}
				}
				return nil
			}
		}
	}
	return []way{
		// As most middleware has it: split everything, and scan the trusted networks for each hop.
		{name: "split_and_scan", open: open(func(r *http.Request) (netip.Addr, error) {
			host, _, err := net.SplitHostPort(r.RemoteAddr)
			if err != nil {
				return netip.Addr{}, err
			}
			hops := append(strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ","), host)
			for i := len(hops) - 1; i >= 0; i-- {
				a, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
				if err != nil {
					return netip.Addr{}, err
				}
				inside := false
				for _, p := range trusted {
					inside = inside || p.Contains(a.Unmap())
				}
				if !inside {
					return a, nil
				}
			}
			return netip.Addr{}, fmt.Errorf("no client")
		})},
		{name: "ours", vs: []string{"split_and_scan"}, open: func(tb testing.TB) func(int) error {
			c, err := ipallow.NewClients(ipallow.Proxies{Trusted: trusted, Header: "X-Forwarded-For"})
			if err != nil {
				tb.Fatal(err)
			}
			return open(c.Addr)(tb)
		}},
	}
}
