package vaulttest

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
)

var rewrapTests = []test{
	{"keys under one are read in pages, each once", underPages},
	{"keys are wrapped anew by comparing and swapping", rewrapSwap},
	{"nothing is wrapped under a key that is not active", rewrapInactive},
	{"a tenant's key is wrapped under any root", rewrapTop},
	{"of those who wrap the same keys anew each key is done once", raceRewrap},
}

// fill adds n keys of persons under purpose.
func (h *house) fill(t require.TestingT, purpose vault.WrappedKey, n int) []vault.WrappedKey {
	out := make([]vault.WrappedKey, n)
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error { // in one, for a store that syncs each
		in := *h
		in.ctx = ctx
		for i := range out {
			out[i] = in.add(t, newKey(vault.OfSubject, purpose.Purpose, somebody(), purpose.ID), vault.KeyID{})
		}
		return nil
	}))
	return out
}

// under reads all keys under parent, a page at a time.
func (h *house) under(t require.TestingT, parent vault.KeyID, page int) (out []vault.WrappedKey) {
	var after int64
	for {
		rows, err := h.Under(h.ctx, parent, after, page)
		require.NoError(t, err)
		require.LessOrEqual(t, len(rows), page)
		out = append(out, rows...)
		if len(rows) < page {
			return out
		}
		after = rows[len(rows)-1].Seq
	}
}

// anew returns k as it is when wrapped under parent.
func anew(k vault.WrappedKey, parent vault.KeyID) vault.WrappedKey {
	k.Parent, k.Wrapped = parent, make([]byte, len(k.Wrapped))
	random(k.Wrapped)
	return k
}

func underPages(t *testing.T, h *house) {
	top, mail := h.tree(t)
	other := h.add(t, newKey(vault.OfPurpose, "1 2 für", vault.Pseudonym{}, top.ID), vault.KeyID{})
	want := h.fill(t, mail, 25)
	h.fill(t, other, 3)
	for _, parent := range []vault.WrappedKey{top, other} {
		for _, k := range h.under(t, parent.ID, 10) {
			require.Equal(t, h.one(t, k.ID), k)
		}
	}
	lost := h.fill(t, mail, 1)[0]
	_, err := h.Shred(h.ctx, lost.Subject)
	require.NoError(t, err)
	retired := want[3]
	want = append(want, h.add(t, newKey(vault.OfSubject, "mail", retired.Subject, mail.ID), retired.ID))
	all := h.under(t, mail.ID, 1000)
	require.ElementsMatch(t, ids(want), ids(all), "retired ones too, and no shredded ones")
	for _, k := range all {
		require.Equal(t, h.one(t, k.ID), k)
	}
	for _, page := range []int{1, 5, 7, 26} {
		require.Equal(t, ids(all), ids(h.under(t, mail.ID, page)), "pages of %d", page)
	}
	n, err := h.CountUnder(h.ctx, mail.ID)
	require.NoError(t, err)
	require.Equal(t, 26, n)
	n, err = h.CountUnder(h.ctx, newID())
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = h.CountUnder(h.ctx, top.ID)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	// The cursor holds while what was read is put under another key.
	fresh := h.add(t, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), mail.ID)
	var after int64
	var seen []vault.KeyID
	for {
		rows, err := h.Under(h.ctx, mail.ID, after, 4)
		require.NoError(t, err)
		if len(rows) == 0 {
			break
		}
		after = rows[len(rows)-1].Seq
		seen = append(seen, ids(rows)...)
		for i := range rows {
			rows[i] = anew(rows[i], fresh.ID)
		}
		n, err := h.Rewrap(h.ctx, rows, mail.ID)
		require.NoError(t, err)
		require.Equal(t, len(rows), n)
	}
	require.Equal(t, ids(all), seen)
	require.Equal(t, ids(all), ids(h.under(t, fresh.ID, 10)), "the order stays")
}

func rewrapSwap(t *testing.T, h *house) {
	top, mail := h.tree(t)
	keys := h.fill(t, mail, 6)
	fresh := h.add(t, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), mail.ID)
	before := h.epochNow(t)
	_, err := h.Shred(h.ctx, keys[5].Subject)
	require.NoError(t, err)
	var rows []vault.WrappedKey
	for _, k := range keys {
		rows = append(rows, anew(k, fresh.ID))
	}
	rows[1].Wrapped = append(rows[1].Wrapped, 0, 0)[:len(keys[1].Wrapped)]
	unknown := anew(newKey(vault.OfSubject, "mail", somebody(), mail.ID), fresh.ID)
	n, err := h.Rewrap(h.ctx, append(rows[:2:2], unknown), mail.ID)
	require.NoError(t, err)
	require.Equal(t, 2, n, "what is not there is passed over")
	stale := anew(keys[0], fresh.ID)
	n, err = h.Rewrap(h.ctx, []vault.WrappedKey{stale, rows[2], rows[3], rows[5]}, mail.ID)
	require.NoError(t, err)
	require.Equal(t, 2, n, "neither one that was moved before, nor a shredded one")
	for i, want := range []vault.WrappedKey{rows[0], rows[1], rows[2], rows[3], keys[4]} {
		got := h.one(t, want.ID)
		same(t, want, got)
		require.Equal(t, vault.Active, got.State, i)
		require.True(t, keys[i].Created.Equal(got.Created))
	}
	require.Empty(t, h.one(t, keys[5].ID).Wrapped)
	n, err = h.Rewrap(h.ctx, nil, mail.ID)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Equal(t, before+1, h.epochNow(t), "the Shred's")
}

func rewrapInactive(t *testing.T, h *house) {
	top, mail := h.tree(t)
	keys := h.fill(t, mail, 2)
	second := h.add(t, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), mail.ID)
	third := h.add(t, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), second.ID)
	for _, parent := range []vault.KeyID{second.ID, newID()} {
		n, err := h.Rewrap(h.ctx, []vault.WrappedKey{anew(keys[0], third.ID), anew(keys[1], parent)}, mail.ID)
		require.ErrorIs(t, err, vault.ErrConflict)
		require.Zero(t, n)
		for _, k := range keys {
			same(t, k, h.one(t, k.ID))
		}
	}
	require.NoError(t, h.DestroyKey(h.ctx, second.ID))
	_, err := h.Rewrap(h.ctx, []vault.WrappedKey{anew(keys[0], second.ID)}, mail.ID)
	require.ErrorIs(t, err, vault.ErrConflict, "nothing comes under a key that was destroyed")
}

func rewrapTop(t *testing.T, h *house) {
	top, _ := h.tree(t)
	moved := anew(top, newID())
	n, err := h.Rewrap(h.ctx, []vault.WrappedKey{moved}, top.Parent)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	same(t, moved, h.one(t, top.ID))
	rows, err := h.Under(h.ctx, moved.Parent, 0, 10)
	require.NoError(t, err)
	require.Equal(t, []vault.KeyID{top.ID}, ids(rows))
}

func raceRewrap(t *testing.T, h *house) {
	top, mail := h.tree(t)
	keys := h.fill(t, mail, 40)
	fresh := h.add(t, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), mail.ID)
	n, errs := make([]int, 8), make([]error, 8)
	made := make([][]vault.WrappedKey, 8)
	together(len(n), func(i int) {
		for at := range keys { // each in an order of its own
			made[i] = append(made[i], anew(keys[(at*(2*i+1)+i*5)%len(keys)], fresh.ID))
		}
		n[i], errs[i] = h.process(i).Rewrap(h.ctx, made[i], mail.ID)
	})
	all := 0
	wrapped := map[vault.KeyID]map[string]bool{}
	for i := range n {
		require.NoError(t, errs[i])
		all += n[i]
		for _, k := range made[i] {
			if wrapped[k.ID] == nil {
				wrapped[k.ID] = map[string]bool{}
			}
			wrapped[k.ID][string(k.Wrapped)] = true
		}
	}
	require.Equal(t, len(wrapped), all)
	for id, ways := range wrapped {
		require.True(t, ways[string(h.one(t, id).Wrapped)], "it is as one of them wrapped it")
	}
}
