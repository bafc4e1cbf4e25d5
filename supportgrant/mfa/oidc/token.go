package oidc

import (
	"errors"
	"slices"
	"strings"
	"time"
)

const maxToken = 16 << 10

// token is an ID token that was read and not yet believed.
type token struct {
	alg, kid    string
	signed, sig []byte
	claims
}

// claims are what is looked at of a token.
type claims struct {
	issuer, subject, party, nonce, acr string
	audience, amr                      []string
	expires, issued, authTime          int64
	notBefore                          int64 // 0 if there is none
}

// parseToken takes the compact form (RFC 7515, section 3.1) of an ID token that is signed by one of three algorithms. Header
// members that name keys (jwk, jku, x5u, x5c) are never looked at, and what the header calls critical is not understood.
func parseToken(b []byte) (*token, error) {
	if len(b) > maxToken {
		return nil, errForm
	}
	part := strings.Split(string(b), ".")
	if len(part) != 3 { // five are an encrypted token
		return nil, errForm
	}
	head, err1 := decode(part[0])
	body, err2 := decode(part[1])
	sig, err3 := decode(part[2])
	if errors.Join(err1, err2, err3) != nil {
		return nil, errForm
	}
	h, err := parseObject(head)
	if err != nil {
		return nil, err
	}
	t := &token{signed: []byte(part[0] + "." + part[1]), sig: sig}
	typ, err0 := h.text("typ")
	t.alg, err1 = h.text("alg")
	t.kid, err2 = h.text("kid")
	_, critical := h["crit"]
	switch {
	case errors.Join(err0, err1, err2) != nil, critical:
		return nil, errForm
	case !slices.Contains([]string{"RS256", "ES256", "EdDSA"}, t.alg): // not none, and nothing symmetric
		return nil, errForm
	case typ != "" && !strings.EqualFold(typ, "JWT"): // not an access token or a logout token
		return nil, errForm
	}
	t.claims, err = parseClaims(body)
	return t, err
}

func parseClaims(body []byte) (c claims, err error) {
	o, err := parseObject(body)
	if err != nil {
		return c, err
	}
	for name, to := range map[string]*string{"iss": &c.issuer, "sub": &c.subject, "azp": &c.party, "nonce": &c.nonce, "acr": &c.acr} {
		if *to, err = o.text(name); err != nil {
			return c, err
		}
	}
	if c.audience, err = o.texts("aud", true); err != nil {
		return c, err
	}
	if c.amr, err = o.texts("amr", false); err != nil {
		return c, err
	}
	for name, to := range map[string]*int64{"exp": &c.expires, "iat": &c.issued, "auth_time": &c.authTime, "nbf": &c.notBefore} {
		var there bool
		if *to, there, err = o.seconds(name); err != nil {
			return c, err
		}
		if !there && name != "nbf" {
			return c, errForm
		}
	}
	return c, nil
}

// wrong says what is wrong with a token for that subject, challenge and time, "" if nothing is. The signature is another matter.
func (p *Provider) wrong(t *token, subject, nonce string, begun, now time.Time) string {
	at := now.Unix()
	fresh := begun.Unix() - skew
	if p.c.MaxAge > 0 {
		fresh = at - int64(p.c.MaxAge/time.Second)
	}
	switch {
	case t.issuer != p.c.Issuer:
		return "another issuer"
	case !slices.Contains(t.audience, p.c.ClientID):
		return "for another client"
	case t.party != "" && t.party != p.c.ClientID, t.party == "" && len(t.audience) > 1:
		return "of another party" // OpenID Connect Core, section 3.1.3.7
	case t.subject != subject:
		return "another subject"
	case t.nonce != nonce:
		return "an answer to something else"
	case at >= t.expires+skew:
		return "expired"
	case t.issued > at+skew, t.notBefore > at+skew, t.authTime > at+skew:
		return "of the future"
	case t.issued < begun.Unix()-skew:
		return "from before the challenge"
	case t.authTime < at-int64(MaxAge/time.Second), t.authTime < fresh:
		return "authenticated too long ago"
	case len(p.c.ACR) > 0 && !slices.Contains(p.c.ACR, t.acr):
		return "an acr that is not enough"
	case slices.ContainsFunc(p.c.AMR, func(m string) bool { return !slices.Contains(t.amr, m) }):
		return "an amr that is not enough"
	}
	return ""
}
