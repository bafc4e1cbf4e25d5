package erase

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// What is refused, beside the errors of package dsar.
var (
	// ErrMap: the map asks for what the database, or this package, cannot do. dsar.Verify says most of it earlier.
	ErrMap = errors.New("erase: the map cannot be followed")
	// ErrCost: without the indexes that the plan warns of, the erasure would read more rows than Options.Scan.
	ErrCost = errors.New("erase: indexes are missing, and it would read too many rows")
	// ErrReference: rows keep coming that point at what is erased.
	ErrReference = errors.New("erase: rows that point at the person's keep coming")
)

// Options are the settings of [New]. The zero value is usable.
type Options struct {
	// Batch is how many rows one transaction changes; 0: 10,000.
	Batch int
	// Tables is how many tables have their turn at the same time on Postgres, each on a connection; 0: 2.
	Tables int
	// Lease is for how long a worker that says nothing more keeps its job; 0: a minute.
	Lease time.Duration
	// Scan is how many rows the erasure may read because an index is missing; 0: 100 million. Negative: any number.
	Scan int64
	// Held says whether a legal hold is on the person, the table or ctx's tenant: nil, or an error that wraps dsar.ErrHeld. It is asked in
	// each transaction that changes rows, of which there may be several at the same time, and sees what is in force there. nil: there are no holds.
	Held func(ctx context.Context, p dsar.Person, table string) error
	// Shred destroys the person's key: of a package vault, Vault.Shred. It is called when all rows are done, at least once, if the map has
	// columns with dsar.Shred; New refuses such a map without it.
	Shred func(ctx context.Context, p dsar.Person) error
	// Refresh makes a derived table again, as a role that may. nil: REFRESH MATERIALIZED VIEW, and 'rebuild' of FTS5, as the
	// application's role, which on Postgres has to own the view.
	Refresh func(ctx context.Context, table string) error
}

// Eraser is a [dsar.Eraser] over tenantdb. It is safe for concurrent use by many processes.
type Eraser struct {
	db   *tenantdb.DB
	m    *dsar.Compiled
	rows *rows.Rows
	j    Journal
	o    Options
}

var _ dsar.Eraser = (*Eraser)(nil)

// New returns an Eraser of what the map says is in db. It asks the database nothing. The journal's tables are in the same database.
func New(db *tenantdb.DB, m *dsar.Compiled, j Journal, o Options) (*Eraser, error) {
	if db == nil || m == nil || j == nil {
		return nil, errors.New("erase: it takes a database, a map and a journal")
	}
	if o.Batch < 0 || o.Tables < 0 || o.Lease < 0 {
		return nil, errors.New("erase: a batch, tables at the same time and a lease are not negative")
	}
	if o.Batch == 0 {
		o.Batch = 10_000
	}
	if o.Tables == 0 {
		o.Tables = 2
	}
	if o.Lease == 0 {
		o.Lease = time.Minute
	}
	if o.Scan == 0 {
		o.Scan = 100_000_000
	}
	if shreds(m) && o.Shred == nil {
		return nil, errors.New("erase: the map has columns that are shredded, and Options.Shred is nil")
	}
	r, err := rows.New(m, db.Dialect())
	if err != nil {
		return nil, err
	}
	return &Eraser{db, m, r, j, o}, nil
}

// shreds reports whether a value is sealed under a person's key.
func shreds(m *dsar.Compiled) bool {
	for _, name := range m.TableNames() {
		t, _ := m.Table(name)
		for _, c := range t.Columns {
			if c.Erase.Is(dsar.Shred) {
				return true
			}
			for _, in := range c.Inside {
				if in.Erase.Is(dsar.Shred) {
					return true
				}
			}
		}
	}
	return false
}

// layout lays the map upon the database as it is now.
func (e *Eraser) layout(ctx context.Context, kind string) (*layout, error) {
	l := &layout{m: e.m, rows: e.rows, pg: e.db.Dialect() == tenantdb.Postgres}
	return l, e.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return l.open(ctx, tx, kind) })
}
