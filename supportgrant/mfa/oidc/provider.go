package oidc

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// MaxAge is how long ago, at most, by this program's clock, somebody may have authenticated who approves.
	MaxAge = 5 * time.Minute
	skew   = 30 // seconds by which the provider's clock may differ
)

// Keys returns a provider's keys, and may use the id to see that its own are outdated. [Fetch] makes one, and [Fixed].
type Keys func(ctx context.Context, kid string) (*KeySet, error)

// Fixed returns Keys that are always those.
func Fixed(s *KeySet) Keys {
	return func(context.Context, string) (*KeySet, error) { return s, nil }
}

// Config describes an OpenID provider and what is asked of it.
type Config struct {
	Issuer   string // exactly as in its tokens
	ClientID string // what the application is registered as
	Keys     Keys

	// ACR and AMR are what it takes to approve; one of them has to be set. The token's acr is one of ACR, which are asked for in
	// this order, and its amr has all of AMR (RFC 8176): what a provider means by its values is between it and you.
	ACR, AMR []string
	// PhishingResistant are those of ACR that mean a factor which is, such as "phr" and "phrh" of OpenID Connect EAP ACR Values
	// 1.0; the evidence of others does not say so.
	PhishingResistant []string
	// MaxAge is how long ago, up to [MaxAge], the approver may have authenticated. 0 asks them to authenticate for this challenge.
	MaxAge time.Duration
}

// Provider is a [Config] that makes sense. It is safe for concurrent use.
type Provider struct{ c Config }

// NewProvider checks and keeps a copy of c.
func NewProvider(c Config) (*Provider, error) {
	u, err := url.Parse(c.Issuer)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, errors.New("oidc: an issuer is an https URL without query and fragment")
	case c.ClientID == "" || c.Keys == nil:
		return nil, errors.New("oidc: a provider has a client id and keys")
	case len(c.ACR)+len(c.AMR) == 0:
		return nil, errors.New("oidc: without an acr or amr to ask for, any log-in would do")
	case c.MaxAge < 0 || c.MaxAge > MaxAge || c.MaxAge%time.Second != 0:
		return nil, errors.New("oidc: MaxAge is whole seconds from 0 to 5 minutes")
	case slices.ContainsFunc(slices.Concat(c.ACR, c.AMR), func(s string) bool { return s == "" || strings.ContainsFunc(s, isSpace) }):
		return nil, errors.New("oidc: values of acr and amr are not empty and have no spaces")
	case slices.ContainsFunc(c.PhishingResistant, func(s string) bool { return !slices.Contains(c.ACR, s) }):
		return nil, errors.New("oidc: PhishingResistant is a part of ACR")
	}
	c.ACR, c.AMR, c.PhishingResistant = slices.Clone(c.ACR), slices.Clone(c.AMR), slices.Clone(c.PhishingResistant)
	return &Provider{c}, nil
}

func isSpace(r rune) bool { return r <= ' ' || r == 0x7f }
