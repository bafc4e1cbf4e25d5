package dsar_test

import (
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest/storetest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

func TestMemoryKeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(testing.TB) storetest.Harness {
		var mu sync.Mutex
		var moved time.Duration
		m := dsar.NewMemory(func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(moved)
		})
		return storetest.Harness{
			Stores:  []dsar.Store{m, m},
			Tenant:  func(testing.TB) tenancy.ID { return tenancy.NewID() },
			Advance: func(d time.Duration) { mu.Lock(); defer mu.Unlock(); moved += d },
		}
	})
}
