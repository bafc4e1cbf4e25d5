package vaultsql_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
	"github.com/bailiwick-dev/bailiwick/vault/vaulttest"
	"github.com/stretchr/testify/require"
)

func TestStoresKeepTheContract(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *world{"sqlite": onSQLite, "postgres": onPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vaulttest.Run(t, func(t testing.TB) vaulttest.Harness {
				w := open(t)
				return vaulttest.Harness{Tenant: w.newTenant, Stores: []vault.Store{w.store(t), w.process(t), w.process(t)}}
			})
		})
	}
}

func TestNewNeedsADatabase(t *testing.T) {
	t.Parallel()
	_, err := vaultsql.New(nil)
	require.Error(t, err)
}
