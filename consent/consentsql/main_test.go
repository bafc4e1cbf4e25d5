package consentsql_test

import (
	"flag"
	"runtime"
	"strconv"
	"testing"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/consent/consenttest"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/stretchr/testify/require"
)

// Most of the time a test waits for a server: there are more of them at once than processors, unless -parallel says otherwise.
func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", strconv.Itoa(max(4, runtime.GOMAXPROCS(0))))
	door.Main(m)
}

var tables = door.Door{Name: "consent", SQLite: consentsql.SQLite(), Migrate: consentsql.Migrate}

func storeIn(t testing.TB, w *door.World) *consentsql.Store {
	t.Helper()
	s, err := consentsql.New(w.DB)
	require.NoError(t, err)
	return s
}

func TestStoresKeepTheContract(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *door.World{"sqlite": tables.OnSQLite, "postgres": tables.OnPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			consenttest.Store(t, func(t testing.TB) consenttest.Harness {
				w := open(t)
				return consenttest.Harness{Tenant: w.NewTenant, Stores: []consent.Store{storeIn(t, w), storeIn(t, w.Process(t)), storeIn(t, w.Process(t))}}
			})
		})
	}
}

func TestNewNeedsADatabase(t *testing.T) {
	t.Parallel()
	_, err := consentsql.New(nil)
	require.Error(t, err)
}
