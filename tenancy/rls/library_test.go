package rls_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

func TestTheBodiesTakenForGenuineAreThoseThatSetupInstalls(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, fn := range []string{"id", "fence", "fence_key"} {
		var hash string
		require.NoError(t, d.owner.QueryRow(`SELECT encode(sha256(convert_to(prosrc, 'UTF8')), 'hex') FROM pg_proc
			WHERE pronamespace = 'tenancy'::regnamespace AND proname = $1`, fn).Scan(&hash))
		require.Contains(t, rls.Genuine(fn), hash, "tenancy.%s() has changed: add the hash to genuine.go", fn)
	}
}
