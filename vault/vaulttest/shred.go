package vaulttest

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
)

var shredTests = []test{
	{"shredding takes all keys of a person and nobody else's", shredPerson},
	{"shredding somebody without keys is no error, and grows the epoch", shredNobody},
	{"a shredded person gets a new key, and the old ones stay lost", shredAgain},
	{"a key that is in use is not destroyed", destroyInUse},
	{"a destroyed key is listed no more, and its name stays", destroyKey},
	{"of those who shred a person at once each key is counted once", raceShred},
}

func shredPerson(t *testing.T, h *house) {
	top, mail := h.tree(t)
	phone := h.add(t, newKey(vault.OfPurpose, "phone", vault.Pseudonym{}, top.ID), vault.KeyID{})
	ann, bob := somebody(), somebody()
	var gone, stays []vault.WrappedKey
	for _, p := range []vault.WrappedKey{mail, phone} {
		old := h.add(t, newKey(vault.OfSubject, p.Purpose, ann, p.ID), vault.KeyID{})
		gone = append(gone, old, h.add(t, newKey(vault.OfSubject, p.Purpose, ann, p.ID), old.ID)) // also retired ones
		stays = append(stays, h.add(t, newKey(vault.OfSubject, p.Purpose, bob, p.ID), vault.KeyID{}))
	}
	before := h.epochNow(t)
	n, err := h.Shred(h.ctx, ann)
	require.NoError(t, err)
	require.Equal(t, len(gone), n)
	require.Greater(t, h.epochNow(t), before)
	for _, k := range gone {
		got := h.one(t, k.ID)
		require.Equal(t, vault.Shredded, got.State)
		require.Empty(t, got.Wrapped)
		got.Wrapped = k.Wrapped
		same(t, k, got)
	}
	for _, k := range append(stays, top, mail, phone) {
		got := h.one(t, k.ID)
		same(t, k, got)
		require.Equal(t, vault.Active, got.State)
	}
	n, err = h.CountUnder(h.ctx, mail.ID)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func shredNobody(t *testing.T, h *house) {
	h.tree(t)
	before := h.epochNow(t)
	for _, who := range []vault.Pseudonym{somebody(), {}} { // the place of the tenant's own keys is nobody's
		n, err := h.Shred(h.ctx, who)
		require.NoError(t, err)
		require.Zero(t, n)
	}
	require.Greater(t, h.epochNow(t), before)
	rows, _, err := h.Keys(h.ctx)
	require.NoError(t, err)
	require.Len(t, rows, 2)
}

func shredAgain(t *testing.T, h *house) {
	_, mail := h.tree(t)
	ann := somebody()
	first := h.add(t, newKey(vault.OfSubject, "mail", ann, mail.ID), vault.KeyID{})
	_, err := h.Shred(h.ctx, ann)
	require.NoError(t, err)
	// Neither adding it again nor wrapping it anew brings it back.
	_, err = h.AddKey(h.ctx, first, vault.KeyID{})
	if err == nil {
		t.Fatal("a shredded key was added again")
	}
	n, err := h.Rewrap(h.ctx, []vault.WrappedKey{first}, mail.ID)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Empty(t, h.one(t, first.ID).Wrapped)
	second := h.add(t, newKey(vault.OfSubject, "mail", ann, mail.ID), vault.KeyID{})
	rows, err := h.SubjectKeys(h.ctx, "mail", []vault.Pseudonym{ann})
	require.NoError(t, err)
	require.Equal(t, []vault.KeyID{second.ID}, ids(rows))
	require.Equal(t, vault.Shredded, h.one(t, first.ID).State)
	n, err = h.Shred(h.ctx, ann)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func destroyInUse(t *testing.T, h *house) {
	top, mail := h.tree(t)
	ann := somebody()
	h.add(t, newKey(vault.OfSubject, "mail", ann, mail.ID), vault.KeyID{})
	require.ErrorIs(t, h.DestroyKey(h.ctx, mail.ID), vault.ErrConflict, "it is active")
	h.add(t, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), mail.ID)
	before := h.epochNow(t)
	require.ErrorIs(t, h.DestroyKey(h.ctx, mail.ID), vault.ErrConflict, "a key is under it")
	require.NotEmpty(t, h.one(t, mail.ID).Wrapped)
	require.Equal(t, before, h.epochNow(t))
	require.ErrorIs(t, h.DestroyKey(h.ctx, newID()), vault.ErrNotFound)
	_, err := h.Shred(h.ctx, ann)
	require.NoError(t, err)
	require.NoError(t, h.DestroyKey(h.ctx, mail.ID), "what is shredded is not under it")
}

func destroyKey(t *testing.T, h *house) {
	top, mail := h.tree(t)
	fresh := h.add(t, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), mail.ID)
	before := h.epochNow(t)
	require.NoError(t, h.DestroyKey(h.ctx, mail.ID))
	require.Greater(t, h.epochNow(t), before)
	got := h.one(t, mail.ID)
	require.Equal(t, vault.Shredded, got.State)
	require.Empty(t, got.Wrapped)
	rows, _, err := h.Keys(h.ctx)
	require.NoError(t, err)
	require.Equal(t, []vault.KeyID{top.ID, fresh.ID}, ids(rows))
	require.NoError(t, h.DestroyKey(h.ctx, mail.ID), "again")
}

func raceShred(t *testing.T, h *house) {
	_, mail := h.tree(t)
	ann := somebody()
	k := h.add(t, newKey(vault.OfSubject, "mail", ann, mail.ID), vault.KeyID{})
	n, errs := make([]int, 12), make([]error, 12)
	before := h.epochNow(t)
	together(len(n), func(i int) {
		if i%3 == 2 { // and those who wrap it anew meanwhile
			moved := k
			moved.Wrapped = make([]byte, len(k.Wrapped))
			_, errs[i] = h.process(i).Rewrap(h.ctx, []vault.WrappedKey{moved}, mail.ID)
			return
		}
		n[i], errs[i] = h.process(i).Shred(h.ctx, ann)
	})
	all := 0
	for i := range n {
		require.NoError(t, errs[i])
		all += n[i]
	}
	require.Equal(t, 1, all)
	require.Equal(t, before+8, h.epochNow(t))
	require.Equal(t, vault.Shredded, h.one(t, k.ID).State)
	require.Empty(t, h.one(t, k.ID).Wrapped)
}
