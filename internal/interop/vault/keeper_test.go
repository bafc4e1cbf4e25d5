package vault

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
	"gocloud.dev/secrets"
	"gocloud.dev/secrets/localsecrets"
)

var _ vault.Keeper = (*secrets.Keeper)(nil) // as it is

func TestAGocloudKeeperKeepsTheRoot(t *testing.T) {
	key, err := localsecrets.NewRandomKey()
	require.NoError(t, err)
	keeper := localsecrets.NewKeeper(key)
	defer keeper.Close()
	store := vault.NewMemory()
	for range 2 {
		v, err := vault.Open(context.Background(), store, keeper, vault.Options{})
		require.NoError(t, err)
		require.NoError(t, v.Close())
	}
	other, err := localsecrets.NewRandomKey()
	require.NoError(t, err)
	wrong := localsecrets.NewKeeper(other)
	defer wrong.Close()
	_, err = vault.Open(context.Background(), store, wrong, vault.Options{})
	require.ErrorIs(t, err, vault.ErrRoot)
}
