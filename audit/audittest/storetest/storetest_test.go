package storetest_test

import (
	"flag"
	"os"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest/storetest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv("BAILIWICK_SOAK") != "1" {
		_ = flag.Set("rapid.checks", "20") // the flag is there: package rapid defines it
	}
	goleak.VerifyTestMain(m)
}

func TestMemoryKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(testing.TB) storetest.Harness {
		s := audit.NewMemory()
		return storetest.Harness{Stores: []audit.Store{s, s}, Tenant: func(testing.TB) tenancy.ID { return tenancy.NewID() }}
	})
}
