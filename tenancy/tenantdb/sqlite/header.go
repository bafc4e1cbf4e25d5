package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// applicationID marks the files of this package, in the field SQLite has for it: "bwk1".
const applicationID = 0x62776b31

// headerSQL makes what every tenant's file begins with: whose it is and what may be done with it. It is
// read in the same snapshot as the data, by every transaction, so no cache can be wrong about it.
const headerSQL = `
CREATE TABLE tenancy_file (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  version    INTEGER NOT NULL, -- grows with every change of this row
  tenant     TEXT    NOT NULL,
  state      TEXT    NOT NULL,
  region     TEXT    NOT NULL,
  epoch      INTEGER NOT NULL,
  schema     TEXT    NOT NULL, -- fingerprint of the migrations that made the other tables
  decided_at INTEGER NOT NULL, -- the directory's time of the last decision, microseconds
  changed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE tenancy_migration (id TEXT PRIMARY KEY, sum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1651993393;
`

// header is the row of tenancy_file.
type header struct {
	version int64
	tenant  string
	state   tenancy.State
	region  tenancy.Region
	epoch   int64
	schema  string
	decided int64
}

const selectSQL = "SELECT version, tenant, state, region, epoch, schema, decided_at FROM tenancy_file WHERE one = 1"

func readHeader(ctx context.Context, c *conn) (*header, error) {
	var v [7]driver.Value
	if err := c.row(ctx, v[:], selectSQL); err != nil {
		return nil, err
	}
	h := &header{}
	ok := true
	str := func(v driver.Value) string { s, is := v.(string); ok = ok && is; return s }
	num := func(v driver.Value) int64 { n, is := v.(int64); ok = ok && is; return n }
	h.version, h.tenant, h.state = num(v[0]), str(v[1]), tenancy.State(str(v[2]))
	h.region, h.epoch, h.schema, h.decided = tenancy.Region(str(v[3])), num(v[4]), str(v[5]), num(v[6])
	if !ok {
		return nil, ErrCorrupt
	}
	return h, nil
}

// writeHeader changes the row, inside a transaction of c. Its version must be the old one plus one.
func (d *DB) writeHeader(ctx context.Context, c *conn, h *header) error {
	return c.exec(ctx, `UPDATE tenancy_file SET version = ?, tenant = ?, state = ?, region = ?, epoch = ?,
		schema = ?, decided_at = ?, changed_at = bw_now() WHERE one = 1`,
		h.version, h.tenant, string(h.state), string(h.region), h.epoch, h.schema, h.decided)
}

// insertHeader writes the first one.
func insertHeader(ctx context.Context, c *conn, h *header) error {
	return c.exec(ctx, `INSERT INTO tenancy_file (one, version, tenant, state, region, epoch, schema, decided_at, changed_at)
		VALUES (1, ?, ?, ?, ?, ?, ?, ?, bw_now())`,
		h.version, h.tenant, string(h.state), string(h.region), h.epoch, h.schema, h.decided)
}

// check is what a transaction of a tenant begins with: it is refused if what the file says in the
// transaction's own snapshot does not allow it.
//
// A writing transaction has its snapshot from BEGIN IMMEDIATE. A reading one has it from its first
// statement that reads, so it is asked again after each statement, before a row is handed out
// ([handle.confirm]); here what is known is enough to let it begin, and not enough to refuse it.
func (h *handle) check(ctx context.Context, c *conn) error {
	if h.id.IsZero() {
		return nil // the system database
	}
	if !c.readOnly {
		return h.confirm(ctx, c)
	}
	c.lease.seen = h.header.Load()
	if h.allows(c.lease.seen, c.lease.epoch, true) == nil {
		return nil
	}
	c.known = nil
	return h.confirm(ctx, c)
}

// confirm makes sure that what c knows is what the file says in the snapshot of c's transaction.
// SQLite counts the changes that other connections, of any process, made to the file: while the count
// is the same, so is the header.
func (h *handle) confirm(ctx context.Context, c *conn) error {
	count, err := c.raw.FileControlDataVersion("main")
	if err != nil {
		return err
	}
	if c.known == nil || count != c.knownAt {
		if c.known, err = readHeader(ctx, c); err != nil {
			c.known = nil
			return err
		}
		if c.knownAt, err = c.raw.FileControlDataVersion("main"); err != nil { // now that there is a snapshot
			c.known = nil
			return err
		}
		h.learn(c.known)
	}
	c.lease.seen = c.known
	if err := h.allows(c.known, c.lease.epoch, c.readOnly); err != nil {
		return err
	}
	return h.still(c) // a change this process made after the snapshot began counts already
}

// still refuses the statement of a reading transaction whose tenant's state was changed, in this process,
// after it began. Other processes' readers that began earlier run to their end; a writer keeps everybody
// from changing the state.
func (h *handle) still(c *conn) error {
	hd := h.header.Load()
	if hd == c.lease.seen || c.lease.seen == nil || hd.version <= c.lease.seen.version {
		return nil
	}
	return h.allows(hd, c.lease.epoch, c.readOnly)
}

// allows decides whether hd lets a transaction do its work.
func (h *handle) allows(hd *header, epoch int64, readOnly bool) error {
	switch {
	case hd.tenant != h.id.String():
		return fmt.Errorf("%w: it belongs to another tenant", ErrCorrupt)
	case epoch != 0 && epoch != hd.epoch:
		return tenancy.ErrStaleEpoch
	case hd.region != "" && hd.region != h.db.opts.Region:
		return tenancy.ErrWrongRegion
	}
	if err := allowed(hd.state, readOnly); err != nil {
		return err
	}
	if hd.schema != h.db.schema {
		return fmt.Errorf("%w: the file was migrated by another program", tenantdb.ErrSchema)
	}
	return nil
}

// learn keeps hd unless something newer is known: a snapshot may be older than what is.
func (h *handle) learn(hd *header) {
	for {
		cur := h.header.Load()
		if cur != nil && cur.version >= hd.version || h.header.CompareAndSwap(cur, hd) {
			return
		}
	}
}

// micros is a directory's time as a header keeps it; 0 for none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
