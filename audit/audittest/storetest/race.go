package storetest

import (
	"sync"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The first two need a tree only.
var raceTests = []test{
	{"32 writers of several handles leave no gap, no fork and nothing out", raceWriters},
	{"of many who grow the tree one wins", raceGrow},
	{"many who append the same ids agree on their places", raceSame},
	{"writers of many tenants do not disturb each other", raceTenants},
}

const writers = 32

// together runs f for 0 to n-1 at once.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; f(i) })
	}
	close(start)
	wg.Wait()
}

func raceWriters(t *testing.T, b *book) {
	const rounds = 8
	var mu sync.Mutex
	acknowledged := map[uuid.UUID]audit.Placed{}
	var failed error
	together(writers, func(i int) {
		tree := b.trees[i%len(b.trees)]
		for round := range rounds {
			list := b.entries(1 + (i+round)%3)
			placed, err := tree.Append(b.ctx, list)
			mu.Lock()
			if err != nil {
				failed = err
			}
			for j, p := range placed {
				acknowledged[list[j].ID] = p
				if j > 0 && p.Seq != placed[j-1].Seq+1 {
					t.Errorf("a batch was torn: %d after %d", p.Seq, placed[j-1].Seq)
				}
			}
			mu.Unlock()
		}
	})
	require.NoError(t, failed)
	for seq, id := range b.whole(t, len(acknowledged)) {
		require.EqualValues(t, seq, acknowledged[id].Seq)
		require.False(t, acknowledged[id].Again)
	}
}

func raceGrow(t *testing.T, b *book) {
	b.append(t, b.entries(300)...)
	for round := range uint64(10) {
		errs := make([]error, 8)
		together(len(errs), func(i int) {
			errs[i] = b.trees[i%len(b.trees)].Grow(b.ctx, round, round+1, []byte{byte(i)}, nil)
		})
		size, frontier, err := b.tree().Grown(b.ctx)
		require.NoError(t, err)
		require.Equal(t, round+1, size)
		for i, err := range errs {
			if int(frontier[0]) == i {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, audit.ErrConflict)
			}
		}
	}
}

func raceSame(t *testing.T, b *book) {
	list := b.entries(40)
	placed := make([][]audit.Placed, 8)
	errs := make([]error, 8)
	together(len(placed), func(i int) {
		tree := b.trees[i%len(b.trees)]
		for at := 0; at < len(list); at += 4 {
			p, err := tree.Append(b.ctx, list[at:at+4])
			if err != nil {
				errs[i] = err
				return
			}
			placed[i] = append(placed[i], p...)
		}
	})
	b.whole(t, len(list))
	first := make([]int, len(list))
	for i, ps := range placed {
		require.NoError(t, errs[i])
		for j, p := range ps {
			require.Equal(t, placed[0][j].Seq, p.Seq)
			require.Equal(t, list[j].Hash, p.Hash)
			if !p.Again {
				first[j]++
			}
		}
	}
	for _, n := range first {
		require.Equal(t, 1, n, "each is new to one of its writers")
	}
}

func raceTenants(t *testing.T, b *book) {
	books := []*book{b}
	for range 3 {
		books = append(books, newBook(t, b.Harness))
	}
	errs := make([]error, writers/2)
	together(len(errs), func(i int) {
		for round := range 12 {
			o := books[(i+round)%len(books)]
			if _, err := o.trees[i%len(o.trees)].Append(o.ctx, o.entries(2)); err != nil {
				errs[i] = err
			}
		}
	})
	for _, err := range errs {
		require.NoError(t, err)
	}
	for _, o := range books {
		o.whole(t, 2*12*len(errs)/len(books))
	}
}
