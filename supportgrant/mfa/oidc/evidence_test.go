package oidc_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/oidc"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestEvidenceShowsWhoApprovedAndByWhichKey(t *testing.T) {
	t.Parallel()
	e, err := approve(t, config(), sign(head("RS256"), answer(intent()), rsaKey))
	require.NoError(t, err)
	got, err := oidc.Open(e)
	require.NoError(t, err)
	require.True(t, must(oidc.ParseKeySet(published())).Has(got.Key))
	require.Equal(t, []string{issuer, ann, "phr"}, []string{got.Issuer, got.Subject, got.ACR})
	require.Equal(t, []string{client}, got.Audience)
	require.Equal(t, []string{"hwk", "user"}, got.AMR)
	require.WithinDuration(t, time.Now(), got.Authenticated, time.Minute)
}

func TestEvidenceIsOfOneIntent(t *testing.T) {
	t.Parallel()
	for alg, key := range algorithms {
		e, err := approve(t, config(), sign(head(alg), answer(intent()), key))
		require.NoError(t, err)
		other := intent()
		other.Life++
		require.ErrorIs(t, oidc.VerifyEvidence(other, e), oidc.ErrEvidence)
		moved := e
		moved.Digest = other.Digest()
		require.ErrorIs(t, oidc.VerifyEvidence(other, moved), oidc.ErrEvidence)
		require.ErrorIs(t, oidc.VerifyEvidence(intent(), moved), oidc.ErrEvidence)
		other = intent()
		other.Tenant = tenancy.NewID()
		require.ErrorIs(t, oidc.VerifyEvidence(other, e), oidc.ErrEvidence)
		for _, method := range []string{"", "totp", "webauthn"} {
			renamed := e
			renamed.Method = method
			require.ErrorIs(t, oidc.VerifyEvidence(intent(), renamed), oidc.ErrEvidence)
		}
		for _, proof := range []string{"", "{}", "null", `{"token":"","key":{}}`, string(e.Proof) + "x", strings.Replace(string(e.Proof), `"key"`, `"Key"`, 1), strings.Repeat(" ", 40<<10) + string(e.Proof)} {
			broken := e
			broken.Proof = []byte(proof)
			require.ErrorIs(t, oidc.VerifyEvidence(intent(), broken), oidc.ErrEvidence)
			_, err := oidc.Open(broken)
			require.ErrorIs(t, err, oidc.ErrEvidence)
		}
	}
}

// What still verifies after a change shows the same token and the same key.
func TestNoByteOfEvidenceCanBeChanged(t *testing.T) {
	t.Parallel()
	e, err := approve(t, config(), sign(head("EdDSA"), answer(intent()), edKey))
	require.NoError(t, err)
	want := must(oidc.Open(e))
	for n := range e.Proof {
		changed := e
		changed.Proof = bytes.Clone(e.Proof)
		changed.Proof[n] ^= 1 << (n % 8)
		if oidc.VerifyEvidence(intent(), changed) == nil {
			require.Equal(t, want, must(oidc.Open(changed)), "byte %d", n)
		}
	}
}

func TestEvidenceUnderAnotherKeyIsNotTheIssuers(t *testing.T) {
	t.Parallel()
	forged := supportgrant.Evidence{Method: "oidc", Digest: must(approve(t, config(), sign(head("RS256"), answer(intent()), rsaKey))).Digest}
	forged.Proof = must(json.Marshal(object{"token": sign(head("RS256"), answer(intent()), strangers), "key": jwk("RS256", strangers)}))
	require.NoError(t, oidc.VerifyEvidence(intent(), forged), "the limit that the documentation tells of")
	require.False(t, must(oidc.ParseKeySet(published())).Has(must(oidc.Open(forged)).Key))
	forged.Proof = must(json.Marshal(object{"token": sign(head("RS256"), answer(intent()), strangers), "key": jwk("RS256", rsaKey)}))
	require.ErrorIs(t, oidc.VerifyEvidence(intent(), forged), oidc.ErrEvidence)
	forged.Proof = must(json.Marshal(object{"token": sign(object{"alg": "RS256"}, answer(intent()), ecKey), "key": jwk("k", ecKey)}))
	require.ErrorIs(t, oidc.VerifyEvidence(intent(), forged), oidc.ErrEvidence)
	forged.Proof = must(json.Marshal(object{"token": sign(object{"alg": "none"}, answer(intent()), nil), "key": jwk("RS256", rsaKey)}))
	require.ErrorIs(t, oidc.VerifyEvidence(intent(), forged), oidc.ErrEvidence)
}

func FuzzVerifyEvidence(f *testing.F) {
	e, err := approve(f, config(), sign(head("EdDSA"), answer(intent()), edKey))
	require.NoError(f, err)
	f.Add(e.Proof)
	f.Add([]byte(`{"token":"e30.e30.","key":{}}`))
	f.Fuzz(func(t *testing.T, proof []byte) {
		changed := e
		changed.Proof = proof
		if oidc.VerifyEvidence(intent(), changed) == nil {
			_, err := oidc.Open(changed)
			require.NoError(t, err)
		}
	})
}
