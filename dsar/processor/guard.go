package processor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// Guard says to which addresses requests may go. The zero Guard lets them go to those of the public internet, and nowhere inside of the
// network that this program runs in (SSRF): the address is looked at when the connection is made, so that it does not matter what a name
// resolved to before. It is https only, through no proxy, and follows no redirect.
type Guard struct {
	// Inside are networks that are not public and may be called all the same, such as that of a processor of your own.
	Inside []netip.Prefix
	// TLS has the roots to trust and the certificates to show; nil: the system's, and none.
	TLS *tls.Config
}

const (
	dialTimeout    = 10 * time.Second
	maxHeaderBytes = 64 << 10
)

// client returns one that keeps to g.
func (g Guard) client() *http.Client {
	inside := slices.Clone(g.Inside)
	dialer := &net.Dialer{Timeout: dialTimeout, ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || network != "tcp4" && network != "tcp6" {
			return ErrAddress
		}
		ip := a.Addr().WithZone("").Unmap()
		if public(ip) || slices.ContainsFunc(inside, func(p netip.Prefix) bool { return p.Contains(ip) }) {
			return nil
		}
		return ErrAddress
	}}
	t := &http.Transport{ // without a proxy, and without compression: a small answer that grows is not read
		DialContext: dialer.DialContext, TLSClientConfig: g.TLS.Clone(), TLSHandshakeTimeout: dialTimeout, DisableCompression: true,
		IdleConnTimeout: 90 * time.Second, MaxIdleConnsPerHost: 2, MaxResponseHeaderBytes: maxHeaderBytes,
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// notPublic are the networks that the registries of IANA say are not for the internet, beside those that netip knows.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"),
}

// unicast6 is all that is handed out of IPv6: what is outside, such as an IPv4 address in a NAT64 prefix, is not called.
var unicast6 = netip.MustParsePrefix("2000::/3")

func public(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Is6() && !unicast6.Contains(ip) {
		return false
	}
	return !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// endpoint reads an address to send to: https, with a host and nothing that is a secret in it.
func endpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return nil, ErrAddress
	}
	return u, nil
}

// failure is what went wrong when nothing, or not all, came back: it repeats no address. All but a blocked address and a wrong certificate may get better.
func failure(err error) (why string, wrapped error) {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrAddress):
		return "address", ErrAddress
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return "certificate", fmt.Errorf("%w: the server is not who it should be", ErrAnswer)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout", fmt.Errorf("%w: no answer in time", ErrAgain)
	case errors.Is(err, context.Canceled):
		return "cancelled", context.Canceled
	}
	return "connection", fmt.Errorf("%w: no connection, or it broke off", ErrAgain)
}
