// Package door gives a test a database with the tables of a door, on SQLite or Postgres, as one process or as several.
package door

import (
	"context"
	"database/sql"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// Door is what a door keeps in a database.
type Door struct {
	Name           string // under which its steps are read on SQLite
	SQLite, System fs.FS  // System is nil of a door that keeps nothing in the system database
	Migrate        func(ctx context.Context, owner *sql.DB, appRole, systemRole string) error
	Clock          func() time.Time   // SQLite's; nil: the computer's
	More           []sqlite.Migration // of a tenant's file, the application's
}

// World is one database with the tables of a door.
type World struct {
	Door Door
	Host tenancy.Host
	DB   *tenantdb.DB
	PG   *dbtest.PG // nil on SQLite
	Dir  string     // "" on Postgres
}

// Main is the TestMain of a package that uses databases.
func Main(m *testing.M) {
	// The throwaway server outlives the test that started it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bailiwick-dev/bailiwick/internal/pgserver.Start.func1"))
}

// OnBoth runs f on SQLite and on Postgres.
func (d Door) OnBoth(t *testing.T, f func(*testing.T, *World)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, d.OnSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); f(t, d.OnPostgres(t)) })
}

// OnSQLite returns a fresh database.
func (d Door) OnSQLite(t testing.TB) *World {
	t.Helper()
	return d.At(t, Place{Dir: filepath.Join(t.TempDir(), "data")})
}

// OnPostgres returns a fresh database.
func (d Door) OnPostgres(t testing.TB) *World {
	t.Helper()
	return d.OnShard(t, "")
}

// OnShard is OnPostgres under a shard's name, for tenants that move.
func (d Door) OnShard(t testing.TB, shard string) *World {
	t.Helper()
	pg := dbtest.Postgres(t)
	conn, err := pgx.Connect(t.Context(), pg.Owner.DSN)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, postgres.Setup(t.Context(), conn, postgres.SetupOptions{AppRole: pg.App.Role, SystemRole: pg.System.Role, Keys: Keys(t), Shard: shard}))
	require.NoError(t, d.Migrate(t.Context(), OpenSQL(t, pg.Owner.DSN), pg.App.Role, pg.System.Role))
	return d.At(t, Place{PG: pg})
}

// Place is where a database is, for one more process.
type Place struct {
	Dir string
	PG  *dbtest.PG
}

// Place returns w's.
func (w *World) Place() Place { return Place{w.Dir, w.PG} }

// Process returns w as one more process has it.
func (w *World) Process(t testing.TB) *World {
	t.Helper()
	return w.Door.At(t, w.Place())
}

// At opens the database of a place.
func (d Door) At(t testing.TB, p Place) *World {
	t.Helper()
	w := &World{Door: d, Dir: p.Dir, PG: p.PG}
	allow := func(context.Context, tenancy.Act) error { return nil }
	if p.PG == nil {
		db, err := sqlite.Open(p.Dir, sqlite.Options{Migrations: append(steps(t, d.Name, d.SQLite), d.More...), SystemMigrations: steps(t, d.Name, d.System), SystemAudit: allow, Clock: d.Clock})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		w.Host, w.DB = db, db.TenantDB()
		return w
	}
	sys, err := postgres.OpenSystem(t.Context(), p.PG.System.DSN, postgres.SystemOptions{Audit: allow, AllowOldServer: true})
	require.NoError(t, err)
	t.Cleanup(sys.Close)
	db, err := postgres.Open(t.Context(), p.PG.App.DSN, Keys(t), postgres.AllowOldServer(), postgres.WithSystem(sys))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	w.Host, w.DB = sys, db.TenantDB()
	return w
}

func steps(t testing.TB, name string, of fs.FS) []sqlite.Migration {
	t.Helper()
	if of == nil {
		return nil
	}
	out, err := sqlite.ReadMigrations(name, of)
	require.NoError(t, err)
	return out
}

// Keys are those that the scopes of all processes of a test are signed with.
func Keys(t testing.TB) tenancy.Keys {
	t.Helper()
	key, err := tenancy.NewKey("k1", []byte(strings.Repeat("k1", 16)))
	require.NoError(t, err)
	return tenancy.Keys{Current: key}
}

// NewTenant makes a tenant.
func (w *World) NewTenant(t testing.TB) tenancy.ID {
	t.Helper()
	id := tenancy.NewID()
	require.NoError(t, w.Host.Provision(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	return id
}

// Tenant returns the context of a new tenant.
func (w *World) Tenant(t testing.TB) context.Context {
	t.Helper()
	return tenancy.With(t.Context(), w.NewTenant(t))
}

// OpenSQL opens a Postgres database as somebody.
func OpenSQL(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}
