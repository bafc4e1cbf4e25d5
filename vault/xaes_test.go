package vault

import (
	"crypto/cipher"
	"crypto/fips140"
	"crypto/sha3"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// sealXAES is XAES-256-GCM with a nonce of the caller's.
func sealXAES(t *testing.T, key *[32]byte, nonce, plaintext, context []byte) []byte {
	t.Helper()
	if fips140.Enforced() {
		t.Skip("a nonce cannot be chosen under fips140=only")
	}
	gcm, err := cipher.NewGCM(newAES(derivation(key)((*[saltLen]byte)(nonce))))
	require.NoError(t, err)
	return gcm.Seal(nil, nonce[saltLen:], plaintext, context)
}

// openXAES is the reverse, by the code that opens messages.
func openXAES(t *testing.T, key *[32]byte, nonce, ciphertext, context []byte) []byte {
	t.Helper()
	out, err := newXAES(key)((*[saltLen]byte)(nonce)).open(nil, nil, append(append([]byte{}, nonce[saltLen:]...), ciphertext...), context)
	require.NoError(t, err)
	return out
}

// The vectors that c2sp.org/XAES-256-GCM prints.
func TestMessagesAreXAES256GCM(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		key        byte
		context    string
		ciphertext string
	}{
		{1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	} {
		var key [32]byte
		for i := range key {
			key[i] = v.key
		}
		nonce, want := []byte("ABCDEFGHIJKLMNOPQRSTUVWX"), "XAES-256-GCM"
		ciphertext, err := hex.DecodeString(v.ciphertext)
		require.NoError(t, err)
		require.Equal(t, want, string(openXAES(t, &key, nonce, ciphertext, []byte(v.context))))
		require.Equal(t, v.ciphertext, hex.EncodeToString(sealXAES(t, &key, nonce, []byte(want), []byte(v.context))))
	}
}

// The accumulated vector of the same document: 10,000 messages drawn from SHAKE128, and the digest of what they are sealed to.
func TestTenThousandMessagesAreXAES256GCM(t *testing.T) {
	t.Parallel()
	drawn, digest := sha3.NewSHAKE128(), sha3.NewSHAKE128()
	draw := func(n int) []byte {
		b := make([]byte, n)
		_, _ = drawn.Read(b)
		return b
	}
	for range 10_000 {
		key, nonce := [32]byte(draw(32)), draw(saltLen+nonceLen)
		plaintext := draw(int(draw(1)[0]))
		context := draw(int(draw(1)[0]))
		ciphertext := sealXAES(t, &key, nonce, plaintext, context)
		require.Equal(t, string(plaintext), string(openXAES(t, &key, nonce, ciphertext, context)))
		_, _ = digest.Write(ciphertext)
	}
	sum := make([]byte, 32)
	_, _ = digest.Read(sum)
	require.Equal(t, "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939", hex.EncodeToString(sum))
}
