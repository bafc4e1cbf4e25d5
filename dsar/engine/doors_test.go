package engine_test

import (
	"context"
	"database/sql"
	"io/fs"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow/ipallowsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancysql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
)

// only is a map of one table of the application's, beside which there are those of all doors.
var only = &dsar.Map{
	Application: "test",
	Subjects:    []dsar.Subject{{Kind: "user", Table: "users"}},
	Tables:      []dsar.Table{{Name: "users", Key: []string{"id"}, Plain: []string{"id text not null"}, Tenant: "-"}},
	Aside:       dsar.Doors(),
}

// unmapped returns the tables that Verify misses in the map, and the triggers.
func unmapped(t *testing.T, db dsar.DB) (out []string) {
	t.Helper()
	report, err := dsar.Verify(context.Background(), db, only)
	require.NoError(t, err)
	for _, f := range report.Findings {
		if f.Rule == "DSR001" || f.Rule == "DSR008" {
			out = append(out, strings.TrimSuffix(f.Object+" "+f.Evidence, " table with columns id"))
		}
	}
	return out
}

func TestTheTablesOfAllDoorsAreSetAside(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		steps := []sqlite.Migration{{ID: "app/1", SQL: "CREATE TABLE users (id TEXT NOT NULL PRIMARY KEY); CREATE TABLE audit_log (id INTEGER PRIMARY KEY)"}}
		for door, folder := range map[string]fs.FS{"ipallow": ipallowsql.SQLite(), "audit": auditsql.SQLite(), "vault": vaultsql.SQLite(), "rbac": rbacsql.SQLite(),
			"consent": consentsql.SQLite(), "supportgrant": supportgrantsql.SQLite(), "dsar": dsarsql.SQLite()} {
			list, err := sqlite.ReadMigrations(door, folder)
			require.NoError(t, err)
			steps = append(steps, list...)
		}
		files, err := sqlite.Open(t.TempDir(), sqlite.Options{Migrations: steps})
		require.NoError(t, err)
		defer files.Close()
		id := tenancy.MustParseID("acme")
		ctx := tenancy.With(context.Background(), id)
		require.NoError(t, files.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
		require.NoError(t, files.TenantDB().Read(ctx, func(_ context.Context, tx *sqlx.Tx) error {
			require.Equal(t, []string{"audit_log"}, unmapped(t, tx), "the application's own, whatever it is called")
			return nil
		}))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		pg, ctx := dbtest.Postgres(t), context.Background()
		owner, err := pgx.Connect(ctx, pg.Owner.DSN)
		require.NoError(t, err)
		defer owner.Close(ctx)
		keys := tenancy.Keys{}
		keys.Current, err = tenancy.NewKey("k1", make([]byte, 32))
		require.NoError(t, err)
		require.NoError(t, postgres.Setup(ctx, owner, postgres.SetupOptions{AppRole: pg.App.Role, SystemRole: pg.System.Role, Keys: keys, Shard: "one"}))
		_, err = owner.Exec(ctx, `CREATE TABLE users (id text NOT NULL PRIMARY KEY); CREATE TABLE audit_log (id bigint PRIMARY KEY);
			CREATE TRIGGER tenancy_fence BEFORE INSERT OR UPDATE OR DELETE ON users FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence();
			CREATE FUNCTION fence() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
			CREATE TRIGGER tenancy_fences AFTER DELETE ON users FOR EACH STATEMENT EXECUTE FUNCTION fence()`)
		require.NoError(t, err)
		pool := stdlib.OpenDB(*owner.Config())
		defer pool.Close()
		require.NoError(t, tenancysql.Migrate(ctx, pool, pg.System.Role))
		for _, migrate := range []func(ctx context.Context, owner *sql.DB, app, system string) error{ipallowsql.Migrate, auditsql.Migrate, vaultsql.Migrate,
			rbacsql.Migrate, consentsql.Migrate, supportgrantsql.Migrate, dsarsql.Migrate} {
			require.NoError(t, migrate(ctx, pool, pg.App.Role, pg.System.Role))
		}
		require.NoError(t, schema.Aside(ctx, pool, func(q schema.DB, _ schema.Dialect) error {
			require.ElementsMatch(t, []string{"audit_log", "users trigger tenancy_fences"}, unmapped(t, q), "the fence is the library's, and no other trigger is")
			return nil
		}))
	})
}
