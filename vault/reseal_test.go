package vault

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/stretchr/testify/require"
)

// putMany stores n secrets of the purpose "slack", every fifth of them a person's.
func putMany(t *testing.T, ctx context.Context, v *Vault, n int) (all []Ref) {
	t.Helper()
	for i := range n {
		r := Ref{Purpose: "slack", ID: fmt.Sprintf("bot %03d", i)}
		if i%5 == 4 {
			r.Subject = audit.SubjectOf("user", fmt.Sprint(i))
		}
		require.NoError(t, v.Put(ctx, r, text("secret of "+r.ID), Policy{}))
		all = append(all, r)
	}
	return all
}

func usable(t *testing.T, ctx context.Context, v *Vault, all []Ref) {
	t.Helper()
	for _, r := range all {
		got, err := used(ctx, v, r)
		require.NoError(t, err)
		require.Equal(t, "secret of "+r.ID, got)
	}
}

// aged makes the tenant's keys two hours old.
func aged(m *Memory) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.tenants {
		for i := range t.keys {
			t.keys[i].Created = t.keys[i].Created.Add(-2 * settled)
		}
	}
}

// A rotation of a purpose leaves nothing under its older keys, so that they can be destroyed.
func TestARotationSealsStoredSecretsAnew(t *testing.T) {
	t.Parallel()
	ctx, keeper, store, log := as(t, "alpha"), newKeeper(t), NewMemory(), &recorded{}
	v := open(t, store, keeper, Options{Recorder: log})
	all := putMany(t, ctx, v, 260)
	before, err := v.Info(ctx, all[0])
	require.NoError(t, err)
	stopped, stop := context.WithCancel(ctx)
	var seen []Progress
	err = v.RotatePurposeKey(stopped, "slack", Rotation{Progress: func(p Progress) {
		if seen = append(seen, p); len(seen) == 2 {
			stop()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []Progress{{52, 260}, {152, 260}}, seen, "the persons' keys, and a hundred secrets")
	usable(t, ctx, v, all)
	_, err = v.DestroyPurposeKeys(ctx, "slack", audit.Party{})
	require.ErrorIs(t, err, ErrInUse, "the newest is young")
	aged(store)
	_, err = v.DestroyPurposeKeys(ctx, "slack", audit.Party{})
	require.ErrorIs(t, err, ErrInUse, "something is under the older one")

	require.NoError(t, v.RotatePurposeKey(ctx, "slack", Rotation{}))
	usable(t, ctx, v, all)
	after, err := v.Info(ctx, all[0])
	require.NoError(t, err)
	before.Used = after.Used
	require.Equal(t, before, after, "it is the same secret")
	aged(store)
	log.all = nil
	n, err := v.DestroyPurposeKeys(ctx, "slack", audit.Party{Type: "admin"})
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Len(t, log.all, 2)
	require.Equal(t, "vault.key.destroyed", log.all[0].Action.Name())
	usable(t, ctx, v, all)
	usable(t, ctx, open(t, store, keeper, Options{}), all)
	n, err = v.DestroyPurposeKeys(ctx, "slack", audit.Party{})
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = v.DestroyPurposeKeys(ctx, "", audit.Party{})
	require.ErrorIs(t, err, ErrRef, "what makes pseudonyms is not to be destroyed")
}

// A process that does not know yet that a key was replaced loses nothing that it stores.
func TestWhatIsStoredWhileItsKeyIsReplacedIsUnderTheNewOne(t *testing.T) {
	t.Parallel()
	ctx, keeper, store := as(t, "alpha"), newKeeper(t), NewMemory()
	v := open(t, store, keeper, Options{FreshFor: time.Hour})
	require.NoError(t, v.Put(ctx, slackBot, text("first"), Policy{}))
	rotate := func() {
		require.NoError(t, open(t, store, keeper, Options{}).RotatePurposeKey(ctx, "slack", Rotation{}))
	}
	newest := func(want string) {
		t.Helper()
		rows, _, err := store.Keys(ctx)
		require.NoError(t, err)
		s, err := store.Secret(ctx, slackBot.Purpose, slackBot.ID)
		require.NoError(t, err)
		require.Equal(t, rows[len(rows)-1].ID, s.Key)
		for _, v := range []*Vault{v, open(t, store, keeper, Options{})} {
			got, err := used(ctx, v, slackBot)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	rotate()
	require.NoError(t, v.Put(ctx, slackBot, text("second"), Policy{}))
	newest("second")
	err := v.Update(ctx, slackBot, 2, func(context.Context, []byte) (Renewal, error) {
		rotate()
		return Renewal{Secret: text("third")}, nil
	})
	require.NoError(t, err, "the other side gives it once")
	newest("third")
	require.ErrorIs(t, v.putVersion(ctx, slackBot, StoredSecret{Purpose: slackBot.Purpose, ID: slackBot.ID, Version: 3}, text("x"), secretStored, audit.Party{}), ErrConflict)
	newest("third")

	mine := Ref{Purpose: "slack", ID: "mine", Subject: "user:1"}
	require.NoError(t, v.Put(ctx, mine, text("first"), Policy{}))
	_, err = open(t, store, keeper, Options{}).Shred(ctx, Shredding{Subject: "user:1", Basis: "a test"})
	require.NoError(t, err)
	require.NoError(t, v.Put(ctx, mine, text("second"), Policy{}))
	got, err := used(ctx, open(t, store, keeper, Options{}), mine)
	require.NoError(t, err, "it is not put under a key that was shredded elsewhere")
	require.Equal(t, "second", got)
}

// A secret that somebody changed in the store keeps no other from being sealed anew, and is not taken for whole.
func TestAChangedSecretHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	ctx, keeper, store := as(t, "alpha"), newKeeper(t), NewMemory()
	v := open(t, store, keeper, Options{})
	all := putMany(t, ctx, v, 4)
	require.NoError(t, store.secret(ctx, "slack", all[1].ID, func(s *memorySecret) error { s.Sealed[len(s.Sealed)-1] ^= 1; return nil }))
	err := v.RotatePurposeKey(ctx, "slack", Rotation{})
	require.ErrorIs(t, err, ErrNotAuthentic)
	usable(t, ctx, v, append(all[:1:1], all[2:]...))
	aged(store)
	_, err = v.DestroyPurposeKeys(ctx, "slack", audit.Party{})
	require.ErrorIs(t, err, ErrInUse)
	_, err = used(ctx, v, all[1])
	require.ErrorIs(t, err, ErrNotAuthentic)
	require.NoError(t, v.Remove(ctx, all[1], audit.Party{}))
	n, err := v.DestroyPurposeKeys(ctx, "slack", audit.Party{})
	require.NoError(t, err)
	require.Equal(t, 1, n)
}
