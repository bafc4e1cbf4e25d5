package apitoken_test

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// All of it in a child that refuses every algorithm which FIPS 140-3 does not approve.
func TestTokensWorkInTheStrictestFIPSMode(t *testing.T) {
	t.Parallel()
	const env = "APITOKEN_TEST_FIPS"
	if mode := os.Getenv(env); mode != "" {
		require.True(t, fips140.Enabled())
		require.Equal(t, mode == "only", fips140.Enforced())
		return
	}
	for _, mode := range []string{"on", "only"} {
		cmd := exec.Command(os.Args[0], "-test.count=1", "-rapid.checks=20", "-test.run=StrictestFIPSMode|Minted|Published|WholeToken|ZeroHash|TakesTokensOut")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140="+mode, env+"="+mode)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}
