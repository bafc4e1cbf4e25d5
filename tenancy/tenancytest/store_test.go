package tenancytest_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancytest"
)

func TestMemoryKeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	tenancytest.Store(t, func(testing.TB) tenancy.Store { return tenancy.NewMemory() })
}
