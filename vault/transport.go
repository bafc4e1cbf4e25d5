package vault

import (
	"errors"
	"net"
	"net/http"
	"strings"
)

// ErrCleartext is returned when a secret would be sent over a connection that is not encrypted.
var ErrCleartext = errors.New("vault: a secret is only sent over https")

// Transport returns a round tripper that adds the secret of r, by set, to requests to host, such as "api.example.com"
// or "api.example.com:8443". Requests to other hosts, where a redirect may lead, are sent as they are. The tenant is that
// of the request's context. The request that is sent is a clone, so that neither the caller's nor the response shows the
// secret. http:// is refused but for loopback. base is what sends; nil: [http.DefaultTransport].
func (v *Vault) Transport(r Ref, host string, set func(req *http.Request, secret []byte), base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{v, r, strings.ToLower(host), set, base}
}

type transport struct {
	v    *Vault
	ref  Ref
	host string
	set  func(*http.Request, []byte)
	base http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	if strings.ToLower(req.URL.Host) != t.host {
		return t.base.RoundTrip(req)
	}
	sent := false
	defer func() {
		if !sent && req.Body != nil {
			_ = req.Body.Close() // as a round tripper must
		}
	}()
	if t.set == nil {
		return nil, errNoFunc
	}
	if req.URL.Scheme != "https" && !loopback(req.URL.Hostname()) {
		return nil, ErrCleartext
	}
	err = t.v.Use(req.Context(), t.ref, func(secret []byte) (err error) {
		with := req.Clone(req.Context())
		t.set(with, secret)
		sent = true
		resp, err = t.base.RoundTrip(with)
		return err
	})
	if err != nil {
		return nil, err
	}
	resp.Request = req
	return resp, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Bearer sets the Authorization header of RFC 6750.
func Bearer(req *http.Request, secret []byte) {
	req.Header.Set("Authorization", "Bearer "+string(secret))
}
