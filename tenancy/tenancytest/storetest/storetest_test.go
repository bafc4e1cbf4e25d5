package storetest_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancytest/storetest"
)

func TestMemoryKeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(testing.TB) tenancy.Store { return tenancy.NewMemory() })
}
