package supportgrantsql_test

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/stretchr/testify/require"
)

// kept are the tables, and who fills and calls them.
var kept = door.Kept{Door: onPostgres, Tables: supportgrantsql.Tables, Comment: "supportgrant_grant", Versions: "supportgrant_version",
	Schema: supportgrant.ErrSchema, Unavailable: supportgrant.ErrUnavailable, Unknown: supportgrant.ErrUnknown,
	Fill: func(t testing.TB, ctx context.Context, db *tenantdb.DB) {
		s, err := supportgrantsql.New(db)
		require.NoError(t, err)
		attackable(t, ctx, s, db, live(t, ctx, s, asked(time.Hour)))
	},
	Calls: func(t testing.TB, ctx context.Context, db *tenantdb.DB) map[string]func() error {
		s, err := supportgrantsql.New(db)
		require.NoError(t, err)
		codes, err := supportgrantsql.NewTOTP(db)
		require.NoError(t, err)
		id := asked(time.Hour).ID
		return map[string]func() error{
			"AddGrant":  func() error { _, err := s.AddGrant(ctx, asked(time.Hour)); return err },
			"Grants":    func() error { _, _, err := s.Grants(ctx, supportgrant.Find{}); return err },
			"Grant":     func() error { _, _, err := s.Grant(ctx, id); return err },
			"Read":      func() error { return s.Read(ctx, page(id), nil) },
			"Challenge": func() error { return s.AddChallenge(ctx, supportgrant.ChallengeRow{Grant: id}, 1) },
			"Burn":      func() error { _, err := s.Burn(ctx, nonce()); return err },
			"Attempt":   func() error { _, err := codes.Attempt(ctx, "b"); return err },
		}
	},
}

func TestTablesPassTheLibrarysOwnInspection(t *testing.T) { kept.PassInspection(t) }

func TestMigrateMayBeRepeatedAndRunByMany(t *testing.T) { kept.MigrateAgain(t) }

func TestNewerTablesAreRefused(t *testing.T) { kept.RefuseNewer(t) }

func TestTablesOfAnotherReleaseAreRefused(t *testing.T) { kept.RefuseOthers(t) }

func TestAMissingTableIsAWrongSchemaToo(t *testing.T) { kept.RefuseMissing(t) }

func TestADatabaseThatCannotBeReachedIsNotAvailable(t *testing.T) { kept.RefuseCut(t) }

func TestAPurgedTenantsGrantsGoWithIt(t *testing.T) { kept.Purge(t) }

func TestAnotherTenantReachesNothing(t *testing.T) { kept.AttackAcross(t) }

// There it is withdrawn.
func TestATenantsGrantsMoveWithIt(t *testing.T) {
	ctx, db := kept.Move(t)
	s, err := supportgrantsql.New(db)
	require.NoError(t, err)
	all, _, err := s.Grants(ctx, supportgrant.Find{States: []supportgrant.State{supportgrant.Approved}})
	require.NoError(t, err)
	require.NotEmpty(t, all)
	g := all[0]
	_, err = s.Move(ctx, supportgrant.Move{ID: g.ID, Version: g.Version, From: supportgrant.Approved, To: supportgrant.Withdrawn})
	require.NoError(t, err)
}

func TestNewNeedsADatabase(t *testing.T) {
	t.Parallel()
	_, err := supportgrantsql.New(nil)
	require.Error(t, err)
	_, err = supportgrantsql.NewTOTP(nil)
	require.Error(t, err)
}
