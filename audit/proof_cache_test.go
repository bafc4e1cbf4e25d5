package audit

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// tileLiar spoils the tile that proofs are made from.
type tileLiar struct {
	Store
	lies bool
}

func (s *tileLiar) SignedTile(ctx context.Context, id TileID) (Signed, []byte, error) {
	newest, tile, err := s.Store.SignedTile(ctx, id)
	if s.lies && tile != nil {
		tile[7] ^= 1
	}
	return newest, tile, err
}

func TestProofsAreOfTheLogTheyAreAskedOf(t *testing.T) {
	t.Parallel()
	const size = 65536 + 300
	store, n := &tileLiar{Store: NewMemory()}, newNotary(t)
	l := openSigning(t, store, n)
	tenants := []context.Context{ofTenant(t, "acme"), ofTenant(t, "globex")}
	for first, ctx := range tenants { // no two leaves alike at one place
		var entries []Entry
		for i := range size {
			entries = append(entries, leafEntry(first+i))
		}
		_, err := store.Append(ctx, entries)
		require.NoError(t, err)
		_, err = l.Checkpoint(ctx)
		require.NoError(t, err)
	}
	prove := func(first int, seq uint64) {
		ctx := tenants[first]
		p, err := l.Prove(ctx, seq)
		require.NoError(t, err)
		text, err := p.MarshalText()
		require.NoError(t, err)
		newest, err := store.Newest(ctx)
		require.NoError(t, err)
		require.Equal(t, string(newest.Note), string(p.Checkpoint))
		c, err := ParseCheckpoint(p.Checkpoint, n.Verifier)
		require.NoError(t, err)
		_, err = VerifyProof(text, leafEntry(first+int(seq)).Leaf, c.Origin, n.Verifier)
		require.NoError(t, err)
		clear(p.Checkpoint) // it is the caller's
	}
	for _, seq := range []uint64{0, 255, 256, 40000, 65535, 65536, size - 1} {
		prove(0, seq)
		prove(1, seq)
	}
	require.Len(t, l.proofs.tiles, 2, "the tile of level 1 of each")

	store.lies = true
	_, err := l.Prove(tenants[0], 300)
	require.ErrorIs(t, err, ErrCorrupt)
	store.lies = false
	prove(0, 300)

	appendLeaves(tenants[0], t, l, store, 1) // no checkpoint covers it yet
	prove(0, size)
	prove(0, 3)
	prove(1, 3)
}

func TestProofsAreMadeWhileTheLogGrows(t *testing.T) {
	t.Parallel()
	l, store, n, signed := provenLog(t)
	ctx := ofTenant(t, "acme")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for seq := uint64(0); seq < 600; seq += 11 {
				p, err := l.Prove(ctx, seq)
				if err != nil {
					t.Error(err)
					return
				}
				text, _ := p.MarshalText()
				if _, err := VerifyProof(text, leafEntry(int(seq)).Leaf, signed[0].Origin, n.Verifier); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 20 {
		appendLeaves(ctx, t, l, store, 60)
		_, err := l.Checkpoint(ctx)
		require.NoError(t, err)
	}
	wg.Wait()
}

func TestTheProofCacheIsBounded(t *testing.T) {
	t.Parallel()
	m := map[int]string{}
	for i := range 10 {
		put(m, i, "a", 3)
		require.Equal(t, "a", m[i])
		require.LessOrEqual(t, len(m), 3)
	}
}

func TestHashesOverATile(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("0123456789abcdef0123456789abcde"), 300)[:tileWidth*hashSize]
	for _, width := range []int{1, 2, 3, 7, 100, 255, tileWidth} {
		nodes := newTileNodes(data[:width*hashSize])
		for height := range tileHeight {
			for n := range width >> height {
				want := perfectRoot(data[n<<height*hashSize : (n+1)<<height*hashSize])
				require.Equal(t, want, nodes.node(height, n), "%d of height %d, of %d", n, height, width)
			}
		}
	}
}
