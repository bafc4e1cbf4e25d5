package oidc_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/oidc"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const (
	issuer = "https://login.example.com"
	client = "app"
	ann    = "248289761001" // Ann's subject
)

type object = map[string]any

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The provider's keys, and one that is not its own.
var (
	rsaKey     = must(rsa.GenerateKey(rand.Reader, 2048))
	ecKey      = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, edKey   = edPair()
	strangers  = must(rsa.GenerateKey(rand.Reader, 2048))
	algorithms = map[string]crypto.Signer{"RS256": rsaKey, "ES256": ecKey, "EdDSA": edKey}
)

func edPair() (ed25519.PublicKey, ed25519.PrivateKey) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return pub, key
}

// jwk is the public half as a provider publishes it.
func jwk(kid string, key crypto.Signer) object {
	o := object{"kid": kid, "use": "sig"}
	switch p := key.Public().(type) {
	case *rsa.PublicKey:
		maps.Copy(o, object{"kty": "RSA", "alg": "RS256", "n": b64(p.N.Bytes()), "e": b64(big.NewInt(int64(p.E)).Bytes())})
	case *ecdsa.PublicKey:
		raw := must(p.Bytes())
		maps.Copy(o, object{"kty": "EC", "alg": "ES256", "crv": "P-256", "x": b64(raw[1:33]), "y": b64(raw[33:])})
	case ed25519.PublicKey:
		maps.Copy(o, object{"kty": "OKP", "alg": "EdDSA", "crv": "Ed25519", "x": b64(p)})
	}
	return o
}

func set(keys ...object) []byte { return must(json.Marshal(object{"keys": keys})) }

func published() []byte {
	return set(jwk("RS256", rsaKey), jwk("ES256", ecKey), jwk("EdDSA", edKey))
}

// sign makes a token whose header says alg, signed as key does.
func sign(header, claims object, key crypto.Signer) string {
	return signRaw(must(json.Marshal(header)), must(json.Marshal(claims)), key)
}

func signRaw(header, claims []byte, key crypto.Signer) string {
	signed := b64(header) + "." + b64(claims)
	sum := sha256.Sum256([]byte(signed))
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return signed + "." + b64(must(rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
		must(0, err)
		return signed + "." + b64(slices.Concat(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))))
	case ed25519.PrivateKey:
		return signed + "." + b64(ed25519.Sign(k, []byte(signed)))
	}
	return signed + "."
}

func head(alg string) object { return object{"alg": alg, "kid": alg, "typ": "JWT"} }

// answer is what the provider puts into the token of an approver who has just authenticated.
func answer(i supportgrant.Intent) object {
	d, now := i.Digest(), time.Now().Unix()
	return object{"iss": issuer, "aud": client, "sub": ann, "nonce": b64(d[:]), "iat": now, "exp": now + 300, "auth_time": now,
		"acr": "phr", "amr": []string{"hwk", "user"}}
}

func intent() supportgrant.Intent {
	return supportgrant.Intent{Grant: uuid.MustParse("018f4e2a-0000-7000-8000-000000000001"),
		Tenant: tenancy.MustParseID("018f4e2a-0000-7000-8000-0000000000aa"), Staff: "sam", Approver: "ann",
		Ticket: "T-1042", Reason: "scheduled posts do not show", Scope: supportgrant.ScopeOf(supportgrant.Posts),
		Life: time.Hour, Nonce: [32]byte{1}}
}

func config() oidc.Config {
	return oidc.Config{Issuer: issuer, ClientID: client, Keys: oidc.Fixed(must(oidc.ParseKeySet(published()))),
		ACR: []string{"phrh", "phr", "mfa"}, AMR: []string{"user"}, PhishingResistant: []string{"phrh", "phr"}}
}

func factor(t testing.TB, c oidc.Config) *oidc.OIDC {
	t.Helper()
	p, err := oidc.NewProvider(c)
	require.NoError(t, err)
	o, err := oidc.New(func(_ context.Context, _ tenancy.ID, person supportgrant.Person) (*oidc.Provider, string, error) {
		if person != "ann" {
			return nil, "", nil
		}
		return p, ann, nil
	})
	require.NoError(t, err)
	return o
}

// approve begins a challenge for intent() and answers it with token.
func approve(t testing.TB, c oidc.Config, token string) (supportgrant.Evidence, error) {
	t.Helper()
	o, ctx := factor(t, c), context.Background()
	ch, err := o.Begin(ctx, intent())
	require.NoError(t, err)
	return o.Verify(ctx, intent(), ch.State, []byte(token))
}

func refuses(t testing.TB, c oidc.Config, token, why string) {
	t.Helper()
	_, err := approve(t, c, token)
	require.ErrorIs(t, err, supportgrant.ErrMFA, why)
}
