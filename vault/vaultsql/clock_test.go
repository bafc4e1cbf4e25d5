package vaultsql_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
)

// The clock of the database decides when a key was replaced long enough ago, and not that of the process.
func TestKeysAreDestroyedByTheDatabasesClock(t *testing.T) {
	t.Parallel()
	started := time.Now()
	var ahead atomic.Int64
	ahead.Store(int64(-5 * time.Hour))
	clock := func() time.Time { return started.Add(time.Duration(ahead.Load())) }
	db := openSQLiteBy(t, filepath.Join(t.TempDir(), "data"), clock)
	w := &world{host: db, db: db.TenantDB()}
	ctx := w.tenant(t)
	v := openVault(t, w.store(t), newKeeper(t))
	tenants := func(yield func(tenancy.ID, error) bool) { yield(tenancy.From(ctx)) }
	ref := vault.Ref{Purpose: "slack", ID: "bot"}
	require.NoError(t, v.Put(ctx, ref, redact.NewSecret("secret"), vault.Policy{}))
	require.NoError(t, v.RotatePurposeKey(ctx, "slack", vault.Rotation{}))
	require.NoError(t, v.RotateRoot(context.Background(), tenants, vault.Rotation{}))
	_, err := v.DestroyPurposeKeys(ctx, "slack", audit.Party{})
	require.ErrorIs(t, err, vault.ErrInUse)
	_, err = v.DestroyRoots(context.Background(), tenants)
	require.ErrorIs(t, err, vault.ErrInUse)

	ahead.Add(int64(61 * time.Minute))
	n, err := v.DestroyPurposeKeys(ctx, "slack", audit.Party{})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	n, err = v.DestroyRoots(context.Background(), tenants)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoError(t, v.Use(ctx, ref, func([]byte) error { return nil }))
	info, err := v.Info(ctx, ref)
	require.NoError(t, err)
	require.True(t, clock().Truncate(time.Minute).Equal(info.Used), "to the minute")
}
