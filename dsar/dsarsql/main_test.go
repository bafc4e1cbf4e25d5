package dsarsql_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/breach"
	"github.com/bailiwick-dev/bailiwick/dsar/breach/breachtest"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest/storetest"
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

func TestStoresKeepTheContract(t *testing.T) {
	t.Parallel()
	harness := func(t testing.TB, w *door.World, advance func(time.Duration)) storetest.Harness {
		return storetest.Harness{Stores: []dsar.Store{storeIn(t, w), storeIn(t, w.Process(t)), storeIn(t, w.Process(t))}, Tenant: w.NewTenant, Advance: advance}
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		storetest.Run(t, func(t testing.TB) storetest.Harness {
			var moved atomic.Int64
			timed := tables
			timed.Clock = func() time.Time { return time.Now().Add(time.Duration(moved.Load())) }
			return harness(t, timed.OnSQLite(t), func(d time.Duration) { moved.Add(int64(d)) })
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		storetest.Run(t, func(t testing.TB) storetest.Harness { return harness(t, tables.OnPostgres(t), nil) })
	})
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
