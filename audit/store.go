package audit

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// MaxLeaf is how many bytes the leaf of one event may have (c2sp.org/tlog-tiles has 16 bits for it).
const MaxLeaf = 65535

// Pseudonym is a subject as the store knows it: HMAC-SHA256 under a key of the tenant, cut to 16 bytes.
type Pseudonym [16]byte

// Entry is an event on its way into a log.
type Entry struct {
	ID      uuid.UUID
	New     bool // ID was made for this entry just now: no other can have it
	Action  string
	Outcome Outcome
	Leaf    []byte   // the exact bytes that are hashed and kept
	Hash    [32]byte // of Leaf, as in RFC 6962
	// Open is what can be erased, and who can be looked for: one each subject, in no order. Data is empty for what
	// is only to be found.
	Open []Opening
}

// Opening holds the erasable values of one subject in one event.
type Opening struct {
	Subject Pseudonym
	Data    []byte // the fields as appendField writes them, or what the [Sealer] made of that
}

// Stored is an event as it lies in the log.
type Stored struct {
	Seq      uint64
	Recorded time.Time // by the store's clock, which never goes back within a log
	Entry
}

// Placed says what became of an entry.
type Placed struct {
	Seq    uint64
	Hash   [32]byte
	Again  bool // an entry of that ID was there before; Seq and Hash are that one's
	Parked bool // see [Store.Park]
}

// Tree is what the store keeps of one Merkle tree. Every call works on the log of ctx's tenant (that of
// heads has none), joins the transaction that ctx carries, and fails closed. Implementations are safe for
// concurrent use by many processes.
type Tree interface {
	// Append gives entries the next places, in their order, and is durable when it returns. Places have no gap
	// and are never given twice, whatever runs at the same time. An entry whose ID is there is not stored
	// again; if its action differs, Append fails with ErrIDReused and stores none. In a transaction, who
	// appends to the log owns it until the end: others wait, and it sees all that was committed before.
	Append(ctx context.Context, entries []Entry) ([]Placed, error)
	// Size is how many places have been given.
	Size(ctx context.Context) (uint64, error)
	// Hashes returns the leaf hashes of the places from <= seq < to, 32 bytes each, or ErrCorrupt if one is
	// missing. to - from is at most 65,536. Places below [Store.PrunedTo] are missing.
	Hashes(ctx context.Context, from, to uint64) ([]byte, error)
	// Leaves calls f for each place from <= seq < to, in order, with Seq, Recorded, ID, Action, Leaf, Hash and
	// Open set, until f fails. The bytes are f's to keep only until it returns. Pruned places are left out. An event and
	// its openings are those of one moment: what was pruned or erased since is there whole, or not at all.
	Leaves(ctx context.Context, from, to uint64, f func(Stored) error) error
	// Grown is the size that [Tree.Grow] was last called with, and the frontier; 0 and nil before.
	Grown(ctx context.Context) (size uint64, frontier []byte, err error)
	// Grow stores full tiles and the new size and frontier if Grown is still from, else ErrConflict and nothing.
	Grow(ctx context.Context, from, to uint64, frontier []byte, tiles []Tile) error
	// Tiles returns the data of full tiles, nil for those that are not there.
	Tiles(ctx context.Context, of []TileID) ([][]byte, error)
	// Sign stores a signed checkpoint. One of a size smaller than the newest is ErrBackwards; of the same size
	// the first stays.
	Sign(ctx context.Context, c Signed) error
	// Signed calls f for the checkpoints of size >= from, in order of size, until f fails.
	Signed(ctx context.Context, from uint64, f func(Signed) error) error
	// Newest is the newest checkpoint, or ErrNotFound.
	Newest(ctx context.Context) (Signed, error)
}

// TileID names a tile of 256 hashes: Level 0 holds leaf hashes, each level above the roots of the one below.
type TileID struct {
	Level int
	Index uint64
}

// Tile is a full tile: 256 hashes of 32 bytes.
type Tile struct {
	TileID
	Data []byte
}

// Signed is a checkpoint as it was signed.
type Signed struct {
	Size uint64
	Note []byte // a signed note, as in c2sp.org/tlog-checkpoint
	// HeadsIndex is the place of its text in the log of heads; -1 while it has none.
	HeadsIndex int64
}

// Store keeps the logs of all tenants. Package auditsql has one over SQLite and Postgres, and [NewMemory] is one
// for tests.
type Store interface {
	Tree
	// Tx runs f in one transaction: what f does in the store with the ctx it is given is in force together or
	// not at all.
	Tx(ctx context.Context, f func(ctx context.Context) error) error
	// InTx reports whether ctx carries a transaction that calls would join.
	InTx(ctx context.Context) bool
	// Park stores entries with the transaction of ctx, without making it wait for those of others. They get
	// their places by Drain, after the commit, in an order in which what was parked by a transaction that
	// ended before another began comes first. A store that gives places at once instead says so in Placed.
	Park(ctx context.Context, entries []Entry) ([]Placed, error)
	// Committed calls f after the transaction that ctx carries has committed, and never if it has not; without
	// one at once.
	Committed(ctx context.Context, f func())
	// Drain gives up to limit parked entries their places and returns how many. It may be called by many at once. An entry
	// whose ID another one of another action got meanwhile stays parked; if nothing else waits, Drain is ErrIDReused.
	Drain(ctx context.Context, limit int) (int, error)
	// Find calls f for at most q.Limit events, in q's order, until f fails. Bytes are f's until it returns.
	Find(ctx context.Context, q Find, f func(Stored) error) error
	// SignedTile returns the newest checkpoint and the data of a full tile, the zero Signed or nil for what is not there, in one
	// round trip if the store can.
	SignedTile(ctx context.Context, id TileID) (newest Signed, tile []byte, err error)
	// ByID returns the event of that id with all that Leaves sets, or ErrNotFound.
	ByID(ctx context.Context, id uuid.UUID) (Stored, error)
	// Subjects calls f with the places where the subject has something to erase (Data not empty), in order.
	Subjects(ctx context.Context, who Pseudonym, f func(seq uint64, data []byte) error) error
	// Reopen puts other data in the place of openings of the subject's, all or none. It is ErrNotFound if there
	// is no such opening, and ErrHeld under a hold of everything or of the subject.
	Reopen(ctx context.Context, who Pseudonym, with []Reopening) error
	// Prune removes the events of places < to, and keeps tiles. event is the place of the audit.pruned event
	// that names to; the store refuses to remove what no such event names, and what a hold covers (ErrHeld).
	Prune(ctx context.Context, to, event uint64) error
	// PrunedTo is the first place that has not been pruned.
	PrunedTo(ctx context.Context) (uint64, error)
	// Hold and Release begin and end a legal hold. One that is in force under that ID stays as it is; Placed is
	// the store's clock. To release what is not in force is ErrNotFound. Holds lists those in force, by ID.
	Hold(ctx context.Context, h Hold) error
	Release(ctx context.Context, id string) error
	Holds(ctx context.Context) ([]Hold, error)
	// Indexed is called after a checkpoint's text got its place in the log of heads.
	Indexed(ctx context.Context, size uint64, index int64) error
	// Heads is the log of the heads of all tenants.
	Heads() Tree
}

// Expunger is a [Store] whose files keep, beside its tables, copies of what was removed from them.
type Expunger interface {
	// Expunge makes those go that committed transactions of ctx's tenant have removed. An error says that they may be
	// there still. It is not called inside a transaction.
	Expunge(ctx context.Context) error
}

// Reopening is what becomes of an opening. Data is shorter than what it replaces; nil removes the opening whole, and
// with it the trace that the subject is in the event.
type Reopening struct {
	Seq  uint64
	Data []byte
}

// Find says which events to look for. Zero fields do not restrict.
type Find struct {
	From, To     uint64 // From <= Seq < To; To 0: no end
	Actions      []string
	Outcomes     []Outcome
	Subject      *Pseudonym // has an opening of it, empty or not
	Since, Until time.Time  // Since <= Recorded < Until
	Desc         bool       // newest first
	Limit        int        // at least 1
}

// Hold is a legal hold: what it covers is neither erased nor pruned.
type Hold struct {
	ID      string
	Subject *Pseudonym // nil: everything
	Reason  string     // not personal: a matter's number
	Placed  time.Time
}

// Sealer encrypts erasable values under a key of the person they are about, so that destroying the key
// erases them from backups and replicas too. Package vault has one.
type Sealer interface {
	// Seal encrypts plain for who; context, which names the event and the subject, is authenticated with it and needed to open it.
	Seal(ctx context.Context, who Subject, plain, context []byte) ([]byte, error)
	// Open is the reverse. For a key that was destroyed it returns an error that wraps [ErrShredded], and one that wraps
	// [ErrUnavailable] if it cannot tell now: any other means that what was sealed is not what is shown. To destroy a key
	// is not yet an erasure to [Verify]: let [Log.Erase] tell of it.
	Open(ctx context.Context, sealed, context []byte) ([]byte, error)
}
