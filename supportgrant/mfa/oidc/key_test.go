package oidc_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"testing"

	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/oidc"
	"github.com/stretchr/testify/require"
)

func TestAKeySetKeepsTheKeysToVerifyWith(t *testing.T) {
	t.Parallel()
	change := func(o object, with object) object { o = maps.Clone(o); maps.Copy(o, with); return o }
	r, e, d := jwk("k", rsaKey), jwk("k", ecKey), jwk("k", edKey)
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	raw := must(p384.PublicKey.Bytes())
	for name, k := range map[string]object{
		"symmetric":       {"kty": "oct", "kid": "k", "k": b64([]byte("secret"))},
		"unknown kind":    {"kty": "AKP", "kid": "k"},
		"no kind":         {"kid": "k"},
		"private RSA":     change(r, object{"d": "AQAB"}),
		"private EC":      change(e, object{"d": b64(make([]byte, 32))}),
		"to encrypt":      change(r, object{"use": "enc"}),
		"to sign":         change(r, object{"key_ops": []string{"sign"}}),
		"no operations":   change(r, object{"key_ops": []string{}}),
		"other algorithm": change(r, object{"alg": "PS256"}),
		"symmetric alg":   change(r, object{"alg": "HS256"}),
		"short RSA":       change(r, object{"n": b64(rsaKey.N.Bytes()[:128])}),
		"huge RSA":        change(r, object{"n": b64(bytes.Repeat([]byte{255}, 1025))}),
		"even RSA":        change(r, object{"n": b64(append(rsaKey.N.Bytes()[:255:255], 2))}),
		"exponent 1":      change(r, object{"e": "AQ"}),
		"exponent 0":      change(r, object{"e": "AA"}),
		"even exponent":   change(r, object{"e": "AQAA"}),
		"long exponent":   change(r, object{"e": b64(bytes.Repeat([]byte{255}, 8))}),
		"no modulus":      change(r, object{"n": ""}),
		"padded modulus":  change(r, object{"n": r["n"].(string) + "="}),
		"number":          change(r, object{"n": 5}),
		"off the curve":   change(e, object{"y": e["x"]}),
		"at infinity":     change(e, object{"x": b64(make([]byte, 32)), "y": b64(make([]byte, 32))}),
		"short x":         change(e, object{"x": b64(make([]byte, 31))}),
		"P-384":           {"kty": "EC", "crv": "P-384", "kid": "k", "x": b64(raw[1:49]), "y": b64(raw[49:])},
		"P-384 as P-256":  {"kty": "EC", "crv": "P-256", "kid": "k", "x": b64(raw[1:49]), "y": b64(raw[49:])},
		"X25519":          change(d, object{"crv": "X25519"}),
		"short Ed25519":   change(d, object{"x": b64(make([]byte, 31))}),
		"EC as RSA":       change(e, object{"kty": "RSA"}),
		"kid of number":   change(e, object{"kid": 1}),
	} {
		_, err := oidc.ParseKeySet(set(k))
		require.Error(t, err, name)
		s, err := oidc.ParseKeySet(set(k, jwk("good", ecKey))) // and it does no harm to the others
		require.NoError(t, err, name)
		require.True(t, s.Has(key(t, ecKey)), name)
	}
	for _, text := range []string{"", "{}", "null", "[]", `{"keys":null}`, `{"keys":{}}`, `{"keys":[]}`, `{"keys":["x"]}`, `{"keys":[]}{}`, `{"KEYS":[]}`} {
		_, err := oidc.ParseKeySet([]byte(text))
		require.Error(t, err, text)
	}
	_, err := oidc.ParseKeySet(append(published(), bytes.Repeat([]byte(" "), 256<<10)...))
	require.Error(t, err)
	many := make([]object, 201)
	for i := range many {
		many[i] = d
	}
	_, err = oidc.ParseKeySet(set(many...))
	require.Error(t, err)
}

// key is the public half as this package has it.
func key(t testing.TB, k crypto.Signer) oidc.Key {
	t.Helper()
	e, err := approve(t, keyConfig(k), sign(object{"alg": jwk("", k)["alg"]}, answer(intent()), k))
	require.NoError(t, err)
	shown, err := oidc.Open(e)
	require.NoError(t, err)
	return shown.Key
}

func keyConfig(k crypto.Signer) oidc.Config {
	c := config()
	c.Keys = oidc.Fixed(must(oidc.ParseKeySet(set(jwk("k", k)))))
	return c
}

func TestAKeyIsWrittenAsItIsRead(t *testing.T) {
	t.Parallel()
	for alg, k := range algorithms {
		got := key(t, k)
		require.Equal(t, alg, got.Alg())
		require.Equal(t, "k", got.ID())
		want := jwk("k", k)
		delete(want, "use")
		require.JSONEq(t, string(must(json.Marshal(want))), string(must(json.Marshal(got))))
	}
	require.False(t, key(t, rsaKey).Equal(key(t, strangers)))
	require.False(t, key(t, rsaKey).Equal(key(t, ecKey)))
	require.False(t, oidc.Key{}.Equal(oidc.Key{}))
	_, err := json.Marshal(oidc.Key{})
	require.Error(t, err)
}

func FuzzParseKeySet(f *testing.F) {
	f.Add(published())
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AA"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := oidc.ParseKeySet(b)
		require.Equal(t, err != nil, s == nil)
	})
}
