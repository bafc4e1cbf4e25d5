package tenancy

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

var (
	// ErrMalformedHost: the request's Host is not a host name or address.
	ErrMalformedHost = errors.New("tenancy: malformed host")
	// ErrUntrusted: a header that only a trusted proxy may set came from elsewhere.
	ErrUntrusted = errors.New("tenancy: tenant header from an untrusted peer")
)

// Resolver says which tenant a request names: the zero ID if it names none that this resolver knows of, an
// error if it names one in a way that cannot be right.
type Resolver func(r *http.Request) (ID, error)

// Subdomain resolves acme.example.com to acme where base is example.com. Base itself, any other domain, an
// address, and the subdomains listed in others ("www", "api") name no tenant; deeper subdomains are errors,
// and so are punycode labels, behind which two names can look alike. It reads the request's Host, never a
// forwarded one. It panics if base is not a domain name.
func Subdomain(base string, others ...string) Resolver {
	base, err := hostName(base)
	if err != nil || base == "" || strings.ContainsAny(base, ":") {
		panic("tenancy: Subdomain needs a domain name")
	}
	return func(r *http.Request) (ID, error) {
		host, err := hostName(r.Host)
		if err != nil {
			return ID{}, err
		}
		label, below := strings.CutSuffix(host, "."+base)
		switch {
		case !below || slices.Contains(others, label):
			return ID{}, nil
		case strings.HasPrefix(label, "xn--"):
			return ID{}, fmt.Errorf("%w: a punycode label", ErrMalformedID)
		}
		return ParseID(label) // which refuses a dot
	}
}

// hostName returns the name or address in a Host header, in lower case and without port and final dot; ""
// if there is none.
func hostName(h string) (string, error) {
	for i := range len(h) {
		if c := h[i]; !isKeyChar(c) && (c < 'A' || c > 'Z') && !strings.ContainsRune("-_.:[]", rune(c)) {
			return "", fmt.Errorf("%w: byte %d", ErrMalformedHost, i)
		}
	}
	name, port, ported := strings.Cut(h, ":")
	if rest, six := strings.CutPrefix(h, "["); six {
		var closed bool
		name, rest, closed = strings.Cut(rest, "]")
		if addr, err := netip.ParseAddr(name); err != nil || !addr.Is6() || !closed {
			return "", fmt.Errorf("%w: not an IPv6 address", ErrMalformedHost)
		}
		if port, ported = strings.CutPrefix(rest, ":"); !ported && rest != "" {
			return "", fmt.Errorf("%w: text after the address", ErrMalformedHost)
		}
	}
	if _, number := digits(port); ported && (!number || len(port) > 5) {
		return "", fmt.Errorf("%w: not a port", ErrMalformedHost)
	}
	if strings.Contains(name, ":") { // an address: no labels to look at
		return strings.ToLower(name), nil
	}
	if name == "" && h == "" {
		return "", nil
	}
	name = strings.TrimSuffix(name, ".")
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || len(name) > 253 || strings.ContainsAny(label, "[]") {
			return "", fmt.Errorf("%w: a label is empty or too long", ErrMalformedHost)
		}
	}
	return strings.ToLower(name), nil
}

// PathValue resolves the part of the path that the pattern of [http.ServeMux] calls name: "tenant" in
// "GET /t/{tenant}/inbox". The gate has to be behind the mux, around the handler of the pattern: in front
// of it no part of the path has a name yet, and nobody answers.
func PathValue(name string) Resolver {
	return Claim(func(r *http.Request) string { return r.PathValue(name) })
}

// Claim resolves what claim finds, such as a claim of a token that has been verified; "" names no tenant.
func Claim(claim func(r *http.Request) string) Resolver {
	return func(r *http.Request) (ID, error) {
		if s := claim(r); s != "" {
			return ParseID(s)
		}
		return ID{}, nil
	}
}

// Header resolves a header that a proxy sets, if the proxy is trusted. From anybody else the header is
// [ErrUntrusted], so a client that tries it is refused, and one that does not is none of this resolver's
// business. More than one such header is [ErrConflict].
func Header(name string, trusted func(r *http.Request) bool) Resolver {
	if trusted == nil {
		panic("tenancy: Header needs to know whom to trust")
	}
	return func(r *http.Request) (ID, error) {
		values := r.Header.Values(name)
		switch {
		case len(values) == 0:
			return ID{}, nil
		case !trusted(r):
			return ID{}, ErrUntrusted
		case len(values) > 1:
			return ID{}, ErrConflict
		case values[0] == "":
			return ID{}, nil
		}
		return ParseID(values[0])
	}
}

// Peers trusts requests whose connection comes from one of prefixes. It looks at the connection itself, at
// no header. Nobody who connects to a unix socket has an address.
func Peers(prefixes ...netip.Prefix) func(r *http.Request) bool {
	prefixes = slices.Clone(prefixes)
	for i, p := range prefixes {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			prefixes[i] = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
	}
	return func(r *http.Request) bool {
		if _, socket := r.Context().Value(http.LocalAddrContextKey).(*net.UnixAddr); socket {
			return false // the peer chooses what its end of a unix socket is called
		}
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			return false
		}
		addr := peer.Addr().Unmap().WithZone("")
		return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
	}
}
