package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// handle is an open file. Its connections are all alike: one transaction at a time may write, and
// up to Options.Readers read beside it, each on whichever connection is free. So a tenant that is
// used by one request at a time costs one connection.
type handle struct {
	db     *DB
	id     tenancy.ID // zero: the system database
	path   string
	entry  *entry // its place in the pool; nil for the system database
	header atomic.Pointer[header]

	writer  chan struct{}
	writing atomic.Uintptr // the goroutine inside the transaction that has the writer; 0: none, or not known
	readers chan struct{}
	owes    atomic.Bool // the log beside the file holds what was to be expunged
	holds   holds
	mu      sync.Mutex
	idle    []*conn
}

func (d *DB) newHandle(id tenancy.ID, path string) *handle {
	return &handle{db: d, id: id, path: path, writer: make(chan struct{}, 1), readers: make(chan struct{}, d.opts.Readers)}
}

func (h *handle) lane(write bool) chan struct{} {
	if write {
		return h.writer
	}
	return h.readers
}

// mine reports whether the transaction that writes was begun by the caller's own goroutine, which is then inside it:
// to wait for it would be to wait for itself.
func (h *handle) mine() bool {
	g := goroutine()
	return g != 0 && h.writing.Load() == g
}

// left says that the caller's transaction has ended for it. The writer may come free a little later, when what the
// transaction used has been put in order, and that is worth waiting for.
func (h *handle) left() { h.writing.CompareAndSwap(goroutine(), 0) }

// take returns a connection for one transaction, waiting for its turn.
func (h *handle) take(ctx context.Context, write bool) (*conn, error) {
	lane := h.lane(write)
	var closed chan struct{} // Close waits for those who use a tenant; the system database it takes away
	if h.id.IsZero() {
		closed = h.db.stop
		select {
		case <-closed:
			return nil, errClosed
		default:
		}
	}
	select {
	case lane <- struct{}{}:
	default:
		if write && h.mine() {
			return nil, tenantdb.ErrSelfWait
		}
		select {
		case lane <- struct{}{}:
		case <-closed:
			return nil, errClosed
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", tenantdb.ErrPoolFull, context.Cause(ctx))
		}
	}
	if write {
		if err := h.queue(ctx); err != nil {
			<-lane
			return nil, err
		}
		h.writing.Store(goroutine())
	}
	h.mu.Lock()
	if n := len(h.idle); n > 0 {
		c := h.idle[n-1]
		h.idle = h.idle[:n-1]
		h.mu.Unlock()
		return c, nil
	}
	h.mu.Unlock()
	c, err := h.db.connect(ctx, h.path, existing, true)
	if err != nil {
		h.leave(write)
		return nil, err
	}
	return c, nil
}

// leave ends the turn of one transaction.
func (h *handle) leave(write bool) {
	if write {
		h.writing.Store(0)
		_ = unlockByte(h.holds.file, writerByte) // closing the file would
	}
	<-h.lane(write)
}

// put gives a connection back.
func (h *handle) put(c *conn, write bool) {
	if h.owes.Load() && c.usable() {
		_, _ = h.empty(c) // if it fails, the next one tries
	}
	if c.usable() {
		h.mu.Lock()
		h.idle = append(h.idle, c)
		h.mu.Unlock()
	} else {
		_ = c.destroy()
	}
	h.leave(write)
}

// pin begins one more use of the handle, by somebody who has one.
func (h *handle) pin() {
	if h.entry != nil {
		h.entry.shard.mu.Lock()
		h.entry.refs++
		h.entry.shard.mu.Unlock()
	}
}

// release ends one use of the handle.
func (h *handle) release() {
	if h.entry != nil {
		h.db.pool.release(h.entry)
	}
}

// close closes the connections. Nobody uses the handle any more.
func (h *handle) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for _, c := range h.idle {
		if h.owes.Load() && c.usable() {
			_, _ = h.empty(c)
		}
		errs = append(errs, c.destroy())
	}
	h.idle = nil
	return errors.Join(append(errs, h.holds.close())...)
}

// with runs f on a connection in a transaction of our own, which none of the tenant's rules apply
// to. It commits if f returns nil.
func (h *handle) with(ctx context.Context, write bool, f func(*conn) error) (err error) {
	c, err := h.take(ctx, write)
	if err != nil {
		return err
	}
	defer h.put(c, write)
	c.known = nil // its own changes do not count as others'
	begin := "BEGIN"
	if write {
		begin = "BEGIN IMMEDIATE"
	}
	if err := c.run(ctx, begin); err != nil {
		c.broken = c.run(context.Background(), "ROLLBACK") != nil // an interrupted BEGIN may have begun
		return openError(err)
	}
	done := false
	defer func() {
		if !done {
			c.broken = c.run(context.Background(), "ROLLBACK") != nil || c.broken
		}
	}()
	if err := f(c); err != nil {
		return openError(err)
	}
	if err := c.run(context.Background(), "COMMIT"); err != nil {
		return h.db.CommitError(err)
	}
	done = true
	return nil
}
