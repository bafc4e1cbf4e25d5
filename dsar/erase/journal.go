package erase

import (
	"context"
	"errors"
	"time"
)

// ErrBusy: another worker has the job. It is free when that worker ends, or when its lease has run out.
var ErrBusy = errors.New("erase: another worker has the job")

// Journal is where erasures write down how far they are: package dsarsql has one. All is of ctx's tenant, and in the database of the rows
// that are erased: what is written in a transaction that ctx carries is in force with it or not at all. It holds no values, but keys of
// rows while a job is open, and of rows that are kept while they are.
type Journal interface {
	// Secret returns 32 random bytes of the tenant's, made when they are first asked for: what plans and jobs are bound to people with.
	Secret(ctx context.Context) ([]byte, error)
	// Find returns the entry of a job; a zero Entry if there is none.
	Find(ctx context.Context, job string) (Entry, error)
	// Open writes the entry down if the job has none, and leases the job to the worker, by the database's clock. It returns the entry
	// that is there. ErrBusy while the lease of another worker runs; a job that is done is returned and not leased.
	Open(ctx context.Context, fresh Entry, worker string, lease time.Duration) (Entry, error)
	// Renew leases the job for longer; ErrBusy if another worker has it.
	Renew(ctx context.Context, job, worker string, lease time.Duration) error
	// Leave ends the worker's lease, if it has one.
	Leave(ctx context.Context, job, worker string) error
	// Fence is asked in each transaction that changes rows: ErrBusy if another worker has taken the job. Until that transaction ends,
	// none takes it.
	Fence(ctx context.Context, job, worker string) error
	// Steps returns what has been done of the job, by number.
	Steps(ctx context.Context, job string) ([]Step, error)
	// Advance puts the step where it is now: Rows are added to those it had, all else takes its place.
	Advance(ctx context.Context, job string, s Step) error
	// Close ends the job with its result. Its steps, its keys and its salt are removed.
	Close(ctx context.Context, job, worker string, result []byte) error

	// Keys is the name in SQL of the table for keys of rows: job text, step and n integers, and the first four columns of a row's key,
	// k1 to k4, as text; on SQLite as they are; '' for those that a key does not have. One row for a key of a step.
	Keys() string
	// Kept is the name in SQL of the table for rows that are kept: tbl text, k1 to k4, until in microseconds since 1970, UTC, and act, what
	// becomes of the row then. One row for a key of a table.
	Kept() string
}

// Entry is a job in the journal.
type Entry struct {
	Job    string
	Plan   string // the hash that was approved
	Map    string // Compiled.Hash
	Who    []byte // keyed hash of the person's kind and key
	Root   []byte // keyed hash of what tells the person's row from a later one of the same key; nil if there is no row
	Salt   []byte // of the stand-ins for the person; nil when the job is done
	Begun  time.Time
	Done   time.Time // zero while it is open
	Result []byte    // of a job that is done
}

// Step is how far one part of a job is.
type Step struct {
	Seq    int
	Table  string
	Action string
	Cursor int64 // the number of the last key that was worked on
	Rows   int64
	Done   bool
}
