package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/stretchr/testify/require"
)

// octets is hexadecimal in JSON.
type octets []byte

func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

// vector is one test of any of the files.
type vector struct {
	ID                                 int `json:"tcId"`
	Comment, Result                    string
	Key, IV, AAD, Msg, CT, Tag         octets
	IKM, Salt, Info, OKM, Password, DK octets
	Sig                                octets
	Size, IterationCount, DKLen        int
}

type group struct {
	IVSize, KeySize, TagSize int
	PublicKey                struct{ PK octets }
	Tests                    []vector
}

// each calls f for the tests of a file, and fails if there are fewer than least of them.
func each(t *testing.T, file string, least int, f func(t *testing.T, g *group, v *vector) bool) {
	t.Helper()
	b, err := fs.ReadFile(wycheproof.TestVectors, file)
	require.NoError(t, err)
	var all struct{ TestGroups []group }
	require.NoError(t, json.Unmarshal(b, &all))
	n := 0
	for i := range all.TestGroups {
		g := &all.TestGroups[i]
		for j := range g.Tests {
			if f(t, g, &g.Tests[j]) {
				n++
			}
		}
	}
	require.GreaterOrEqual(t, n, least)
}

// The cipher of every message: its nonce is drawn, so that what can be compared is what opens.
func TestAESGCM(t *testing.T) {
	each(t, "aes_gcm_test.json", 60, func(t *testing.T, g *group, v *vector) bool {
		if g.KeySize != 256 || g.IVSize != 96 || g.TagSize != 128 {
			return false
		}
		block, err := aes.NewCipher(v.Key)
		require.NoError(t, err)
		aead, err := cipher.NewGCMWithRandomNonce(block)
		require.NoError(t, err)
		out, err := aead.Open(nil, nil, bytes.Join([][]byte{v.IV, v.CT, v.Tag}, nil), v.AAD)
		require.Equal(t, v.Result != "invalid", err == nil, "%d %s", v.ID, v.Comment)
		if err == nil {
			require.Equal(t, string(v.Msg), string(out), "%d %s", v.ID, v.Comment)
		}
		return true
	})
}

func TestHMAC(t *testing.T) {
	each(t, "hmac_sha256_test.json", 150, func(t *testing.T, g *group, v *vector) bool {
		mac := hmac.New(sha256.New, v.Key)
		mac.Write(v.Msg)
		require.Equal(t, v.Result == "valid", hmac.Equal(mac.Sum(nil)[:g.TagSize/8], v.Tag), "%d %s", v.ID, v.Comment)
		return true
	})
}

func TestHKDF(t *testing.T) {
	each(t, "hkdf_sha256_test.json", 80, func(t *testing.T, _ *group, v *vector) bool {
		out, err := hkdf.Key(sha256.New, v.IKM, v.Salt, string(v.Info), v.Size)
		require.Equal(t, v.Result == "valid", err == nil && bytes.Equal(out, v.OKM), "%d %s", v.ID, v.Comment)
		return true
	})
}

func TestPBKDF2(t *testing.T) {
	each(t, "pbkdf2_hmacsha256_test.json", 50, func(t *testing.T, _ *group, v *vector) bool {
		out, err := pbkdf2.Key(sha256.New, string(v.Password), v.Salt, v.IterationCount, v.DKLen)
		require.Equal(t, v.Result == "valid", err == nil && bytes.Equal(out, v.DK), "%d %s", v.ID, v.Comment)
		return true
	})
}

func TestEd25519(t *testing.T) {
	each(t, "ed25519_test.json", 150, func(t *testing.T, g *group, v *vector) bool {
		require.Equal(t, v.Result == "valid", ed25519.Verify(ed25519.PublicKey(g.PublicKey.PK), v.Msg, v.Sig), "%d %s", v.ID, v.Comment)
		return true
	})
}
