package vaultsql_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
)

var errNoRecord = errors.New("the log is full")

type fullLog struct{}

func (fullLog) Record(context.Context, audit.Event) error { return errNoRecord }

func TestWhatCannotBeRecordedIsNotDone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, keeper, store := w.tenant(t), newKeeper(t), w.store(t)
		v := openVault(t, store, keeper)
		f, err := v.Field(ctx, "email")
		require.NoError(t, err)
		sealed, err := f.AppendSeal(ctx, nil, "1", "user:1", []byte("x"))
		require.NoError(t, err)
		kept, never := vault.Ref{Purpose: "slack", ID: "kept"}, vault.Ref{Purpose: "slack", ID: "never"}
		require.NoError(t, v.Put(ctx, kept, redact.NewSecret("first"), vault.Policy{}))
		before, _, err := store.Keys(ctx)
		require.NoError(t, err)

		mute, err := vault.Open(t.Context(), store, keeper, vault.Options{Recorder: fullLog{}})
		require.NoError(t, err)
		defer mute.Close()
		require.ErrorIs(t, mute.Put(ctx, never, redact.NewSecret("x"), vault.Policy{}), errNoRecord)
		require.ErrorIs(t, mute.Put(ctx, kept, redact.NewSecret("second"), vault.Policy{}), errNoRecord)
		require.ErrorIs(t, mute.Remove(ctx, kept, audit.Party{}), errNoRecord)
		require.ErrorIs(t, mute.RotateTenantKey(ctx, vault.Rotation{}), errNoRecord)
		_, err = mute.Shred(ctx, vault.Shredding{Subject: "user:1", Basis: "GDPR Art. 17"})
		require.ErrorIs(t, err, errNoRecord)

		_, err = v.Info(ctx, never)
		require.ErrorIs(t, err, vault.ErrNotFound)
		info, err := v.Info(ctx, kept)
		require.NoError(t, err)
		require.EqualValues(t, 1, info.Version)
		after, _, err := store.Keys(ctx)
		require.NoError(t, err)
		require.Equal(t, before, after)
		cold, err := openVault(t, store, keeper).Field(ctx, "email")
		require.NoError(t, err)
		_, err = cold.AppendOpen(ctx, nil, "1", "user:1", sealed)
		require.NoError(t, err)
	})
}
