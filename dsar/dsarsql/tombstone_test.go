package dsarsql_test

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/tombstone"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/stretchr/testify/require"
)

func TestTheMarkOfATenantOnlyGoesForward(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		m, err := dsarsql.NewMark(w.DB)
		require.NoError(t, err)
		ctx, other := w.Tenant(t), w.Tenant(t)
		head := func(seq uint64) tombstone.Head { return tombstone.Head{Seq: seq, Hash: [32]byte{byte(seq)}} }
		for _, step := range []struct{ to, want uint64 }{{3, 3}, {7, 7}, {5, 7}, {7, 7}, {8, 8}} {
			require.NoError(t, m.Advance(ctx, head(step.to)))
			got, err := m.Mark(ctx)
			require.NoError(t, err)
			require.Equal(t, head(step.want), got)
		}
		got, err := m.Mark(other)
		require.NoError(t, err)
		require.Zero(t, got)
		require.ErrorIs(t, m.Advance(ctx, tombstone.Head{}), dsar.ErrRefused)
	})
}

// fillMark moves the tenant's mark.
func fillMark(t testing.TB, ctx context.Context, db *tenantdb.DB) {
	t.Helper()
	m, err := dsarsql.NewMark(db)
	require.NoError(t, err)
	now, err := m.Mark(ctx)
	require.NoError(t, err)
	require.NoError(t, m.Advance(ctx, tombstone.Head{Seq: now.Seq + 1, Hash: [32]byte{1}}))
}
