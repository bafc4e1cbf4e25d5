package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Progress is what [DB.Migrate] reports for each file.
type Progress struct {
	Done, Total int
	Tenant      tenancy.ID // zero if the file could not say whose it is
	Err         error      // why this file was not migrated; the others go on
}

// FleetError is returned by [DB.Migrate] when some files were not migrated.
type FleetError struct {
	Failed map[string]error // by tenant id, or by file name where the file could not say whose it is
}

func (e *FleetError) Error() string {
	return fmt.Sprintf("sqlite: %d files were not migrated", len(e.Failed))
}

// Migrate brings the files of all tenants to Options.Migrations, concurrency at a time (0: one a
// processor), and calls report, if it is not nil, after each, one call at a time. A file that fails is
// reported and left as it was; the others go on, and the error is then a *[FleetError]. When ctx ends
// Migrate stops; calling it again goes on, because each file knows what it has seen. Tenants can be
// used meanwhile. Files of suspended tenants are migrated too.
func (d *DB) Migrate(ctx context.Context, concurrency int, report func(Progress)) error {
	failed := map[string]error{}
	done := 0
	err := d.eachFile(ctx, concurrency, func(path string) (tenancy.ID, error) {
		c, err := d.connect(ctx, path, existing, false)
		if err != nil {
			return tenancy.ID{}, err
		}
		defer func() { _ = c.destroy() }()
		id, hd, err := d.whose(ctx, c, path)
		if err != nil || hd.schema == d.schema {
			return id, err
		}
		_, err = d.migrateOn(ctx, c, id)
		return id, err
	}, func(path string, id tenancy.ID, total int, err error) {
		done++
		if err != nil {
			name := id.String()
			if id.IsZero() {
				name = filepath.Base(path)
			}
			failed[name] = d.Translate(err)
		}
		if report != nil {
			report(Progress{Done: done, Total: total, Tenant: id, Err: d.Translate(err)})
		}
	})
	if err == nil && len(failed) > 0 {
		err = &FleetError{failed}
	}
	return err
}

// Each calls f for every tenant that lives here and may be read, one after the other, with a context
// that belongs to the tenant and carries no transaction. The reason goes to Options.SystemAudit first. It
// stops at the first error. Tenants provisioned or purged meanwhile may or may not be visited.
func (d *DB) Each(ctx context.Context, reason string, f func(ctx context.Context, id tenancy.ID) error) error {
	if err := d.audit(ctx, reason, false); err != nil {
		return err
	}
	files, err := d.tenantFiles()
	if err != nil {
		return err
	}
	for _, path := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		id, hd, err := d.peek(ctx, path)
		switch {
		case errors.Is(err, fs.ErrNotExist) || err == nil && hd.state.CanRead() != nil:
			continue
		case err != nil:
			return fmt.Errorf("sqlite: file %s: %w", filepath.Base(path), d.Translate(err))
		}
		if err := f(tenancy.Switch(ctx, id), id); err != nil {
			return err
		}
	}
	return nil
}

// peek reads the header of a file without the pool.
func (d *DB) peek(ctx context.Context, path string) (tenancy.ID, *header, error) {
	if err := checkTenantFile(path); err != nil {
		return tenancy.ID{}, nil, err
	}
	c, err := d.connect(ctx, path, existing, false)
	if err != nil {
		return tenancy.ID{}, nil, err
	}
	defer func() { _ = c.destroy() }()
	return d.whose(ctx, c, path)
}

// whose reads the header of the file at path, which must be where its tenant's file is.
func (d *DB) whose(ctx context.Context, c *conn, path string) (tenancy.ID, *header, error) {
	hd, err := readHeader(ctx, c)
	if err != nil {
		return tenancy.ID{}, nil, err
	}
	id, err := tenancy.ParseID(hd.tenant)
	if err != nil || d.tenantPath(id) != path {
		return tenancy.ID{}, nil, fmt.Errorf("%w: it is not where its tenant's file belongs", ErrCorrupt)
	}
	return id, hd, nil
}

// eachFile calls work for every tenant's file, concurrently, and then said, one call at a time.
func (d *DB) eachFile(ctx context.Context, concurrency int, work func(path string) (tenancy.ID, error),
	said func(path string, id tenancy.ID, total int, err error)) error {
	files, err := d.tenantFiles()
	if err != nil {
		return err
	}
	if concurrency <= 0 {
		concurrency = runtime.GOMAXPROCS(0)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan string)
	for range min(concurrency, len(files)) {
		wg.Go(func() {
			for path := range next {
				err := checkTenantFile(path)
				if errors.Is(err, fs.ErrNotExist) {
					continue // purged meanwhile
				}
				var id tenancy.ID
				if err == nil {
					id, err = work(path)
				}
				if err != nil && ctx.Err() != nil {
					continue // interrupted, not failed
				}
				mu.Lock()
				said(path, id, len(files), err)
				mu.Unlock()
			}
		})
	}
	for _, path := range files {
		if ctx.Err() != nil {
			break
		}
		next <- path
	}
	close(next)
	wg.Wait()
	return ctx.Err()
}
