package rbacsql_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/stretchr/testify/require"
)

func TestTablesPassTheLibrarysOwnInspection(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	cfg := rls.Config{AppRole: w.PG.App.Role, SystemRole: w.PG.System.Role, Tables: rbacsql.Tables}
	rep, err := rls.Inspect(t.Context(), door.OpenSQL(t, w.PG.Admin.DSN), cfg)
	require.NoError(t, err)
	require.NoError(t, rep.Err(rls.Warning))
	// Seen to look: without FORCE it says so.
	_, err = door.OpenSQL(t, w.PG.Owner.DSN).ExecContext(t.Context(), "ALTER TABLE rbac_item NO FORCE ROW LEVEL SECURITY")
	require.NoError(t, err)
	rep, err = rls.Inspect(t.Context(), door.OpenSQL(t, w.PG.Admin.DSN), cfg)
	require.NoError(t, err)
	require.ErrorContains(t, rep.Err(rls.Warning), "rbac_item")
}

func TestTheHomesAreNobodysOnPostgres(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	require.NoError(t, storeIn(t, w).AddHome(t.Context(), rbac.HomeOfPerson, "ann", tenancy.MustParseID("acme")))
	app := door.OpenSQL(t, w.PG.App.DSN)
	for _, try := range []string{"SELECT id FROM rbac_homes.home", "INSERT INTO rbac_homes.home SELECT 'token', '', 'acme'", "DELETE FROM rbac_homes.home"} {
		_, err := app.ExecContext(t.Context(), try)
		require.ErrorContains(t, err, "42501", try)
	}
	// A database that was opened without system access has none.
	db, err := postgres.Open(t.Context(), w.PG.App.DSN, door.Keys(t), postgres.AllowOldServer())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	s, err := rbacsql.New(db.TenantDB())
	require.NoError(t, err)
	_, err = s.Homes(t.Context(), rbac.HomeOfPerson, "ann")
	require.ErrorIs(t, err, rbac.ErrUnavailable)
	require.ErrorIs(t, s.AddHome(t.Context(), rbac.HomeOfPerson, "ann", tenancy.MustParseID("acme")), rbac.ErrUnavailable)
}

// The system database is of all tenants and outlives them: it keeps nobody's name.
func TestAHomeHoldsNoIDInTheClear(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	require.NoError(t, storeIn(t, w).AddHome(t.Context(), rbac.HomeOfPerson, "ann@example.com", tenancy.MustParseID("acme")))
	var text string
	require.NoError(t, door.OpenSQL(t, w.PG.Admin.DSN).QueryRowContext(t.Context(), `SELECT h::text || encode(h.id, 'escape') FROM rbac_homes.home h`).Scan(&text))
	require.Contains(t, text, "acme")
	require.NotContains(t, text, "ann")
}

func TestMigrateMayBeRepeatedAndRunByMany(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	errs := make(chan error, 3)
	for range cap(errs) {
		db := door.OpenSQL(t, w.PG.Owner.DSN)
		go func() { errs <- rbacsql.Migrate(t.Context(), db, w.PG.App.Role, w.PG.System.Role) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	filled(t, w.Tenant(t), storeIn(t, w))
	require.Error(t, rbacsql.Migrate(t.Context(), door.OpenSQL(t, w.PG.Owner.DSN), "", ""), "it needs a role")
}

func TestNewerTablesAreRefused(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	owner := door.OpenSQL(t, w.PG.Owner.DSN)
	_, err := owner.ExecContext(t.Context(), "INSERT INTO rbac_homes.goose_db_version (version_id, is_applied) VALUES (99, true)")
	require.NoError(t, err)
	require.ErrorIs(t, rbacsql.Migrate(t.Context(), owner, w.PG.App.Role, w.PG.System.Role), rbac.ErrSchema)
}

// The tables are those of another release for whoever opens them: they are refused before anything is read or written.
func TestTablesOfAnotherReleaseAreRefused(t *testing.T) {
	t.Parallel()
	for name, comment := range map[string]string{"older": `'bailiwick rbac 0'`, "newer": `'bailiwick rbac 99'`, "missing": `NULL`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := tables.OnPostgres(t)
			_, err := door.OpenSQL(t, w.PG.Owner.DSN).ExecContext(t.Context(), `COMMENT ON TABLE rbac_version IS `+comment)
			require.NoError(t, err)
			refusesEverything(t, w)
		})
	}
	for name, steps := range map[string][]sqlite.Migration{
		"missing": {{ID: "app/1", SQL: `CREATE TABLE note (id TEXT PRIMARY KEY) STRICT`}},
		"newer":   {{ID: "rbac/00001_rbac", SQL: `SELECT 1`}, {ID: "rbac/00001_homes", SQL: `SELECT 1`}, {ID: "rbac/99999_more", SQL: `SELECT 1`}},
	} {
		t.Run("sqlite "+name, func(t *testing.T) {
			t.Parallel()
			db, err := sqlite.Open(filepath.Join(t.TempDir(), "data"), sqlite.Options{Migrations: steps, SystemMigrations: steps,
				SystemAudit: func(context.Context, tenancy.Act) error { return nil }})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			refusesEverything(t, &door.World{Host: db, DB: db.TenantDB()})
		})
	}
}

func refusesEverything(t *testing.T, w *door.World) {
	t.Helper()
	ctx := w.Tenant(t)
	s := storeIn(t, w)
	_, _, err := s.Version(ctx)
	require.ErrorIs(t, err, rbac.ErrSchema)
	_, err = s.Changes(ctx, 0)
	require.ErrorIs(t, err, rbac.ErrSchema)
	require.ErrorIs(t, s.Saw(ctx, []rbac.Use{{Kind: rbac.UseOfPerson, ID: "ann", At: time.Now()}}), rbac.ErrSchema)
	_, err = s.Invitation(ctx, "i1")
	require.ErrorIs(t, err, rbac.ErrSchema)
	require.ErrorIs(t, s.Tx(ctx, func(ctx context.Context) error {
		_, _, err := s.Advance(ctx)
		return err
	}), rbac.ErrSchema)
	_, err = s.Homes(ctx, rbac.HomeOfPerson, "ann")
	require.ErrorIs(t, err, rbac.ErrSchema)
}

// Of several shards one may have been forgotten.
func TestAMissingTableIsAWrongSchemaToo(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	ctx, s := w.Tenant(t), storeIn(t, w)
	filled(t, ctx, s)
	_, err := door.OpenSQL(t, w.PG.Owner.DSN).ExecContext(t.Context(), `ALTER TABLE rbac_token RENAME TO gone; ALTER TABLE rbac_use RENAME COLUMN net TO gone`)
	require.NoError(t, err)
	_, err = s.Changes(ctx, 0)
	require.ErrorIs(t, err, rbac.ErrSchema)
	_, err = s.Uses(ctx)
	require.ErrorIs(t, err, rbac.ErrSchema)
}

// rowsOf counts a tenant's rows in all tables, as a superuser.
func rowsOf(t *testing.T, w *door.World, id tenancy.ID) (n int) {
	t.Helper()
	admin := door.OpenSQL(t, w.PG.Admin.DSN)
	for _, table := range rbacsql.Tables {
		var here int
		require.NoError(t, admin.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table.Name+` WHERE tenant_id = $1`, id.String()).Scan(&here))
		n += here
	}
	return n
}

func TestAPurgedTenantsRulesGoWithIt(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		s, ctx, other := storeIn(t, w), w.Tenant(t), w.Tenant(t)
		filled(t, ctx, s)
		filled(t, other, s)
		before, err := s.Changes(other, 0)
		require.NoError(t, err)
		id, err := tenancy.From(ctx)
		require.NoError(t, err)
		r, err := w.Host.Purge(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Purging, Epoch: 1})
		require.NoError(t, err)
		require.Zero(t, r.Left)
		if w.PG != nil {
			require.Zero(t, rowsOf(t, w, id))
		}
		_, err = s.Changes(ctx, 0)
		require.ErrorIs(t, err, tenancy.ErrPurged)
		after, err := s.Changes(other, 0)
		require.NoError(t, err)
		after.Now = before.Now
		require.Equal(t, before, after)
	})
}

// What triggers refuse to everybody else they let pass of a tenant that arrives or leaves.
func TestATenantsRulesMoveWithIt(t *testing.T) {
	t.Parallel()
	from, to := tables.OnShard(t, "one"), tables.OnShard(t, "two")
	dir := tenancy.NewMemory()
	id := tenancy.NewID()
	entry, err := dir.Create(t.Context(), tenancy.Tenant{ID: id, Shard: "one"})
	require.NoError(t, err)
	require.NoError(t, from.Host.Provision(t.Context(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: entry.Epoch}))
	_, err = dir.Transition(t.Context(), entry, tenancy.Active)
	require.NoError(t, err)
	var shards []tenantdb.Shard
	for name, w := range map[string]*door.World{"one": from, "two": to} {
		db, err := postgres.Open(t.Context(), w.PG.App.DSN, door.Keys(t), postgres.AllowOldServer())
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		shards = append(shards, tenantdb.Shard{Name: name, Backend: db})
	}
	routed, err := tenantdb.Route(dir, time.Hour, nil, shards...)
	require.NoError(t, err)
	s, err := rbacsql.New(routed)
	require.NoError(t, err)
	ctx := tenancy.With(t.Context(), id)
	filled(t, ctx, s)
	before, err := s.Changes(ctx, 0)
	require.NoError(t, err)
	rows := rowsOf(t, from, id)
	require.NotZero(t, rows)
	_, err = postgres.Move(t.Context(), dir, id, from.Host.(*postgres.System), to.Host.(*postgres.System), postgres.MoveOptions{})
	require.NoError(t, err)
	require.Equal(t, []int{0, rows}, []int{rowsOf(t, from, id), rowsOf(t, to, id)})
	after, err := s.Changes(ctx, 0)
	require.NoError(t, err)
	after.Now = before.Now
	require.Equal(t, before, after)
	// There it goes on from the version it had.
	require.NoError(t, s.Tx(ctx, func(ctx context.Context) error {
		v, _, err := s.Advance(ctx)
		require.Equal(t, before.Version+1, v)
		return err
	}))
}
