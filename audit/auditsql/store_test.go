package auditsql_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest/storetest"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
)

// entry is one of a made-up action with n openings; its leaf is not one of package audit's.
func entry(n int, leaf string) audit.Entry {
	e := audit.Entry{ID: uuid.Must(uuid.NewV7()), Action: "test.done", Leaf: []byte(leaf), Hash: [32]byte(tlog.RecordHash([]byte(leaf)))}
	for i := range n {
		e.Open = append(e.Open, audit.Opening{Subject: audit.Pseudonym{byte(i + 1)}, Data: []byte(fmt.Sprintf("%s, by %d", leaf, i))})
	}
	return e
}

// stored returns all that the log of ctx's tenant holds.
func stored(t *testing.T, ctx context.Context, s audit.Tree) (all []audit.Stored) {
	t.Helper()
	size, err := s.Size(ctx)
	require.NoError(t, err)
	require.NoError(t, s.Leaves(ctx, 0, size, func(e audit.Stored) error { all = append(all, e); return nil }))
	return all
}

func TestStoresKeepTheContract(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *world{"sqlite": onSQLite, "postgres": onPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t testing.TB) storetest.Harness {
				w := open(t)
				h := storetest.Harness{Tenant: w.newTenant}
				stores, _ := processes(t, w, 2)
				for _, s := range stores {
					h.Stores = append(h.Stores, s)
				}
				return h
			})
		})
	}
}

func TestWhatIsAppendedIsReadBack(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s, ctx := w.store(t), w.tenant(t)
		var want []audit.Entry
		for _, n := range []int{1, 5, 70} {
			batch := make([]audit.Entry, n)
			for i := range batch {
				batch[i] = entry(i%3, fmt.Sprintf("leaf %d of %d", i, n))
			}
			placed, err := s.Append(ctx, batch)
			require.NoError(t, err)
			for i, p := range placed {
				require.Equal(t, audit.Placed{Seq: uint64(len(want) + i), Hash: batch[i].Hash}, p)
			}
			want = append(want, batch...)
		}
		again, err := s.Append(ctx, []audit.Entry{entry(0, "new"), want[3], want[3]})
		require.NoError(t, err)
		require.EqualValues(t, 76, again[0].Seq)
		require.Equal(t, audit.Placed{Seq: 3, Hash: want[3].Hash, Again: true}, again[1])
		require.Equal(t, again[1], again[2])
		got := stored(t, ctx, s)
		require.Len(t, got, 77)
		for i, e := range want {
			require.Equal(t, e, got[i].Entry)
			require.EqualValues(t, i, got[i].Seq)
		}
		hashes, err := s.Hashes(ctx, 5, 9)
		require.NoError(t, err)
		require.Equal(t, want[5].Hash[:], hashes[:32])
	})
}
