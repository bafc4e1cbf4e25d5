package ipallow

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzHop holds our own reading of addresses to netip's.
func FuzzHop(f *testing.F) {
	for _, s := range []string{
		"203.0.113.7", "0.0.0.0", "255.255.255.255", "256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.00", "1..2.3", ".1.2.3",
		"1.2.3.", "1.2.3.4:80", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:+1", "::ffff:1.2.3.4", "[::1]", "[::1]:80", "::1%a", "1.2.3.4x", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := netip.ParseAddr(s)
		got, n := dottedQuad(s)
		require.Equal(t, err == nil && want.Is4(), n > 0 && n == len(s))
		if n > 0 {
			prefix, err := netip.ParseAddr(s[:n])
			require.NoError(t, err)
			require.Equal(t, prefix, got)
		}
		// Ports and brackets as netip reads them, where it does.
		if peer, ok := peerAddr(s); ok {
			ap, err := netip.ParseAddrPort(s)
			require.NoError(t, err)
			require.Equal(t, ap.Addr().Unmap().WithZone(""), peer)
			hop, ok := parseHop(s)
			require.Equal(t, ap.Addr().Zone() == "" && !peer.IsUnspecified(), ok)
			if ok {
				require.Equal(t, peer, hop)
			}
		} else if ap, err := netip.ParseAddrPort(s); err == nil {
			t.Fatalf("%q is %s", s, ap)
		}
	})
}
