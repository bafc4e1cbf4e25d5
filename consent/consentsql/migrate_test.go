package consentsql_test

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/stretchr/testify/require"
)

// kept are the tables, and who fills and calls them.
var kept = door.Kept{Door: tables, Tables: consentsql.Tables, Comment: "consent_entry", Versions: "consent_version",
	Schema: consent.ErrSchema, Unavailable: consent.ErrUnavailable, Unknown: consent.ErrUnknown,
	Fill: func(t testing.TB, ctx context.Context, db *tenantdb.DB) {
		s, err := consentsql.New(db)
		require.NoError(t, err)
		filled(t, ctx, s, 3)
	},
	Calls: func(t testing.TB, ctx context.Context, db *tenantdb.DB) map[string]func() error {
		s, err := consentsql.New(db)
		require.NoError(t, err)
		return map[string]func() error{
			"Head": func() error {
				return s.Tx(ctx, func(ctx context.Context) error { _, err := s.Head(ctx); return err })
			},
			"Write":    func() error { return s.Write(ctx, nil, nil, []consent.Document{document}) },
			"Keyed":    func() error { _, err := s.Keyed(ctx, []consent.Key{{1}}); return err },
			"State":    func() error { _, err := s.State(ctx, consent.Who{1}); return err },
			"States":   func() error { _, err := s.States(ctx, []consent.Who{{1}}); return err },
			"Forget":   func() error { return s.Forget(ctx, consent.Who{1}) },
			"History":  func() error { _, err := s.History(ctx, consent.Subject{1}, 0, 1); return err },
			"Ledger":   func() error { _, err := s.Ledger(ctx, 0, 1); return err },
			"Document": func() error { _, err := s.Document(ctx, consent.Hash{1}); return err },
		}
	},
}

func TestTablesPassTheLibrarysOwnInspection(t *testing.T) { kept.PassInspection(t) }

func TestMigrateMayBeRepeatedAndRunByMany(t *testing.T) { kept.MigrateAgain(t) }

func TestNewerTablesAreRefused(t *testing.T) { kept.RefuseNewer(t) }

func TestTablesOfAnotherReleaseAreRefused(t *testing.T) { kept.RefuseOthers(t) }

func TestAMissingTableIsAWrongSchemaToo(t *testing.T) { kept.RefuseMissing(t) }

func TestADatabaseThatCannotBeReachedIsNotAvailable(t *testing.T) { kept.RefuseCut(t) }

func TestAPurgedTenantsLedgerGoesWithIt(t *testing.T) { kept.Purge(t) }

// Where it moved to it goes on.
func TestATenantsLedgerMovesWithIt(t *testing.T) {
	moving := kept
	moving.Fill = func(t testing.TB, ctx context.Context, db *tenantdb.DB) {
		s, err := consentsql.New(db)
		require.NoError(t, err)
		for _, user := range []string{"ann", "bob", "ann"} {
			_, err := managerOver(t, s).OptOutFor(ctx, user)
			require.NoError(t, err)
		}
	}
	ctx, db := moving.Move(t)
	s, err := consentsql.New(db)
	require.NoError(t, err)
	m := managerOver(t, s)
	before, err := s.Ledger(ctx, 0, 100)
	require.NoError(t, err)
	e, err := m.WithdrawFor(ctx, "ann")
	require.NoError(t, err)
	require.Equal(t, before[len(before)-1].Seq+1, e.Seq)
	rep, err := m.Verify(ctx)
	require.NoError(t, err)
	require.True(t, rep.OK())
}
