package ipallow

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// randomEntries returns n distinct networks, three IPv4 to one IPv6, as tenants have them.
func randomEntries(n int) []Entry {
	r := rand.New(rand.NewPCG(1, 2))
	seen := make(map[netip.Prefix]bool, n)
	var out []Entry
	for len(out) < n {
		var p netip.Prefix
		if len(out)%4 == 3 {
			a := [16]byte{0x2a, byte(r.UintN(16)), byte(r.UintN(256)), byte(r.UintN(256)), byte(r.UintN(256)), byte(r.UintN(256)), byte(r.UintN(256)), byte(r.UintN(256))}
			p = netip.PrefixFrom(netip.AddrFrom16(a), 40+r.IntN(25)).Masked()
		} else {
			a := [4]byte{byte(1 + r.UintN(222)), byte(r.UintN(256)), byte(r.UintN(256)), byte(r.UintN(256))}
			p = netip.PrefixFrom(netip.AddrFrom4(a), 16+r.IntN(17)).Masked()
		}
		if !seen[p] {
			seen[p] = true
			out = append(out, Entry{Prefix: p})
		}
	}
	return out
}

func BenchmarkContains(b *testing.B) {
	for _, n := range []int{1, 8, 64, 1024, 16384} {
		entries := randomEntries(n)
		l, err := NewList(entries...)
		require.NoError(b, err)
		r := rand.New(rand.NewPCG(3, 4))
		addrs := make([]netip.Addr, 1024)
		for i := range addrs {
			if i%2 == 0 {
				addrs[i] = entries[r.IntN(n)].Prefix.Addr()
			} else {
				addrs[i] = netip.AddrFrom4([4]byte{byte(r.UintN(256)), byte(r.UintN(256)), byte(r.UintN(256)), byte(r.UintN(256))})
			}
		}
		b.Run(fmt.Sprintf("cidrs=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				l.Contains(addrs[i&1023])
				i++
			}
		})
	}
}

func BenchmarkClient(b *testing.B) {
	for _, bc := range []struct{ name, header, line, remote string }{
		{"xff=1", "X-Forwarded-For", "203.0.113.7", "10.1.2.3:4711"},
		{"xff=2", "X-Forwarded-For", "203.0.113.7, 173.245.48.9", "10.1.2.3:4711"},
		{"xff=3", "X-Forwarded-For", "1.1.1.1, 203.0.113.7, 173.245.48.9", "10.1.2.3:4711"},
		{"xff=3/mapped", "X-Forwarded-For", "1.1.1.1, 203.0.113.7, 173.245.48.9", "[::ffff:10.1.2.3]:4711"},
		{"xff=3/ipv6", "X-Forwarded-For", "1.1.1.1, 2a02:db8:85a3::8a2e:370:7334, 2001:db8:ffff::9", "10.1.2.3:4711"},
		{"forwarded=2", "Forwarded", "for=203.0.113.7;proto=https, for=173.245.48.9", "10.1.2.3:4711"},
		{"single", "CF-Connecting-IP", "203.0.113.7", "10.1.2.3:4711"},
		{"direct", "X-Forwarded-For", "1.1.1.1", "203.0.113.7:4711"},
	} {
		c := clientsFor(b, bc.header)
		r := request(bc.remote, bc.header, bc.line)
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Addr(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
