package ipallow

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/gaissmai/bart"
)

// Bounds of the work one request can cause. They are far above what proxies write: an address with
// brackets and port has 53 bytes, and an element of Forwarded carries a host name too.
const (
	maxHops             = 32   // elements of the header that are looked at
	maxAddressElement   = 128  // bytes between two commas of X-Forwarded-For, or of a single value
	maxForwardedElement = 1024 // bytes between two commas of Forwarded
)

// Proxies says what stands between clients and this server. The zero Proxies is a server that clients
// connect to directly: no header is read.
type Proxies struct {
	// Trusted are the addresses of your own proxies, as they connect to this server or to each other.
	// Whoever can connect from one of them is believed about who the client is. Clients are never found
	// inside them, so do not list a whole office or cluster network for one proxy in it. They are not
	// bundled for any CDN: such a list is wrong on the day it changes.
	Trusted []netip.Prefix
	// Sockets trusts the peer of a unix socket this server listens on: the file system's permissions
	// decide who that is.
	Sockets bool
	// Header is the one header that your proxies write. All others are ignored, whatever they say.
	//   - "X-Forwarded-For": each proxy appends the address it was called from.
	//   - "Forwarded": the same as RFC 7239 writes it.
	//   - any other name ("X-Real-IP", "CF-Connecting-IP"): one line with one address, which the
	//     outermost proxy sets in place of any that a client sent.
	Header string
}

// Clients finds the client's address of requests. It is immutable and safe for concurrent use; where
// the trusted addresses change while the server runs, make a new one and swap an atomic pointer.
type Clients struct {
	trusted table
	sockets bool
	header  string // canonical; "" for none
	find    func(c *Clients, lines []string) (netip.Addr, error)
}

// NewClients returns the Clients of a server behind p. It refuses with [ErrProxies] a prefix that is
// invalid, has host bits set or trusts everyone, a header without anyone trusted to write it, and
// someone trusted without a header to read.
func NewClients(p Proxies) (*Clients, error) {
	c := &Clients{sockets: p.Sockets}
	merged := new(bart.Lite)
	for i, pfx := range p.Trusted {
		q, err := normalPrefix(pfx)
		if e, bad := errors.AsType[*EntryError](err); bad {
			return nil, fmt.Errorf("%w: trusted prefix %d: %s", ErrProxies, i, e.Reason)
		}
		c.trusted.Insert(q, struct{}{})
		merged.Insert(q)
	}
	if coversEveryone(merged) {
		return nil, fmt.Errorf("%w: they are everyone", ErrProxies)
	}
	writers := len(p.Trusted) > 0 || p.Sockets
	switch {
	case p.Header == "" && writers:
		return nil, fmt.Errorf("%w: trusted, but no header to read", ErrProxies)
	case p.Header == "":
		return c, nil
	case !writers:
		return nil, fmt.Errorf("%w: a header, but nobody trusted to write it", ErrProxies)
	case !isToken(p.Header) || strings.EqualFold(p.Header, "Host"):
		return nil, fmt.Errorf("%w: not the name of a header", ErrProxies)
	}
	switch c.header = http.CanonicalHeaderKey(p.Header); c.header {
	case "X-Forwarded-For":
		c.find = (*Clients).xForwardedFor
	case "Forwarded":
		c.find = (*Clients).forwarded
	default:
		c.find = (*Clients).single
	}
	return c, nil
}

// Addr returns the address of the client that sent r.
//
// The peer of the connection is the client, unless it is trusted. Then the lines of the header are one
// list, read from the right: the first address in it that is not trusted is the client. Whatever stands
// further left was written by the client, and is not even looked at. Anything else is [ErrClient]: an
// element that is no address ("unknown", an obfuscated identifier, an empty one), a list that ends
// before a client was found, a header that is missing.
//
// Ports and brackets are taken off, and quotes where RFC 7239 has them. An IPv4-mapped IPv6 address
// is the IPv4 address it maps, so that each client has one form; addresses that embed one in another way
// (6to4, NAT64, Teredo, IPv4-compatible) are what they are, as anyone can make them up. The zone of a
// link-local peer, which this host's kernel wrote, is taken off; a zone in a header means nothing here
// and is refused. IPv4 addresses with leading zeros, fewer than four parts, or in octal or hexadecimal
// are refused.
//
// The address is valid, unmapped and without zone whenever the error is nil. Addr allocates nothing
// unless it fails.
func (c *Clients) Addr(r *http.Request) (netip.Addr, error) {
	socket := onSocket(r)
	if peer, ok := peerAddr(r.RemoteAddr); ok && !socket {
		switch {
		case peer.IsUnspecified():
			return netip.Addr{}, fmt.Errorf("%w: unspecified peer", ErrClient)
		case c.find == nil || !c.trusted.Contains(peer):
			return peer, nil
		}
	} else if !c.sockets || !socket {
		return netip.Addr{}, fmt.Errorf("%w: peer is not an address with a port", ErrClient)
	}
	lines := r.Header[c.header]
	if len(lines) == 0 {
		return netip.Addr{}, fmt.Errorf("%w: a trusted proxy sent no header", ErrClient)
	}
	return c.find(c, lines)
}

// onSocket reports whether r came in over a unix socket, by what the server knows of itself: the text
// in RemoteAddr is then whatever name the peer gave its own end, and "203.0.113.7:80" can be one.
func onSocket(r *http.Request) bool {
	_, ok := r.Context().Value(http.LocalAddrContextKey).(*net.UnixAddr)
	return ok
}

// xForwardedFor walks the lines of X-Forwarded-For from the right.
func (c *Clients) xForwardedFor(lines []string) (netip.Addr, error) {
	hops := 0
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			if hops++; hops > maxHops {
				return netip.Addr{}, errHops
			}
			low := max(0, len(rest)-maxAddressElement)
			element := rest[low:]
			if k := strings.LastIndexByte(element, ','); k >= 0 {
				element, rest = element[k+1:], rest[:low+k]
			} else if low > 0 {
				return netip.Addr{}, errElement
			} else {
				more = false
			}
			a, ok := parseHop(trim(element))
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

// single reads a header that holds one address.
func (c *Clients) single(lines []string) (netip.Addr, error) {
	if len(lines) != 1 {
		return netip.Addr{}, fmt.Errorf("%w: the header came more than once", ErrClient)
	}
	if len(lines[0]) > maxAddressElement {
		return netip.Addr{}, errElement
	}
	a, ok := parseHop(trim(lines[0]))
	switch {
	case !ok:
		return netip.Addr{}, errElement
	case c.trusted.Contains(a):
		return netip.Addr{}, errNobody
	}
	return a, nil
}

var (
	errElement = fmt.Errorf("%w: a hop of the header is not an address", ErrClient)
	errHops    = fmt.Errorf("%w: more than %d hops", ErrClient, maxHops)
	errNobody  = fmt.Errorf("%w: the header names trusted proxies only", ErrClient)
)
