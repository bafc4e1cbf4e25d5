package vaulttest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
)

var transactionTests = []test{
	{"a transaction is in force together or not at all", txTogether},
	{"a transaction joins the one that ctx carries", txJoins},
	{"an answer does not undo the transaction it is given in", txAnswers},
	{"what was committed is told once, and what was not, never", txCommitted},
	{"who waits for a transaction that is undone goes on without it", txUndone},
}

var errUndo = errors.New("undo")

func txTogether(t *testing.T, h *house) {
	top, mail := h.tree(t)
	ann := somebody()
	keys := h.fill(t, mail, 2)
	secret := h.put(t, h.newSecret(t, "slack", "bot"))
	h.put(t, h.newSecret(t, "slack", "old"))
	mark := h.epochNow(t)
	var added, fresh vault.WrappedKey
	work := func(ctx context.Context) error {
		require.True(t, h.InTx(ctx))
		in := *h
		in.ctx = ctx
		added = in.add(t, newKey(vault.OfSubject, "mail", ann, mail.ID), vault.KeyID{})
		fresh = in.add(t, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), mail.ID)
		_, err := h.Rewrap(ctx, []vault.WrappedKey{anew(keys[0], fresh.ID)}, mail.ID)
		require.NoError(t, err)
		_, err = h.Shred(ctx, keys[1].Subject)
		require.NoError(t, err)
		require.NoError(t, h.PutSecret(ctx, next(secret, 10)))
		require.NoError(t, h.PutSecret(ctx, h.newSecret(t, "slack", "new")))
		require.NoError(t, h.RemoveSecret(ctx, "slack", "old"))
		ok, err := h.Lease(ctx, "slack", "bot", "me", time.Hour)
		require.NoError(t, err)
		require.True(t, ok)
		// It sees what it did.
		rows, epoch, err := h.Keys(ctx)
		require.NoError(t, err)
		require.Len(t, rows, 3)
		require.Equal(t, mark+2, epoch)
		return nil
	}
	require.False(t, h.InTx(h.ctx))
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error { return errors.Join(work(ctx), errUndo) }), errUndo)
	rows, epoch, err := h.Keys(h.ctx)
	require.NoError(t, err)
	require.Equal(t, []vault.KeyID{top.ID, mail.ID}, ids(rows))
	require.Equal(t, mark, epoch)
	for _, k := range append(keys, mail) {
		same(t, k, h.one(t, k.ID))
		require.Equal(t, vault.Active, h.one(t, k.ID).State)
	}
	rows, err = h.KeysByID(h.ctx, []vault.KeyID{added.ID})
	require.NoError(t, err)
	require.Empty(t, rows)
	got, err := h.Secret(h.ctx, "slack", "bot")
	require.NoError(t, err)
	require.Equal(t, secret, got)
	_, err = h.Secret(h.ctx, "slack", "old")
	require.NoError(t, err)
	_, err = h.Secret(h.ctx, "slack", "new")
	require.ErrorIs(t, err, vault.ErrNotFound)
	require.True(t, h.lease(t, 0, "you", time.Millisecond), "no lease is left behind")
	require.NoError(t, h.Release(h.ctx, "slack", "bot", "you"))

	require.NoError(t, h.Tx(h.ctx, work))
	require.Equal(t, vault.Active, h.one(t, added.ID).State)
	require.Equal(t, vault.Retired, h.one(t, mail.ID).State)
	require.Equal(t, fresh.ID, h.one(t, keys[0].ID).Parent)
	require.Equal(t, vault.Shredded, h.one(t, keys[1].ID).State)
	_, err = h.Secret(h.ctx, "slack", "old")
	require.ErrorIs(t, err, vault.ErrNotFound)
}

func txJoins(t *testing.T, h *house) {
	top, _ := h.tree(t)
	var inner vault.WrappedKey
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error {
		require.NoError(t, h.Tx(ctx, func(ctx context.Context) error {
			k, err := h.AddKey(ctx, newKey(vault.OfPurpose, "phone", vault.Pseudonym{}, top.ID), vault.KeyID{})
			inner = k
			return err
		}))
		return errUndo
	}), errUndo)
	rows, err := h.KeysByID(h.ctx, []vault.KeyID{inner.ID})
	require.NoError(t, err)
	require.Empty(t, rows)
}

func txAnswers(t *testing.T, h *house) {
	top, mail := h.tree(t)
	secret := h.newSecret(t, "slack", "bot")
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		_, err := h.AddKey(ctx, newKey(vault.OfSubject, "mail", somebody(), newID()), vault.KeyID{})
		require.ErrorIs(t, err, vault.ErrConflict)
		_, err = h.AddKey(ctx, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), vault.KeyID{})
		require.NoError(t, err)
		require.ErrorIs(t, h.DestroyKey(ctx, mail.ID), vault.ErrConflict)
		require.ErrorIs(t, h.DestroyKey(ctx, newID()), vault.ErrNotFound)
		_, err = h.Rewrap(ctx, []vault.WrappedKey{anew(mail, newID())}, top.ID)
		require.ErrorIs(t, err, vault.ErrConflict)
		_, err = h.Secret(ctx, "slack", "bot")
		require.ErrorIs(t, err, vault.ErrNotFound)
		require.ErrorIs(t, h.PutSecret(ctx, next(secret, 9)), vault.ErrConflict)
		require.ErrorIs(t, h.RemoveSecret(ctx, "slack", "bot"), vault.ErrNotFound)
		require.ErrorIs(t, h.CloseSecret(ctx, "slack", "bot"), vault.ErrNotFound)
		require.ErrorIs(t, h.Used(ctx, "slack", "bot"), vault.ErrNotFound)
		require.ErrorIs(t, h.Release(ctx, "slack", "bot", "me"), vault.ErrNotFound)
		_, err = h.Lease(ctx, "slack", "bot", "me", time.Hour)
		require.ErrorIs(t, err, vault.ErrNotFound)
		_, err = h.ResealSecrets(ctx, []vault.StoredSecret{secret}, newID())
		require.ErrorIs(t, err, vault.ErrConflict)
		require.NoError(t, h.PutSecret(ctx, secret))
		require.ErrorIs(t, h.PutSecret(ctx, secret), vault.ErrConflict)
		return nil
	}))
	_, err := h.Secret(h.ctx, "slack", "bot")
	require.NoError(t, err)
}

func txCommitted(t *testing.T, h *house) {
	told := 0
	tell := func() { told++ }
	h.Committed(h.ctx, tell)
	require.Equal(t, 1, told, "at once without a transaction")
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error {
		h.Committed(ctx, tell)
		return errUndo
	}), errUndo)
	require.Equal(t, 1, told)
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		require.NoError(t, h.Tx(ctx, func(ctx context.Context) error { h.Committed(ctx, tell); return nil }))
		require.Equal(t, 1, told, "not before the outer one has")
		return nil
	}))
	require.Equal(t, 2, told)
}

// A key that another transaction has added and not committed is waited for, and not believed in.
func txUndone(t *testing.T, h *house) {
	top, _ := h.tree(t)
	added := make(chan vault.KeyID)
	undo := make(chan error, 1)
	go func() {
		undo <- h.Tx(h.ctx, func(ctx context.Context) error {
			k, err := h.AddKey(ctx, newKey(vault.OfPurpose, "phone", vault.Pseudonym{}, top.ID), vault.KeyID{})
			added <- k.ID
			if err != nil {
				return err
			}
			time.Sleep(50 * time.Millisecond) // for the other one to come and wait
			return errUndo
		})
	}()
	first := <-added
	got, err := h.process(1).AddKey(h.ctx, newKey(vault.OfPurpose, "phone", vault.Pseudonym{}, top.ID), vault.KeyID{})
	require.NoError(t, err)
	require.NotEqual(t, first, got.ID)
	require.ErrorIs(t, <-undo, errUndo)
	require.Equal(t, vault.Active, h.one(t, got.ID).State)
}
