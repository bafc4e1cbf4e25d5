package dsar

import (
	"context"
	"errors"
	"io"
	"time"
)

// What engines refuse.
var (
	// ErrNobody: there is no such person in the database, under no key and no identifier.
	ErrNobody = errors.New("dsar: no such person")
	// ErrPlan: what would be done is not what was approved.
	ErrPlan = errors.New("dsar: the plan is not the one that was approved")
	// ErrHeld: a legal hold is on the person, the table or the tenant. What was done before it stays done.
	ErrHeld = errors.New("dsar: a legal hold")
	// ErrUndecided: the map has questions that nobody has answered.
	ErrUndecided = errors.New("dsar: the map waits for a decision")
	// ErrResidue: something of the person is still there.
	ErrResidue = errors.New("dsar: something is left")
)

// Eraser takes people out of the database: package erase has the one for tenantdb. All its methods are for ctx's tenant.
type Eraser interface {
	// Plan counts what would become of each table's rows. It changes nothing.
	Plan(ctx context.Context, p Person) (*Plan, error)
	// Erase does what the plan says, in committed batches, and may be called again with the same job after any error, or a crash: it
	// goes on where it was, and the counts are those of an erasure that was never interrupted. ErrPlan if the plan's hash is another
	// one; ErrHeld as soon as a hold is placed.
	Erase(ctx context.Context, j Job) (*Erased, error)
}

// Exporter writes what there is about a person: package export has the one for tenantdb.
type Exporter interface {
	Export(ctx context.Context, p Person, w io.Writer, o ExportOptions) (*Exported, error)
}

// Prover looks for what is left of a person: package proof has the one for tenantdb.
type Prover interface {
	// Prove looks through every table of the map, and wherever else the database may keep values. It returns what it found; finding
	// something is no error.
	Prove(ctx context.Context, p Person) (*Proof, error)
}

// Job is one erasure.
type Job struct {
	ID       string // the idempotency key: that of the request
	Person   Person
	Approved string         // Plan.Hash
	Progress func(Progress) // may be nil
}

// Progress is how far long work has come.
type Progress struct {
	Table string
	Rows  int64 // done in all tables so far
	Of    int64 // as the plan counted; 0: not known
}

// Action is what becomes of rows.
type Action string

// The actions.
const (
	ActDelete Action = "delete" // the rows go
	ActMask   Action = "mask"   // they stay, without what is personal
	ActCut    Action = "cut"    // somebody else's rows: the link to the person goes
	ActKeep   Action = "keep"   // they stay for a reason, until an end
	ActShare  Action = "share"  // they stay for other owners
)

// Plan says what an erasure would do. It holds no personal data.
type Plan struct {
	Map    string    `json:"map"`    // Compiled.Hash
	At     time.Time `json:"at"`     // by the database's clock; not part of the hash
	Kind   string    `json:"kind"`   // of the subject
	Tables []Planned `json:"tables"` // in the order in which they have their turn
	Warn   []string  `json:"warn,omitempty"`
	Hash   string    `json:"hash"` // of all above but At and Warn, and of who the person is: what is approved
}

// Planned is what becomes of some rows of a table. A table is there once for each action.
type Planned struct {
	Table  string     `json:"table"`
	Action Action     `json:"action"`
	Rows   int64      `json:"rows"`
	Why    string     `json:"why,omitempty"`   // of keep: basis and law
	Until  *time.Time `json:"until,omitempty"` // of keep: when the last of the rows may go
}

// Erased is what an erasure did. It holds no personal data.
type Erased struct {
	Plan   string    `json:"plan"` // its hash
	Begun  time.Time `json:"begun"`
	Done   time.Time `json:"done"`
	Tables []Planned `json:"tables"` // rows that each action was done to
}

// Proof says what was looked through and what was found. It holds no personal data: a finding names a place, never a value.
type Proof struct {
	Map      string    `json:"map"`
	At       time.Time `json:"at"`
	Rows     int64     `json:"rows"`     // looked through
	Needles  int       `json:"needles"`  // values and forms of values looked for
	Looked   []string  `json:"looked"`   // where, in words
	Residual []string  `json:"residual"` // where copies may be that cannot be looked at (WAL, backups), and until when
	Found    []Residue `json:"found"`
}

// Clean reports whether nothing was found but what is kept for a reason.
func (p *Proof) Clean() bool {
	for _, r := range p.Found {
		if !r.Kept {
			return false
		}
	}
	return true
}

// Residue is a place where something of the person still is.
type Residue struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Rows   int64  `json:"rows"`
	Form   string `json:"form"` // how it was written: "as is", "base64", "sha256", "statistics", "file"
	Kept   bool   `json:"kept"` // in a row or column that the map keeps
}

// ExportOptions says what is exported, and how.
type ExportOptions struct {
	Request  string // the id that stands in the manifest
	Portable bool   // only what the person provided, on consent or contract: Art. 20. Otherwise all: Art. 15
	Progress func(Progress)
}

// Exported is what an export wrote.
type Exported struct {
	Rows     int64  `json:"rows"`
	Bytes    int64  `json:"bytes"`
	Manifest string `json:"manifest"` // "sha256:" and hex digits
}
