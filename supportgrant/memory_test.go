package supportgrant_test

import (
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest/storetest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestMemoryKeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openMemory)
}

// openMemory opens a Memory whose clock can be moved.
func openMemory(testing.TB) storetest.Harness {
	var mu sync.Mutex
	var moved time.Duration
	m := supportgrant.NewMemory(func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return time.Now().Add(moved)
	})
	rows := map[tenancy.ID][]supportgrant.Row{}
	fill := func(t testing.TB, id tenancy.ID, more ...supportgrant.Row) {
		mu.Lock()
		rows[id] = append(rows[id], more...)
		all := rows[id]
		mu.Unlock()
		require.NoError(t, m.Fill(tenancy.With(t.Context(), id), storetest.Posts, all...))
	}
	return storetest.Harness{
		Stores:  []supportgrant.Store{m},
		Tenant:  func(t testing.TB) tenancy.ID { id := tenancy.NewID(); fill(t, id); return id },
		Fill:    fill,
		Advance: func(d time.Duration) { mu.Lock(); defer mu.Unlock(); moved += d },
	}
}
