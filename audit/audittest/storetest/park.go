package storetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var parkTests = []test{
	{"parked entries get their places after the commit", parkPlaces},
	{"what was parked by a transaction that was rolled back never gets a place", parkForgets},
	{"a transaction that commits late is not skipped", parkLate},
	{"parking does not wait for other transactions", parkWaits},
	{"an id that was parked twice, or has a place, is in the log once", parkOnce},
	{"an id that stands for another action never blocks what was parked after it", parkReused},
	{"many who drain at once give each entry one place", parkRace},
	{"a backlog is drained in steps", parkBacklog},
}

// park parks in a transaction of its own and reports whether the entries were parked, and not placed at once.
func (b *book) park(t require.TestingT, entries ...audit.Entry) (parked bool) {
	require.NoError(t, b.store().Tx(b.ctx, func(ctx context.Context) error {
		placed, err := b.store().Park(ctx, entries)
		require.NoError(t, err)
		require.Len(t, placed, len(entries))
		parked = placed[0].Parked
		return nil
	}))
	return parked
}

// drain gives all that is parked its places.
func (b *book) drain(t require.TestingT) int {
	total := 0
	for {
		n, err := b.store().Drain(b.ctx, 100)
		require.NoError(t, err)
		require.LessOrEqual(t, n, 100)
		if n == 0 {
			return total
		}
		total += n
	}
}

func parkPlaces(t *testing.T, b *book) {
	require.Zero(t, b.drain(t))
	list := b.entries(4)
	list[1].Open = []audit.Opening{about("ann", "ann's\x00value"), about("bob", "")}
	b.append(t, list[0])
	size := b.size(t)
	if parked := b.park(t, list[1], list[2]); parked {
		require.Equal(t, size, b.size(t))
		require.Equal(t, 2, b.drain(t))
	}
	b.park(t, list[3])
	b.drain(t)
	b.whole(t, 4)
	for i, e := range b.all(t) {
		same(t, uint64(i), list[i], e)
	}
	// Without a transaction it commits on its own.
	_, err := b.store().Park(b.ctx, b.entries(2))
	require.NoError(t, err)
	b.drain(t)
	b.whole(t, 6)
	placed, err := b.store().Park(b.ctx, nil)
	require.NoError(t, err)
	require.Empty(t, placed)
}

func parkForgets(t *testing.T, b *book) {
	lost := b.entries(2)
	require.ErrorIs(t, b.store().Tx(b.ctx, func(ctx context.Context) error {
		_, err := b.store().Park(ctx, lost)
		require.NoError(t, err)
		return errUndo
	}), errUndo)
	require.Zero(t, b.drain(t))
	b.park(t, lost[1])
	b.drain(t)
	require.Equal(t, []uuid.UUID{lost[1].ID}, b.whole(t, 1))
}

// open begins a transaction that parks and waits to be told to commit.
func (b *book) open(t *testing.T, s audit.Store, entries ...audit.Entry) (commit func()) {
	parked, end, ended := make(chan bool), make(chan bool), make(chan error)
	go func() {
		ended <- s.Tx(b.ctx, func(ctx context.Context) error {
			placed, err := s.Park(ctx, entries)
			parked <- err == nil && placed[0].Parked
			<-end
			return err
		})
	}()
	did := <-parked
	commit = sync.OnceFunc(func() { close(end); require.NoError(t, <-ended) })
	t.Cleanup(commit) // should the test fail before
	if !did {
		commit()
		t.Skip("this store gives places at once")
	}
	return commit
}

func parkLate(t *testing.T, b *book) {
	list := b.entries(6)
	last := b.Stores[len(b.Stores)-1]
	late := b.open(t, b.store(), list[3], list[4])
	early := b.open(t, last, list[0])
	early()
	require.Equal(t, 1, b.drain(t))
	b.park(t, list[1])
	require.Equal(t, 1, b.drain(t))
	b.append(t, list[2])
	late()
	b.park(t, list[5]) // began after late had ended
	require.Equal(t, 3, b.drain(t))
	var want []uuid.UUID
	for _, e := range list {
		want = append(want, e.ID)
	}
	require.Equal(t, want, b.whole(t, 6))
}

func parkWaits(t *testing.T, b *book) {
	commits := []func(){}
	for i := range 3 {
		commits = append(commits, b.open(t, b.Stores[i%len(b.Stores)], b.entries(2)...))
	}
	b.append(t, b.entries(1)...) // nor does an append wait for those who park
	for i := range commits {
		commits[len(commits)-1-i]()
	}
	b.drain(t)
	b.whole(t, 7)
}

func parkOnce(t *testing.T, b *book) {
	e, o := b.entry("note.written"), b.entry("note.written")
	b.park(t, e)
	b.park(t, e, o)
	b.park(t, e)
	b.drain(t)
	require.Equal(t, []uuid.UUID{e.ID, o.ID}, b.whole(t, 2))
	b.park(t, o, e)
	b.drain(t)
	b.whole(t, 2)
	placed, err := b.store().Append(b.ctx, []audit.Entry{o})
	require.NoError(t, err)
	require.Equal(t, []audit.Placed{{Seq: 1, Hash: o.Hash, Again: true}}, placed)
	// Parked first, appended before the drain.
	p := b.entry("note.written")
	b.park(t, p)
	_, err = b.store().Append(b.ctx, []audit.Entry{p})
	require.NoError(t, err)
	b.drain(t)
	b.whole(t, 3)
}

func parkReused(t *testing.T, b *book) {
	have, next := b.entry("note.written"), b.entry("note.written")
	b.append(t, have)
	err := b.store().Tx(b.ctx, func(ctx context.Context) error {
		_, err := b.store().Park(ctx, []audit.Entry{b.entryID(have.ID, "note.read", "")})
		return err
	})
	if err != nil {
		require.ErrorIs(t, err, audit.ErrIDReused)
	}
	b.park(t, next)
	b.drain(t)
	require.Equal(t, next.ID, b.all(t)[1].ID)
	same(t, 0, have, b.all(t)[0])
	b.whole(t, 2)
}

func parkRace(t *testing.T, b *book) {
	const n, rounds = 16, 10
	var left atomic.Int64
	left.Store(n)
	errs := make([]error, n+4)
	together(len(errs), func(i int) {
		s := b.Stores[i%len(b.Stores)]
		if i >= n {
			for left.Load() > 0 && errs[i] == nil {
				_, errs[i] = s.Drain(b.ctx, 7)
			}
			return
		}
		defer left.Add(-1)
		for round := range rounds {
			var err error
			if round%4 == 3 {
				_, err = s.Append(b.ctx, b.entries(1))
			} else {
				err = s.Tx(b.ctx, func(ctx context.Context) error {
					_, err := s.Park(ctx, b.entries(1))
					return err
				})
			}
			if err != nil {
				errs[i] = err
			}
		}
	})
	for _, err := range errs {
		require.NoError(t, err)
	}
	b.drain(t)
	b.whole(t, n*rounds)
}

func parkBacklog(t *testing.T, b *book) {
	list := b.entries(1000)
	for at := 0; at < len(list); at += 250 {
		if !b.park(t, list[at:at+250]...) {
			t.Skip("this store gives places at once")
		}
	}
	n, err := b.store().Drain(b.ctx, 3)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	b.whole(t, 3)
	require.Equal(t, 997, b.drain(t))
	for i, id := range b.whole(t, 1000) {
		require.Equal(t, list[i].ID, id)
	}
}
