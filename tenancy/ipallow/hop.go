package ipallow

import (
	"net/netip"
	"strings"
)

// peerAddr reads http.Request.RemoteAddr: an address with a port, without its zone, unmapped.
func peerAddr(s string) (netip.Addr, bool) {
	if a, n := dottedQuad(s); n > 0 && isPort(s[n:]) {
		return a, true
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return ap.Addr().Unmap().WithZone(""), true
}

// parseHop reads one hop of a header: an address, an IPv4 address with a port, or an IPv6 address in
// brackets with or without one. What it returns is unmapped, specified and has no zone.
func parseHop(s string) (netip.Addr, bool) {
	if a, n := dottedQuad(s); n > 0 && (n == len(s) || isPort(s[n:])) {
		return a, !a.IsUnspecified()
	}
	if s == "" {
		return netip.Addr{}, false
	}
	bracketed := s[0] == '['
	if bracketed {
		end := strings.IndexByte(s, ']')
		if end < 0 || end+1 < len(s) && !isPort(s[end+1:]) {
			return netip.Addr{}, false
		}
		s = s[1:end]
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" || bracketed && !a.Is6() {
		return netip.Addr{}, false
	}
	a = a.Unmap()
	return a, !a.IsUnspecified()
}

// dottedQuad reads the IPv4 address that s begins with, and says how many bytes it has: 0 if there is
// none. It takes what netip.ParseAddr takes, in less time, and a fuzz test holds it to that.
func dottedQuad(s string) (netip.Addr, int) {
	var ip [4]byte
	i := 0
	for part := range ip {
		if part > 0 {
			if i >= len(s) || s[i] != '.' {
				return netip.Addr{}, 0
			}
			i++
		}
		if i >= len(s) || s[i]-'0' > 9 {
			return netip.Addr{}, 0
		}
		first := i
		value := uint(s[i] - '0')
		for i++; i < len(s) && s[i]-'0' <= 9; i++ {
			if value = value*10 + uint(s[i]-'0'); value > 255 || s[first] == '0' {
				return netip.Addr{}, 0
			}
		}
		ip[part] = byte(value)
	}
	return netip.AddrFrom4(ip), i
}

// isPort reports whether s is ':' and a port number.
func isPort(s string) bool {
	if len(s) < 2 || len(s) > 6 || s[0] != ':' {
		return false
	}
	n := 0
	for i := 1; i < len(s); i++ {
		if s[i]-'0' > 9 {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n <= 65535
}

// trim takes off the optional white space of HTTP (RFC 9110, 5.6.3) and no other.
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
