package sqlite

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// systemSQL makes what the system database begins with: the ids that must never come back.
const systemSQL = `
CREATE TABLE tenancy_migration (id TEXT PRIMARY KEY, sum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tenancy_tombstone (
  tenant  TEXT PRIMARY KEY,
  at      INTEGER NOT NULL,
  receipt TEXT -- NULL until the purge is complete
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1651993393;
`

// openSystem opens the system database, made and migrated if need be.
func (d *DB) openSystem(ctx context.Context) error {
	path := filepath.Join(d.dir, systemFile)
	err := checkFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(filepath.Join(d.dir, tenantsDir)); err == nil {
			return fmt.Errorf("%w: the folder has tenants but no %s: without it purged tenants could come back", tenantdb.ErrUnsafe, systemFile)
		}
		err = d.makeSystem(ctx, path)
	}
	if err != nil {
		return err
	}
	if err := makeDir(filepath.Join(d.dir, tenantsDir)); err != nil {
		return err
	}
	c, err := d.connect(ctx, path, existing, false)
	if err != nil {
		return err
	}
	defer func() { _ = c.destroy() }()
	if err := checkVersion(ctx, c); err != nil {
		return err
	}
	if err := limitValues(c.raw, maxLength); err != nil { // not bound, but it can be
		return err
	}
	if app, err := c.text(ctx, "PRAGMA application_id"); err != nil {
		return openError(err)
	} else if app != fmt.Sprint(applicationID) {
		return fmt.Errorf("%w: %s was not made here", ErrCorrupt, systemFile)
	}
	d.system = d.newHandle(tenancy.ID{}, path)
	return d.change(ctx, c, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := apply(ctx, c, tx, d.opts.SystemMigrations)
		return err
	})
}

// makeSystem makes an empty one.
func (d *DB) makeSystem(ctx context.Context, path string) error {
	tmp, err := newScratch(path)
	if err != nil {
		return err
	}
	defer discard(tmp)
	err = d.build(ctx, tmp, func(c *conn) error { return c.exec(ctx, systemSQL) })
	if err != nil {
		return err
	}
	if err := publish(tmp, path); !errors.Is(err, fs.ErrExist) { // else another process made it
		return err
	}
	return nil
}

// build fills a scratch file, and leaves it in the mode in which the header of a WAL database says so.
func (d *DB) build(ctx context.Context, tmp string, f func(*conn) error) (err error) {
	c, err := d.connect(ctx, tmp, scratch, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(openError(err), c.destroy()) }()
	if err := f(c); err != nil {
		return err
	}
	return c.exec(ctx, "PRAGMA journal_mode = WAL; PRAGMA wal_checkpoint(TRUNCATE)")
}

// checkTombstone returns ErrPurged for an id that is being, or was, purged here.
func (d *DB) checkTombstone(ctx context.Context, id tenancy.ID) error {
	receipt, err := d.tombstone(ctx, id)
	if err == nil && receipt != nil {
		return tenancy.ErrPurged
	}
	return err
}

// tombstone returns the receipt of id's purge: nil if there was none, one without a tenant if it is
// not complete.
func (d *DB) tombstone(ctx context.Context, id tenancy.ID) (r *tenancy.Receipt, err error) {
	c, err := d.system.take(ctx, false)
	if err != nil {
		return nil, err
	}
	defer d.system.put(c, false)
	var v [1]driver.Value
	err = c.row(ctx, v[:], "SELECT receipt FROM tenancy_tombstone WHERE tenant = ?", driver.NamedValue{Ordinal: 1, Value: id.String()})
	if err == io.EOF {
		return nil, nil
	}
	if err != nil {
		return nil, openError(err)
	}
	r = &tenancy.Receipt{}
	if s, ok := v[0].(string); ok {
		if err := json.Unmarshal([]byte(s), r); err != nil {
			return nil, fmt.Errorf("%w: a receipt cannot be read", ErrCorrupt)
		}
	}
	return r, nil
}
