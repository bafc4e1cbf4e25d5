package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/stretchr/testify/require"
)

var transactionTests = []test{
	{"what a transaction did is in force together", txCommits},
	{"what a transaction that failed did is not in force", txRollsBack},
	{"a panic rolls back", txPanics},
	{"a transaction sees what it did and nobody else does", txHides},
	{"a transaction inside another joins it", txJoins},
	{"a failed transaction takes the one around it along", txDooms},
	{"to find nothing does not spoil a transaction", txNotFound},
	{"a refused entry leaves a transaction whole or undone", txRefused},
	{"what waits for the commit runs after it and never without", txCommitted},
}

var errUndo = errors.New("undo it")

// prepare gives b's log 300 entries with openings, a tile, a checkpoint and a hold of a subject.
func prepare(t *testing.T, b *book) []audit.Entry {
	var list []audit.Entry
	for range 300 {
		list = append(list, b.entry("note.written", about("ann", "ann's value"), about("bob", "")))
	}
	b.append(t, list...)
	require.NoError(t, b.store().Grow(b.ctx, 0, 300, []byte("edge"), []audit.Tile{tile(0, 0)}))
	require.NoError(t, b.store().Sign(b.ctx, audit.Signed{Size: 300, Note: []byte("note"), HeadsIndex: -1}))
	require.NoError(t, b.store().Hold(b.ctx, audit.Hold{ID: "first", Subject: new(who("eve")), Reason: "matter 1"}))
	return list
}

// everything is all that can be read of a log, to be compared.
type everything struct {
	Size, Grown, Pruned uint64
	Frontier            string
	Events              []audit.Stored
	Open                []map[audit.Pseudonym]string
	Signed              []audit.Signed
	Holds               []audit.Hold
	Tiles               [][]byte
}

func (b *book) everything(t require.TestingT, ctx context.Context) (s everything) {
	var err error
	s.Size, err = b.store().Size(ctx)
	require.NoError(t, err)
	var frontier []byte
	s.Grown, frontier, err = b.store().Grown(ctx)
	require.NoError(t, err)
	s.Frontier = string(frontier)
	s.Pruned, err = b.store().PrunedTo(ctx)
	require.NoError(t, err)
	require.NoError(t, b.store().Leaves(ctx, 0, s.Size, keep(&s.Events)))
	for i := range s.Events {
		s.Open = append(s.Open, openings(s.Events[i].Open))
		s.Events[i].Open = nil
	}
	require.NoError(t, b.store().Signed(ctx, 0, func(c audit.Signed) error {
		c.Note = append([]byte(nil), c.Note...)
		s.Signed = append(s.Signed, c)
		return nil
	}))
	s.Holds, err = b.store().Holds(ctx)
	require.NoError(t, err)
	s.Tiles, err = b.store().Tiles(ctx, []audit.TileID{{Level: 0, Index: 0}, {Level: 0, Index: 1}})
	require.NoError(t, err)
	return s
}

// change does one of each thing that a store can do, but for parking, to what prepare made.
func change(t *testing.T, b *book, ctx context.Context) {
	s := b.store()
	require.NoError(t, s.Reopen(ctx, who("ann"), []audit.Reopening{{Seq: 7, Data: []byte("short")}, {Seq: 8}}))
	pruned := b.pruning(256)
	placed, err := s.Append(ctx, append(b.entries(300), pruned))
	require.NoError(t, err)
	require.NoError(t, s.Prune(ctx, 256, placed[300].Seq))
	require.NoError(t, s.Grow(ctx, 300, 512, []byte("other edge"), []audit.Tile{tile(0, 1)}))
	require.NoError(t, s.Indexed(ctx, 300, 17))
	require.NoError(t, s.Sign(ctx, audit.Signed{Size: 512, Note: []byte("another"), HeadsIndex: -1}))
	require.NoError(t, s.Release(ctx, "first"))
	require.NoError(t, s.Hold(ctx, audit.Hold{ID: "second", Reason: "matter 2"}))
}

func txCommits(t *testing.T, b *book) {
	prepare(t, b)
	var inside everything
	require.NoError(t, b.store().Tx(b.ctx, func(ctx context.Context) error {
		change(t, b, ctx)
		inside = b.everything(t, ctx)
		return nil
	}))
	after := b.everything(t, b.ctx)
	require.Equal(t, inside, after)
	require.EqualValues(t, 601, after.Size)
	require.EqualValues(t, 256, after.Pruned)
	require.Len(t, after.Events, 601-256)
	require.Len(t, after.Signed, 2)
	require.EqualValues(t, 17, after.Signed[0].HeadsIndex)
	require.Len(t, after.Holds, 1)
	require.Equal(t, "second", after.Holds[0].ID)
}

func txRollsBack(t *testing.T, b *book) {
	list := prepare(t, b)
	before := b.everything(t, b.ctx)
	lost := b.entry("note.written")
	require.ErrorIs(t, b.store().Tx(b.ctx, func(ctx context.Context) error {
		change(t, b, ctx)
		_, err := b.store().Append(ctx, []audit.Entry{lost})
		require.NoError(t, err)
		_, err = b.store().Park(ctx, b.entries(3))
		require.NoError(t, err)
		_, err = b.store().Drain(ctx, 2)
		require.NoError(t, err)
		return errUndo
	}), errUndo)
	n, err := b.store().Drain(b.ctx, 10)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Equal(t, before, b.everything(t, b.ctx))
	b.append(t, lost) // its id was not used up
	placed, err := b.store().Append(b.ctx, list[:1])
	require.NoError(t, err)
	require.True(t, placed[0].Again)
	b.whole(t, 301)
}

func txPanics(t *testing.T, b *book) {
	prepare(t, b)
	before := b.everything(t, b.ctx)
	require.PanicsWithValue(t, "oh", func() {
		_ = b.store().Tx(b.ctx, func(ctx context.Context) error {
			b.store().Committed(ctx, func() { t.Error("ran after a panic") })
			change(t, b, ctx)
			panic("oh")
		})
	})
	require.Equal(t, before, b.everything(t, b.ctx))
	b.append(t, b.entries(2)...)
}

func txHides(t *testing.T, b *book) {
	prepare(t, b)
	before := b.everything(t, b.ctx)
	require.NoError(t, b.store().Tx(b.ctx, func(ctx context.Context) error {
		change(t, b, ctx)
		require.NotEqual(t, before, b.everything(t, ctx))
		done := make(chan everything)
		go func() { defer close(done); done <- b.everything(t, b.ctx) }()
		require.Equal(t, before, <-done)
		return nil
	}))
	require.NotEqual(t, before, b.everything(t, b.ctx))
}

func txJoins(t *testing.T, b *book) {
	s := b.store()
	require.False(t, s.InTx(b.ctx))
	list := b.entries(3)
	require.ErrorIs(t, s.Tx(b.ctx, func(ctx context.Context) error {
		require.True(t, s.InTx(ctx))
		require.False(t, s.InTx(b.ctx))
		require.NoError(t, s.Tx(ctx, func(ctx context.Context) error {
			require.True(t, s.InTx(ctx))
			_, err := s.Append(ctx, list)
			return err
		}))
		return errUndo
	}), errUndo)
	require.Zero(t, b.size(t))
	var kept context.Context
	require.NoError(t, s.Tx(b.ctx, func(ctx context.Context) error {
		kept = ctx
		if err := s.Tx(ctx, func(ctx context.Context) error {
			_, err := s.Append(ctx, list[:2])
			return err
		}); err != nil {
			return err
		}
		_, err := s.Append(ctx, list[2:])
		return err
	}))
	b.whole(t, 3)
	require.False(t, s.InTx(kept), "it has ended")
	_, err := s.Append(kept, b.entries(1))
	require.Error(t, err, "it has ended")
	b.whole(t, 3)
}

func txDooms(t *testing.T, b *book) {
	s := b.store()
	require.Error(t, s.Tx(b.ctx, func(ctx context.Context) error {
		_, err := s.Append(ctx, b.entries(1))
		require.NoError(t, err)
		require.ErrorIs(t, s.Tx(ctx, func(ctx context.Context) error {
			_, err := s.Append(ctx, b.entries(1))
			require.NoError(t, err)
			return errUndo
		}), errUndo)
		_ = s.Tx(ctx, func(context.Context) error { return nil })
		return nil
	}), "part of it is not in force")
	require.Zero(t, b.size(t))
}

func txNotFound(t *testing.T, b *book) {
	s := b.store()
	list := b.entries(2)
	require.NoError(t, s.Tx(b.ctx, func(ctx context.Context) error {
		_, err := s.ByID(ctx, list[0].ID)
		require.ErrorIs(t, err, audit.ErrNotFound)
		_, err = s.Newest(ctx)
		require.ErrorIs(t, err, audit.ErrNotFound)
		_, err = s.Append(ctx, list)
		require.NoError(t, err)
		require.ErrorIs(t, s.Leaves(ctx, 0, 2, func(audit.Stored) error { return errStop }), errStop)
		require.ErrorIs(t, s.Find(ctx, audit.Find{Limit: 2}, func(audit.Stored) error { return errStop }), errStop)
		return nil
	}))
	b.whole(t, 2)
}

func txRefused(t *testing.T, b *book) {
	s := b.store()
	have := b.entry("note.written")
	b.append(t, have)
	err := s.Tx(b.ctx, func(ctx context.Context) error {
		_, err := s.Append(ctx, b.entries(1))
		require.NoError(t, err)
		_, err = s.Append(ctx, []audit.Entry{b.entry("note.read"), b.entryID(have.ID, "note.read", "")})
		require.ErrorIs(t, err, audit.ErrIDReused)
		return nil // although it failed
	})
	if err != nil {
		b.whole(t, 1)
	} else {
		b.whole(t, 2)
	}
	b.append(t, b.entries(1)...)
}

func txCommitted(t *testing.T, b *book) {
	s := b.store()
	ran := ""
	s.Committed(b.ctx, func() { ran += "at once," })
	require.Equal(t, "at once,", ran)
	require.NoError(t, s.Tx(b.ctx, func(ctx context.Context) error {
		s.Committed(ctx, func() {
			require.EqualValues(t, 1, b.size(t), "it has committed")
			ran += "outer,"
		})
		require.NoError(t, s.Tx(ctx, func(ctx context.Context) error {
			s.Committed(ctx, func() { ran += "inner," })
			_, err := s.Append(ctx, b.entries(1))
			return err
		}))
		require.Equal(t, "at once,", ran)
		return nil
	}))
	require.Equal(t, "at once,outer,inner,", ran)
	require.Error(t, s.Tx(b.ctx, func(ctx context.Context) error {
		s.Committed(ctx, func() { t.Error("ran without a commit") })
		return errUndo
	}))
	ctx, cancel := context.WithCancel(b.ctx)
	require.Error(t, s.Tx(ctx, func(ctx context.Context) error {
		s.Committed(ctx, func() { t.Error("ran without a commit") })
		_, err := s.Append(ctx, b.entries(1))
		require.NoError(t, err)
		cancel()
		return nil
	}))
	b.whole(t, 1)
}
