package dbtest_test

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestEachDatabaseIsFreshAndItsRolesAreWhatTheySay(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for range 2 {
		pg := dbtest.Postgres(t)
		for login, want := range map[dbtest.Login][2]bool{pg.App: {false, false}, pg.System: {false, true}, pg.Owner: {false, false}, pg.Admin: {true, true}} {
			conn, err := pgx.Connect(ctx, login.DSN)
			require.NoError(t, err)
			var super, bypass bool
			var db, user string
			require.NoError(t, conn.QueryRow(ctx, "SELECT rolsuper, rolbypassrls, current_database(), current_user FROM pg_roles WHERE rolname = current_user").Scan(&super, &bypass, &db, &user))
			require.Equal(t, want, [2]bool{super, bypass}, user)
			require.Equal(t, pg.Name, db)
			require.Equal(t, login.Role, user)
			_, err = conn.Exec(ctx, "SELECT 1 FROM mark")
			require.Error(t, err, "the database is not fresh")
			require.NoError(t, conn.Close(ctx))
		}
		owner, err := pgx.Connect(ctx, pg.Owner.DSN)
		require.NoError(t, err)
		_, err = owner.Exec(ctx, "CREATE TABLE mark (a int)")
		require.NoError(t, err)
		require.NoError(t, owner.Close(ctx))
	}
}
