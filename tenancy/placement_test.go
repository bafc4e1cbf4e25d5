package tenancy_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestRendezvousIsEvenStableAndMovesFew(t *testing.T) {
	t.Parallel()
	require.Empty(t, tenancy.Rendezvous(acme, nil))
	require.Equal(t, "eu-2", tenancy.Rendezvous(acme, []string{"eu-1", "eu-2", "eu-3"}), "the same in every version")
	shards := []string{"a", "b", "c", "d"}
	got := map[string]int{}
	const n = 4000
	for i := range n {
		id := tenancy.MustParseID(fmt.Sprint("t", i))
		of := tenancy.Rendezvous(id, shards)
		got[of]++
		if more := tenancy.Rendezvous(id, append(slices.Clone(shards), "e")); more != of {
			require.Equal(t, "e", more, "a shard added takes tenants from the others and moves none between them")
			got["moved"]++
		}
	}
	for _, s := range shards {
		require.InDelta(t, n/4, got[s], n/20, s)
	}
	require.InDelta(t, n/5, got["moved"], n/20)
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.Permutation(shards).Draw(t, "order")
		id := tenancy.MustParseID(rapid.StringMatching(`[a-z]{8}`).Draw(t, "id"))
		require.Equal(t, tenancy.Rendezvous(id, shards), tenancy.Rendezvous(id, p))
	})
}

func TestStatesSayWhatMayBeDone(t *testing.T) {
	t.Parallel()
	for s, want := range map[tenancy.State]struct{ read, write error }{
		tenancy.Provisioning: {tenancy.ErrNotActive, tenancy.ErrNotActive},
		tenancy.Active:       {nil, nil},
		tenancy.Suspended:    {tenancy.ErrNotActive, tenancy.ErrNotActive},
		tenancy.Exporting:    {nil, tenancy.ErrReadOnly},
		tenancy.Moving:       {nil, tenancy.ErrReadOnly},
		tenancy.Purging:      {tenancy.ErrPurged, tenancy.ErrPurged},
		tenancy.Purged:       {tenancy.ErrPurged, tenancy.ErrPurged},
		"":                   {tenancy.ErrNotActive, tenancy.ErrNotActive},
		"ACTIVE":             {tenancy.ErrNotActive, tenancy.ErrNotActive},
	} {
		require.Equal(t, want.read, s.CanRead(), s)
		require.Equal(t, want.write, s.CanWrite(), s)
		require.Equal(t, s != "" && s != "ACTIVE", s.Valid())
		require.False(t, s.CanBecome(s))
		require.False(t, tenancy.Purged.CanBecome(s))
		require.False(t, s.CanBecome("ACTIVE"))
	}
	require.False(t, tenancy.Active.CanBecome(tenancy.Purging), "not by one slip")
}
