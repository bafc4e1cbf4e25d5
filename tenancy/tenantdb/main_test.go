package tenantdb_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

func TestMain(m *testing.M) {
	// The throwaway server outlives the test that started it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bailiwick-dev/bailiwick/internal/pgserver.Start.func1"))
}

// each runs a test on both databases, with contexts of two tenants that may write a table note.
func each(t *testing.T, test func(t *testing.T, db *tenantdb.DB, a, b context.Context)) {
	t.Parallel()
	idA, idB := tenancy.MustParseID("a"), tenancy.MustParseID("b")
	run := func(name string, open func(*testing.T) (tenancy.Host, *tenantdb.DB)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, db := open(t)
			for _, id := range []tenancy.ID{idA, idB} {
				require.NoError(t, host.Provision(t.Context(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
			}
			test(t, db, tenancy.With(t.Context(), idA), tenancy.With(t.Context(), idB))
		})
	}
	run("sqlite", openSQLite)
	run("postgres", openPostgres)
}

func openSQLite(t *testing.T) (tenancy.Host, *tenantdb.DB) {
	t.Helper()
	files, err := sqlite.Open(t.TempDir(), sqlite.Options{
		Migrations:  []sqlite.Migration{{ID: "test/1", SQL: `CREATE TABLE note (tenant_id TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (tenant_id, id)) STRICT`}},
		SystemAudit: func(context.Context, tenancy.Act) error { return nil },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	return files, files.TenantDB()
}

func openPostgres(t *testing.T) (tenancy.Host, *tenantdb.DB) {
	t.Helper()
	ctx := t.Context()
	pg := dbtest.Postgres(t)
	key, err := tenancy.NewKey("k1", []byte(strings.Repeat("k", 32)))
	require.NoError(t, err)
	keys := tenancy.Keys{Current: key}
	owner, err := pgx.Connect(ctx, pg.Owner.DSN)
	require.NoError(t, err)
	defer owner.Close(context.Background())
	require.NoError(t, postgres.Setup(ctx, owner, postgres.SetupOptions{AppRole: pg.App.Role, SystemRole: pg.System.Role, Keys: keys}))
	_, err = owner.Exec(ctx, strings.ReplaceAll(`
		CREATE TABLE note (tenant_id text NOT NULL DEFAULT tenancy.claimed(), id text NOT NULL, PRIMARY KEY (tenant_id, id));
		ALTER TABLE note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
		CREATE POLICY tenancy_allow ON note TO $app USING (true) WITH CHECK (true);
		CREATE POLICY tenancy_guard ON note AS RESTRICTIVE USING (tenant_id = (SELECT tenancy.id())) WITH CHECK (tenant_id = (SELECT tenancy.id()));
		CREATE TRIGGER tenancy_fence BEFORE INSERT OR UPDATE OR DELETE ON note FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence();
		GRANT SELECT, INSERT, DELETE ON note TO $app`, "$app", pg.App.Role))
	require.NoError(t, err)
	sys, err := postgres.OpenSystem(ctx, pg.System.DSN, postgres.SystemOptions{
		Audit:          func(context.Context, tenancy.Act) error { return nil },
		AllowOldServer: true,
	})
	require.NoError(t, err)
	t.Cleanup(sys.Close)
	db, err := postgres.Open(ctx, pg.App.DSN, keys, postgres.WithSystem(sys), postgres.AllowOldServer())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return sys, db.TenantDB()
}
