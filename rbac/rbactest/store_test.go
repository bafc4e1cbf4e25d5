package rbactest_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/rbactest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryKeepsTheContract(t *testing.T) {
	t.Parallel()
	rbactest.Store(t, func(testing.TB) rbactest.Harness {
		s := rbac.NewMemory()
		return rbactest.Harness{Stores: []rbac.Store{s, s}, Tenant: func(testing.TB) tenancy.ID { return tenancy.NewID() }}
	})
}
