package webhook_test

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// Published signatures, every rotation, every changed byte and a delivery over HTTP, in a child that refuses every algorithm
// which FIPS 140-3 does not approve. Not the other tests: a new secret is slow to come by there under the race detector.
func TestSigningAndVerifyingWorkInTheStrictestFIPSMode(t *testing.T) {
	t.Parallel()
	const env = "WEBHOOK_TEST_FIPS"
	if mode := os.Getenv(env); mode != "" {
		require.True(t, fips140.Enabled())
		require.Equal(t, mode == "only", fips140.Enforced())
		return
	}
	for _, mode := range []string{"on", "only"} {
		cmd := exec.Command(os.Args[0], "-test.count=1", "-rapid.checks=20", "-test.run=StrictestFIPSMode|Published|Rotation|NoByte|FromASignerToAVerifier")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140="+mode, env+"="+mode)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}
