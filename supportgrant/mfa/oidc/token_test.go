package oidc_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/oidc"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWhatTheProviderDidNotSignIsRefused(t *testing.T) {
	t.Parallel()
	good := sign(head("RS256"), answer(intent()), rsaKey)
	part := strings.Split(good, ".")
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS384", "RS512", "RS1", "PS256", "ES384", "ES256K",
		"Ed25519", "rs256", "RS256 ", "\u212aS256"} {
		h := head("RS256")
		h["alg"] = alg
		refuses(t, config(), sign(h, answer(intent()), nil), alg)
		refuses(t, config(), sign(h, answer(intent()), rsaKey), alg)
	}
	// The provider's public key as a shared secret, in whatever form it was published.
	der := must(x509.MarshalPKIXPublicKey(&rsaKey.PublicKey))
	for _, secret := range [][]byte{der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), rsaKey.N.Bytes(), []byte(b64(rsaKey.N.Bytes())), must(json.Marshal(jwk("RS256", rsaKey))), {}} {
		h := head("RS256")
		h["alg"] = "HS256"
		unsigned := sign(h, answer(intent()), nil)
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(strings.TrimSuffix(unsigned, ".")))
		refuses(t, config(), unsigned+b64(mac.Sum(nil)), "HS256")
	}
	// A key that the token brings along, or says where to get.
	for name, v := range map[string]any{"jwk": jwk("RS256", strangers), "jku": "https://evil.example/jwks", "x5u": "https://evil.example/cert", "x5c": []string{"MIIB"}} {
		h := head("RS256")
		h[name] = v
		refuses(t, config(), sign(h, answer(intent()), strangers), name)
		_, err := approve(t, config(), sign(h, answer(intent()), rsaKey))
		require.NoError(t, err, "%s is not looked at", name)
	}
	// Parameters of the signature that change what was signed.
	h := head("RS256")
	h["crit"], h["b64"] = []string{"b64"}, false
	refuses(t, config(), sign(h, answer(intent()), rsaKey), "crit")
	for _, typ := range []any{"at+jwt", "logout+jwt", "application/at+jwt", 1} {
		h := head("RS256")
		h["typ"] = typ
		refuses(t, config(), sign(h, answer(intent()), rsaKey), fmt.Sprint(typ))
	}
	// Signatures that are no signature of this.
	other := answer(intent())
	other["jti"] = "x"
	sum := sha256.Sum256([]byte(part[0] + "." + part[1]))
	pss := must(rsa.SignPSS(rand.Reader, rsaKey, crypto.SHA256, sum[:], nil))
	es := sign(head("ES256"), answer(intent()), ecKey)
	es = es[:strings.LastIndex(es, ".")]
	esSum := sha256.Sum256([]byte(es))
	longer := sign(head("ES256"), answer(intent()), ecKey)
	two := must(base64.RawURLEncoding.DecodeString(strings.Split(longer, ".")[2]))
	longer = longer[:strings.LastIndex(longer, ".")+1] + b64(slices.Concat(two[:32], []byte{0}, two[32:]))
	for name, token := range map[string]string{
		"a number in 33 bytes": longer, "stripped": part[0] + "." + part[1] + ".", "two parts": part[0] + "." + part[1], "of another": part[0] + "." + part[1] + "." + strings.Split(sign(head("RS256"), other, rsaKey), ".")[2],
		"stranger's": sign(head("RS256"), answer(intent()), strangers), "PSS": part[0] + "." + part[1] + "." + b64(pss),
		"zeros": es + "." + b64(make([]byte, 64)), "DER": es + "." + b64(must(ecdsa.SignASN1(rand.Reader, ecKey, esSum[:]))), "empty": es + ".",
		"five parts": good + ".e30.e30", "nested": b64([]byte(good)), "JSON": `{"payload":"` + part[1] + `"}`, "none": "", "dots": "..",
		"long": part[0] + "." + part[1] + "." + strings.Repeat("A", 17<<10),
	} {
		refuses(t, config(), token, name)
	}
	_, err := approve(t, config(), good)
	require.NoError(t, err)
}

func TestThereIsOneReadingOfAToken(t *testing.T) {
	t.Parallel()
	claims := string(must(json.Marshal(answer(intent()))))
	header := string(must(json.Marshal(head("EdDSA"))))
	for name, c := range map[string][2]string{
		"nonce twice":     {header, strings.Replace(claims, `"iss"`, `"nonce":"x","iss"`, 1)},
		"null first":      {header, strings.Replace(claims, `"iss"`, `"nonce":null,"iss"`, 1)},
		"escaped twice":   {header, strings.Replace(claims, `"iss"`, `"\u006eonce":"x","iss"`, 1)},
		"another case":    {header, strings.Replace(claims, `"sub"`, `"SUB"`, 1)},
		"a letter apart":  {header, strings.Replace(claims, `"iss"`, `"i\u017f\u017f"`, 1)},
		"alg twice":       {strings.Replace(header, "{", `{"alg":"none",`, 1), claims},
		"trailing object": {header, claims + "{}"}, "trailing junk": {header, claims + "x"}, "array": {header, "[" + claims + "]"}, "string": {header, `"x"`}, "null": {header, "null"},
		"cut": {header, claims[:len(claims)-1]}, "nothing": {header, ""}, "headless": {"", claims}, "header of null": {"null", claims},
		"header with junk": {header + " x", claims}, "alg of null": {`{"alg":null}`, claims}, "kid of number": {`{"alg":"EdDSA","kid":1}`, claims},
	} {
		refuses(t, config(), signRaw([]byte(c[0]), []byte(c[1]), edKey), name)
	}
	_, err := approve(t, config(), signRaw([]byte(" { \"alg\" : \"EdDSA\" ,\n\"kid\": \"EdDSA\" } "), []byte(strings.NewReplacer(`,"`, " ,\n\t\"", `":`, `" : `).Replace(claims)+"\n"), edKey))
	require.NoError(t, err, "white space is no other reading")

	good := sign(head("EdDSA"), answer(intent()), edKey)
	part := strings.Split(good, ".")
	for name, token := range map[string]string{
		"padded": part[0] + "=." + part[1] + "." + part[2], "new line": good + "\n", "line in a part": part[0] + "." + part[1] + "." + part[2][:8] + "\n" + part[2][8:],
		"space": " " + good, "Bearer": "Bearer " + good, "standard alphabet": part[0] + "." + part[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(strings.Repeat("-_", 43)),
		"other last bits": part[0] + "." + part[1] + "." + part[2][:len(part[2])-1] + string(lastBits(part[2][len(part[2])-1])),
	} {
		refuses(t, config(), token, name)
	}
}

// lastBits returns a character that a lenient decoder takes for c at the end of 64 bytes: it drops four bits there.
func lastBits(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)|1]
}

func TestKeysAreNotConfused(t *testing.T) {
	t.Parallel()
	with := func(keys ...object) oidc.Config {
		c := config()
		c.Keys = oidc.Fixed(must(oidc.ParseKeySet(set(keys...))))
		return c
	}
	without := func(o object, name string, v any) object {
		if o[name] = v; v == nil {
			delete(o, name)
		}
		return o
	}
	h := object{"alg": "RS256", "kid": "k"}
	token := sign(h, answer(intent()), rsaKey)
	anonymous := sign(object{"alg": "RS256"}, answer(intent()), rsaKey)
	stranger := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	for name, c := range map[string]struct {
		cfg   oidc.Config
		token string
		good  bool
	}{
		"the key":                      {with(jwk("k", rsaKey)), token, true},
		"one id on two kinds":          {with(jwk("k", ecKey), jwk("k", rsaKey), jwk("k", edKey)), token, true},
		"one id on two keys":           {with(jwk("k", strangers), jwk("k", rsaKey)), token, false},
		"one id on another kind":       {with(jwk("k", ecKey)), token, false},
		"another id":                   {with(jwk("l", rsaKey)), token, false},
		"an id in another case":        {with(jwk("K", rsaKey)), token, false},
		"a key without id":             {with(without(jwk("", rsaKey), "kid", nil)), token, false},
		"no id, one key":               {with(jwk("l", rsaKey), jwk("m", ecKey)), anonymous, true},
		"no id, two keys":              {with(jwk("l", rsaKey), jwk("m", strangers)), anonymous, false},
		"no alg said":                  {with(without(jwk("k", rsaKey), "alg", nil)), token, true},
		"no use said":                  {with(without(jwk("k", rsaKey), "use", nil)), token, true},
		"for verifying":                {with(without(jwk("k", rsaKey), "key_ops", []string{"verify"})), token, true},
		"an EC key for an RSA token":   {with(jwk("k", ecKey)), sign(object{"alg": "RS256", "kid": "k"}, answer(intent()), ecKey), false},
		"an RSA key for an EC token":   {with(jwk("k", rsaKey)), sign(object{"alg": "ES256", "kid": "k"}, answer(intent()), rsaKey), false},
		"another EC key of the set's":  {with(jwk("k", ecKey)), sign(object{"alg": "ES256", "kid": "k"}, answer(intent()), stranger), false},
		"another key of another's kid": {with(jwk("k", rsaKey), jwk("l", strangers)), sign(h, answer(intent()), strangers), false},
	} {
		_, err := approve(t, c.cfg, c.token)
		if c.good {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, supportgrant.ErrMFA, name)
		}
	}
}

// Whatever is done to the bytes of a token, it approves nothing any more.
func TestNoByteOfATokenCanBeChanged(t *testing.T) {
	t.Parallel()
	o, ctx := factor(t, config()), context.Background()
	ch, err := o.Begin(ctx, intent())
	require.NoError(t, err)
	token := []byte(sign(head("EdDSA"), answer(intent()), edKey))
	for n := range token {
		token[n] ^= 1 << (n % 8)
		_, err := o.Verify(ctx, intent(), ch.State, token)
		require.ErrorIs(t, err, supportgrant.ErrMFA, "byte %d", n)
		token[n] ^= 1 << (n % 8)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(token)).Draw(t, "at")
		cut := rapid.IntRange(0, len(token)-at).Draw(t, "cut")
		put := rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "put")
		changed := string(token[:at]) + string(put) + string(token[at+cut:])
		if changed == string(token) {
			return
		}
		_, err := o.Verify(ctx, intent(), ch.State, []byte(changed))
		require.ErrorIs(t, err, supportgrant.ErrMFA)
	})
}

func TestErrorsHaveNothingOfAToken(t *testing.T) {
	t.Parallel()
	for claim, value := range map[string]any{"iss": "https://secret-tenant.example", "sub": "secret-person", "nonce": "secret-nonce", "acr": "secret-acr", "aud": "secret-client", "exp": "secret-time"} {
		claims := answer(intent())
		claims[claim] = value
		_, err := approve(t, config(), sign(head("EdDSA"), claims, edKey))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(sign(head("EdDSA"), answer(intent()), edKey)))
	f.Add([]byte(sign(head("none"), answer(intent()), nil)))
	f.Add([]byte("e30.e30."))
	o, err := oidc.New(accounts)
	require.NoError(f, err)
	ch, err := o.Begin(context.Background(), intent())
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, token []byte) {
		e, err := o.Verify(context.Background(), intent(), ch.State, token)
		if err != nil {
			require.ErrorIs(t, err, supportgrant.ErrMFA)
			return
		}
		require.NoError(t, oidc.VerifyEvidence(intent(), e)) // a seed: nobody forges another
	})
}
