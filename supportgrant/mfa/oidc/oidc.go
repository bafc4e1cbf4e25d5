package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Accounts says at which provider, and as which subject there, a person of a tenant authenticates: the ones their session was
// begun with. It returns a nil Provider or "" for who has none, and an error if that cannot be known.
type Accounts func(ctx context.Context, tenant tenancy.ID, person supportgrant.Person) (p *Provider, subject string, err error)

// OIDC is the second factor of package supportgrant by step-up at an OpenID provider. It is safe for concurrent use.
type OIDC struct{ accounts Accounts }

var _ supportgrant.MFA = (*OIDC)(nil)

// New returns the second factor.
func New(accounts Accounts) (*OIDC, error) {
	if accounts == nil {
		return nil, errors.New("oidc: the accounts are needed")
	}
	return &OIDC{accounts}, nil
}

// Method returns "oidc".
func (o *OIDC) Method() string { return "oidc" }

// state is what Begin leaves for Verify.
type state struct {
	Nonce  string `json:"nonce"`
	Issuer string `json:"issuer"`
	Begun  int64  `json:"begun"`
}

// Begin makes a challenge. Its Options are an object of strings, the parameters of the authorization request that this
// package decides (RFC 9470, OpenID Connect Core): scope, response_type, client_id, nonce, max_age, and acr_values and prompt where they
// are needed. The application adds redirect_uri, state and its code_challenge, sends the approver to the authorization endpoint
// with them, and changes none.
func (o *OIDC) Begin(ctx context.Context, i supportgrant.Intent) (supportgrant.Challenge, error) {
	p, _, err := o.account(ctx, i)
	if err != nil {
		return supportgrant.Challenge{}, err
	}
	nonce := nonceOf(i)
	ask := map[string]string{"scope": "openid", "response_type": "code", "client_id": p.c.ClientID, "nonce": nonce,
		"max_age": strconv.Itoa(int(p.c.MaxAge / time.Second))}
	if p.c.MaxAge == 0 {
		ask["prompt"] = "login"
	}
	if len(p.c.ACR) > 0 {
		ask["acr_values"] = strings.Join(p.c.ACR, " ")
	}
	options, err1 := json.Marshal(ask)
	kept, err2 := json.Marshal(state{nonce, p.c.Issuer, time.Now().Unix()})
	if err := errors.Join(err1, err2); err != nil {
		return supportgrant.Challenge{}, fmt.Errorf("oidc: challenge: %w", err)
	}
	return supportgrant.Challenge{Method: o.Method(), Options: options, State: kept}, nil
}

// Verify takes the ID token that the provider's token endpoint gave for the challenge's authorization code. What the approver's
// browser sends may be that token as well: it is signed.
func (o *OIDC) Verify(ctx context.Context, i supportgrant.Intent, kept, response []byte) (supportgrant.Evidence, error) {
	p, subject, err := o.account(ctx, i)
	if err != nil {
		return supportgrant.Evidence{}, err
	}
	var s state
	nonce := nonceOf(i)
	if json.Unmarshal(kept, &s) != nil || s.Nonce != nonce || s.Issuer != p.c.Issuer || s.Begun <= 0 {
		return supportgrant.Evidence{}, refused("the challenge was for something else")
	}
	t, err := parseToken(response)
	if err != nil {
		return supportgrant.Evidence{}, refused("not an ID token that is signed by RS256, ES256 or EdDSA")
	}
	// The claims come first: no keys are fetched for a token that would be refused whatever its signature.
	if why := p.wrong(t, subject, nonce, time.Unix(s.Begun, 0), time.Now()); why != "" {
		return supportgrant.Evidence{}, refused(why)
	}
	set, err := p.c.Keys(ctx, t.kid)
	if err != nil {
		return supportgrant.Evidence{}, fmt.Errorf("oidc: the provider's keys could not be had: %w", err)
	}
	if set == nil {
		return supportgrant.Evidence{}, errors.New("oidc: the provider has no keys")
	}
	key, ok := set.pick(t.alg, t.kid)
	if !ok {
		return supportgrant.Evidence{}, refused("not one key of that id and kind")
	}
	if !key.verify(t.signed, t.sig) {
		return supportgrant.Evidence{}, refused("wrong signature")
	}
	proof, err := json.Marshal(proof{string(response), key})
	if err != nil {
		return supportgrant.Evidence{}, fmt.Errorf("oidc: evidence: %w", err)
	}
	return supportgrant.Evidence{Method: o.Method(), Digest: i.Digest(), Proof: proof,
		PhishingResistant: slices.Contains(p.c.PhishingResistant, t.acr)}, nil
}

func (o *OIDC) account(ctx context.Context, i supportgrant.Intent) (*Provider, string, error) {
	ctx = tenancy.With(ctx, i.Tenant)
	if _, err := tenancy.From(ctx); err != nil {
		return nil, "", fmt.Errorf("oidc: %w", err)
	}
	p, subject, err := o.accounts(ctx, i.Tenant, i.Approver)
	if err != nil {
		return nil, "", fmt.Errorf("oidc: the account could not be had: %w", err)
	}
	if p == nil || subject == "" {
		return nil, "", refused("no account at a provider")
	}
	if p.c.Keys == nil {
		return nil, "", errors.New("oidc: a provider is made by NewProvider")
	}
	return p, subject, nil
}

func nonceOf(i supportgrant.Intent) string {
	d := i.Digest()
	return encode(d[:])
}

func refused(why string) error { return fmt.Errorf("oidc: %s: %w", why, supportgrant.ErrMFA) }
