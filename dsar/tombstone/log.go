package tombstone

import (
	"context"
	"errors"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// What is refused.
var (
	// ErrRestored: the database is older than the log, as one that was restored from a backup is. Nothing may be served from it
	// before [Guard.Replay].
	ErrRestored = errors.New("tombstone: the database was restored: replay the tombstones before it is used")
	// ErrLog: the log is not the one that the database knows, or is damaged. Nothing may be served before somebody has looked.
	ErrLog = errors.New("tombstone: the log is damaged, cut or another one")
	// ErrKey: the key of a stone that has to be replayed is not there.
	ErrKey = errors.New("tombstone: a stone is sealed under a key that is gone")
	// ErrUnsure: whether somebody is back, or another was given their key, cannot be told: see [Guard.Decide].
	ErrUnsure = errors.New("tombstone: whether a row is that of who was erased cannot be told")
	// ErrUnavailable: the log cannot be read or written.
	ErrUnavailable = errors.New("tombstone: the log is not available")
)

// Entry is a line of the log.
type Entry struct {
	Seq  uint64    `json:"seq"` // from 1, without gaps, over all tenants
	At   time.Time `json:"at"`  // when they were erased, to the second
	Hash [32]byte  `json:"-"`   // over all lines up to this one
	Stone
}

// Head is how far a tenant's lines go.
type Head struct {
	Seq  uint64 // of the tenant's last line; 0: there is none
	Hash [32]byte
}

// Log keeps stones where no backup of the database does. It only grows. Implementations are safe for concurrent use.
type Log interface {
	// Append adds a stone behind all others. It is durable when Append returns. A stone whose tenant and id are there already is not
	// added again: the line there is is returned.
	Append(ctx context.Context, s Stone, at time.Time) (Entry, error)
	// After returns a tenant's lines behind seq, in order. Each was checked: ErrLog if one is not what was written.
	After(ctx context.Context, tenant tenancy.ID, seq uint64) ([]Entry, error)
	// Line returns the hash of a line; ok is false if the log is not that long.
	Line(ctx context.Context, seq uint64) (hash [32]byte, ok bool, err error)
	// Head returns a tenant's last line.
	Head(ctx context.Context, tenant tenancy.ID) (Head, error)
	// Tenants returns those that have lines.
	Tenants(ctx context.Context) ([]tenancy.ID, error)
}

// Mark is where the database itself remembers how far it has come, and so do its backups. Package dsarsql has one.
type Mark interface {
	// Mark returns what was noted for ctx's tenant; the zero Head if nothing was.
	Mark(ctx context.Context) (Head, error)
	// Advance notes h for ctx's tenant, unless a later one is noted already.
	Advance(ctx context.Context, h Head) error
}
