package tenancysql_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancysql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancytest/storetest"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The throwaway server outlives the tests of a package.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bailiwick-dev/bailiwick/internal/pgserver.Start.func1"))
}

func keys(t testing.TB) tenancy.Keys {
	k, err := tenancy.NewKey("k1", []byte(strings.Repeat("tenancysql test ", 3)))
	require.NoError(t, err)
	return tenancy.Keys{Current: k}
}

func openPostgres(t testing.TB) (*dbtest.PG, *tenantdb.DB, *postgres.System) {
	pg := dbtest.Postgres(t)
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, pg.Owner.DSN)
	require.NoError(t, err)
	defer conn.Close(ctx)
	require.NoError(t, postgres.Setup(ctx, conn, postgres.SetupOptions{
		AppRole: pg.App.Role, SystemRole: pg.System.Role, Keys: keys(t), Shard: "s1", Region: "eu"}))
	system, err := postgres.OpenSystem(ctx, pg.System.DSN, postgres.SystemOptions{AllowOldServer: true,
		Audit: func(context.Context, tenancy.Act) error { return nil }})
	require.NoError(t, err)
	t.Cleanup(system.Close)
	db, err := postgres.Open(ctx, pg.App.DSN, keys(t), postgres.WithSystem(system), postgres.AllowOldServer())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return pg, tenantdb.New(db), system
}

func openSQLite(t testing.TB, dir string, o sqlite.Options) *sqlite.DB {
	o.Region, o.Shard = "eu", "s1"
	o.SystemAudit = func(context.Context, tenancy.Act) error { return nil }
	db, err := sqlite.Open(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func directoryMigrations(t testing.TB) []sqlite.Migration {
	list, err := sqlite.ReadMigrations("directory", tenancysql.Migrations(tenantdb.SQLite))
	require.NoError(t, err)
	return list
}

func ownerDB(t testing.TB, pg *dbtest.PG) *sql.DB {
	owner, err := sql.Open("pgx", pg.Owner.DSN)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, owner.Close()) })
	return owner
}

// place is a directory, and a database with a table for tenants to live in.
type place struct {
	store *tenancysql.Store
	host  tenancy.Host
	db    *tenantdb.DB
}

var places = map[string]func(testing.TB) place{
	"sqlite": func(t testing.TB) place {
		db := openSQLite(t, t.TempDir(), sqlite.Options{SystemMigrations: directoryMigrations(t),
			Migrations: []sqlite.Migration{{ID: "test/1", SQL: `CREATE TABLE note (id INTEGER PRIMARY KEY)`}}})
		return openStore(t, tenantdb.New(db), db)
	},
	"postgres": func(t testing.TB) place {
		pg, db, system := openPostgres(t)
		owner := ownerDB(t, pg)
		require.NoError(t, tenancysql.Migrate(context.Background(), owner, pg.System.Role))
		_, err := owner.Exec(`
			CREATE TABLE note (tenant_id text NOT NULL DEFAULT tenancy.id(), id bigint, PRIMARY KEY (tenant_id, id));
			ALTER TABLE note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
			CREATE POLICY tenancy_allow ON note AS PERMISSIVE FOR ALL TO ` + pg.App.Role + ` USING (true) WITH CHECK (true);
			CREATE POLICY tenancy_guard ON note AS RESTRICTIVE FOR ALL TO PUBLIC
				USING (tenant_id = (SELECT tenancy.id())) WITH CHECK (tenant_id = (SELECT tenancy.id()));
			CREATE TRIGGER tenancy_fence BEFORE INSERT OR UPDATE OR DELETE ON note FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence();
			GRANT SELECT, INSERT, DELETE ON note TO ` + pg.App.Role + `;
			GRANT SELECT, DELETE ON note TO ` + pg.System.Role)
		require.NoError(t, err)
		return openStore(t, db, system)
	},
}

func openStore(t testing.TB, db *tenantdb.DB, host tenancy.Host) place {
	s, err := tenancysql.Open(context.Background(), db)
	require.NoError(t, err)
	return place{s, host, db}
}

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	for name, open := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t testing.TB) tenancy.Store { return open(t).store })
		})
	}
}
