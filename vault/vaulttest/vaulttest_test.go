package vaulttest_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaulttest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryKeepsTheContract(t *testing.T) {
	t.Parallel()
	vaulttest.Run(t, func(testing.TB) vaulttest.Harness {
		s := vault.NewMemory()
		return vaulttest.Harness{Stores: []vault.Store{s, s}, Tenant: func(testing.TB) tenancy.ID { return tenancy.NewID() }, NoTransactions: true}
	})
}
