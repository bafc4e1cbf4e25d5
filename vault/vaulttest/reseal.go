package vaulttest

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
)

var resealTests = []test{
	{"a secret is put under an active key", putInactive},
	{"secrets under a key are read in pages, each once", secretsUnder},
	{"secrets are sealed anew by comparing and swapping", resealSwap},
	{"a secret goes from a retired key to the one in its place, and nowhere else", resealElsewhere},
	{"no key is destroyed that a secret is under", destroyUnderSecret},
	{"of those who seal and store at once nothing is lost", raceReseal},
}

// purpose adds a key of one, and n secrets under it.
func (h *house) purpose(t require.TestingT, name string, n int) (key vault.KeyID, all []vault.StoredSecret) {
	key = h.add(t, newKey(vault.OfPurpose, name, vault.Pseudonym{}, h.top), vault.KeyID{}).ID
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		in := *h
		in.ctx = ctx
		for i := range n {
			s := newSecret(name, string(rune('a'+i%26))+string(rune('a'+i/26)), key)
			s.Sealed = s.Sealed[:40+i%3*40]
			require.NoError(t, in.PutSecret(ctx, s))
		}
		return nil
	}))
	return key, h.secretsUnder(t, key, 1000)
}

// secretsUnder reads all secrets under key, a page at a time.
func (h *house) secretsUnder(t require.TestingT, key vault.KeyID, page int) (out []vault.StoredSecret) {
	var purpose, id string
	for {
		rows, err := h.process(len(h.Stores)-1).SecretsUnder(h.ctx, key, purpose, id, page)
		require.NoError(t, err)
		require.LessOrEqual(t, len(rows), page)
		out = append(out, rows...)
		if len(rows) < page {
			return out
		}
		purpose, id = rows[len(rows)-1].Purpose, rows[len(rows)-1].ID
	}
}

// replace puts a new key in the place of a purpose's.
func (h *house) replace(t require.TestingT, name string, old vault.KeyID) vault.KeyID {
	return h.add(t, newKey(vault.OfPurpose, name, vault.Pseudonym{}, h.top), old).ID
}

// resealed returns s as it is when sealed under key, in n bytes.
func resealed(s vault.StoredSecret, key vault.KeyID, n int) vault.StoredSecret {
	s.Key, s.Sealed = key, make([]byte, n)
	random(s.Sealed)
	return s
}

func putInactive(t *testing.T, h *house) {
	h.tree(t)
	old, all := h.purpose(t, "slack", 1)
	fresh := h.replace(t, "slack", old)
	for _, key := range []vault.KeyID{old, newID(), {}} {
		require.ErrorIs(t, h.PutSecret(h.ctx, newSecret("slack", "new", key)), vault.ErrConflict)
		second := next(all[0], 50)
		second.Key = key
		require.ErrorIs(t, h.PutSecret(h.ctx, second), vault.ErrConflict)
	}
	require.Equal(t, all, h.secretsUnder(t, old, 10), "it stays as it was")
	second := next(all[0], 50)
	second.Key = fresh
	h.put(t, second)
	person := h.add(t, newKey(vault.OfSubject, "slack", somebody(), fresh), vault.KeyID{})
	_, err := h.Shred(h.ctx, person.Subject)
	require.NoError(t, err)
	require.ErrorIs(t, h.PutSecret(h.ctx, newSecret("slack", "new", person.ID)), vault.ErrConflict, "what would be lost at once")
}

func secretsUnder(t *testing.T, h *house) {
	h.tree(t)
	slack, all := h.purpose(t, "slack", 25)
	stripe, _ := h.purpose(t, "stripe", 3)
	require.Len(t, all, 25)
	for i, s := range all {
		got, err := h.Secret(h.ctx, s.Purpose, s.ID)
		require.NoError(t, err)
		require.Equal(t, got, s)
		require.True(t, i == 0 || all[i-1].ID < s.ID, "in order")
	}
	for _, page := range []int{1, 5, 24, 26} {
		require.Equal(t, all, h.secretsUnder(t, slack, page), "pages of %d", page)
	}
	require.Len(t, h.secretsUnder(t, stripe, 10), 3)
	require.Empty(t, h.secretsUnder(t, newID(), 10))
	h.add(t, newKey(vault.OfSubject, "slack", somebody(), slack), vault.KeyID{})
	n, err := h.CountUnder(h.ctx, slack)
	require.NoError(t, err)
	require.Equal(t, 26, n, "with the keys")
}

func resealSwap(t *testing.T, h *house) {
	h.tree(t)
	old, all := h.purpose(t, "slack", 6)
	require.NoError(t, h.Used(h.ctx, "slack", all[0].ID))
	ok, err := h.Lease(h.ctx, "slack", all[0].ID, "me", time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, h.CloseSecret(h.ctx, "slack", all[1].ID))
	all = h.secretsUnder(t, old, 10)
	fresh := h.replace(t, "slack", old)
	second := next(all[3], 60)
	second.Key = fresh
	newer := h.put(t, second)
	require.NoError(t, h.RemoveSecret(h.ctx, "slack", all[4].ID))

	rows := []vault.StoredSecret{resealed(all[0], fresh, len(all[0].Sealed)), resealed(all[1], fresh, 2000), resealed(all[2], fresh, 1),
		resealed(all[3], fresh, 70), resealed(all[4], fresh, 70)}
	n, err := h.ResealSecrets(h.ctx, rows, old)
	require.NoError(t, err)
	require.Equal(t, 3, n, "neither one that was replaced meanwhile, nor one that was removed")
	require.Equal(t, all[5:], h.secretsUnder(t, old, 10))
	want := append(rows[:3:3], newer)
	for _, w := range want {
		got, err := h.Secret(h.ctx, w.Purpose, w.ID)
		require.NoError(t, err)
		got.Stale = w.Stale // a minute may have ended
		require.Equal(t, w, got, "nothing else changes: no time, and no version")
	}
	ok, err = h.Lease(h.ctx, "slack", all[0].ID, "you", time.Hour)
	require.NoError(t, err)
	require.False(t, ok, "nor who has the lease")
	_, err = h.Secret(h.ctx, "slack", all[4].ID)
	require.ErrorIs(t, err, vault.ErrNotFound)
	n, err = h.ResealSecrets(h.ctx, []vault.StoredSecret{resealed(all[0], fresh, 33), resealed(all[5], fresh, 33)}, old)
	require.NoError(t, err)
	require.Equal(t, 1, n, "one that is under the new key is passed over")
	n, err = h.ResealSecrets(h.ctx, nil, old)
	require.NoError(t, err)
	require.Zero(t, n)
}

func resealElsewhere(t *testing.T, h *house) {
	h.tree(t)
	old, all := h.purpose(t, "slack", 2)
	other, _ := h.purpose(t, "stripe", 0)
	try := func(key, from vault.KeyID, why string) {
		n, err := h.ResealSecrets(h.ctx, []vault.StoredSecret{resealed(all[0], key, 40), resealed(all[1], key, 40)}, from)
		require.ErrorIs(t, err, vault.ErrConflict, why)
		require.Zero(t, n)
		require.Equal(t, all, h.secretsUnder(t, old, 10), why)
	}
	try(other, old, "from a key that is active")
	second := h.replace(t, "slack", old)
	try(other, old, "to another purpose's")
	try(h.top, old, "to the tenant's")
	try(newID(), old, "to none")
	try(old, old, "to itself")
	third := h.replace(t, "slack", second)
	try(second, old, "to one that is retired too")
	n, err := h.ResealSecrets(h.ctx, []vault.StoredSecret{resealed(all[0], third, 40), resealed(all[1], second, 40)}, old)
	require.ErrorIs(t, err, vault.ErrConflict, "all or none")
	require.Zero(t, n)
	require.Equal(t, all, h.secretsUnder(t, old, 10))
	n, err = h.ResealSecrets(h.ctx, []vault.StoredSecret{resealed(all[0], third, 40)}, old)
	require.NoError(t, err)
	require.Equal(t, 1, n, "past a key that was skipped")
}

func destroyUnderSecret(t *testing.T, h *house) {
	h.tree(t)
	old, all := h.purpose(t, "slack", 2)
	fresh := h.replace(t, "slack", old)
	require.ErrorIs(t, h.DestroyKey(h.ctx, old), vault.ErrConflict)
	n, err := h.ResealSecrets(h.ctx, []vault.StoredSecret{resealed(all[0], fresh, 40)}, old)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.ErrorIs(t, h.DestroyKey(h.ctx, old), vault.ErrConflict)
	require.NoError(t, h.RemoveSecret(h.ctx, all[1].Purpose, all[1].ID))
	require.NoError(t, h.DestroyKey(h.ctx, old))
	require.Equal(t, vault.Shredded, h.one(t, old).State)
}

// While one replaces the key and seals anew, others store next versions. In the end nothing is under the old key, and each
// secret is what the last one made of it.
func raceReseal(t *testing.T, h *house) {
	h.tree(t)
	old, all := h.purpose(t, "slack", 12)
	var fresh vault.KeyID
	replaced := make(chan struct{})
	errs := make([]error, 5)
	together(len(errs), func(i int) {
		store := h.process(i)
		if i == 0 {
			k, err := store.AddKey(h.ctx, newKey(vault.OfPurpose, "slack", vault.Pseudonym{}, h.top), old)
			fresh, errs[0] = k.ID, err
			close(replaced)
			return
		}
		for _, s := range all {
			if s.ID[0]%4 != byte(i-1) {
				continue
			}
			x := next(s, 50)
			x.Key = old
			err := store.PutSecret(h.ctx, x)
			if err != nil {
				<-replaced
				x.Key = fresh
				err = store.PutSecret(h.ctx, x)
			}
			if err != nil {
				errs[i] = err
			}
		}
	})
	for _, err := range errs {
		require.NoError(t, err)
	}
	for _, s := range h.secretsUnder(t, old, 5) {
		n, err := h.ResealSecrets(h.ctx, []vault.StoredSecret{resealed(s, fresh, 50)}, old)
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
	under := h.secretsUnder(t, fresh, 5)
	require.Len(t, under, len(all))
	for _, s := range under {
		require.EqualValues(t, 2, s.Version)
	}
	require.NoError(t, h.DestroyKey(h.ctx, old))
}
