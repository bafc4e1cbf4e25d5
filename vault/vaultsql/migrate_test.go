package vaultsql_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
	"github.com/stretchr/testify/require"
)

func TestTablesPassTheLibrarysOwnInspection(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	cfg := rls.Config{AppRole: w.pg.App.Role, SystemRole: w.pg.System.Role, Tables: vaultsql.Tables}
	rep, err := rls.Inspect(t.Context(), openSQL(t, w.pg.Admin.DSN), cfg)
	require.NoError(t, err)
	require.NoError(t, rep.Err(rls.Warning))
	// Seen to look: without FORCE it says so.
	_, err = openSQL(t, w.pg.Owner.DSN).ExecContext(t.Context(), "ALTER TABLE vault_key NO FORCE ROW LEVEL SECURITY")
	require.NoError(t, err)
	rep, err = rls.Inspect(t.Context(), openSQL(t, w.pg.Admin.DSN), cfg)
	require.NoError(t, err)
	require.ErrorContains(t, rep.Err(rls.Warning), "vault_key")
}

func TestTheRootsAreNobodysOnPostgres(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	openVault(t, w.store(t), newKeeper(t))
	app := openSQL(t, w.pg.App.DSN)
	for _, try := range []string{"SELECT id FROM vault_roots.root", "UPDATE vault_roots.root SET state = 's'", "DELETE FROM vault_roots.root"} {
		_, err := app.ExecContext(t.Context(), try)
		require.ErrorContains(t, err, "42501", try)
	}
	// A database that was opened without system access has no roots, and no vault.
	db, err := postgres.Open(t.Context(), w.pg.App.DSN, w.keys, postgres.AllowOldServer())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	s, err := vaultsql.New(db.TenantDB())
	require.NoError(t, err)
	_, err = vault.Open(t.Context(), s, newKeeper(t), vault.Options{})
	require.ErrorIs(t, err, vault.ErrUnavailable)
}

func TestMigrateMayBeRepeatedAndRunByMany(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	errs := make(chan error, 3)
	for range cap(errs) {
		db := openSQL(t, w.pg.Owner.DSN)
		go func() { errs <- vaultsql.Migrate(t.Context(), db, w.pg.App.Role, w.pg.System.Role) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	openVault(t, w.store(t), newKeeper(t))
	require.Error(t, vaultsql.Migrate(t.Context(), openSQL(t, w.pg.Owner.DSN), "", ""), "it needs a role")
}

func TestNewerTablesAreRefused(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	owner := openSQL(t, w.pg.Owner.DSN)
	_, err := owner.ExecContext(t.Context(), "INSERT INTO vault_roots.goose_db_version (version_id, is_applied) VALUES (99, true)")
	require.NoError(t, err)
	require.ErrorIs(t, vaultsql.Migrate(t.Context(), owner, w.pg.App.Role, w.pg.System.Role), vault.ErrSchema)
}

// The tables are those of another release for whoever opens the vault: it is refused before anything is written.
func TestAVaultWithoutItsTablesIsRefused(t *testing.T) {
	t.Parallel()
	for name, comment := range map[string]string{"older": `'bailiwick vault 0'`, "newer": `'bailiwick vault 99'`, "missing": `NULL`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := onPostgres(t)
			_, err := openSQL(t, w.pg.Owner.DSN).ExecContext(t.Context(), `COMMENT ON TABLE vault_key IS `+comment)
			require.NoError(t, err)
			refusesEverything(t, w)
		})
	}
	for name, steps := range map[string][]sqlite.Migration{
		"missing": {{ID: "app/1", SQL: `CREATE TABLE note (id TEXT PRIMARY KEY) STRICT`}},
		"newer":   {{ID: "vault/00001_vault", SQL: `SELECT 1`}, {ID: "vault/00001_roots", SQL: `SELECT 1`}, {ID: "vault/99999_more", SQL: `SELECT 1`}},
	} {
		t.Run("sqlite "+name, func(t *testing.T) {
			t.Parallel()
			db, err := sqlite.Open(filepath.Join(t.TempDir(), "data"), sqlite.Options{Migrations: steps, SystemMigrations: steps,
				SystemAudit: func(context.Context, tenancy.Act) error { return nil }})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			refusesEverything(t, &world{host: db, db: db.TenantDB()})
		})
	}
}

func refusesEverything(t *testing.T, w *world) {
	t.Helper()
	ctx := w.tenant(t)
	_, err := vault.Open(t.Context(), w.store(t), newKeeper(t), vault.Options{})
	require.ErrorIs(t, err, vault.ErrSchema)
	s := w.store(t)
	_, _, err = s.Keys(ctx)
	require.ErrorIs(t, err, vault.ErrSchema)
	_, err = s.Epoch(ctx)
	require.ErrorIs(t, err, vault.ErrSchema)
	_, err = s.AddKey(ctx, vault.WrappedKey{Wrapped: []byte("x")}, vault.KeyID{})
	require.ErrorIs(t, err, vault.ErrSchema)
	require.ErrorIs(t, s.PutSecret(ctx, vault.StoredSecret{Purpose: "a", ID: "b", Version: 1}), vault.ErrSchema)
	require.ErrorIs(t, s.Tx(ctx, func(ctx context.Context) error { return s.RemoveSecret(ctx, "a", "b") }), vault.ErrSchema)
}

// Of several shards one may have been forgotten.
func TestAMissingTableIsAWrongSchemaToo(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	ctx, s := w.tenant(t), w.store(t)
	_, err := s.Epoch(ctx)
	require.NoError(t, err)
	_, err = openSQL(t, w.pg.Owner.DSN).ExecContext(t.Context(), `ALTER TABLE vault_epoch RENAME TO gone; ALTER TABLE vault_secret RENAME COLUMN sealed TO gone`)
	require.NoError(t, err)
	_, err = s.Epoch(ctx)
	require.ErrorIs(t, err, vault.ErrSchema)
	_, err = s.Secret(ctx, "a", "b")
	require.ErrorIs(t, err, vault.ErrSchema)
}

func TestAPurgedTenantsKeysGoWithIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s, ctx, other := w.store(t), w.tenant(t), w.tenant(t)
		v := openVault(t, s, newKeeper(t))
		for _, ctx := range []context.Context{ctx, other} {
			sealed(t, ctx, v, "mail", 3)
			require.NoError(t, v.RotateTenantKey(ctx, vault.Rotation{}))
			require.NoError(t, v.Put(ctx, vault.Ref{Purpose: "slack", ID: "bot"}, secret("xoxb"), vault.Policy{}))
		}
		id, err := tenancy.From(ctx)
		require.NoError(t, err)
		r, err := w.host.Purge(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Purging, Epoch: 1})
		require.NoError(t, err)
		require.Zero(t, r.Left)
		_, _, err = s.Keys(ctx)
		require.ErrorIs(t, err, tenancy.ErrPurged)
		rows, _, err := s.Keys(other)
		require.NoError(t, err)
		require.NotEmpty(t, rows)
	})
}
