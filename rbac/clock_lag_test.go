package rbac

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAClockThatLagsPutsNoTimeBeforeTheStoresAnswer(t *testing.T) {
	t.Parallel()
	a := &Authorizer{}
	v := &view{now: 1_000_000, asked: int64(3e9)}
	for _, now := range []int64{0, 1e9, 3e9 - 1, 3e9} {
		a.now.Store(now)
		require.EqualValues(t, 1_000_000+tickMicros, v.time(a))
	}
	a.now.Store(4e9)
	require.EqualValues(t, 2_000_000+tickMicros, v.time(a))
}
