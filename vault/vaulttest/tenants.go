package vaulttest

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
)

var tenantTests = []test{
	{"a tenant has nothing of another's", tenantsApart},
	{"without a tenant nothing is read or written", noTenant},
}

func tenantsApart(t *testing.T, h *house) {
	other := newHouse(t, h.Harness)
	top, mail := h.tree(t)
	ann := somebody()
	person := h.add(t, newKey(vault.OfSubject, "mail", ann, mail.ID), vault.KeyID{})
	secret := h.put(t, h.newSecret(t, "slack", "bot"))
	require.True(t, h.lease(t, 0, "me", time.Hour))

	all := []vault.KeyID{top.ID, mail.ID, person.ID}
	for _, ask := range [][]vault.KeyID{all, all[2:]} {
		rows, err := other.KeysByID(other.ctx, ask)
		require.NoError(t, err)
		require.Empty(t, rows)
	}
	rows, err := other.SubjectKeys(other.ctx, "mail", []vault.Pseudonym{ann})
	require.NoError(t, err)
	require.Empty(t, rows)
	rows, epoch, err := other.Keys(other.ctx)
	require.NoError(t, err)
	require.Empty(t, rows)
	require.Zero(t, epoch)
	rows, err = other.Under(other.ctx, mail.ID, 0, 10)
	require.NoError(t, err)
	require.Empty(t, rows)
	n, err := other.CountUnder(other.ctx, top.ID)
	require.NoError(t, err)
	require.Zero(t, n)

	_, err = other.AddKey(other.ctx, newKey(vault.OfSubject, "mail", ann, mail.ID), vault.KeyID{})
	require.ErrorIs(t, err, vault.ErrConflict, "its parent is another's")
	otherTop, otherMail := other.tree(t)
	n, err = other.Rewrap(other.ctx, []vault.WrappedKey{anew(person, otherMail.ID)}, mail.ID)
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = other.Rewrap(other.ctx, []vault.WrappedKey{anew(otherMail, top.ID)}, otherTop.ID)
	require.ErrorIs(t, err, vault.ErrConflict)
	n, err = other.Shred(other.ctx, ann)
	require.NoError(t, err)
	require.Zero(t, n)
	require.ErrorIs(t, other.DestroyKey(other.ctx, mail.ID), vault.ErrNotFound)

	_, err = other.Secret(other.ctx, "slack", "bot")
	require.ErrorIs(t, err, vault.ErrNotFound)
	require.ErrorIs(t, other.PutSecret(other.ctx, next(secret, 10)), vault.ErrConflict)
	require.ErrorIs(t, other.RemoveSecret(other.ctx, "slack", "bot"), vault.ErrNotFound)
	require.ErrorIs(t, other.CloseSecret(other.ctx, "slack", "bot"), vault.ErrNotFound)
	require.ErrorIs(t, other.Used(other.ctx, "slack", "bot"), vault.ErrNotFound)
	require.ErrorIs(t, other.Release(other.ctx, "slack", "bot", "me"), vault.ErrNotFound)
	stolen, err := other.SecretsUnder(other.ctx, secret.Key, "", "", 10)
	require.NoError(t, err)
	require.Empty(t, stolen)
	theirs := secret
	theirs.Key = otherTop.ID
	_, err = other.ResealSecrets(other.ctx, []vault.StoredSecret{theirs}, secret.Key)
	require.ErrorIs(t, err, vault.ErrConflict)
	require.ErrorIs(t, other.PutSecret(other.ctx, newSecret("slack", "new", secret.Key)), vault.ErrConflict, "its key is another's")
	other.put(t, other.newSecret(t, "slack", "bot"))
	require.True(t, other.lease(t, 0, "you", time.Hour))
	seen := 0
	require.NoError(t, other.Secrets(other.ctx, "", "", func(vault.StoredSecret) error { seen++; return nil }))
	require.Equal(t, 1, seen)

	for _, k := range []vault.WrappedKey{top, mail, person} {
		same(t, k, h.one(t, k.ID))
		require.Equal(t, vault.Active, h.one(t, k.ID).State)
	}
	got, err := h.Secret(h.ctx, "slack", "bot")
	require.NoError(t, err)
	require.Equal(t, secret, got)
	require.Zero(t, h.epochNow(t))
}

func noTenant(t *testing.T, h *house) {
	h.tree(t)
	ctx := context.Background()
	id := newID()
	_, _, err := h.Keys(ctx)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = h.Now(ctx)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = h.Epoch(ctx)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = h.KeysByID(ctx, []vault.KeyID{id})
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = h.AddKey(ctx, newKey(vault.OfTenant, "", vault.Pseudonym{}, id), vault.KeyID{})
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = h.Shred(ctx, somebody())
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = h.Under(ctx, id, 0, 1)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	require.ErrorIs(t, h.DestroyKey(ctx, id), tenancy.ErrNoTenant)
	require.ErrorIs(t, h.PutSecret(ctx, h.newSecret(t, "slack", "bot")), tenancy.ErrNoTenant)
	_, err = h.Secret(ctx, "slack", "bot")
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	require.ErrorIs(t, h.Secrets(ctx, "", "", func(vault.StoredSecret) error { return nil }), tenancy.ErrNoTenant)
	_, err = h.SecretsUnder(ctx, id, "", "", 1)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = h.ResealSecrets(ctx, []vault.StoredSecret{newSecret("slack", "bot", id)}, id)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	require.ErrorIs(t, h.Used(ctx, "slack", "bot"), tenancy.ErrNoTenant)
	_, err = h.Lease(ctx, "slack", "bot", "me", time.Hour)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
}
