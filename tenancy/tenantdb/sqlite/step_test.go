package sqlite

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// The statements around reads are stepped directly with the driver in go.mod, and through it when it keeps its
// fields elsewhere.
func TestReadsBeginAndEndByDirectSteps(t *testing.T) {
	t.Parallel()
	db, err := Open(t.TempDir(), Options{})
	require.NoError(t, err)
	defer db.Close()
	c, err := db.system.take(context.Background(), false)
	require.NoError(t, err)
	defer db.system.put(c, false)
	for range 3 {
		require.NoError(t, c.quick("BEGIN", &c.begin))
		require.NoError(t, c.quick("COMMIT", &c.commit))
	}
	require.True(t, c.begin.run())
	require.False(t, c.begin.run(), "a transaction within one")
	require.Error(t, c.quick("BEGIN", &c.begin), "the driver says why")
	require.True(t, c.commit.run())
	require.False(t, c.commit.run(), "no transaction to end")

	require.Zero(t, newStep(struct{ rawConn }{}, struct{ rawStmt }{}))
	var none step
	require.NoError(t, c.quick("BEGIN", &none))
	require.NoError(t, c.quick("COMMIT", &c.commit))
}
