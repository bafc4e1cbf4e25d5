package sqlite_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func auditNothing(context.Context, tenancy.Act) error { return nil }

func nothing(context.Context, *sqlx.Tx) error { return nil }

func TestACallThatWouldWaitForItsOwnTransactionIsRefused(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("which goroutine waits is not known on " + runtime.GOARCH)
	}
	host := open(t, tempDir(t), sqlite.Options{Migrations: notes, SystemAudit: auditNothing})
	provision(t, host, acme, globex)
	db := host.TenantDB()
	outer, cancel := context.WithTimeout(in(acme), 5*time.Second) // where nobody notices, the test fails by it
	defer cancel()
	other := tenancy.Switch(outer, globex)
	suspend := tenancy.Tenant{ID: acme, State: tenancy.Suspended, Epoch: 1}

	require.NoError(t, db.Tx(outer, func(ctx context.Context, tx *sqlx.Tx) error {
		require.ErrorIs(t, db.Tx(outer, nothing), tenantdb.ErrSelfWait)
		require.ErrorIs(t, host.SetState(ctx, suspend), tenantdb.ErrSelfWait)
		_, err := host.Purge(ctx, suspend)
		require.ErrorIs(t, err, tenantdb.ErrSelfWait)
		require.NoError(t, db.Read(outer, nothing), "a reader has a snapshot of its own")
		require.NoError(t, db.Tx(other, nothing))
		require.NoError(t, db.Tx(ctx, nothing), "it joins")
		_, err = tx.ExecContext(ctx, "INSERT INTO note (body) VALUES ('kept')")
		return err
	}))
	require.Equal(t, []string{"kept"}, bodies(t, host, acme))

	require.NoError(t, db.System(outer, "test", func(ctx context.Context, _ *sqlx.Tx) error {
		require.ErrorIs(t, db.System(outer, "test", nothing), tenantdb.ErrSelfWait)
		_, err := host.Purge(outer, suspend)
		require.ErrorIs(t, err, tenantdb.ErrSelfWait)
		_, err = host.Purge(ctx, suspend)
		require.ErrorIs(t, err, tenantdb.ErrSelfWait)
		return db.Tx(outer, nothing)
	}))
	require.Equal(t, []string{"kept"}, bodies(t, host, acme), "nothing was begun to be purged")
	require.NoError(t, db.Tx(outer, nothing))
}

// What counts is who waits, not with which context.
func TestGoroutinesThatShareAContextWaitForEachOther(t *testing.T) {
	t.Parallel()
	host := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	provision(t, host, acme, globex)
	db := host.TenantDB()
	ctx, cancel := context.WithTimeout(in(acme), 30*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	held, waits := make(chan struct{}), make(chan struct{})
	wg.Go(func() {
		require.NoError(t, db.Tx(ctx, func(context.Context, *sqlx.Tx) error {
			close(held)
			<-waits
			return nil
		}))
	})
	<-held
	for range 8 {
		wg.Go(func() {
			require.NoError(t, db.Tx(ctx, nothing))
		})
	}
	// One that is inside a transaction too, of another tenant.
	require.NoError(t, db.Tx(tenancy.Switch(ctx, globex), func(context.Context, *sqlx.Tx) error {
		time.AfterFunc(20*time.Millisecond, func() { close(waits) })
		return db.Tx(ctx, nothing)
	}))
	wg.Wait()
}
