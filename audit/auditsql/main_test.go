package auditsql_test

import (
	"context"
	"database/sql"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv("BAILIWICK_SOAK") != "1" {
		_ = flag.Set("rapid.checks", "10") // each is a history on a real database
	}
	// The throwaway server outlives the test that started it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bailiwick-dev/bailiwick/internal/pgserver.Start.func1"))
}

// world is one database with the tables of the log and a table note of the application's.
type world struct {
	host   tenancy.Host
	db     *tenantdb.DB
	keys   tenancy.Keys
	pg     *dbtest.PG   // nil on SQLite
	dir    string       // "" on Postgres
	signer audit.Signer // of the victims of attacks; nil: none yet
}

// newTenant makes a tenant.
func (w *world) newTenant(t testing.TB) tenancy.ID {
	t.Helper()
	id := tenancy.NewID()
	require.NoError(t, w.host.Provision(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	return id
}

// tenant returns the context of a new tenant.
func (w *world) tenant(t testing.TB) context.Context {
	t.Helper()
	return tenancy.With(t.Context(), w.newTenant(t))
}

func (w *world) store(t testing.TB) *auditsql.Store {
	t.Helper()
	s, err := auditsql.New(w.db)
	require.NoError(t, err)
	return s
}

func onSQLite(t testing.TB) *world {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	db := openSQLite(t, dir)
	return &world{host: db, db: db.TenantDB(), dir: dir}
}

func openSQLite(t testing.TB, dir string) *sqlite.DB {
	t.Helper()
	steps, err := sqlite.ReadMigrations("audit", auditsql.SQLite())
	require.NoError(t, err)
	steps = append(steps, sqlite.Migration{ID: "test/1", SQL: `CREATE TABLE note (id TEXT PRIMARY KEY) STRICT`})
	system, err := sqlite.ReadMigrations("audit", auditsql.SQLiteSystem())
	require.NoError(t, err)
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: steps, SystemMigrations: system,
		SystemAudit: func(context.Context, tenancy.Act) error { return nil }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func onPostgres(t testing.TB) *world {
	t.Helper()
	pg := dbtest.Postgres(t)
	key, err := tenancy.NewKey("k1", []byte(strings.Repeat("k1", 16)))
	require.NoError(t, err)
	keys := tenancy.Keys{Current: key}
	conn, err := pgx.Connect(t.Context(), pg.Owner.DSN)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, postgres.Setup(t.Context(), conn, postgres.SetupOptions{AppRole: pg.App.Role, SystemRole: pg.System.Role, Keys: keys}))
	migrate(t, pg)
	_, err = conn.Exec(t.Context(), strings.NewReplacer("$app", pg.App.Role, "$sys", pg.System.Role).Replace(noteSQL))
	require.NoError(t, err)
	db, sys := openPostgres(t, pg, keys)
	return &world{host: sys, db: db.TenantDB(), keys: keys, pg: pg}
}

const noteSQL = `
	CREATE TABLE note (tenant_id text COLLATE "C" NOT NULL DEFAULT tenancy.claimed(), id text NOT NULL, PRIMARY KEY (tenant_id, id));
	ALTER TABLE note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	CREATE POLICY tenancy_allow ON note TO $app USING (true) WITH CHECK (true);
	CREATE POLICY tenancy_guard ON note AS RESTRICTIVE USING (tenant_id = (SELECT tenancy.id())) WITH CHECK (tenant_id = (SELECT tenancy.id()));
	CREATE TRIGGER tenancy_fence BEFORE INSERT OR UPDATE OR DELETE ON note FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence();
	GRANT SELECT, INSERT, DELETE ON note TO $app;
	GRANT SELECT, INSERT, UPDATE, DELETE ON note TO $sys`

// openPostgres opens pg as one more process would.
func openPostgres(t testing.TB, pg *dbtest.PG, keys tenancy.Keys) (*postgres.DB, *postgres.System) {
	t.Helper()
	sys, err := postgres.OpenSystem(t.Context(), pg.System.DSN, postgres.SystemOptions{
		Audit: func(context.Context, tenancy.Act) error { return nil }, AllowOldServer: true})
	require.NoError(t, err)
	t.Cleanup(sys.Close)
	db, err := postgres.Open(t.Context(), withConns(pg.App.DSN), keys, postgres.AllowOldServer(), postgres.WithSystem(sys))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db, sys
}

// withConns lets a pool have one connection for each of the writers of a benchmark.
func withConns(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(err)
	}
	q := u.Query()
	q.Set("pool_max_conns", "34")
	u.RawQuery = q.Encode()
	return u.String()
}

func openSQL(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func migrate(t testing.TB, pg *dbtest.PG) {
	t.Helper()
	require.NoError(t, auditsql.Migrate(t.Context(), openSQL(t, pg.Owner.DSN), pg.App.Role, pg.System.Role))
}

// onBoth runs f on SQLite and on Postgres.
func onBoth(t *testing.T, f func(*testing.T, *world)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, onSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); f(t, onPostgres(t)) })
}
