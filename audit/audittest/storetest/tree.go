package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var treeTests = []test{
	{"entries get the next places in their order", treePlaces},
	{"an entry comes back as it was stored", treeKeeps},
	{"an id is in the log once", treeOnce},
	{"an id that stands for another action stops the whole append", treeReused},
	{"hashes of a range, or an error if one is missing", treeHashes},
	{"leaves of a range in order until the callback fails", treeLeaves},
	{"the tree grows from what it is and from nothing else", treeGrows},
	{"tiles come back in the order asked for", treeTiles},
	{"checkpoints never go back and the first of a size stays", treeSigns},
}

var errStop = errors.New("enough")

func treePlaces(t *testing.T, b *book) {
	require.Zero(t, b.size(t))
	placed, err := b.tree().Append(b.ctx, nil)
	require.NoError(t, err)
	require.Empty(t, placed)
	var want []uuid.UUID
	for _, n := range []int{1, 3, 300, 1, 2048} {
		list := b.entries(n)
		b.append(t, list...)
		for _, e := range list {
			want = append(want, e.ID)
		}
	}
	require.Equal(t, want, b.whole(t, len(want)))
}

func treeKeeps(t *testing.T, b *book) {
	big := b.entryID(uuid.New(), "note.big", `"x":"`+strings.Repeat("é", (audit.MaxLeaf-400)/2)+`"`)
	odd := b.entryID(uuid.New(), "note.odd", `"x":"'\\u2028\u2028 \";--%s\u0000"`)
	open := b.entry("note.open")
	if !b.tenant.IsZero() { // the log of heads is about nobody
		open.Open = []audit.Opening{about("a", "\x00\xff\x00 a's"), about("b", strings.Repeat("b", 70_000)), about("c", "")}
	}
	denied := b.entry("note.denied")
	denied.Outcome = audit.Denied
	want := []audit.Entry{big, odd, open, denied, {ID: uuid.New(), Action: "note.short", Leaf: []byte("{}"), Hash: leafHash([]byte("{}"))}}
	before := time.Now()
	b.append(t, want...)
	for i := range want { // what a caller does to its entries later changes nothing
		e := want[i]
		want[i].Leaf = bytes.Clone(e.Leaf)
		clear(e.Leaf)
	}
	got := b.all(t)
	require.Len(t, got, len(want))
	for i, e := range got {
		same(t, uint64(i), want[i], e)
		require.WithinDuration(t, before, e.Recorded, time.Hour)
		require.Equal(t, e.Recorded.Truncate(time.Microsecond), e.Recorded)
	}
}

func treeOnce(t *testing.T, b *book) {
	first := b.entries(3)
	b.append(t, first...)
	again := b.entryID(first[1].ID, first[1].Action, `"other":"leaf"`)
	fresh := b.entry("note.written")
	for i, tree := range b.trees {
		placed, err := tree.Append(b.ctx, []audit.Entry{again, fresh, fresh, first[0]})
		require.NoError(t, err)
		require.Equal(t, []audit.Placed{
			{Seq: 1, Hash: first[1].Hash, Again: true},
			{Seq: 3, Hash: fresh.Hash, Again: i > 0},
			{Seq: 3, Hash: fresh.Hash, Again: true},
			{Seq: 0, Hash: first[0].Hash, Again: true},
		}, placed)
	}
	require.Equal(t, []uuid.UUID{first[0].ID, first[1].ID, first[2].ID, fresh.ID}, b.whole(t, 4))
	same(t, 1, first[1], b.all(t)[1])
}

func treeReused(t *testing.T, b *book) {
	have := b.entry("note.written")
	b.append(t, have)
	fresh := b.entry("note.written")
	for _, list := range [][]audit.Entry{
		{fresh, b.entryID(have.ID, "note.read", "")},
		{b.entryID(have.ID, "note.read", ""), fresh},
		{fresh, b.entryID(fresh.ID, "note.read", "")},
	} {
		_, err := b.tree().Append(b.ctx, list)
		require.ErrorIs(t, err, audit.ErrIDReused)
	}
	b.whole(t, 1)
	b.append(t, fresh)
	b.whole(t, 2)
}

func treeHashes(t *testing.T, b *book) {
	list := b.entries(600)
	b.append(t, list...)
	for _, c := range [][2]uint64{{0, 600}, {0, 0}, {600, 600}, {255, 257}, {599, 600}, {0, 256}} {
		got, err := b.tree().Hashes(b.ctx, c[0], c[1])
		require.NoError(t, err, c)
		var want []byte
		for _, e := range list[c[0]:c[1]] {
			want = append(want, e.Hash[:]...)
		}
		require.True(t, bytes.Equal(want, got), c)
	}
	for _, c := range [][2]uint64{{0, 601}, {600, 601}, {700, 701}} {
		_, err := b.tree().Hashes(b.ctx, c[0], c[1])
		require.ErrorIs(t, err, audit.ErrCorrupt, c)
	}
	for _, c := range [][2]uint64{{2, 1}, {0, 65_537}} {
		_, err := b.tree().Hashes(b.ctx, c[0], c[1])
		require.Error(t, err, c)
	}
}

func treeLeaves(t *testing.T, b *book) {
	list := b.entries(700)
	b.append(t, list...)
	for _, c := range [][2]uint64{{0, 700}, {10, 20}, {690, 5000}, {700, 800}, {30, 30}, {300, 600}, {0, 1}} {
		got := b.leaves(t, c[0], c[1])
		want := list[c[0]:min(c[1], 700)]
		require.Len(t, got, len(want), c)
		for i, e := range got {
			same(t, c[0]+uint64(i), want[i], e)
		}
	}
	n := 0
	err := b.tree().Leaves(b.ctx, 0, 700, func(e audit.Stored) error {
		if n++; n == 3 {
			return errStop
		}
		return nil
	})
	require.ErrorIs(t, err, errStop)
	require.Equal(t, 3, n)
}

func tile(level int, index uint64) audit.Tile {
	data := bytes.Repeat(fmt.Appendf(nil, "%16d%16d", level, index), 256)
	return audit.Tile{TileID: audit.TileID{Level: level, Index: index}, Data: data}
}

func treeGrows(t *testing.T, b *book) {
	b.append(t, b.entries(600)...)
	grown := func(want uint64, frontier []byte) {
		for _, tree := range b.trees {
			size, f, err := tree.Grown(b.ctx)
			require.NoError(t, err)
			require.Equal(t, want, size)
			require.True(t, bytes.Equal(frontier, f))
		}
	}
	grown(0, nil)
	one, two := bytes.Repeat([]byte{1, 0}, 32), bytes.Repeat([]byte{2, 0}, 96)
	require.NoError(t, b.tree().Grow(b.ctx, 0, 300, one, []audit.Tile{tile(0, 0)}))
	grown(300, one)
	for _, from := range []uint64{0, 299, 301, 600} {
		err := b.tree().Grow(b.ctx, from, 600, two, []audit.Tile{tile(0, 1)})
		require.ErrorIs(t, err, audit.ErrConflict, from)
	}
	grown(300, one)
	got, err := b.tree().Tiles(b.ctx, []audit.TileID{{Level: 0, Index: 1}})
	require.NoError(t, err)
	require.Equal(t, [][]byte{nil}, got, "the loser's tile was stored")
	require.NoError(t, b.tree().Grow(b.ctx, 300, 600, two, []audit.Tile{tile(0, 1)}))
	grown(600, two)
	require.ErrorIs(t, b.tree().Grow(b.ctx, 300, 600, two, nil), audit.ErrConflict)
}

func treeTiles(t *testing.T, b *book) {
	b.append(t, b.entries(1300)...)
	require.NoError(t, b.tree().Grow(b.ctx, 0, 1300, []byte("edge"), []audit.Tile{tile(0, 0), tile(0, 1), tile(0, 2), tile(0, 3), tile(0, 4), tile(1, 0)}))
	ids := []audit.TileID{{Level: 1, Index: 0}, {Level: 0, Index: 4}, {Level: 0, Index: 5}, {Level: 0, Index: 0}, {Level: 2, Index: 0}, {Level: 0, Index: 4}}
	got, err := b.tree().Tiles(b.ctx, ids)
	require.NoError(t, err)
	require.Len(t, got, len(ids))
	for i, id := range ids {
		want := tile(id.Level, id.Index).Data
		if i == 2 || i == 4 {
			require.Nil(t, got[i])
			continue
		}
		require.True(t, bytes.Equal(want, got[i]), id)
	}
	got, err = b.tree().Tiles(b.ctx, nil)
	require.NoError(t, err)
	require.Empty(t, got)
}

func treeSigns(t *testing.T, b *book) {
	b.append(t, b.entries(20)...)
	_, err := b.tree().Newest(b.ctx)
	require.ErrorIs(t, err, audit.ErrNotFound)
	signed := func(from uint64) []audit.Signed {
		var out []audit.Signed
		require.NoError(t, b.trees[len(b.trees)-1].Signed(b.ctx, from, func(c audit.Signed) error {
			c.Note = bytes.Clone(c.Note)
			out = append(out, c)
			return nil
		}))
		return out
	}
	require.Empty(t, signed(0))
	var want []audit.Signed
	for _, size := range []uint64{0, 3, 4, 20} {
		c := audit.Signed{Size: size, Note: fmt.Appendf(nil, "a note\n%d\n\n— é\n", size), HeadsIndex: -1}
		require.NoError(t, b.tree().Sign(b.ctx, c))
		want = append(want, c)
		got, err := b.tree().Newest(b.ctx)
		require.NoError(t, err)
		require.Equal(t, c, got)
	}
	for size := range uint64(20) {
		require.ErrorIs(t, b.tree().Sign(b.ctx, audit.Signed{Size: size, Note: []byte("late"), HeadsIndex: -1}), audit.ErrBackwards, size)
	}
	require.NoError(t, b.tree().Sign(b.ctx, audit.Signed{Size: 20, Note: []byte("second"), HeadsIndex: -1}))
	require.Equal(t, want, signed(0))
	require.Equal(t, want[2:], signed(4))
	require.Equal(t, want[3:], signed(5))
	require.Empty(t, signed(21))
	require.ErrorIs(t, b.tree().Signed(b.ctx, 0, func(audit.Signed) error { return errStop }), errStop)
}
