package vaulttest

import (
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
)

var leaseTests = []test{
	{"one caller at a time has the lease, until it is released", leaseAlone},
	{"a lease ends by the store's clock", leaseEnds},
	{"of 50 who want the lease one gets it", raceLease},
}

func (h *house) lease(t require.TestingT, i int, by string, d time.Duration) bool {
	ok, err := h.process(i).Lease(h.ctx, "slack", "bot", by, d)
	require.NoError(t, err)
	return ok
}

func leaseAlone(t *testing.T, h *house) {
	_, err := h.Lease(h.ctx, "slack", "bot", "me", time.Hour)
	require.ErrorIs(t, err, vault.ErrNotFound)
	require.ErrorIs(t, h.Release(h.ctx, "slack", "bot", "me"), vault.ErrNotFound)
	first := h.put(t, h.newSecret(t, "slack", "bot"))
	h.put(t, h.newSecret(t, "slack", "other"))
	require.True(t, h.lease(t, 0, "me", time.Hour))
	require.False(t, h.lease(t, 1, "you", time.Hour))
	require.True(t, h.lease(t, 1, "me", time.Hour), "who has it may prolong it")
	require.NoError(t, h.Release(h.ctx, "slack", "bot", "you"), "is not yours")
	require.False(t, h.lease(t, 1, "you", time.Hour))
	ok, err := h.Lease(h.ctx, "slack", "other", "you", time.Hour)
	require.NoError(t, err)
	require.True(t, ok, "another secret's")
	got, err := h.Secret(h.ctx, "slack", "bot")
	require.NoError(t, err)
	require.Equal(t, first, got)
	h.put(t, next(first, 10))
	require.False(t, h.lease(t, 1, "you", time.Hour), "the next version leaves it")
	require.NoError(t, h.Release(h.ctx, "slack", "bot", "me"))
	require.True(t, h.lease(t, 1, "you", time.Hour))
	require.False(t, h.lease(t, 0, "me", time.Hour))
}

func leaseEnds(t *testing.T, h *house) {
	h.put(t, h.newSecret(t, "slack", "bot"))
	require.True(t, h.lease(t, 0, "me", time.Hour))
	require.True(t, h.lease(t, 0, "me", time.Millisecond), "prolonging may shorten")
	require.Eventually(t, func() bool { return h.lease(t, 1, "you", time.Hour) }, 10*time.Second, time.Millisecond)
	require.False(t, h.lease(t, 0, "me", time.Hour))
}

func raceLease(t *testing.T, h *house) {
	h.put(t, h.newSecret(t, "slack", "bot"))
	for range 3 {
		won, errs := make([]bool, racers), make([]error, racers)
		together(racers, func(i int) {
			won[i], errs[i] = h.process(i).Lease(h.ctx, "slack", "bot", name(i), time.Hour)
		})
		winner := -1
		for i := range won {
			require.NoError(t, errs[i])
			if won[i] {
				require.Equal(t, -1, winner, "two have it")
				winner = i
			}
		}
		require.NotEqual(t, -1, winner)
		require.NoError(t, h.Release(h.ctx, "slack", "bot", name(winner)))
	}
}
