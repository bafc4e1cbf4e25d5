package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
)

// DB is a folder of SQLite files, one a tenant. It is safe for concurrent use, and several processes
// may have the same folder open.
type DB struct {
	dir    string
	opts   Options
	driver *sqlite.Driver
	schema string // fingerprint of opts.Migrations
	sql    *sqlx.DB
	system *handle
	pool   *pool

	modules atomic.Pointer[map[string]bool] // virtual tables that callers must not touch

	closing  sync.Once
	stop     chan struct{}
	stopped  sync.WaitGroup
	closeErr error
}

var (
	_ tenantdb.Backend = (*DB)(nil)
	_ tenancy.Host     = (*DB)(nil)
)

// Open opens the folder dir, which it makes (mode 0700) if need be, and migrates the system database
// in it. dir must be on a local file system: SQLite's locks and its shared memory do not work over a
// network.
func Open(dir string, opts Options) (*DB, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := processWide(); err != nil {
		return nil, err
	}
	if strings.ContainsRune(dir, 0) || dir == "" {
		return nil, errors.New("sqlite: the folder's name is empty or holds a NUL")
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := checkRoot(dir); err != nil {
		return nil, err
	}
	d := &DB{dir: dir, opts: opts, schema: fingerprint(opts.Migrations), stop: make(chan struct{})}
	if d.driver, err = newDriver(opts); err != nil {
		return nil, err
	}
	d.sql = sqlx.NewDb(sql.OpenDB(connector{d.driver}), "sqlite3")
	d.sql.SetMaxIdleConns(-1) // a connection belongs to its file, not to a pool that all tenants share
	d.pool = newPool(opts.MaxOpen, d.openTenant)
	if err := d.openSystem(context.Background()); err != nil {
		return nil, errors.Join(err, d.sql.Close())
	}
	d.stopped.Add(1)
	go d.closeIdle()
	return d, nil
}

// connector hands database/sql the connection that the context was given.
type connector struct{ d *sqlite.Driver }

type connKey struct{}

func (connector) Connect(ctx context.Context) (driver.Conn, error) {
	c, ok := ctx.Value(connKey{}).(*conn)
	if !ok {
		return nil, errors.New("sqlite: no connection outside a transaction")
	}
	return c, nil
}

func (c connector) Driver() driver.Driver { return c.d }

// TenantDB returns the database as the rest of the library uses it.
func (d *DB) TenantDB() *tenantdb.DB { return tenantdb.New(d) }

// Dialect implements [tenantdb.Backend].
func (d *DB) Dialect() tenantdb.Dialect { return tenantdb.SQLite }

// Begin implements [tenantdb.Backend]. A transaction that may write waits for the one before it, so
// that none is ever told to try again because of another one in this process.
func (d *DB) Begin(ctx context.Context, s tenantdb.Scope, o tenantdb.TxOptions) (tenantdb.Begun, error) {
	if s.Tenant.IsZero() {
		return tenantdb.Begun{}, tenancy.ErrNoTenant
	}
	h, err := d.pool.acquire(ctx, s.Tenant)
	if err != nil {
		return tenantdb.Begun{}, err
	}
	return d.begin(ctx, h, s.Epoch, o.ReadOnly)
}

// BeginSystem implements [tenantdb.Backend].
func (d *DB) BeginSystem(ctx context.Context, reason string, o tenantdb.TxOptions) (tenantdb.Begun, error) {
	if err := d.audit(ctx, reason, o.Routine); err != nil {
		return tenantdb.Begun{}, err
	}
	return d.begin(ctx, d.system, 0, o.ReadOnly)
}

// audit tells the hook what is about to be done for no tenant or for all of them.
func (d *DB) audit(ctx context.Context, reason string, routine bool) error {
	if d.opts.SystemAudit == nil {
		return fmt.Errorf("%w: Options.SystemAudit is not set", tenantdb.ErrNoSystem)
	}
	a := tenancy.Act{ID: uuid.New(), Name: "tenancy.system", Stage: tenancy.Entered, Shard: d.opts.Shard, Reason: reason, Routine: routine}
	if err := d.opts.SystemAudit(ctx, a); err != nil {
		return fmt.Errorf("sqlite: system work is refused because it cannot be audited: %w", err)
	}
	return nil
}

// begin begins a transaction on h, of which the caller holds one use.
func (d *DB) begin(ctx context.Context, h *handle, epoch int64, readOnly bool) (tenantdb.Begun, error) {
	c, err := h.take(ctx, !readOnly)
	if err != nil {
		h.release()
		return tenantdb.Begun{}, err
	}
	c.lease = lease{h: h, epoch: epoch, write: !readOnly}
	tx, err := d.beginOn(ctx, c, readOnly)
	if readOnly {
		return tenantdb.Begun{Tx: tx, Native: (*holder)(h)}, err
	}
	return tenantdb.Begun{Tx: tx, Native: (*holder)(h), Release: h.left}, err
}

// beginOn begins a transaction on c, which goes back to its handle when the transaction has ended.
// database/sql keeps c for as long as c lives: asking it for a connection costs more than BEGIN does.
func (d *DB) beginOn(ctx context.Context, c *conn, readOnly bool) (*sqlx.Tx, error) {
	var err error
	if c.sess == nil {
		c.sess, err = d.sql.Connx(context.WithValue(context.Background(), connKey{}, c))
	}
	var tx *sqlx.Tx
	if err == nil {
		tx, err = c.sess.BeginTxx(ctx, &sql.TxOptions{ReadOnly: readOnly})
	}
	if err != nil {
		c.broken = c.broken || errors.Is(err, sql.ErrConnDone)
		c.giveBack()
		return nil, d.Translate(err)
	}
	return tx, nil
}

// openTenant opens a tenant's file for the pool, and migrates it if need be.
func (d *DB) openTenant(ctx context.Context, id tenancy.ID) (*handle, error) {
	path := d.tenantPath(id)
	if err := d.checkTombstone(ctx, id); err != nil {
		return nil, err
	}
	switch err := checkTenantFile(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, tenancy.ErrUnknownTenant
	case err != nil:
		return nil, err
	}
	h := d.newHandle(id, path)
	c, err := d.connect(ctx, path, existing, true)
	if err != nil {
		return nil, err
	}
	h.idle = append(h.idle, c)
	opened := false
	defer func() {
		if !opened { // it failed, or a migration panicked
			_ = h.close()
		}
	}()
	hd, err := d.identify(ctx, c, id)
	if err != nil {
		return nil, err
	}
	if hd.schema != d.schema && hd.state.CanRead() == nil {
		if hd, err = d.migrateFile(ctx, path, existing, id); err != nil {
			return nil, err
		}
	}
	h.learn(hd)
	if fi, err := os.Lstat(path + "-wal"); err == nil && fi.Size() > 0 {
		// Another process is using the file, or one that did has crashed; there may be in the log what it was to expunge.
		if done, _ := h.empty(c); !done {
			h.owes.Store(true)
		}
	}
	opened = true
	return h, nil
}

// identify reads the header and refuses a file that is not id's.
func (d *DB) identify(ctx context.Context, c *conn, id tenancy.ID) (*header, error) {
	hd, err := readHeader(ctx, c)
	if err != nil {
		app, aerr := c.text(ctx, "PRAGMA application_id")
		if aerr == nil && app != fmt.Sprint(applicationID) {
			return nil, fmt.Errorf("%w: it was not made here", ErrCorrupt)
		}
		return nil, openError(err)
	}
	if hd.tenant != id.String() {
		return nil, fmt.Errorf("%w: it belongs to another tenant", ErrCorrupt)
	}
	return hd, nil
}

// closeIdle closes tenants that nobody has used for a while.
func (d *DB) closeIdle() {
	defer d.stopped.Done()
	t := time.NewTicker(max(d.opts.IdleClose/2, time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-d.stop:
			return
		case now := <-t.C:
			d.pool.closeIdle(now.Add(-d.opts.IdleClose))
		}
	}
}

// OpenTenants returns how many tenants' files are open now.
func (d *DB) OpenTenants() int { return d.pool.size() }

// Close waits for the transactions under way and closes everything. Further calls do nothing.
func (d *DB) Close() error {
	d.closing.Do(func() {
		d.pool.close() // what is under way may still need the system database
		close(d.stop)
		d.stopped.Wait()
		for range d.opts.Readers {
			d.system.readers <- struct{}{}
		}
		d.system.writer <- struct{}{}
		d.closeErr = errors.Join(d.system.close(), d.sql.Close())
	})
	return d.closeErr
}
