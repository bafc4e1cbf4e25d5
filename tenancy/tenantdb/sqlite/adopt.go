package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Adopt makes a database that some other program wrote the file of a new tenant: the way here for an application that
// has had a SQLite file all along. r reads that file, as "VACUUM INTO" or SQLite's backup makes it, whole and with no log beside
// it. Its tables stay as they are, [Options.Migrations] come on top, and what its rows held before they were deleted or changed is
// left behind. Foreign keys have to lead somewhere.
//
// A tenant that has a file is tenancy.ErrState, one that was purged tenancy.ErrPurged. A file that is damaged, a tenant's
// own (that is for [DB.Restore]), empty, or not in UTF-8 is [ErrCorrupt].
func (d *DB) Adopt(ctx context.Context, t tenancy.Tenant, r io.Reader) error {
	if err := d.checkTenant(t); err != nil {
		return err
	}
	path := d.tenantPath(t.ID)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: the tenant has a file", tenancy.ErrState)
	}
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
	if err := d.adoptable(ctx, tmp); err != nil {
		return d.Translate(err)
	}
	err = d.build(ctx, tmp, func(c *conn) error {
		// VACUUM writes each page anew: of our size, and without what was deleted.
		if err := c.exec(ctx, fmt.Sprintf("PRAGMA journal_mode = DELETE; PRAGMA page_size = %d; PRAGMA auto_vacuum = NONE; VACUUM", pageSize)); err != nil {
			return err
		}
		return d.found(ctx, c, t)
	})
	if err != nil {
		return d.Translate(err)
	}
	switch err := publish(tmp, path); {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: the tenant has a file", tenancy.ErrState)
	case err != nil:
		return err
	}
	if err := d.checkTombstone(ctx, t.ID); err != nil {
		_ = os.Remove(path)
		return err
	}
	return nil
}

// adoptable looks at a file that anybody may have made, on a connection that is guarded.
func (d *DB) adoptable(ctx context.Context, tmp string) (err error) {
	c, err := d.connect(ctx, tmp, scratch, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.destroy()) }()
	if err := intact(ctx, c); err != nil {
		return err
	}
	var n [2]driver.Value
	if err := c.row(ctx, n[:], "SELECT count(*), count(*) FILTER (WHERE lower(tbl_name) GLOB 'tenancy_*' OR lower(name) GLOB 'tenancy_*') FROM sqlite_schema"); err != nil {
		return err
	}
	switch {
	case n[0] == int64(0):
		return fmt.Errorf("%w: it is empty", ErrCorrupt)
	case n[1] != int64(0):
		return fmt.Errorf("%w: it has tables of a tenant's file", ErrCorrupt)
	}
	switch encoding, err := c.text(ctx, "PRAGMA encoding"); {
	case err != nil:
		return err
	case encoding != "UTF-8":
		return fmt.Errorf("%w: its texts are in %s", ErrCorrupt, encoding)
	}
	var bad [4]driver.Value
	switch err := c.row(ctx, bad[:], "PRAGMA foreign_key_check"); {
	case err == nil:
		return fmt.Errorf("%w: it has rows whose foreign keys point nowhere", tenantdb.ErrSchema)
	case err != io.EOF:
		return err
	}
	return nil
}
