package consent

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The examples of NIST SP 800-38B, D.3 (AES-256) and of RFC 4493 (AES-128).
func TestTheMACIsTheStandards(t *testing.T) {
	t.Parallel()
	msg, err := hex.DecodeString("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
	require.NoError(t, err)
	for key, sums := range map[string]map[int]string{
		"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4": {0: "028962f61b7bf89efc6b551f4667d983",
			16: "28a7023f452e8f82bd4bf28d8c37c35c", 40: "aaf3d8f1de5640c232f5b169b9c911e6", 64: "e1992190549f6ed5696a2c056c315410"},
		"2b7e151628aed2a6abf7158809cf4f3c": {0: "bb1d6929e95937287fa37d129b756746",
			16: "070a16b46b4d4144f79bdd9dd04a287c", 40: "dfa66747de9ae63030ca32611497c827", 64: "51f0bebf7e3b9d92fc49741779363cfe"},
	} {
		k, err := hex.DecodeString(key)
		require.NoError(t, err)
		m := newMAC(k)
		for n, want := range sums {
			var got [macLen]byte
			m.sum(got[:], string(msg[:n]))
			require.Equal(t, want, hex.EncodeToString(got[:]))
		}
	}
}

func TestTheMACIsOfWhatItsPartsAreTogether(t *testing.T) {
	t.Parallel()
	m := newMAC(make([]byte, 32))
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.StringN(0, 40, 90), 0, 4).Draw(t, "parts")
		whole := ""
		for _, p := range parts {
			whole += p
		}
		var a, b [macLen]byte
		m.sum(a[:], parts...)
		m.sum(b[:], whole)
		if a != b {
			t.Fatal("not the same")
		}
	})
}
