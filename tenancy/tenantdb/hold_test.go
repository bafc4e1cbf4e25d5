package tenantdb_test

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func TestHoldsAreOfSQLiteAndOtherDatabasesSaySo(t *testing.T) {
	each(t, func(t *testing.T, db *tenantdb.DB, a, _ context.Context) {
		key := [16]byte{1}
		if db.Dialect() != tenantdb.SQLite {
			require.NoError(t, db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) error {
				_, err := db.Hold(ctx, key)
				require.ErrorIs(t, err, tenantdb.ErrNoHolds)
				return nil
			}))
			require.ErrorIs(t, db.Drain(a, key), tenantdb.ErrNoHolds)
			return
		}
		var release func()
		require.NoError(t, db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) (err error) {
			release, err = db.Hold(ctx, key)
			return err
		}))
		soon, cancel := context.WithTimeout(a, 5*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, db.Drain(soon, key), context.DeadlineExceeded)
		release()
		require.NoError(t, db.Drain(a, key))
	})
}

func TestARouterDrainsWhereTheTenantIs(t *testing.T) {
	t.Parallel()
	id := tenancy.MustParseID("a")
	host, _ := openSQLite(t)
	other, _ := openSQLite(t)
	dir := tenancy.NewMemory()
	_, err := dir.Create(t.Context(), tenancy.Tenant{ID: id, Shard: "one"})
	require.NoError(t, err)
	require.NoError(t, host.Provision(t.Context(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	db, err := tenantdb.Route(dir, time.Hour, nil, tenantdb.Shard{Name: "one", Backend: host.(tenantdb.Backend)}, tenantdb.Shard{Name: "two", Backend: other.(tenantdb.Backend)})
	require.NoError(t, err)
	a, key := tenancy.With(t.Context(), id), [16]byte{1}
	require.ErrorIs(t, db.Drain(tenancy.With(t.Context(), tenancy.MustParseID("b")), key), tenancy.ErrUnknownTenant)
	var release func()
	require.NoError(t, db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) (err error) {
		release, err = db.Hold(ctx, key)
		return err
	}))
	soon, cancel := context.WithTimeout(a, 5*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, db.Drain(soon, key), context.DeadlineExceeded)
	release()
	require.NoError(t, db.Drain(a, key))
}
