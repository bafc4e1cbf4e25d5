package rbacsql_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/rbac/rbactest"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { door.Main(m) }

var tables = door.Door{Name: "rbac", SQLite: rbacsql.SQLite(), System: rbacsql.SQLiteSystem(), Migrate: rbacsql.Migrate}

func storeIn(t testing.TB, w *door.World) *rbacsql.Store {
	t.Helper()
	s, err := rbacsql.New(w.DB)
	require.NoError(t, err)
	return s
}

func TestStoresKeepTheContract(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *door.World{"sqlite": tables.OnSQLite, "postgres": tables.OnPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rbactest.Store(t, func(t testing.TB) rbactest.Harness {
				w := open(t)
				return rbactest.Harness{Tenant: w.NewTenant, Stores: []rbac.Store{storeIn(t, w), storeIn(t, w.Process(t)), storeIn(t, w.Process(t))}}
			})
		})
	}
}

func TestNewNeedsADatabase(t *testing.T) {
	t.Parallel()
	_, err := rbacsql.New(nil)
	require.Error(t, err)
}
