package door

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/stretchr/testify/require"
)

// RowsOf counts a tenant's rows in all tables on Postgres, as a superuser.
func (k Kept) RowsOf(t testing.TB, w *World, id tenancy.ID) (n int) {
	t.Helper()
	admin := OpenSQL(t, w.PG.Admin.DSN)
	for _, table := range k.Tables {
		var here int
		require.NoError(t, admin.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table.Name+` WHERE tenant_id = $1`, id.String()).Scan(&here))
		n += here
	}
	return n
}

// Purge fails if a tenant that is purged leaves a row, or takes one of another tenant's.
func (k Kept) Purge(t *testing.T) {
	k.OnBoth(t, func(t *testing.T, w *World) {
		ctx, other := w.Tenant(t), w.Tenant(t)
		k.Fill(t, ctx, w.DB)
		k.Fill(t, other, w.DB)
		before := k.Dump(t, other, w.DB)
		calls := k.Calls(t, ctx, w.DB)
		id, err := tenancy.From(ctx)
		require.NoError(t, err)
		if w.PG != nil {
			require.NotZero(t, k.RowsOf(t, w, id))
		}
		r, err := w.Host.Purge(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Purging, Epoch: 1})
		require.NoError(t, err)
		require.Zero(t, r.Left)
		if w.PG != nil {
			require.Zero(t, k.RowsOf(t, w, id))
		}
		for name, call := range calls {
			require.ErrorIs(t, call(), tenancy.ErrPurged, name)
		}
		require.Equal(t, before, k.Dump(t, other, w.DB))
	})
}

// Move fails if what triggers refuse to everybody else they do not let pass of a tenant that moves to another shard. It returns the tenant,
// there, and the database that finds it.
func (k Kept) Move(t *testing.T) (context.Context, *tenantdb.DB) {
	t.Parallel()
	from, to := k.OnShard(t, "one"), k.OnShard(t, "two")
	dir := tenancy.NewMemory()
	id := tenancy.NewID()
	made, err := dir.Create(t.Context(), tenancy.Tenant{ID: id, Shard: "one"})
	require.NoError(t, err)
	require.NoError(t, from.Host.Provision(t.Context(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: made.Epoch}))
	_, err = dir.Transition(t.Context(), made, tenancy.Active)
	require.NoError(t, err)
	var shards []tenantdb.Shard
	for name, w := range map[string]*World{"one": from, "two": to} {
		db, err := postgres.Open(t.Context(), w.PG.App.DSN, Keys(t), postgres.AllowOldServer())
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		shards = append(shards, tenantdb.Shard{Name: name, Backend: db})
	}
	routed, err := tenantdb.Route(dir, time.Hour, nil, shards...)
	require.NoError(t, err)
	ctx := tenancy.With(t.Context(), id)
	k.Fill(t, ctx, routed)
	before, rows := k.Dump(t, ctx, routed), k.RowsOf(t, from, id)
	require.NotZero(t, rows)
	_, err = postgres.Move(t.Context(), dir, id, from.Host.(*postgres.System), to.Host.(*postgres.System), postgres.MoveOptions{})
	require.NoError(t, err)
	require.Equal(t, []int{0, rows}, []int{k.RowsOf(t, from, id), k.RowsOf(t, to, id)})
	require.Equal(t, before, k.Dump(t, ctx, routed))
	return ctx, routed
}

func isAny(err error, targets ...error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}
