package webauthn

import (
	"net/url"
	"strings"
)

// isOriginOf reports whether origin is written as browsers write it, and one that may use rpID: https, or http on localhost, of that
// domain or one below it.
func isOriginOf(rpID, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || origin != u.Scheme+"://"+u.Host || origin != strings.ToLower(origin) {
		return false
	}
	host, port := u.Hostname(), u.Port()
	switch {
	case host != rpID && !strings.HasSuffix(host, "."+rpID), strings.HasSuffix(u.Host, ":"):
		return false
	case u.Scheme == "https":
		return port != "443"
	}
	return u.Scheme == "http" && port != "80" && (host == "localhost" || strings.HasSuffix(host, ".localhost"))
}
