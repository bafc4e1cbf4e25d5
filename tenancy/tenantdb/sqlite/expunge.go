package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Expunge implements [tenantdb.Expunger]. A row that is removed or made shorter is overwritten with zeros in its page
// (secure_delete), but the write-ahead log keeps earlier pages until as many new ones have been written over them. So the
// log is taken into the file and emptied. Nobody may be in a transaction that reads from the log then; those that
// begin later read from the file.
func (d *DB) Expunge(ctx context.Context, s tenantdb.Scope) error {
	if s.Tenant.IsZero() {
		return tenancy.ErrNoTenant
	}
	h, err := d.pool.acquire(ctx, s.Tenant)
	if err != nil {
		return err
	}
	defer h.release()
	h.owes.Store(true)
	const firstWait, lastWait = time.Millisecond, 128 * time.Millisecond // a quarter of a second in all
	for wait := firstWait; ; wait *= 2 {
		c, err := h.take(ctx, true)
		if err != nil {
			return err
		}
		done, err := h.empty(c)
		h.put(c, true)
		switch {
		case err != nil || done:
			return err
		case wait > lastWait:
			return fmt.Errorf("%w: somebody is reading what is to be expunged: it goes as soon as they have ended", tenantdb.ErrConflict)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// empty empties the log, if nobody is in the way: it does not wait.
func (h *handle) empty(c *conn) (done bool, err error) {
	ctx := context.Background()
	h.owes.Store(false) // before, so that what is asked meanwhile is not forgotten
	defer func() {
		if !done {
			h.owes.Store(true)
		}
	}()
	if err := c.exec(ctx, "PRAGMA busy_timeout = 0"); err != nil {
		return false, err
	}
	var v [3]driver.Value
	err = c.row(ctx, v[:], "PRAGMA wal_checkpoint(TRUNCATE)")
	if werr := c.exec(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", h.db.opts.Wait.Milliseconds())); werr != nil {
		c.broken = true
		return false, werr
	}
	if err != nil {
		return false, err
	}
	return v[0] == int64(0), nil
}
