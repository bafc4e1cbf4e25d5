package oidc_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/oidc"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestATokenForTheChallengeApproves(t *testing.T) {
	t.Parallel()
	for alg, key := range algorithms {
		i := intent()
		e, err := approve(t, config(), sign(head(alg), answer(i), key))
		require.NoError(t, err, alg)
		require.Equal(t, supportgrant.Evidence{Method: "oidc", Digest: i.Digest(), PhishingResistant: true, Proof: e.Proof}, e)
		require.NoError(t, oidc.VerifyEvidence(i, e), alg)
	}
}

func TestEvidenceIsResistantToPhishingWhereTheAcrIsSaidToBe(t *testing.T) {
	t.Parallel()
	for acr, want := range map[string]bool{"phr": true, "phrh": true, "mfa": false} {
		claims := answer(intent())
		claims["acr"] = acr
		e, err := approve(t, config(), sign(head("ES256"), claims, ecKey))
		require.NoError(t, err)
		require.Equal(t, want, e.PhishingResistant, acr)
	}
	c := config()
	c.PhishingResistant = nil
	e, err := approve(t, c, sign(head("ES256"), answer(intent()), ecKey))
	require.NoError(t, err)
	require.False(t, e.PhishingResistant)
}

func TestAChallengeIsAnAuthorizationRequest(t *testing.T) {
	t.Parallel()
	i := intent()
	d := i.Digest()
	ask := func(c oidc.Config) (got map[string]string) {
		ch, err := factor(t, c).Begin(context.Background(), i)
		require.NoError(t, err)
		require.Equal(t, "oidc", ch.Method)
		require.NoError(t, json.Unmarshal(ch.Options, &got))
		return got
	}
	want := map[string]string{"scope": "openid", "response_type": "code", "client_id": client, "nonce": b64(d[:]), "max_age": "0",
		"prompt": "login", "acr_values": "phrh phr mfa"}
	require.Equal(t, want, ask(config()))
	c := config()
	c.MaxAge, c.ACR, c.PhishingResistant = oidc.MaxAge, nil, nil
	delete(want, "prompt")
	delete(want, "acr_values")
	want["max_age"] = "300"
	require.Equal(t, want, ask(c))
}

func TestATokenApprovesWhatItWasAskedForOnly(t *testing.T) {
	t.Parallel()
	o, ctx := factor(t, config()), context.Background()
	ch, err := o.Begin(ctx, intent())
	require.NoError(t, err)
	token := []byte(sign(head("ES256"), answer(intent()), ecKey))
	for name, change := range map[string]func(*supportgrant.Intent){
		"grant":  func(i *supportgrant.Intent) { i.Grant[15]++ },
		"tenant": func(i *supportgrant.Intent) { i.Tenant = tenancy.NewID() },
		"staff":  func(i *supportgrant.Intent) { i.Staff = "eve" },
		"ticket": func(i *supportgrant.Intent) { i.Ticket = "T-1043" },
		"reason": func(i *supportgrant.Intent) { i.Reason += "." },
		"scope":  func(i *supportgrant.Intent) { i.Scope = supportgrant.ScopeOf(supportgrant.Account, supportgrant.Posts) },
		"life":   func(i *supportgrant.Intent) { i.Life++ },
		"care":   func(i *supportgrant.Intent) { i.Care = true },
		"nonce":  func(i *supportgrant.Intent) { i.Nonce[31]++ },
	} {
		other := intent()
		change(&other)
		_, err := o.Verify(ctx, other, ch.State, token)
		require.ErrorIs(t, err, supportgrant.ErrMFA, name)
		own, err := o.Begin(ctx, other)
		require.NoError(t, err)
		_, err = o.Verify(ctx, other, own.State, token)
		require.ErrorIs(t, err, supportgrant.ErrMFA, name)
	}
	nonce := answer(intent())["nonce"].(string)
	for _, state := range []string{`{"nonce":"` + nonce + `","issuer":"` + issuer + `"}`, `{"nonce":"` + nonce + `","begun":1}`, "", "null", "{}", "[]", `{"nonce":"","issuer":"","begun":0}`} {
		_, err := o.Verify(ctx, intent(), []byte(state), token)
		require.ErrorIs(t, err, supportgrant.ErrMFA, state)
	}
	_, err = o.Verify(ctx, intent(), ch.State, token)
	require.NoError(t, err)
}

func TestClaimsThatAreNotTheExpectedOnesAreRefused(t *testing.T) {
	t.Parallel()
	i := intent()
	for _, c := range []struct {
		claim string
		value any // nil: left out
		good  bool
	}{
		{"iss", nil, false}, {"iss", issuer + "/", false}, {"iss", "https://LOGIN.example.com", false}, {"iss", "https://evil.example", false}, {"iss", 1, false}, {"iss", []string{issuer}, false},
		{"aud", nil, false}, {"aud", "other", false}, {"aud", []string{}, false}, {"aud", []string{"other"}, false}, {"aud", []string{client}, true},
		{"aud", []string{client, "other"}, false}, {"aud", object{client: client}, false}, {"aud", []any{client, nil}, false}, {"aud", []any{client, 1}, false}, {"aud", client + " other", false},
		{"azp", client, true}, {"azp", "other", false}, {"azp", 1, false}, {"azp", []string{client}, false},
		{"sub", nil, false}, {"sub", "", false}, {"sub", "someone", false}, {"sub", ann + " ", false}, {"sub", 248289761001, false},
		{"nonce", nil, false}, {"nonce", "", false}, {"nonce", answer(i)["nonce"].(string) + "=", false}, {"nonce", []any{answer(i)["nonce"]}, false},
		{"acr", nil, false}, {"acr", "", false}, {"acr", "pwd", false}, {"acr", "phr phrh", false}, {"acr", []string{"phr"}, false}, {"acr", "mfa", true},
		{"amr", nil, false}, {"amr", []string{}, false}, {"amr", []string{"pwd"}, false}, {"amr", "user", false}, {"amr", []any{"user", 1}, false}, {"amr", []string{"user"}, true},
		{"exp", nil, false}, {"exp", "9999999999", false}, {"exp", 1e300, false}, {"exp", -1, false}, {"exp", true, false}, {"exp", 1e10, true},
		{"iat", nil, false}, {"iat", "1", false}, {"auth_time", nil, false}, {"auth_time", "9999999999", false}, {"auth_time", 0, false},
		{"nbf", "0", false}, {"nbf", 0, true}, {"email", "ann@example.com", true},
	} {
		claims := answer(i)
		if claims[c.claim] = c.value; c.value == nil {
			delete(claims, c.claim)
		}
		_, err := approve(t, config(), sign(head("EdDSA"), claims, edKey))
		if c.good {
			require.NoError(t, err, "%s: %v", c.claim, c.value)
		} else {
			require.ErrorIs(t, err, supportgrant.ErrMFA, "%s: %v", c.claim, c.value)
		}
	}
	claims := answer(i)
	claims["aud"], claims["azp"] = []string{"other", client}, client
	_, err := approve(t, config(), sign(head("EdDSA"), claims, edKey))
	require.NoError(t, err)
}

// The clock stands still in a bubble: the bounds are tried to the second.
func TestTheTimesOfATokenAreBoundedByThisProgramsClock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		claim  string
		age    time.Duration // of MaxAge
		takes  time.Duration // from challenge to answer
		offset int64         // of the claim from the answer
		good   bool
	}{
		{"auth_time", 0, 0, 0, true}, {"auth_time", 0, 0, -30, true}, {"auth_time", 0, 0, -31, false},
		{"auth_time", 0, 4 * time.Minute, -240 - 30, true}, {"auth_time", 0, 4 * time.Minute, -240 - 31, false},
		{"auth_time", 0, 10 * time.Minute, -300, true}, {"auth_time", 0, 10 * time.Minute, -301, false},
		{"auth_time", oidc.MaxAge, 0, -300, true}, {"auth_time", oidc.MaxAge, 0, -301, false},
		{"auth_time", time.Minute, 0, -60, true}, {"auth_time", time.Minute, 0, -61, false}, {"auth_time", time.Minute, 5 * time.Minute, -61, false},
		{"auth_time", 0, 0, 30, true}, {"auth_time", 0, 0, 31, false},
		{"exp", 0, 0, -29, true}, {"exp", 0, 0, -30, false}, {"exp", 0, 0, -3600, false},
		{"iat", 0, 0, 30, true}, {"iat", 0, 0, 31, false}, {"iat", 0, 0, -30, true}, {"iat", 0, 0, -31, false},
		{"iat", oidc.MaxAge, time.Minute, -90, true}, {"iat", oidc.MaxAge, time.Minute, -91, false},
		{"nbf", 0, 0, 30, true}, {"nbf", 0, 0, 31, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			cfg := config()
			cfg.MaxAge = c.age
			o, ctx := factor(t, cfg), context.Background()
			ch, err := o.Begin(ctx, intent())
			require.NoError(t, err)
			time.Sleep(c.takes)
			claims := answer(intent())
			claims[c.claim] = time.Now().Unix() + c.offset
			_, err = o.Verify(ctx, intent(), ch.State, []byte(sign(head("EdDSA"), claims, edKey)))
			if c.good {
				require.NoError(t, err, "%+v", c)
			} else {
				require.ErrorIs(t, err, supportgrant.ErrMFA, "%+v", c)
			}
		})
	}
}

func TestWithoutAnAccountOrKeysNothingIsApproved(t *testing.T) {
	t.Parallel()
	ctx, token := context.Background(), []byte(sign(head("ES256"), answer(intent()), ecKey))
	good := must(oidc.NewProvider(config()))
	ch, err := factor(t, config()).Begin(ctx, intent())
	require.NoError(t, err)
	moved := config()
	moved.Issuer = "https://new.example.com"
	noKeys, down := config(), config()
	noKeys.Keys = func(context.Context, string) (*oidc.KeySet, error) { return nil, nil }
	down.Keys = func(context.Context, string) (*oidc.KeySet, error) { return nil, errors.New("down") }
	for name, c := range map[string]struct {
		p   *oidc.Provider
		sub string
		err error
		mfa bool
	}{
		"nobody": {nil, "", nil, true}, "no provider": {nil, ann, nil, true}, "no subject": {good, "", nil, true},
		"unknown": {good, ann, errors.New("down"), false}, "zero provider": {&oidc.Provider{}, ann, nil, false},
		"another provider by now": {must(oidc.NewProvider(moved)), ann, nil, true},
		"no keys":                 {must(oidc.NewProvider(noKeys)), ann, nil, false}, "keys down": {must(oidc.NewProvider(down)), ann, nil, false},
	} {
		o, err := oidc.New(func(context.Context, tenancy.ID, supportgrant.Person) (*oidc.Provider, string, error) {
			return c.p, c.sub, c.err
		})
		require.NoError(t, err)
		_, err = o.Verify(ctx, intent(), ch.State, token)
		require.Error(t, err, name)
		require.Equal(t, c.mfa, errors.Is(err, supportgrant.ErrMFA), name)
	}
	fromThere := answer(intent())
	fromThere["iss"] = moved.Issuer
	o, err := oidc.New(func(context.Context, tenancy.ID, supportgrant.Person) (*oidc.Provider, string, error) {
		return must(oidc.NewProvider(moved)), ann, nil
	})
	require.NoError(t, err)
	_, err = o.Verify(ctx, intent(), ch.State, []byte(sign(head("ES256"), fromThere, ecKey)))
	require.ErrorIs(t, err, supportgrant.ErrMFA, "the challenge was another provider's")
	_, err = oidc.New(nil)
	require.Error(t, err)
	stranger := intent()
	stranger.Approver = "bob"
	_, err = factor(t, config()).Begin(ctx, stranger)
	require.ErrorIs(t, err, supportgrant.ErrMFA)
}

func TestAnIntentOfAnotherTenantThanTheContextsIsRefused(t *testing.T) {
	t.Parallel()
	o := factor(t, config())
	_, err := o.Begin(tenancy.With(context.Background(), tenancy.NewID()), intent())
	require.ErrorIs(t, err, tenancy.ErrConflict)
	_, err = o.Verify(tenancy.With(context.Background(), tenancy.NewID()), intent(), nil, nil)
	require.ErrorIs(t, err, tenancy.ErrConflict)
	_, err = o.Begin(context.Background(), supportgrant.Intent{Approver: "ann"})
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
}

func TestAProviderThatMakesNoSenseIsNotBuilt(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*oidc.Config){
		"no issuer":       func(c *oidc.Config) { c.Issuer = "" },
		"http":            func(c *oidc.Config) { c.Issuer = "http://login.example.com" },
		"query":           func(c *oidc.Config) { c.Issuer += "?a=b" },
		"no client":       func(c *oidc.Config) { c.ClientID = "" },
		"no keys":         func(c *oidc.Config) { c.Keys = nil },
		"any log-in":      func(c *oidc.Config) { c.ACR, c.AMR, c.PhishingResistant = nil, nil, nil },
		"empty acr":       func(c *oidc.Config) { c.ACR = append(c.ACR, "") },
		"acr of two":      func(c *oidc.Config) { c.ACR = append(c.ACR, "a b") },
		"empty amr":       func(c *oidc.Config) { c.AMR = []string{""} },
		"longer":          func(c *oidc.Config) { c.MaxAge = oidc.MaxAge + time.Second },
		"negative":        func(c *oidc.Config) { c.MaxAge = -time.Second },
		"part of second":  func(c *oidc.Config) { c.MaxAge = time.Millisecond },
		"resistant alone": func(c *oidc.Config) { c.PhishingResistant = []string{"other"} },
	} {
		c := config()
		change(&c)
		_, err := oidc.NewProvider(c)
		require.Error(t, err, name)
	}
}
