package dsarsql_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar/breach"
	"github.com/bailiwick-dev/bailiwick/dsar/breach/breachtest"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { door.Main(m) }

var tables = door.Door{Name: "dsar", SQLite: dsarsql.SQLite(), Migrate: dsarsql.Migrate}

func breachesIn(t testing.TB, w *door.World) *dsarsql.Breaches {
	t.Helper()
	s, err := dsarsql.NewBreaches(w.DB)
	require.NoError(t, err)
	return s
}

func TestTheRegisterOfBreachesKeepsTheContract(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		breachtest.Store(t, func(t testing.TB) breach.Store { return breachesIn(t, w) }, func(t testing.TB) tenancy.ID { return w.NewTenant(t) })
	})
}

func TestNewNeedsADatabase(t *testing.T) {
	t.Parallel()
	_, err := dsarsql.New(nil)
	require.Error(t, err)
	_, err = dsarsql.NewBreaches(nil)
	require.Error(t, err)
	_, err = dsarsql.NewJournal(nil)
	require.Error(t, err)
}

func storeIn(t testing.TB, w *door.World) *dsarsql.Store {
	t.Helper()
	s, err := dsarsql.New(w.DB)
	require.NoError(t, err)
	return s
}
