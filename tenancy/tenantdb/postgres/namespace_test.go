package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

func TestLocksAndChannelsOfTenantsDoNotMeet(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	keys, channels := map[int64]bool{}, map[string]bool{}
	for _, id := range []tenancy.ID{alpha, beta} {
		for _, name := range []string{"invoices", "invoices2", "", "é \x00"} {
			key, err := postgres.LockKey(as(t, id), name)
			require.NoError(t, err)
			keys[key] = true
			channel, err := postgres.Channel(as(t, id), name)
			require.NoError(t, err)
			require.Regexp(t, `^[a-z][a-z0-9_]{1,62}$`, channel)
			channels[channel] = true
			var ok bool
			require.NoError(t, db.QueryRow(as(t, id), `SELECT pg_try_advisory_xact_lock($1)`, key).Scan(&ok))
			require.True(t, ok)
			_, err = db.Exec(as(t, id), `SELECT pg_notify($1, '')`, channel)
			require.NoError(t, err)
		}
	}
	require.Len(t, keys, 8)
	require.Len(t, channels, 8)
	_, err := postgres.LockKey(t.Context(), "x")
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = postgres.Channel(t.Context(), "x")
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
}
