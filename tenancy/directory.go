package tenancy

import (
	"context"
	"time"
)

// Region is where a tenant's data must stay, in the application's own terms ("eu", "au-syd").
// The empty Region means that the tenant may live anywhere.
type Region string

// Tenant is one entry of the directory.
type Tenant struct {
	ID     ID
	State  State
	Prior  State // the state before this one; "" at first
	Region Region
	Shard  string // which database it lives in; "" where there is one only
	Epoch  int64  // counts placements from 1; a database refuses work with another epoch
	// CreatedAt and ChangedAt are the directory database's clock, UTC, in whole microseconds. ChangedAt
	// grows with every change of the entry, whatever the clock does, and so orders decisions.
	CreatedAt, ChangedAt time.Time
}

// Directory answers where a tenant is. Implementations are safe for concurrent use.
type Directory interface {
	// Lookup returns the entry of id, in whatever state it is. [ErrUnknownTenant] if there is none.
	Lookup(ctx context.Context, id ID) (Tenant, error)
}

// Host is a database, or a folder of files, that tenants live in. Every method is idempotent: a
// crashed caller repeats it. A host keeps the latest ChangedAt it was given for a tenant, and answers
// [ErrState], changing nothing, to an older one that is not zero: a slow caller cannot undo what was
// decided after it. Implementations: tenantdb/postgres.System and tenantdb/sqlite.DB.
type Host interface {
	// Provision makes room for t and records its region, epoch and state. A host of another region
	// answers [ErrWrongRegion]; an id that was purged here answers [ErrPurged].
	Provision(ctx context.Context, t Tenant) error
	// SetState changes what the host lets anyone do with the tenant's data, at once for every
	// statement that begins after it returns. [ErrUnknownTenant] if the tenant does not live here,
	// [ErrStaleEpoch] if t.Epoch is not the host's.
	SetState(ctx context.Context, t Tenant) error
	// Purge destroys everything of the tenant, proves that nothing is left, and keeps a tombstone
	// so that the id is refused for ever. It may be called again after any failure. A host that the
	// tenant never came to answers [ErrUnknownTenant]. One that holds a copy which is not in use, of
	// whatever epoch, destroys that if t.State says that the directory is purging.
	Purge(ctx context.Context, t Tenant) (Receipt, error)
}

// Receipt says what a purge destroyed and how its absence was shown. It holds no personal data.
type Receipt struct {
	Tenant   ID               `json:"tenant"`
	Shard    string           `json:"shard,omitempty"`
	Erased   map[string]int64 `json:"erased"`   // rows per table, or bytes per file
	Left     int64            `json:"left"`     // rows or files found afterwards; 0, or Purge failed
	Proof    []string         `json:"proof"`    // what was looked at, in words
	Residual []string         `json:"residual"` // what may still hold copies (WAL, backups), and until when
	PurgedAt time.Time        `json:"purged_at"`
}
