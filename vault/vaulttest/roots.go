package vaulttest

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
)

var rootTests = []test{
	{"roots replace each other by comparing and swapping", rootSwap},
	{"a root in use is not destroyed, and none is forgotten", rootDestroy},
	{"of those who add a root at once one does", raceRoot},
}

func newRoot() vault.Root {
	r := vault.Root{ID: newID(), Wrapped: make([]byte, 77)}
	random(r.Wrapped)
	random(r.Commit[:])
	return r
}

func (h *house) roots(t require.TestingT) []vault.Root {
	all, now, err := h.process(len(h.Stores) - 1).Roots(context.Background()) // they are no tenant's
	require.NoError(t, err)
	require.False(t, now.IsZero())
	for _, r := range all {
		require.False(t, now.Before(r.Created))
	}
	return all
}

func rootSwap(t *testing.T, h *house) {
	ctx := context.Background()
	require.Empty(t, h.roots(t))
	require.ErrorIs(t, h.AddRoot(ctx, newRoot(), newID()), vault.ErrConflict)
	require.Empty(t, h.roots(t))
	var made []vault.Root
	var after vault.KeyID
	for range 4 {
		r := newRoot()
		require.NoError(t, h.AddRoot(ctx, r, after))
		made, after = append(made, r), r.ID
		for _, wrong := range []vault.KeyID{{}, newID(), made[max(len(made)-2, 0)].ID} {
			if wrong != after {
				require.ErrorIs(t, h.AddRoot(ctx, newRoot(), wrong), vault.ErrConflict)
			}
		}
		require.ErrorIs(t, h.AddRoot(ctx, made[0], after), vault.ErrConflict, "a name is used once")
	}
	all := h.roots(t)
	require.Len(t, all, 4)
	for i, r := range all {
		want := made[i]
		want.State, want.Created = r.State, r.Created
		require.Equal(t, want, r, "oldest first")
		require.Equal(t, i == 3, r.State == vault.Active)
		require.Equal(t, i < 3, r.State == vault.Retired)
		require.False(t, r.Created.IsZero())
	}
}

func rootDestroy(t *testing.T, h *house) {
	ctx := context.Background()
	require.ErrorIs(t, h.DestroyRoot(ctx, newID()), vault.ErrNotFound)
	first, second := newRoot(), newRoot()
	require.NoError(t, h.AddRoot(ctx, first, vault.KeyID{}))
	require.ErrorIs(t, h.DestroyRoot(ctx, first.ID), vault.ErrConflict)
	require.NoError(t, h.AddRoot(ctx, second, first.ID))
	require.NoError(t, h.DestroyRoot(ctx, first.ID))
	require.NoError(t, h.DestroyRoot(ctx, first.ID), "again")
	all := h.roots(t)
	require.Len(t, all, 2)
	require.Equal(t, vault.Shredded, all[0].State)
	require.Empty(t, all[0].Wrapped)
	require.Equal(t, first.Commit, all[0].Commit)
	require.Equal(t, vault.Active, all[1].State)
	require.ErrorIs(t, h.AddRoot(ctx, first, second.ID), vault.ErrConflict)
}

func raceRoot(t *testing.T, h *house) {
	var after vault.KeyID
	for round := range 3 {
		made, errs := make([]vault.Root, 12), make([]error, 12)
		together(len(made), func(i int) {
			made[i] = newRoot()
			errs[i] = h.process(i).AddRoot(context.Background(), made[i], after)
		})
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
				after = made[i].ID
			} else {
				require.ErrorIs(t, err, vault.ErrConflict)
			}
		}
		require.Equal(t, 1, won)
		all := h.roots(t)
		require.Len(t, all, round+1)
		require.Equal(t, after, all[round].ID)
	}
}
