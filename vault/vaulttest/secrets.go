package vaulttest

import (
	"errors"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
)

var secretTests = []test{
	{"a secret is stored version after version", secretVersions},
	{"a version that does not follow is refused", secretConflict},
	{"of those who store the next version one does", raceSecret},
	{"a secret that is closing is listed so", secretClosing},
	{"a removed secret is gone, and can be stored anew", secretRemoved},
	{"secrets are listed in order, without what is sealed", secretOrder},
	{"use is noted to the minute", secretUsed},
}

func secretVersions(t *testing.T, h *house) {
	_, err := h.Secret(h.ctx, "slack", "bot")
	require.ErrorIs(t, err, vault.ErrNotFound)
	first := h.put(t, h.newSecret(t, "slack", "bot"))
	require.True(t, first.Created.Equal(first.Replaced))
	require.False(t, first.Created.IsZero())
	require.True(t, first.Used.IsZero())
	require.True(t, first.Stale)
	require.NoError(t, h.Used(h.ctx, "slack", "bot"))
	last := first
	for _, n := range []int{120, 1, 5000, 251, 252, 507, 1 << 20, 40} {
		x := next(last, n)
		x.Expires, x.RotateEvery, x.Subject = time.Time{}, 0, vault.Pseudonym{}
		got := h.put(t, x)
		require.True(t, first.Created.Equal(got.Created), "of version 1")
		require.False(t, got.Replaced.Before(last.Replaced))
		require.False(t, got.Used.IsZero(), "stays")
		last = got
	}
	require.EqualValues(t, 9, last.Version)
	other := h.put(t, h.newSecret(t, "slack", "other"))
	h.put(t, h.newSecret(t, "stripe", "bot"))
	got, err := h.Secret(h.ctx, "slack", "bot")
	require.NoError(t, err)
	require.Equal(t, last, got)
	got, err = h.Secret(h.ctx, "slack", "other")
	require.NoError(t, err)
	require.Equal(t, other, got)
}

func secretConflict(t *testing.T, h *house) {
	first := h.put(t, h.newSecret(t, "slack", "bot"))
	for _, version := range []int64{-1, 0, 1, 3, 4} {
		x := h.newSecret(t, "slack", "bot")
		x.Version = version
		require.ErrorIs(t, h.PutSecret(h.ctx, x), vault.ErrConflict, version)
		if version != 1 {
			x.ID = "new"
			require.ErrorIs(t, h.PutSecret(h.ctx, x), vault.ErrConflict, version)
		}
	}
	got, err := h.Secret(h.ctx, "slack", "bot")
	require.NoError(t, err)
	require.Equal(t, first, got)
	_, err = h.Secret(h.ctx, "slack", "new")
	require.ErrorIs(t, err, vault.ErrNotFound)
}

func raceSecret(t *testing.T, h *house) {
	h.tree(t)
	for version := int64(1); version <= 4; version++ {
		errs := make([]error, 16)
		made := make([]vault.StoredSecret, len(errs))
		together(len(errs), func(i int) {
			made[i] = h.newSecret(t, "slack", "bot")
			made[i].Version = version
			errs[i] = h.process(i).PutSecret(h.ctx, made[i])
		})
		got, err := h.Secret(h.ctx, "slack", "bot")
		require.NoError(t, err)
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
				sameSecret(t, made[i], got)
			} else {
				require.ErrorIs(t, err, vault.ErrConflict)
			}
		}
		require.Equal(t, 1, won)
	}
}

func secretClosing(t *testing.T, h *house) {
	require.ErrorIs(t, h.CloseSecret(h.ctx, "slack", "bot"), vault.ErrNotFound)
	first := h.put(t, h.newSecret(t, "slack", "bot"))
	require.NoError(t, h.CloseSecret(h.ctx, "slack", "bot"))
	require.NoError(t, h.CloseSecret(h.ctx, "slack", "bot"))
	got, err := h.Secret(h.ctx, "slack", "bot")
	require.NoError(t, err)
	require.True(t, got.Closing)
	got.Closing = false
	require.Equal(t, first, got)
}

func secretRemoved(t *testing.T, h *house) {
	require.ErrorIs(t, h.RemoveSecret(h.ctx, "slack", "bot"), vault.ErrNotFound)
	h.put(t, next(h.put(t, h.newSecret(t, "slack", "bot")), 30))
	stays := h.put(t, h.newSecret(t, "slack", "other"))
	require.NoError(t, h.RemoveSecret(h.ctx, "slack", "bot"))
	_, err := h.Secret(h.ctx, "slack", "bot")
	require.ErrorIs(t, err, vault.ErrNotFound)
	require.ErrorIs(t, h.RemoveSecret(h.ctx, "slack", "bot"), vault.ErrNotFound)
	x := h.newSecret(t, "slack", "bot")
	x.Version = 3
	require.ErrorIs(t, h.PutSecret(h.ctx, x), vault.ErrConflict)
	h.put(t, h.newSecret(t, "slack", "bot"))
	got, err := h.Secret(h.ctx, "slack", "other")
	require.NoError(t, err)
	require.Equal(t, stays, got)
}

func secretOrder(t *testing.T, h *house) {
	type place struct{ purpose, id string }
	want := []place{{"B", "z"}, {"a", "1"}, {"a", "10"}, {"a", "2"}, {"a", "B"}, {"a", "b"}, {"a", "é"}, {"a.b", "1"}, {"b", "%"}, {"é", ""}}
	want[len(want)-1].id = "x"
	for i := range want { // in another order
		p := want[(i*3+7)%len(want)]
		h.put(t, h.newSecret(t, p.purpose, p.id))
	}
	list := func(purpose, id string) (out []place) {
		require.NoError(t, h.Secrets(h.ctx, purpose, id, func(s vault.StoredSecret) error {
			require.Empty(t, s.Sealed)
			full, err := h.Secret(h.ctx, s.Purpose, s.ID)
			require.NoError(t, err)
			full.Sealed = s.Sealed
			require.Equal(t, full, s)
			out = append(out, place{s.Purpose, s.ID})
			return nil
		}))
		return out
	}
	require.Equal(t, want, list("", ""))
	for i, p := range want {
		require.Equal(t, append([]place(nil), want[i+1:]...), list(p.purpose, p.id))
	}
	require.Equal(t, want[1:], list("C", ""), "also after what is not there")
	enough := errors.New("enough")
	n := 0
	require.ErrorIs(t, h.Secrets(h.ctx, "", "", func(vault.StoredSecret) error { n++; return enough }), enough)
	require.Equal(t, 1, n)
}

func secretUsed(t *testing.T, h *house) {
	require.ErrorIs(t, h.Used(h.ctx, "slack", "bot"), vault.ErrNotFound)
	first := h.put(t, h.newSecret(t, "slack", "bot"))
	require.NoError(t, h.Used(h.ctx, "slack", "bot"))
	got, err := h.Secret(h.ctx, "slack", "bot")
	require.NoError(t, err)
	require.True(t, got.Used.Equal(got.Used.Truncate(time.Minute)))
	require.False(t, got.Used.Before(first.Created.Truncate(time.Minute)))
	require.NoError(t, h.Used(h.ctx, "slack", "bot"))
	got.Used, got.Stale = time.Time{}, true
	require.Equal(t, first, got, "nothing else changes")
	require.Eventually(t, func() bool { // unless a minute ends in between
		require.NoError(t, h.Used(h.ctx, "slack", "bot"))
		got, err := h.Secret(h.ctx, "slack", "bot")
		return err == nil && !got.Stale
	}, 10*time.Second, time.Millisecond)
}
