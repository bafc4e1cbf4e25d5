package audit

import (
	"context"
	"sync"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// proofCache keeps what the next proof is likely to need again: the edges of trees, and full tiles of the levels above the
// leaves'. Each of those is over 65,536 events or more, and a full tile never changes. What proofs are made from was part
// of one that held, and each proof is checked before it is handed out.
type proofCache struct {
	mu    sync.Mutex
	edges map[tenancy.ID]signedEdge
	tiles map[tenantTile]tileNodes
}

// signedEdge is the edge of the tree that a checkpoint of that root was signed of.
type signedEdge struct {
	*edge
	root  [hashSize]byte
	parts [tileLevels]tileNodes // as nodes has them
}

type tenantTile struct {
	tenant tenancy.ID
	TileID
}

// What the cache keeps at most: 4 MiB of tiles, and about as much of edges.
const (
	cachedTiles = 256
	cachedEdges = 256
)

// prover returns a prover of the tenant's tree, in t, for the proof that c covers place seq.
func (pc *proofCache) prover(ctx context.Context, t Tree, tenant tenancy.ID, c Checkpoint, seq uint64) (*prover, error) {
	pc.mu.Lock()
	e := pc.edges[tenant]
	kept := map[TileID]tileNodes{}
	for level := 1; level < tileLevels; level++ {
		id := TileID{level, seq >> (tileHeight * (level + 1))}
		if t, ok := pc.tiles[tenantTile{tenant, id}]; ok {
			kept[id] = t
		}
	}
	pc.mu.Unlock()
	if e.edge != nil && e.size == c.Size && e.root == c.Root {
		return &prover{e.size, &nodes{ctx, t, e.edge, e.parts, kept}}, nil
	}
	p, err := newProver(ctx, t)
	if err == nil {
		p.read.tiles = kept
	}
	return p, err
}

// keep keeps what the proof was made from that c covers a place.
func (pc *proofCache) keep(tenant tenancy.ID, p *prover, c Checkpoint) {
	pc.mu.Lock()
	defer pc.mu.Unlock()
	if pc.edges == nil {
		pc.edges, pc.tiles = map[tenancy.ID]signedEdge{}, map[tenantTile]tileNodes{}
	}
	put(pc.edges, tenant, signedEdge{p.read.edge, c.Root, p.read.parts}, cachedEdges)
	for id, t := range p.read.tiles {
		if id.Level > 0 {
			put(pc.tiles, tenantTile{tenant, id}, t, cachedTiles)
		}
	}
}

// put puts v into m, in the place of any other if there are most.
func put[K comparable, V any](m map[K]V, k K, v V, most int) {
	if _, have := m[k]; !have && len(m) >= most {
		for other := range m {
			delete(m, other)
			break
		}
	}
	m[k] = v
}

// forget drops all: a proof did not hold.
func (pc *proofCache) forget() {
	pc.mu.Lock()
	defer pc.mu.Unlock()
	clear(pc.edges)
	clear(pc.tiles)
}
