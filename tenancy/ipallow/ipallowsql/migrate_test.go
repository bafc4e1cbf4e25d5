package ipallowsql_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow/ipallowsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/stretchr/testify/require"
)

func TestTablePassesTheLibrarysOwnInspection(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	cfg := rls.Config{AppRole: w.pg.App.Role, SystemRole: w.pg.System.Role, Tables: []rls.Table{ipallowsql.Table}}
	rep, err := rls.Inspect(t.Context(), open(t, w.pg.Admin.DSN), cfg)
	require.NoError(t, err)
	require.NoError(t, rep.Err(rls.Warning))
	// Seen to look: without FORCE it says so.
	_, err = open(t, w.pg.Owner.DSN).ExecContext(t.Context(), "ALTER TABLE ipallow_policy NO FORCE ROW LEVEL SECURITY")
	require.NoError(t, err)
	rep, err = rls.Inspect(t.Context(), open(t, w.pg.Admin.DSN), cfg)
	require.NoError(t, err)
	require.ErrorContains(t, rep.Err(rls.Warning), "ipallow_policy")
}

func TestMigrateMayBeRepeatedAndRunByMany(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	errs := make(chan error, 3)
	for range cap(errs) {
		db := open(t, w.pg.Owner.DSN)
		go func() { errs <- ipallowsql.Migrate(t.Context(), db, w.pg.App.Role, w.pg.System.Role) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	w.tenant(t)
}

func TestNewerTableIsRefused(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	owner := open(t, w.pg.Owner.DSN)
	_, err := owner.ExecContext(t.Context(), "INSERT INTO ipallow_version (version_id, is_applied) VALUES (99, true)")
	require.NoError(t, err)
	require.ErrorIs(t, ipallowsql.Migrate(t.Context(), owner, w.pg.App.Role, w.pg.System.Role), tenantdb.ErrSchema)
}

func TestMigrateNeedsARole(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	require.Error(t, ipallowsql.Migrate(t.Context(), open(t, w.pg.Owner.DSN), "", ""))
}
