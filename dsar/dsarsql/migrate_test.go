package dsarsql_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTablesPassTheLibrarysOwnInspection(t *testing.T) { kept.PassInspection(t) }

func TestMigrateMayBeRepeatedAndRunByMany(t *testing.T) { kept.MigrateAgain(t) }

func TestNewerTablesAreRefused(t *testing.T) { kept.RefuseNewer(t) }

func TestTablesOfAnotherReleaseAreRefused(t *testing.T) { kept.RefuseOthers(t) }

func TestAMissingTableIsAWrongSchemaToo(t *testing.T) { kept.RefuseMissing(t) }

func TestADatabaseThatCannotBeReachedIsNotAvailable(t *testing.T) { kept.RefuseCut(t) }

func TestAPurgedTenantsRowsGoWithIt(t *testing.T) { kept.Purge(t) }

// There it goes on.
func TestATenantsRowsMoveWithIt(t *testing.T) {
	ctx, db := kept.Move(t)
	before := kept.Dump(t, ctx, db)
	kept.Fill(t, ctx, db)
	require.Greater(t, len(kept.Dump(t, ctx, db)), len(before))
}
