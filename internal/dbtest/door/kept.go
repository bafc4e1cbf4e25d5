package door

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/stretchr/testify/require"
)

// Kept is a door with what is asked of its tables, whichever door it is.
type Kept struct {
	Door
	Tables   []rls.Table
	Comment  string // the table whose comment on Postgres has the version
	Versions string // goose's table
	// Schema, Unavailable and Unknown are the door's errors.
	Schema, Unavailable, Unknown error
	// Fill puts rows of ctx's tenant into every table. It may be called again.
	Fill func(t testing.TB, ctx context.Context, db *tenantdb.DB)
	// Calls are methods of the door's that use the tables of ctx's tenant, all of them on one store.
	Calls func(t testing.TB, ctx context.Context, db *tenantdb.DB) map[string]func() error
}

// PassInspection fails if rls.Inspect has anything to say about the tables.
func (k Kept) PassInspection(t *testing.T) {
	t.Parallel()
	w := k.OnPostgres(t)
	inspect := func() *rls.Report {
		rep, err := rls.Inspect(t.Context(), OpenSQL(t, w.PG.Admin.DSN), rls.Config{AppRole: w.PG.App.Role, SystemRole: w.PG.System.Role, Tables: k.Tables})
		require.NoError(t, err)
		return rep
	}
	require.NoError(t, inspect().Err(rls.Warning))
	// Seen to look: without FORCE it says so.
	for _, table := range k.Tables {
		_, err := OpenSQL(t, w.PG.Owner.DSN).ExecContext(t.Context(), "ALTER TABLE "+table.Name+" NO FORCE ROW LEVEL SECURITY")
		require.NoError(t, err)
	}
	rep := inspect()
	require.Error(t, rep.Err(rls.Warning))
	for _, table := range k.Tables {
		require.Contains(t, rep.String(), table.Name)
	}
}

// MigrateAgain fails if Migrate cannot be repeated, by many at once, or takes no role for one.
func (k Kept) MigrateAgain(t *testing.T) {
	t.Parallel()
	w := k.OnPostgres(t)
	errs := make(chan error, 3)
	for range cap(errs) {
		db := OpenSQL(t, w.PG.Owner.DSN)
		go func() { errs <- k.Migrate(t.Context(), db, w.PG.App.Role, w.PG.System.Role) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	k.Fill(t, w.Tenant(t), w.DB)
	require.Error(t, k.Migrate(t.Context(), OpenSQL(t, w.PG.Owner.DSN), "", ""), "it needs a role")
}

// RefuseNewer fails if Migrate works on tables of a newer release.
func (k Kept) RefuseNewer(t *testing.T) {
	t.Parallel()
	w := k.OnPostgres(t)
	owner := OpenSQL(t, w.PG.Owner.DSN)
	_, err := owner.ExecContext(t.Context(), "INSERT INTO "+k.Versions+" (version_id, is_applied) VALUES (99, true)")
	require.NoError(t, err)
	require.ErrorIs(t, k.Migrate(t.Context(), owner, w.PG.App.Role, w.PG.System.Role), k.Schema)
}

// RefuseOthers fails if tables of another release are read or written.
func (k Kept) RefuseOthers(t *testing.T) {
	t.Parallel()
	for name, comment := range map[string]string{"older": `'bailiwick ` + k.Name + ` 0'`, "newer": `'bailiwick ` + k.Name + ` 99'`, "missing": `NULL`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := k.OnPostgres(t)
			_, err := OpenSQL(t, w.PG.Owner.DSN).ExecContext(t.Context(), `COMMENT ON TABLE `+k.Comment+` IS `+comment)
			require.NoError(t, err)
			k.refuse(t, w.Tenant(t), w.DB)
		})
	}
	for name, change := range map[string]func([]sqlite.Migration) []sqlite.Migration{
		"missing": func([]sqlite.Migration) []sqlite.Migration {
			return []sqlite.Migration{{ID: "app/1", SQL: `CREATE TABLE note (id TEXT PRIMARY KEY) STRICT`}}
		},
		"older": func(steps []sqlite.Migration) []sqlite.Migration {
			return append(slices.Clone(steps[:len(steps)-1]), sqlite.Migration{ID: "app/1", SQL: `SELECT 1`})
		},
		"newer": func(steps []sqlite.Migration) []sqlite.Migration {
			return append(slices.Clone(steps), sqlite.Migration{ID: k.Name + "/99999_more", SQL: `SELECT 1`})
		},
	} {
		t.Run("sqlite "+name, func(t *testing.T) {
			t.Parallel()
			of := func(from fs.FS) []sqlite.Migration {
				if from == nil {
					return nil
				}
				return change(steps(t, k.Name, from))
			}
			db, err := sqlite.Open(filepath.Join(t.TempDir(), "data"), sqlite.Options{Migrations: of(k.SQLite), SystemMigrations: of(k.System),
				SystemAudit: func(context.Context, tenancy.Act) error { return nil }})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			w := &World{Host: db, DB: db.TenantDB()}
			k.refuse(t, w.Tenant(t), w.DB)
		})
	}
}

func (k Kept) refuse(t *testing.T, ctx context.Context, db *tenantdb.DB) {
	t.Helper()
	for name, call := range k.Calls(t, ctx, db) {
		require.ErrorIs(t, call(), k.Schema, name)
	}
}

// RefuseMissing fails if a table or column that is not there is any other error: of several shards one may have been forgotten.
func (k Kept) RefuseMissing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"table": `SELECT format('ALTER TABLE %I RENAME TO %I', c.relname, 'gone_' || c.relname) FROM pg_class c WHERE c.relkind = 'r' AND c.relname = ANY ($1)`,
		"column": `SELECT format('ALTER TABLE %I RENAME COLUMN %I TO %I', c.relname, a.attname, 'gone_' || a.attname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
			WHERE c.relkind = 'r' AND c.relname = ANY ($1) AND a.attnum > 0 AND a.attname <> 'tenant_id'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := k.OnPostgres(t)
			ctx := w.Tenant(t)
			k.Fill(t, ctx, w.DB)
			calls, owner := k.Calls(t, ctx, w.DB), OpenSQL(t, w.PG.Owner.DSN)
			for _, call := range calls { // the store has seen its tables
				_ = call()
			}
			var changes []string
			rows, err := owner.QueryContext(t.Context(), change, k.names())
			require.NoError(t, err)
			for rows.Next() {
				changes = append(changes, "")
				require.NoError(t, rows.Scan(&changes[len(changes)-1]))
			}
			require.NoError(t, rows.Err())
			require.GreaterOrEqual(t, len(changes), len(k.Tables))
			_, err = owner.ExecContext(t.Context(), strings.Join(changes, "; "))
			require.NoError(t, err)
			for name, call := range calls {
				require.ErrorIs(t, call(), k.Schema, name)
			}
		})
	}
}

func (k Kept) names() (out []string) {
	for _, table := range k.Tables {
		out = append(out, table.Name)
	}
	return out
}

// RefuseCut fails if a database that cannot be reached is any other error.
func (k Kept) RefuseCut(t *testing.T) {
	t.Parallel()
	w := k.OnPostgres(t)
	ctx := w.Tenant(t)
	k.Fill(t, ctx, w.DB)
	calls := k.Calls(t, ctx, w.DB)
	for _, call := range calls {
		_ = call()
	}
	admin := OpenSQL(t, w.PG.Admin.DSN)
	for _, cut := range []string{`ALTER ROLE ` + w.PG.App.Role + ` CONNECTION LIMIT 0`, `ALTER ROLE ` + w.PG.System.Role + ` CONNECTION LIMIT 0`,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('` + w.PG.App.Role + `', '` + w.PG.System.Role + `')`} {
		_, err := admin.ExecContext(t.Context(), cut)
		require.NoError(t, err)
	}
	for name, call := range calls {
		err := call()
		require.Error(t, err, name)
		if k.Unknown == nil {
			require.ErrorIs(t, err, k.Unavailable, name)
		} else { // a connection may break with the commit
			require.True(t, isAny(err, k.Unavailable, k.Unknown), "%s: %v", name, err)
		}
	}
}
