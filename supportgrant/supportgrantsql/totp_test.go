package supportgrantsql_test

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp/totptest"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func TestTheStoreOfCodesKeepsTheContract(t *testing.T) {
	onPostgres.OnBoth(t, func(t *testing.T, w *door.World) {
		s, err := supportgrantsql.NewTOTP(w.DB)
		require.NoError(t, err)
		totptest.Store(t, func(t *testing.T) (totp.Store, context.Context) { return s, w.Tenant(t) })
	})
}

// An attempt that could be undone would be one that was never counted.
func TestAttemptsAreNotCountedInATransaction(t *testing.T) {
	onPostgres.OnBoth(t, func(t *testing.T, w *door.World) {
		s, err := supportgrantsql.NewTOTP(w.DB)
		require.NoError(t, err)
		require.NoError(t, w.DB.Tx(w.Tenant(t), func(ctx context.Context, _ *sqlx.Tx) error {
			_, err := s.Attempt(ctx, "a")
			require.ErrorIs(t, err, supportgrant.ErrInTransaction)
			require.ErrorIs(t, s.Succeed(ctx, "a", 1), supportgrant.ErrInTransaction)
			return nil
		}))
	})
}
