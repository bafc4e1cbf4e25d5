package storetest

import (
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var pruneTests = []test{
	{"pruned events are gone and the log goes on", pruneRemoves},
	{"nothing is pruned that no event of the log names", pruneNeedsEvent},
	{"nothing is pruned under a hold", pruneHeld},
}

// pruning makes the event that names a pruning.
func (b *book) pruning(to uint64) audit.Entry {
	return b.entryID(uuid.New(), "audit.pruned", fmt.Sprintf(`"basis":"retention","root":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","to":%d`, to))
}

// long gives b's log n entries about ann, grown, signed, and an event that names a pruning to the place to.
func long(t *testing.T, b *book, n int, to uint64) (list []audit.Entry, event uint64) {
	for range n {
		list = append(list, b.entry("note.written", about("ann", "value"), about("bob", "")))
	}
	list = append(list, b.pruning(to))
	placed := b.append(t, list...)
	size := uint64(len(list))
	require.NoError(t, b.store().Grow(b.ctx, 0, size, []byte("edge"), []audit.Tile{tile(0, 0), tile(0, 1)}))
	require.NoError(t, b.store().Sign(b.ctx, audit.Signed{Size: size, Note: []byte("note"), HeadsIndex: -1}))
	return list, placed[n].Seq
}

func pruneRemoves(t *testing.T, b *book) {
	list, event := long(t, b, 700, 512)
	size := b.size(t)
	pruned, err := b.store().PrunedTo(b.ctx)
	require.NoError(t, err)
	require.Zero(t, pruned)
	require.NoError(t, b.store().Prune(b.ctx, 512, event))
	pruned, err = b.Stores[len(b.Stores)-1].PrunedTo(b.ctx)
	require.NoError(t, err)
	require.EqualValues(t, 512, pruned)
	require.Equal(t, size, b.size(t))

	for i, e := range b.all(t) {
		same(t, uint64(512+i), list[512+i], e)
	}
	require.Empty(t, b.leaves(t, 0, 512))
	require.Len(t, b.leaves(t, 500, 520), 8)
	_, err = b.store().Hashes(b.ctx, 511, 520)
	require.ErrorIs(t, err, audit.ErrCorrupt)
	got, err := b.store().Hashes(b.ctx, 512, size)
	require.NoError(t, err)
	require.Len(t, got, int(size-512)*32)
	for _, seq := range []int{0, 511} {
		_, err = b.store().ByID(b.ctx, list[seq].ID)
		require.ErrorIs(t, err, audit.ErrNotFound)
		require.ErrorIs(t, b.store().Reopen(b.ctx, who("ann"), []audit.Reopening{{Seq: uint64(seq)}}), audit.ErrNotFound)
	}
	require.EqualValues(t, 512, b.found(t, "bob")[0])
	at, _ := b.subject(t, "ann")
	require.EqualValues(t, 512, at[0])
	require.Len(t, at, 700-512)

	tiles, err := b.store().Tiles(b.ctx, []audit.TileID{{Level: 0, Index: 0}, {Level: 0, Index: 1}})
	require.NoError(t, err)
	require.Equal(t, [][]byte{tile(0, 0).Data, tile(0, 1).Data}, tiles, "what proves the rest stays")
	require.NoError(t, b.store().Prune(b.ctx, 512, event), "done already")
	b.append(t, b.entries(3)...)
	placed, err := b.store().Append(b.ctx, list[600:601])
	require.NoError(t, err)
	require.Equal(t, []audit.Placed{{Seq: 600, Hash: list[600].Hash, Again: true}}, placed)
}

func pruneNeedsEvent(t *testing.T, b *book) {
	_, event := long(t, b, 700, 256)
	other := b.append(t, b.entryID(uuid.New(), "note.pruned", `"to":512`))[0].Seq
	before := b.everything(t, b.ctx)
	for name, c := range map[string][2]uint64{
		"more than it names":      {512, event},
		"an event of other kind":  {256, 3},
		"that names it like one":  {512, other},
		"no such event":           {256, 5000},
		"the event itself":        {event + 1, event},
		"more than the log has":   {1024, event},
		"an event that is pruned": {256, 0},
	} {
		require.Error(t, b.store().Prune(b.ctx, c[0], c[1]), name)
		require.Equal(t, before, b.everything(t, b.ctx), name)
	}
	require.NoError(t, b.store().Prune(b.ctx, 256, event))
}

func pruneHeld(t *testing.T, b *book) {
	_, event := long(t, b, 300, 256)
	before := b.everything(t, b.ctx).Events
	for _, h := range []audit.Hold{{ID: "all"}, {ID: "ann's", Subject: new(who("ann"))}, {ID: "bob's", Subject: new(who("bob"))}} {
		require.NoError(t, b.store().Hold(b.ctx, h))
		require.ErrorIs(t, b.store().Prune(b.ctx, 256, event), audit.ErrHeld, h.ID)
		require.Equal(t, before, b.everything(t, b.ctx).Events, h.ID)
		require.NoError(t, b.store().Release(b.ctx, h.ID))
	}
	require.NoError(t, b.store().Hold(b.ctx, audit.Hold{ID: "eve's", Subject: new(who("eve"))}))
	require.NoError(t, b.store().Prune(b.ctx, 256, event), "eve is in none of them")
}
