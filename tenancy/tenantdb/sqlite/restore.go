package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Restore puts the snapshot that r reads in place of the tenant's file, or in the place of none, and
// records t's region, epoch and state in it. It must be the tenant's own ([ErrCorrupt] if not), pass
// SQLite's integrity check, and hold no migration this program does not know; older ones are made up
// for. A tenant that lives here must not be active or readable meanwhile: suspend it first
// ([tenancy.ErrState]); one that is being purged is [tenancy.ErrPurged]. Until the last step nothing of the old file is touched, and that step is one
// transaction.
func (d *DB) Restore(ctx context.Context, t tenancy.Tenant, r io.Reader) error {
	if err := d.checkTenant(t); err != nil {
		return err
	}
	path := d.tenantPath(t.ID)
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
	if err := receive(ctx, tmp, r); err != nil {
		return err
	}
	if err := d.prepareRestore(ctx, tmp, t); err != nil {
		return d.Translate(err)
	}
	err = publish(tmp, path)
	switch {
	case err == nil:
		if err := d.checkTombstone(ctx, t.ID); err != nil {
			_ = os.Remove(path)
			return err
		}
		return nil
	case !errors.Is(err, os.ErrExist):
		return err
	}
	return d.Translate(d.replace(ctx, t, tmp, path))
}

// receive writes what r reads to the scratch file.
func receive(ctx context.Context, tmp string, r io.Reader) error {
	f, err := os.OpenFile(tmp, os.O_WRONLY|noFollow, 0)
	if err != nil {
		return fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, pathless(err))
	}
	_, err = io.Copy(f, readerCtx{ctx, r})
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return pathless(err)
}

// prepareRestore checks a received snapshot, migrates it and writes t into its header.
func (d *DB) prepareRestore(ctx context.Context, tmp string, t tenancy.Tenant) (err error) {
	c, err := d.connect(ctx, tmp, scratch, true) // guarded: the schema in it may be anybody's
	if err != nil {
		return err
	}
	_, err = d.identify(ctx, c, t.ID)
	if err == nil {
		err = intact(ctx, c)
	}
	if err == nil {
		err = ownTables(ctx, c)
	}
	if err = errors.Join(err, c.destroy()); err != nil {
		return err
	}
	hd, err := d.migrateFile(ctx, tmp, scratch, t.ID)
	if err != nil {
		return err
	}
	return d.build(ctx, tmp, func(c *conn) error {
		return d.writeHeader(ctx, c, d.restored(hd, t, hd.version+1))
	})
}

// ownTables refuses a snapshot in which the tables of this package are not what it makes, or have
// triggers or indexes: it would say another state than was written.
func ownTables(ctx context.Context, c *conn) error {
	made, err := c.strings(ctx, "SELECT coalesce(sql, '') FROM sqlite_schema WHERE lower(tbl_name) GLOB 'tenancy_*' OR lower(name) GLOB 'tenancy_*'")
	if err != nil {
		return err
	}
	for _, sql := range made {
		if !strings.HasPrefix(sql, "CREATE TABLE") || !strings.Contains(headerSQL, sql+";") {
			return fmt.Errorf("%w: its own tables are not as they were made", ErrCorrupt)
		}
	}
	size, err := c.text(ctx, "PRAGMA page_size")
	if err == nil && (len(made) != 2 || size != strconv.Itoa(pageSize)) {
		err = fmt.Errorf("%w: its tables or pages are not as they were made", ErrCorrupt)
	}
	return err
}

// restored is the header of a snapshot of t's that takes its place now.
func (d *DB) restored(hd *header, t tenancy.Tenant, version int64) *header {
	return &header{version: version, tenant: hd.tenant, state: t.State, region: t.Region, epoch: t.Epoch,
		schema: hd.schema, decided: micros(t.ChangedAt)}
}

// replace copies a prepared snapshot over the tenant's file, page by page in one transaction, so that
// processes that have it open see either the old or the new.
func (d *DB) replace(ctx context.Context, t tenancy.Tenant, tmp, path string) error {
	h, err := d.pool.acquire(ctx, t.ID) // refuses a file that is damaged or somebody else's
	if err != nil {
		return err
	}
	h.release()
	lift, err := d.pool.hold(ctx, t.ID, tenancy.ErrNotActive)
	if err != nil {
		return err
	}
	defer lift()
	old, err := d.replaceable(ctx, path, t)
	if err != nil {
		return err
	}
	// The version must go on growing for processes that remember the old header.
	err = d.build(ctx, tmp, func(c *conn) error {
		hd, err := readHeader(ctx, c)
		if err != nil {
			return err
		}
		return d.writeHeader(ctx, c, d.restored(hd, t, max(hd.version, old.version)+1))
	})
	if err != nil {
		return err
	}
	c, err := d.connect(ctx, path, existing, false)
	if err != nil {
		return err
	}
	b, err := c.raw.NewRestore(d.opts.dsn(tmp, scratch))
	if err != nil {
		return errors.Join(err, c.destroy())
	}
	if _, err = b.Step(0); err == nil { // nobody else writes from here on: look again
		var now *header
		if now, err = d.replaceable(ctx, path, t); err == nil && *now != *old {
			err = fmt.Errorf("%w: the tenant is being changed by somebody else", tenancy.ErrState)
		}
	}
	if err == nil {
		_, err = b.Step(-1)
	}
	if ferr := b.Finish(); err == nil {
		err = ferr
	}
	return errors.Join(err, c.destroy())
}

// replaceable returns the header of the file at path, if a snapshot may take its place and say t.
func (d *DB) replaceable(ctx context.Context, path string, t tenancy.Tenant) (*header, error) {
	c, err := d.connect(ctx, path, existing, false)
	if err != nil {
		return nil, err
	}
	hd, err := d.identify(ctx, c, t.ID)
	switch {
	case err != nil:
	case hd.state == tenancy.Purging:
		err = tenancy.ErrPurged
	case hd.state.CanRead() == nil:
		err = fmt.Errorf("%w: the tenant is in use: suspend it before it is restored", tenancy.ErrState)
	case t.Epoch < hd.epoch:
		err = tenancy.ErrStaleEpoch
	case !t.ChangedAt.IsZero() && micros(t.ChangedAt) < hd.decided:
		err = fmt.Errorf("%w: a later decision is in force", tenancy.ErrState)
	}
	return hd, errors.Join(err, c.destroy())
}
