package vaultsql_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The throwaway server outlives the test that started it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bailiwick-dev/bailiwick/internal/pgserver.Start.func1"))
}

// world is one database with the tables of the vault.
type world struct {
	host tenancy.Host
	db   *tenantdb.DB
	keys tenancy.Keys // of scopes
	pg   *dbtest.PG   // nil on SQLite
	dir  string       // "" on Postgres
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

func (w *world) store(t testing.TB) *vaultsql.Store {
	t.Helper()
	s, err := vaultsql.New(w.db)
	require.NoError(t, err)
	return s
}

// process returns the store of one more process.
func (w *world) process(t testing.TB) *vaultsql.Store {
	t.Helper()
	other := &world{}
	if w.pg != nil {
		db, _ := openPostgres(t, w.pg, w.keys)
		other.db = db.TenantDB()
	} else {
		other.db = openSQLite(t, w.dir).TenantDB()
	}
	return other.store(t)
}

func onSQLite(t testing.TB) *world {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	db := openSQLite(t, dir)
	return &world{host: db, db: db.TenantDB(), dir: dir}
}

func openSQLite(t testing.TB, dir string, of ...sqlite.Migration) *sqlite.DB {
	t.Helper()
	return openSQLiteBy(t, dir, nil, of...)
}

// openSQLiteBy is openSQLite with another clock than that of this process.
func openSQLiteBy(t testing.TB, dir string, clock func() time.Time, of ...sqlite.Migration) *sqlite.DB {
	t.Helper()
	steps, err := sqlite.ReadMigrations("vault", vaultsql.SQLite())
	require.NoError(t, err)
	system, err := sqlite.ReadMigrations("vault", vaultsql.SQLiteSystem())
	require.NoError(t, err)
	log, err := sqlite.ReadMigrations("audit", auditsql.SQLite())
	require.NoError(t, err)
	heads, err := sqlite.ReadMigrations("audit", auditsql.SQLiteSystem())
	require.NoError(t, err)
	steps, system = append(steps, log...), append(system, heads...)
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: append(steps, of...), SystemMigrations: system, Clock: clock,
		SystemAudit: func(context.Context, tenancy.Act) error { return nil }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// scopeKeys are those that all processes of a test share.
func scopeKeys(t testing.TB) tenancy.Keys {
	t.Helper()
	key, err := tenancy.NewKey("k1", []byte(strings.Repeat("k1", 16)))
	require.NoError(t, err)
	return tenancy.Keys{Current: key}
}

func onPostgres(t testing.TB) *world {
	t.Helper()
	pg := dbtest.Postgres(t)
	keys := scopeKeys(t)
	conn, err := pgx.Connect(t.Context(), pg.Owner.DSN)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, postgres.Setup(t.Context(), conn, postgres.SetupOptions{AppRole: pg.App.Role, SystemRole: pg.System.Role, Keys: keys}))
	migrate(t, pg)
	db, sys := openPostgres(t, pg, keys)
	return &world{host: sys, db: db.TenantDB(), keys: keys, pg: pg}
}

// openPostgres opens pg as one more process would.
func openPostgres(t testing.TB, pg *dbtest.PG, keys tenancy.Keys) (*postgres.DB, *postgres.System) {
	t.Helper()
	sys, err := postgres.OpenSystem(t.Context(), pg.System.DSN, postgres.SystemOptions{
		Audit: func(context.Context, tenancy.Act) error { return nil }, AllowOldServer: true})
	require.NoError(t, err)
	t.Cleanup(sys.Close)
	db, err := postgres.Open(t.Context(), pg.App.DSN, keys, postgres.AllowOldServer(), postgres.WithSystem(sys))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db, sys
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
	require.NoError(t, vaultsql.Migrate(t.Context(), openSQL(t, pg.Owner.DSN), pg.App.Role, pg.System.Role))
}

// onBoth runs f on SQLite and on Postgres.
func onBoth(t *testing.T, f func(*testing.T, *world)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, onSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); f(t, onPostgres(t)) })
}

func newKeeper(t testing.TB) vault.Keeper {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, []byte(vault.NewKey().Reveal()), 0o600))
	k, err := vault.KeyFromFile(path)
	require.NoError(t, err)
	return k
}

func openVault(t testing.TB, s vault.Store, k vault.Keeper) *vault.Vault {
	t.Helper()
	v, err := vault.Open(context.Background(), s, k, vault.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	return v
}
