package consenttest_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/consent/consenttest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryKeepsTheContract(t *testing.T) {
	t.Parallel()
	consenttest.Store(t, func(testing.TB) consenttest.Harness {
		s := consent.NewMemory()
		return consenttest.Harness{Stores: []consent.Store{s, s}, Tenant: func(testing.TB) tenancy.ID { return tenancy.NewID() }}
	})
}
