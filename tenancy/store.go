package tenancy

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Store is the storage behind the directory. Implementations: tenancysql over both databases, and
// [Memory]; tenancytest/storetest.Run is the contract as a test. Every method is atomic and safe for
// concurrent use, within a process and between processes, and answers after the change is durable. The zero id is [ErrNoTenant].
//
// Claim, Transition and Place compare and swap: they are given the entry as the caller last read it.
// They answer [ErrUnknownTenant] if there is none, [ErrStaleEpoch] if it was placed anew since and
// [ErrState] if it was changed otherwise. Each moves ChangedAt on, to the store's clock or, if that has
// gone back, to a microsecond after what it was.
type Store interface {
	Directory
	// Create adds t as Provisioning at epoch 1 and returns the entry; of t only ID, Region and Shard
	// count. [ErrExists] if the directory has, or ever had, a tenant of that id.
	Create(ctx context.Context, t Tenant) (Tenant, error)
	// List returns the entries that q asks for, in byte order of their ids; none is not an error.
	List(ctx context.Context, q Query) ([]Tenant, error)
	// Claim changes nothing but ChangedAt: decisions about t that are under way elsewhere now fail.
	Claim(ctx context.Context, t Tenant) (Tenant, error)
	// Transition puts t into state to, and its state into Prior. [ErrState] also if the lifecycle has
	// no such step.
	Transition(ctx context.Context, t Tenant, to State) (Tenant, error)
	// Place says that t now lives in shard, in region, and adds one to its epoch. [ErrPurged] if it is
	// being purged or is.
	Place(ctx context.Context, t Tenant, shard string, region Region) (Tenant, error)
	// Record notes that a step was done, with the store's clock in At, and returns the note; if the
	// tenant has that step already, it changes nothing and returns the first note.
	// [ErrUnknownTenant] if there is no such tenant.
	Record(ctx context.Context, s Step) (Step, error)
	// Steps returns the steps of operation op, in the order they were recorded; none, or no such
	// tenant, is not an error.
	Steps(ctx context.Context, id ID, op string) ([]Step, error)
}

// Query selects entries of a directory.
type Query struct {
	After ID  // only ids after this one: the last id of the page before
	Limit int // at most this many; 0 means 100, and more than 1000 means 1000
	// Empty fields select nothing out.
	State  State
	Region Region
	Shard  string
}

// PageSize is the number of entries that q.Limit stands for.
func (q Query) PageSize() int {
	switch {
	case q.Limit <= 0:
		return 100
	case q.Limit > 1000:
		return 1000
	}
	return q.Limit
}

// Step is a note that a part of an operation was done, so that a repeat after a crash goes on there
// and returns the first result. An operation that may be done again needs a name of its own for each
// time, such as one that holds the tenant's epoch.
type Step struct {
	Tenant ID
	Op     string // 1 to 63 bytes
	Name   string // 1 to 63 bytes, unique in the operation of a tenant
	At     time.Time
	Detail string // for the operation to read back; never a secret or a personal value
}

// Check returns an error unless s names a tenant, an operation and a step. Stores call it.
func (s Step) Check() error {
	switch {
	case s.Tenant.IsZero():
		return ErrNoTenant
	case s.Op == "" || len(s.Op) > 63 || s.Name == "" || len(s.Name) > 63:
		return errors.New("tenancy: the names of an operation and its step are 1 to 63 bytes")
	}
	return nil
}

// All walks every entry that q asks for, a page of q.Limit at a time. It ends after the first error.
// Entries that appear while it walks may or may not be seen; none is seen twice.
func All(ctx context.Context, s Store, q Query) iter.Seq2[Tenant, error] {
	return func(yield func(Tenant, error) bool) {
		for {
			page, err := s.List(ctx, q)
			if err != nil {
				yield(Tenant{}, err)
				return
			}
			for _, t := range page {
				if !yield(t, nil) {
					return
				}
			}
			if len(page) < q.PageSize() {
				return
			}
			q.After = page[len(page)-1].ID
		}
	}
}
