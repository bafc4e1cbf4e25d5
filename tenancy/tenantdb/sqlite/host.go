package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// Provision implements [tenancy.Host]: it makes the tenant's file, migrated and with t's state, or
// records t's region, epoch and state in the file there is.
func (d *DB) Provision(ctx context.Context, t tenancy.Tenant) error {
	if err := d.checkTenant(t); err != nil {
		return err
	}
	path := d.tenantPath(t.ID)
	switch err := checkTenantFile(path); {
	case err == nil:
		return d.record(ctx, t, true)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	// A purge marks the id before it removes the file, so a file that has gone is seen here or, if it
	// went while we made ours, below.
	if err := d.checkTombstone(ctx, t.ID); err != nil {
		return err
	}
	if err := makeDir(filepath.Dir(path)); err != nil {
		return err
	}
	tmp, err := newScratch(path)
	if err != nil {
		return err
	}
	defer discard(tmp)
	err = d.build(ctx, tmp, func(c *conn) error { return d.found(ctx, c, t) })
	if err != nil {
		return err
	}
	switch err := publish(tmp, path); {
	case errors.Is(err, fs.ErrExist):
		return d.record(ctx, t, true) // somebody was faster
	case err != nil:
		return err
	}
	if err := d.checkTombstone(ctx, t.ID); err != nil {
		_ = os.Remove(path) // nobody has opened it: who tries sees the tombstone first
		return err
	}
	return nil
}

// found makes the file of c the tenant's: it runs the migrations and writes the first header.
func (d *DB) found(ctx context.Context, c *conn, t tenancy.Tenant) error {
	if err := c.exec(ctx, headerSQL); err != nil {
		return err
	}
	return d.change(ctx, c, func(ctx context.Context, tx *sqlx.Tx) error {
		n, err := apply(ctx, c, tx, d.opts.Migrations)
		if err != nil {
			return err
		}
		if err := c.exec(ctx, fmt.Sprintf("PRAGMA user_version = %d", n)); err != nil {
			return err
		}
		return insertHeader(ctx, c, &header{version: 1, tenant: t.ID.String(), state: t.State, region: t.Region,
			epoch: t.Epoch, schema: d.schema, decided: micros(t.ChangedAt)})
	})
}

// SetState implements [tenancy.Host]. It waits for the transaction that is writing; those that
// read are refused their next statement if t.State does not allow it.
func (d *DB) SetState(ctx context.Context, t tenancy.Tenant) error {
	if err := d.checkTenant(t); err != nil {
		return err
	}
	return d.record(ctx, t, false)
}

func (d *DB) checkTenant(t tenancy.Tenant) error {
	switch {
	case t.ID.IsZero():
		return tenancy.ErrNoTenant
	case !t.State.Valid() || t.State == tenancy.Purged:
		return fmt.Errorf("%w: %q cannot be set", tenancy.ErrState, t.State)
	}
	return t.ServedBy(d.opts.Region)
}

// record writes what t says into the file. placing lets its epoch grow and its region change.
func (d *DB) record(ctx context.Context, t tenancy.Tenant, placing bool) error {
	h, err := d.pool.acquire(ctx, t.ID)
	if err != nil {
		return err
	}
	defer h.release()
	return d.recordIn(ctx, h, t, placing)
}

func (d *DB) recordIn(ctx context.Context, h *handle, t tenancy.Tenant, placing bool) error {
	var next *header
	err := h.with(ctx, true, func(c *conn) error {
		hd, err := d.identify(ctx, c, t.ID)
		if err != nil {
			return err
		}
		switch {
		case t.Epoch < hd.epoch, !placing && t.Epoch != hd.epoch:
			return tenancy.ErrStaleEpoch
		case !t.ChangedAt.IsZero() && micros(t.ChangedAt) < hd.decided:
			return fmt.Errorf("%w: a later decision is in force", tenancy.ErrState)
		case hd.state == tenancy.Purging && t.State != tenancy.Purging:
			return tenancy.ErrPurged
		}
		next = &header{version: hd.version + 1, tenant: hd.tenant, state: t.State, region: hd.region, epoch: t.Epoch,
			schema: hd.schema, decided: max(hd.decided, micros(t.ChangedAt))}
		if placing {
			next.region = t.Region
		}
		if *next == (header{version: next.version, tenant: hd.tenant, state: hd.state, region: hd.region, epoch: hd.epoch, schema: hd.schema, decided: hd.decided}) {
			next = nil // nothing changes
			return nil
		}
		return d.writeHeader(ctx, c, next)
	})
	if err == nil && next != nil {
		h.learn(next)
	}
	return err
}

// now is the database's clock.
func (d *DB) now() time.Time { return d.opts.Clock().UTC().Truncate(time.Microsecond) }
