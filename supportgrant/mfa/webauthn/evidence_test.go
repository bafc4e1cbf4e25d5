package webauthn_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/webauthn"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/stretchr/testify/require"
)

func approved(t testing.TB, key *softKey) supportgrant.Evidence {
	t.Helper()
	w, _, _ := world(t, key)
	e, err := w.Verify(context.Background(), intent(), begin(t, w), key.answer(digestOf(intent())))
	require.NoError(t, err)
	return e
}

func TestEvidenceIsOfOneIntentKeyAndSite(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"ES256", "EdDSA", "RS256"} {
		key := newKey(alg)
		e := approved(t, key)
		p := must(webauthn.Open(e))
		require.Equal(t, []string{rpID, theOrigin}, []string{p.RPID, p.Origin})
		require.Equal(t, key.cose, p.Key)
		require.Equal(t, key.id, p.Credential)

		other := intent()
		other.Life++
		require.ErrorIs(t, webauthn.VerifyEvidence(other, e), webauthn.ErrEvidence)
		moved := e
		moved.Digest = other.Digest()
		require.ErrorIs(t, webauthn.VerifyEvidence(other, moved), webauthn.ErrEvidence)
		require.ErrorIs(t, webauthn.VerifyEvidence(intent(), moved), webauthn.ErrEvidence)
		moved = e
		moved.Method = "oidc"
		require.ErrorIs(t, webauthn.VerifyEvidence(intent(), moved), webauthn.ErrEvidence)

		for name, change := range map[string]func(p *webauthn.Proof){
			"site":           func(p *webauthn.Proof) { p.RPID = "example.com" },
			"no site":        func(p *webauthn.Proof) { p.RPID = "" },
			"origin":         func(p *webauthn.Proof) { p.Origin = "https://eu.app.example.com:8443" },
			"key":            func(p *webauthn.Proof) { p.Key = newKey(alg).cose },
			"no key":         func(p *webauthn.Proof) { p.Key = nil },
			"key and a byte": func(p *webauthn.Proof) { p.Key = append(bytes.Clone(p.Key), 0) },
			"client data":    func(p *webauthn.Proof) { p.ClientData = append(bytes.Clone(p.ClientData), ' ') },
			"no client data": func(p *webauthn.Proof) { p.ClientData = nil },
			"counter": func(p *webauthn.Proof) {
				p.AuthenticatorData = bytes.Clone(p.AuthenticatorData)
				p.AuthenticatorData[36]++
			},
			"short data":      func(p *webauthn.Proof) { p.AuthenticatorData = p.AuthenticatorData[:36] },
			"signature":       func(p *webauthn.Proof) { p.Signature = bytes.Clone(p.Signature); p.Signature[len(p.Signature)-1]++ },
			"no signature":    func(p *webauthn.Proof) { p.Signature = nil },
			"signature and a": func(p *webauthn.Proof) { p.Signature = append(bytes.Clone(p.Signature), 0) },
		} {
			changed, bent := e, p
			change(&bent)
			changed.Proof = must(json.Marshal(bent))
			require.ErrorIs(t, webauthn.VerifyEvidence(intent(), changed), webauthn.ErrEvidence, name)
		}
	}
}

// What the approver's own key signs is no evidence unless it says all that evidence says: the offline check does not rest on the
// one that was made at the time.
func TestEvidenceSaysThatTheUserWasThereAndOnThisSite(t *testing.T) {
	t.Parallel()
	for name, bend := range map[string]func(*softKey){
		"not verified": func(s *softKey) { s.flags = present }, "not present": func(s *softKey) { s.flags = verified },
		"a frame": func(s *softKey) { s.cross = true }, "a top origin": func(s *softKey) { s.top = theOrigin },
		"a registration": func(s *softKey) { s.kind = "webauthn.create" }, "another party": func(s *softKey) { s.party = "evil.example" },
		"another site": func(s *softKey) { s.party, s.origin = "evil.example", "https://evil.example" },
	} {
		key := newKey("ES256")
		bend(key)
		var posted struct {
			Response struct{ AuthenticatorData, ClientDataJSON, Signature string }
		}
		require.NoError(t, json.Unmarshal(key.answer(digestOf(intent())), &posted))
		raw := func(s string) []byte { return must(base64.RawURLEncoding.DecodeString(s)) }
		i := intent()
		e := supportgrant.Evidence{Method: "webauthn", Digest: i.Digest(), Proof: must(json.Marshal(webauthn.Proof{RPID: rpID, Origin: key.origin, Key: key.cose,
			AuthenticatorData: raw(posted.Response.AuthenticatorData), ClientData: raw(posted.Response.ClientDataJSON), Signature: raw(posted.Response.Signature)}))}
		require.ErrorIs(t, webauthn.VerifyEvidence(i, e), webauthn.ErrEvidence, name)
	}
}

func TestNoByteOfEvidenceCanBeChanged(t *testing.T) {
	t.Parallel()
	e := approved(t, newKey("ES256"))
	want := must(webauthn.Open(e))
	want.Credential = nil // the key's name, which nobody signs
	for n := range e.Proof {
		changed := e
		changed.Proof = bytes.Clone(e.Proof)
		changed.Proof[n] ^= 1 << (n % 8)
		if webauthn.VerifyEvidence(intent(), changed) == nil {
			got := must(webauthn.Open(changed))
			got.Credential = nil
			require.Equal(t, want, got, "byte %d", n)
		}
	}
	for _, proof := range []string{"", "{}", "null", "[]", string(e.Proof) + "{}", strings.Repeat(" ", 65<<10) + string(e.Proof)} {
		changed := e
		changed.Proof = []byte(proof)
		require.ErrorIs(t, webauthn.VerifyEvidence(intent(), changed), webauthn.ErrEvidence)
	}
}

func TestKeysThatMakeNoEvidenceAreNotAskedFor(t *testing.T) {
	t.Parallel()
	es, p384 := newKey("ES256"), must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	point := must(p384.PublicKey.Bytes())
	raw := must(es.key.Public().(*ecdsa.PublicKey).Bytes())
	short := must(rsa.GenerateKey(rand.Reader, 1024)).N.Bytes()
	cose := func(m map[int]any) []byte { return must(webauthncbor.Marshal(m)) }
	e := big.NewInt(65537).Bytes()
	for name, key := range map[string][]byte{
		"none":              nil,
		"junk":              []byte("junk"),
		"long":              bytes.Repeat([]byte{0xa0}, 5<<10),
		"P-384":             cose(map[int]any{1: 2, 3: -35, -1: 2, -2: point[1:49], -3: point[49:]}),
		"P-256 as ES384":    cose(map[int]any{1: 2, 3: -35, -1: 1, -2: raw[1:33], -3: raw[33:]}),
		"secp256k1":         cose(map[int]any{1: 2, 3: -47, -1: 8, -2: raw[1:33], -3: raw[33:]}),
		"no curve":          cose(map[int]any{1: 2, 3: -7, -2: raw[1:33], -3: raw[33:]}),
		"off the curve":     cose(map[int]any{1: 2, 3: -7, -1: 1, -2: raw[1:33], -3: raw[1:33]}),
		"EdDSA on P-256":    cose(map[int]any{1: 1, 3: -8, -1: 1, -2: raw[1:33]}),
		"RS1":               cose(map[int]any{1: 3, 3: -65535, -1: bytes.Repeat([]byte{255}, 256), -2: e}),
		"PS256":             cose(map[int]any{1: 3, 3: -37, -1: bytes.Repeat([]byte{255}, 256), -2: e}),
		"short RSA":         cose(map[int]any{1: 3, 3: -257, -1: short, -2: e}),
		"padded, short RSA": cose(map[int]any{1: 3, 3: -257, -1: append(make([]byte, 128), short...), -2: e}),
	} {
		w, p, _ := world(t, es)
		c := es.credential()
		c.PublicKey = key
		p.of["ann"] = []webauthn.Credential{c}
		_, err := w.Begin(context.Background(), intent())
		require.ErrorIs(t, err, supportgrant.ErrMFA, name)
		good := newKey("EdDSA")
		p.of["ann"] = append(p.of["ann"], good.credential())
		ch, err := w.Begin(context.Background(), intent())
		require.NoError(t, err, name)
		require.NotContains(t, string(ch.Options), b64(es.id), name)
		_, err = w.Verify(context.Background(), intent(), ch.State, good.answer(digestOf(intent())))
		require.NoError(t, err, name)
	}
}

func FuzzVerifyEvidence(f *testing.F) {
	e := approved(f, fixedKey())
	want := must(webauthn.Open(e))
	f.Add(e.Proof)
	f.Add([]byte(`{"rpId":"app.example.com","origin":"https://app.example.com","key":"oA==","authenticatorData":"","clientDataJSON":"e30=","signature":""}`))
	f.Fuzz(func(t *testing.T, proof []byte) {
		changed := e
		changed.Proof = proof
		if webauthn.VerifyEvidence(intent(), changed) == nil {
			require.Equal(t, want.Key, must(webauthn.Open(changed)).Key)
		}
	})
}
