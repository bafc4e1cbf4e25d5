package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Purge implements [tenancy.Host]. It marks the id in the system database, so that it is refused from
// then on whatever happens; waits for the transactions under way, here and in other processes;
// overwrites and removes the file with all that SQLite and this package keep beside it; and looks that
// nothing of that name is left. Called again it goes on, or returns the receipt of the first time. Inside a
// transaction of the system database, whose writer it would wait for, it does nothing: [tenantdb.ErrSelfWait].
func (d *DB) Purge(ctx context.Context, t tenancy.Tenant) (tenancy.Receipt, error) {
	if t.ID.IsZero() {
		return tenancy.Receipt{}, tenancy.ErrNoTenant
	}
	if d.system.mine() {
		return tenancy.Receipt{}, tenantdb.ErrSelfWait
	}
	path := d.tenantPath(t.ID)
	stone, err := d.tombstone(ctx, t.ID)
	if err != nil {
		return tenancy.Receipt{}, err
	}
	if stone == nil {
		if err := d.condemn(ctx, t, path); err != nil {
			return tenancy.Receipt{}, err
		}
	} else if !stone.Tenant.IsZero() {
		if left, err := remains(path); err != nil || len(left) == 0 {
			return *stone, err
		} // somebody put a copy back: destroy that as well
	}
	lift, err := d.pool.hold(ctx, t.ID, tenancy.ErrPurged)
	if err != nil {
		return tenancy.Receipt{}, err
	}
	defer lift()
	erased, err := erase(ctx, path)
	if err != nil {
		return tenancy.Receipt{}, err
	}
	left, err := remains(path)
	if err != nil || len(left) > 0 {
		return tenancy.Receipt{}, errors.Join(fmt.Errorf("sqlite: purge: %d files are left", len(left)), err)
	}
	r := tenancy.Receipt{
		Tenant: t.ID, Shard: d.opts.Shard, Erased: erased, PurgedAt: d.now(),
		Proof: []string{
			"no process had the file open when it was overwritten with zeros and removed",
			"the folder was synced and listed: no file of the tenant's name, log, shared memory, journal or unfinished copy is in it",
		},
		Residual: []string{
			"backups and snapshots of the file system, until they expire",
			"blocks that a copy-on-write file system or a flash disk keeps under the overwritten ones, until they are reused",
		},
	}
	b, err := json.Marshal(r)
	if err != nil {
		return tenancy.Receipt{}, err
	}
	err = d.system.with(ctx, true, func(c *conn) error {
		return c.exec(ctx, "UPDATE tenancy_tombstone SET receipt = ?, at = bw_now() WHERE tenant = ?", string(b), t.ID.String())
	})
	return r, err
}

// condemn marks the file, which stops transactions under way in every process, and then the id.
func (d *DB) condemn(ctx context.Context, t tenancy.Tenant, path string) error {
	if err := checkFile(path); errors.Is(err, fs.ErrNotExist) {
		return tenancy.ErrUnknownTenant
	}
	h, err := d.pool.acquire(ctx, t.ID)
	if err == nil {
		t.State = tenancy.Purging
		err = d.recordIn(ctx, h, t, false)
		h.release()
	}
	// A file that is damaged, or not what it should be, can be destroyed without being asked.
	if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, tenantdb.ErrUnsafe) && !errors.Is(err, tenantdb.ErrSchema) {
		return err
	}
	return d.system.with(ctx, true, func(c *conn) error {
		return c.exec(ctx, "INSERT INTO tenancy_tombstone (tenant, at) VALUES (?, bw_now()) ON CONFLICT DO NOTHING", t.ID.String())
	})
}

// erase overwrites and removes the file and all that stands beside it, and returns the bytes of each.
func erase(ctx context.Context, path string) (map[string]int64, error) {
	erased := map[string]int64{}
	unlock, err := lockOut(ctx, path)
	if err != nil {
		return nil, err
	}
	defer unlock()
	files, err := remains(path)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		n, err := overwrite(f)
		if err == nil {
			err = os.Remove(f)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, pathless(err))
		}
		erased[strings.TrimPrefix(filepath.Base(f), strings.TrimSuffix(filepath.Base(path), ".db"))] += n
	}
	dir := filepath.Dir(path)
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return erased, nil
	}
	return erased, syncDir(dir)
}

// remains lists the files of a tenant: the database first, then whatever else begins with its name.
func remains(path string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, pathless(err))
	}
	var out []string
	for _, e := range entries { // sorted by name
		if strings.HasPrefix(e.Name(), filepath.Base(path)) {
			out = append(out, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	return out, nil
}

// overwrite writes zeros over a file, so that not even a process that kept it open by accident can read
// it, and returns its size. Links are left alone: what they point to is not ours.
func overwrite(path string) (int64, error) {
	fi, err := os.Lstat(path)
	if err != nil || !fi.Mode().IsRegular() {
		return 0, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	zeros := make([]byte, 64<<10)
	for left := fi.Size(); left > 0 && err == nil; {
		var n int
		n, err = f.Write(zeros[:min(left, int64(len(zeros)))])
		left -= int64(n)
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return fi.Size(), err
}

// lockOut waits until no process has the database at path open, and keeps it so until unlock.
func lockOut(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) || err != nil && isLink(path) {
		return func() {}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, pathless(err))
	}
	for {
		ok, err := lockExclusive(f)
		switch {
		case err != nil:
			_ = f.Close()
			return nil, fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, err)
		case ok:
			return func() { _ = f.Close() }, nil
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("%w: another process has the file open; it lets go within its IdleClose: %w", tenantdb.ErrConflict, context.Cause(ctx))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func isLink(path string) bool {
	fi, err := os.Lstat(path)
	return err == nil && !fi.Mode().IsRegular()
}
