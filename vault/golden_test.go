package vault

import (
	"encoding/hex"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// What was sealed once opens for ever: by every later version, in every mode of FIPS 140-3.
const (
	goldenKey    = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	goldenID     = "fabed9c80a6b2da47107e9414e661ef6"
	goldenSealed = "01fabed9c80a6b2da47107e9414e661ef613251d18daa59bed965bfb6d3a9163d73d6cb50584ca8659cbc5b44fa4a683dadbc4a3f325aa1332d119238a3af114cff8c139b34ea46a"
)

func TestWhatWasSealedOnceOpens(t *testing.T) {
	t.Parallel()
	secret, err := hex.DecodeString(goldenKey)
	require.NoError(t, err)
	k := newKey((*[32]byte)(secret), nil)
	require.Equal(t, goldenID, k.id.String())
	sealed, err := hex.DecodeString(goldenSealed)
	require.NoError(t, err)
	h, err := parseHeader(sealed)
	require.NoError(t, err)
	require.Equal(t, k.id, h.key)
	out, err := k.open(nil, sealed, appendContext(nil, sealedField, "alpha", "customers.email", "1", "user:1"), &h)
	require.NoError(t, err)
	require.Equal(t, "ada@example.com", string(out))
}

func TestWhatWasSealedOnceOpensInEveryModeOfFIPS(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"off", "on", "only"} {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestWhatWasSealedOnceOpens$")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140="+mode)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", mode, out)
	}
}
