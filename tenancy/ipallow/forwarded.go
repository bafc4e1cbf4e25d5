package ipallow

import (
	"net/netip"
	"strings"
)

// forwarded walks the lines of Forwarded (RFC 7239) from the right. Quoted strings may hold commas and
// semicolons, so each element is cut off backwards with its quotes in mind: what a client put further
// left, such as a quote that never closes, cannot swallow what a proxy appended.
func (c *Clients) forwarded(lines []string) (netip.Addr, error) {
	hops := 0
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			if hops++; hops > maxHops {
				return netip.Addr{}, errHops
			}
			var element string
			k, ok := lastComma(rest)
			switch {
			case !ok:
				return netip.Addr{}, errElement
			case k < 0:
				element, more = rest, false
			default:
				element, rest = rest[k+1:], rest[:k]
			}
			a, ok := forwardedFor(trim(element))
			if !ok {
				return netip.Addr{}, errElement
			}
			if !c.trusted.Contains(a) {
				return a, nil
			}
		}
	}
	return netip.Addr{}, errNobody
}

// lastComma returns where the last comma of s outside a quoted string is, or -1. It gives up after
// maxForwardedElement bytes.
func lastComma(s string) (int, bool) {
	quoted := false
	for i := len(s) - 1; i >= 0; i-- {
		if len(s)-i > maxForwardedElement {
			return 0, false
		}
		switch s[i] {
		case ',':
			if !quoted {
				return i, true
			}
		case '"':
			if !quoted || !escaped(s, i) {
				quoted = !quoted
			}
		}
	}
	return -1, true
}

// escaped reports whether an odd number of backslashes stands before s[i].
func escaped(s string, i int) bool {
	n := 0
	for i--; i >= 0 && s[i] == '\\' && n <= maxForwardedElement; i-- {
		n++
	}
	return n%2 == 1
}

// forwardedFor returns the address in the for parameter of one element. An element must be well-formed
// as a whole and have exactly one: a hop that tells nothing, or two things, is not a hop to believe.
func forwardedFor(s string) (addr netip.Addr, ok bool) {
	found := false
	for more := true; more; {
		eq := strings.IndexByte(s, '=')
		if eq < 0 {
			return netip.Addr{}, false
		}
		name, rest := s[:eq], s[eq+1:]
		value, n := parameterValue(rest)
		if n == 0 || !isToken(name) {
			return netip.Addr{}, false
		}
		s = trim(rest[n:])
		if s != "" && s[0] != ';' {
			return netip.Addr{}, false
		}
		s = strings.TrimLeft(s, "; \t") // the grammar allows empty pairs
		more = s != ""
		if !strings.EqualFold(name, "for") {
			continue
		}
		if found {
			return netip.Addr{}, false
		}
		found = true
		// An IPv6 node must be in brackets, and so in quotes: ':' and '[' are in no token. Only an IPv4
		// node with a port has a colon outside them, one.
		if addr, ok = parseHop(value); !ok || value[0] != '[' && strings.Count(value, ":") > 1 {
			return netip.Addr{}, false
		}
	}
	return addr, found
}

// parameterValue reads the token or quoted string that s begins with, and how many bytes it took: 0 if
// there is none. Escapes are left as they are: no address has any.
func parameterValue(s string) (value string, n int) {
	if s == "" || s[0] != '"' {
		for n < len(s) && isTokenByte(s[n]) {
			n++
		}
		return s[:n], n
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
		case c == '"':
			return s[1:i], i + 1
		case c < ' ' && c != '\t' || c == 0x7f:
			return "", 0
		}
	}
	return "", 0
}

func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// isTokenByte is tchar of RFC 9110, 5.6.2.
func isTokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c < 0x80 && strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
