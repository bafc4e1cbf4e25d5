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
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/stretchr/testify/require"
)

// kept are the tables, and who fills and calls them.
var kept = door.Kept{Door: tables, Tables: rbacsql.Tables, Comment: "rbac_version", Versions: "rbac_homes.goose_db_version", Schema: rbac.ErrSchema, Unavailable: rbac.ErrUnavailable,
	Fill: func(t testing.TB, ctx context.Context, db *tenantdb.DB) {
		s, err := rbacsql.New(db)
		require.NoError(t, err)
		filled(t, ctx, s)
	},
	Calls: func(t testing.TB, ctx context.Context, db *tenantdb.DB) map[string]func() error {
		s, err := rbacsql.New(db)
		require.NoError(t, err)
		return map[string]func() error{
			"Version":    func() error { _, _, err := s.Version(ctx); return err },
			"Changes":    func() error { _, err := s.Changes(ctx, 0); return err },
			"Saw":        func() error { return s.Saw(ctx, []rbac.Use{{Kind: rbac.UseOfPerson, ID: "ann", At: time.Now()}}) },
			"Uses":       func() error { _, err := s.Uses(ctx); return err },
			"Invitation": func() error { _, err := s.Invitation(ctx, "i1"); return err },
			"Advance": func() error {
				return s.Tx(ctx, func(ctx context.Context) error { _, _, err := s.Advance(ctx); return err })
			},
		}
	},
}

func TestTablesPassTheLibrarysOwnInspection(t *testing.T) { kept.PassInspection(t) }

func TestMigrateMayBeRepeatedAndRunByMany(t *testing.T) { kept.MigrateAgain(t) }

func TestNewerTablesAreRefused(t *testing.T) { kept.RefuseNewer(t) }

func TestTablesOfAnotherReleaseAreRefused(t *testing.T) { kept.RefuseOthers(t) }

func TestAMissingTableIsAWrongSchemaToo(t *testing.T) { kept.RefuseMissing(t) }

// Homes are in the system database, which is looked at too.
func TestHomesOfAnotherReleaseAreRefused(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "data"), sqlite.Options{SystemAudit: func(context.Context, tenancy.Act) error { return nil }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	s, err := rbacsql.New(db.TenantDB())
	require.NoError(t, err)
	_, err = s.Homes(t.Context(), rbac.HomeOfPerson, "ann")
	require.ErrorIs(t, err, rbac.ErrSchema)
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

func TestAPurgedTenantsRulesGoWithIt(t *testing.T) { kept.Purge(t) }

// There it goes on from the version it had.
func TestATenantsRulesMoveWithIt(t *testing.T) {
	ctx, db := kept.Move(t)
	s, err := rbacsql.New(db)
	require.NoError(t, err)
	before, err := s.Changes(ctx, 0)
	require.NoError(t, err)
	require.NoError(t, s.Tx(ctx, func(ctx context.Context) error {
		v, _, err := s.Advance(ctx)
		require.Equal(t, before.Version+1, v)
		return err
	}))
}
