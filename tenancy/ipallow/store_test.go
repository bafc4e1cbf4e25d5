package ipallow_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow/ipallowtest"
	"github.com/stretchr/testify/require"
)

func TestMemoryIsAStore(t *testing.T) {
	t.Parallel()
	ipallowtest.Store(t, func(*testing.T) (ipallow.Store, tenancy.ID, tenancy.ID) {
		return ipallow.NewMemory(), tenancy.MustParseID("acme"), tenancy.MustParseID("globex")
	})
}

func TestWhatAStoreHandsOutIsNotWhatItHolds(t *testing.T) {
	t.Parallel()
	s, id := ipallow.NewMemory(), tenancy.MustParseID("acme")
	p := ipallow.Policy{Open: true}
	r, err := s.Put(t.Context(), id, 0, ipallow.Write{Key: "k", Trial: &p, Duration: 1e12})
	require.NoError(t, err)
	p.Open = false
	r.Trial.Policy.Open = false
	r, err = s.Get(t.Context(), id)
	require.NoError(t, err)
	require.True(t, r.Trial.Policy.Open)
}
