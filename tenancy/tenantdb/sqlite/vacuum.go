package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Vacuum implements [tenantdb.Vacuumer]. SQLite copies what is there into a temporary file, and from there over the tenant's, in one
// transaction: a crash leaves it as it was before or as it is after. The temporary file holds rows that stay and no others.
func (d *DB) Vacuum(ctx context.Context, s tenantdb.Scope) error {
	if s.Tenant.IsZero() {
		return tenancy.ErrNoTenant
	}
	h, err := d.pool.acquire(ctx, s.Tenant)
	if err != nil {
		return err
	}
	defer h.release()
	if err := h.vacuum(ctx); err != nil {
		return err
	}
	return d.Expunge(ctx, s)
}

// renumbered are the tables whose rowids VACUUM gives anew, of which an index of their texts would know nothing.
const renumbered = `SELECT count(*) FROM sqlite_master t JOIN sqlite_master v ON v.type = 'table' AND v.sql LIKE 'CREATE VIRTUAL TABLE%'
	WHERE t.type = 'table' AND t.sql NOT LIKE 'CREATE VIRTUAL TABLE%' AND t.rootpage > 0
		AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name)) AND NOT EXISTS (SELECT 1 FROM pragma_table_list(t.name) WHERE wr)
		AND NOT EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE pk > 0 AND type = 'INTEGER' COLLATE NOCASE)
		AND replace(replace(replace(replace(lower(v.sql), ' ', ''), '"', ''), '''', ''), '` + "`" + `', '') GLOB '*content=' || replace(lower(t.name), ' ', '') || '[,)]*'`

func (h *handle) vacuum(ctx context.Context) error {
	c, err := h.take(ctx, true)
	if err != nil {
		return err
	}
	defer h.put(c, true)
	hd, err := h.db.identify(ctx, c, h.id)
	if err == nil {
		err = hd.state.CanWrite()
	}
	if err != nil {
		return err
	}
	n, err := c.text(ctx, renumbered)
	if err != nil {
		return err
	}
	if n != "0" {
		return fmt.Errorf("%w: a full-text index refers to rows by numbers that are not a key, which VACUUM would change", tenantdb.ErrUnsafe)
	}
	h.owes.Store(true)
	c.known = nil
	return c.exec(ctx, "VACUUM")
}

// Files implements [tenantdb.Vacuumer].
func (d *DB) Files(ctx context.Context, s tenantdb.Scope, fn func(name string, r io.Reader) error) error {
	if s.Tenant.IsZero() {
		return tenancy.ErrNoTenant
	}
	if !mayOpenBeside {
		return tenantdb.ErrNoFiles
	}
	h, err := d.pool.acquire(ctx, s.Tenant) // also keeps the file from being purged
	if err != nil {
		return err
	}
	defer h.release()
	for _, part := range []struct{ name, suffix string }{{"file", ""}, {"log", "-wal"}, {"journal", "-journal"}} {
		f, err := os.OpenFile(h.path+part.suffix, os.O_RDONLY|noFollow, 0)
		if errors.Is(err, fs.ErrNotExist) && part.suffix != "" {
			continue
		}
		if err != nil {
			return fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, pathless(err))
		}
		err = fn(part.name, readerCtx{ctx, f})
		_ = f.Close()
		if err != nil {
			return pathless(err)
		}
	}
	return nil
}
