package dsarsql_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// Who stays at an earlier moment cannot see a hold that was placed since, and is not told that there is none.
func TestHoldsAreNotReadFromAnEarlierMoment(t *testing.T) {
	kept.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx, s := w.Tenant(t), storeIn(t, w)
		_, err := s.AddHold(ctx, dsar.HoldRow{ID: "h", Basis: "a case"})
		require.NoError(t, err)
		held := func(ctx context.Context, _ *sqlx.Tx) error {
			all, err := s.Holds(ctx, false)
			require.Equal(t, err == nil, len(all) == 1)
			return err
		}
		require.NoError(t, w.DB.Tx(ctx, held))
		if w.PG == nil {
			require.ErrorIs(t, w.DB.Read(ctx, held), tenantdb.ErrReadOnly)
			return
		}
		for _, level := range []sql.IsolationLevel{sql.LevelRepeatableRead, sql.LevelSerializable} {
			require.ErrorIs(t, w.DB.Tx(ctx, held, tenantdb.Isolation(level)), dsar.ErrRefused)
		}
	})
}
