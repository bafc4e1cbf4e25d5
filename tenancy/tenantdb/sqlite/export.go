package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Snapshot describes one that [DB.Export] wrote.
type Snapshot struct {
	Tenant tenancy.ID `json:"tenant"`
	Epoch  int64      `json:"epoch"`
	Bytes  int64      `json:"bytes"`
	SHA256 string     `json:"sha256"` // hex, of all the bytes
	At     time.Time  `json:"at"`     // the database's clock when it was begun, UTC
}

// exportStep is how many pages are copied between two looks at the context.
const exportStep = 256

// Export writes a snapshot of the tenant to w: a SQLite database that any SQLite program can read, as
// it was at one moment. Transactions go on meanwhile, writing ones too. The snapshot is checked before
// the first byte is written; what rows held before they were deleted or changed is not in it. A
// suspended tenant can be exported; one that is being purged, or was, is [tenancy.ErrPurged].
func (d *DB) Export(ctx context.Context, id tenancy.ID, w io.Writer) (Snapshot, error) {
	if id.IsZero() {
		return Snapshot{}, tenancy.ErrNoTenant
	}
	h, err := d.pool.acquire(ctx, id) // also keeps the file from being purged
	if err != nil {
		return Snapshot{}, err
	}
	defer h.release()
	tmp, err := newScratch(h.path)
	if err != nil {
		return Snapshot{}, err
	}
	defer discard(tmp)
	s := Snapshot{Tenant: id, At: d.now()}
	if s.Epoch, err = d.copyOut(ctx, h, tmp); err != nil {
		return Snapshot{}, d.Translate(err)
	}
	f, err := os.Open(tmp)
	if err != nil {
		return Snapshot{}, fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, pathless(err))
	}
	defer f.Close()
	sum := sha256.New()
	if s.Bytes, err = io.Copy(io.MultiWriter(w, sum), readerCtx{ctx, f}); err != nil {
		return Snapshot{}, pathless(err)
	}
	s.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

// copyOut copies the file of h to scratch and checks the copy. It returns the epoch in it.
func (d *DB) copyOut(ctx context.Context, h *handle, tmp string) (epoch int64, err error) {
	src, err := d.connect(ctx, h.path, existing, false)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, src.destroy()) }()
	// A transaction that was begun and has read holds the snapshot for all the steps.
	if err := src.run(ctx, "BEGIN"); err != nil {
		return 0, err
	}
	hd, err := d.identify(ctx, src, h.id)
	if err == nil && hd.state == tenancy.Purging {
		err = tenancy.ErrPurged
	}
	if err != nil {
		return 0, err
	}
	b, err := src.raw.NewBackup(d.opts.dsn(tmp, scratch))
	if err != nil {
		return 0, err
	}
	for more := true; more && err == nil; {
		if err = ctx.Err(); err == nil {
			more, err = b.Step(exportStep)
		}
	}
	if ferr := b.Finish(); err == nil {
		err = ferr
	}
	if err != nil {
		return 0, err
	}
	c, err := d.connect(ctx, tmp, scratch, false)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.destroy()) }()
	if err := c.exec(ctx, "PRAGMA journal_mode = DELETE"); err != nil { // one file, with no log beside it
		return 0, err
	}
	return hd.epoch, intact(ctx, c)
}

// intact checks the whole file: its pages, indexes and constraints.
func intact(ctx context.Context, c *conn) error {
	says, err := c.text(ctx, "PRAGMA integrity_check(1)")
	if err != nil {
		return err
	}
	if says != "ok" {
		return fmt.Errorf("%w: integrity check failed", ErrCorrupt)
	}
	return nil
}

// readerCtx stops reading when the context ends.
type readerCtx struct {
	ctx context.Context
	r   io.Reader
}

func (r readerCtx) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
