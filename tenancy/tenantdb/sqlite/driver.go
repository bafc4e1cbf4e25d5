package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"modernc.org/sqlite"
)

// pageSize is SQLite's default, which every file made here has.
const pageSize = 4096

// logSize is how long a write-ahead log stays, once what a large transaction wrote to it is in the file. An ordinary one
// has half of that.
const logSize = 8 << 20

// rawConn is a physical connection of the driver, with all we use of it.
type rawConn interface {
	driver.Conn
	driver.ExecerContext
	driver.QueryerContext
	driver.ConnPrepareContext
	driver.Validator
	sqlite.AuthorizerRegisterer
	sqlite.FileControl
	NewBackup(dst string) (*sqlite.Backup, error)
	NewRestore(src string) (*sqlite.Backup, error)
}

// processWide sets what the driver keeps for the whole process, before the first file is opened.
var processWide = sync.OnceValue(func() error {
	// POSIX locks of a file vanish when anything in the process closes any descriptor of it: a backup, an
	// upload, a checksum. Locks of open file descriptions (Linux) stay.
	if _, err := sqlite.OFDLocking(true); errors.Is(err, sqlite.ErrOFDLockingTooLate) {
		return fmt.Errorf("%w: something opened a SQLite file in this process before tenantdb/sqlite did; open this one first, "+
			"or set MODERNC_SQLITE_OFD_LOCK=1, so that file locks survive other code that closes the files", tenantdb.ErrUnsafe)
	}
	return nil
})

// newDriver returns a driver of our own: what other code registers with the one named "sqlite"
// (functions, collations, hooks) does not reach our connections.
func newDriver(o Options) (*sqlite.Driver, error) {
	d := new(sqlite.Driver)
	err := d.RegisterScalarFunction("bw_now", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		return o.Clock().UnixMicro(), nil
	})
	return d, err
}

// How a file is opened. None is ever created by opening it: a tenant that was purged cannot come
// back because somebody was late. The files that new databases are made in exist and are empty.
type openMode int

const (
	existing openMode = iota // a database in use
	scratch                  // one in the making, which nobody reads before it was checked, synced and given its name
)

// dsn returns the data source name of a file. Everything in it but the escaped path is made of
// constants and numbers.
//
// Times are stored as whole microseconds since 1970, UTC, whether they come from bw_now() or from a
// time.Time; a column declared TIMESTAMP gives a time.Time back. Schemas come from migrations alone, so
// functions in them are trusted: DEFAULT (bw_now()) works.
func (o Options) dsn(path string, mode openMode) string {
	var b strings.Builder
	b.WriteString("file:")
	b.WriteString((&url.URL{Path: path}).EscapedPath())
	b.WriteString("?mode=rw&_pragma=secure_delete(1)")
	switch {
	case mode == scratch:
		b.WriteString("&_pragma=synchronous(off)&_pragma=locking_mode(exclusive)")
	case o.Sync == SyncNormal:
		b.WriteString("&_pragma=synchronous(normal)")
	}
	if mode == existing {
		// With a limit, the last connection to close empties the log.
		b.WriteString("&_pragma=journal_size_limit(")
		b.WriteString(strconv.Itoa(logSize))
		b.WriteString(")")
	}
	b.WriteString("&_defensive=1&_dqs=0&_pragma=temp_store(memory)&_pragma=cache_size(-")
	b.WriteString(strconv.Itoa(o.CacheKiB))
	b.WriteString(")&_busy_timeout=")
	b.WriteString(strconv.FormatInt(o.Wait.Milliseconds(), 10))
	b.WriteString("&_time_integer_format=unix_micro&_inttotime=1&_error_rc=1")
	return b.String()
}

// connect opens a physical connection. A guarded one is fit for the statements of callers; the
// others stay in this package.
func (d *DB) connect(ctx context.Context, path string, mode openMode, guarded bool) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dsn := d.opts.dsn(path, mode)
	if guarded {
		dsn += "&_foreign_keys=1"
		if d.opts.MaxBytes > 0 {
			dsn += "&_pragma=max_page_count(" + strconv.FormatInt(d.opts.MaxBytes/pageSize, 10) + ")"
		}
	}
	opened, err := d.driver.Open(dsn)
	if err != nil {
		return nil, openError(err)
	}
	c := &conn{raw: opened.(rawConn), path: path, limited: guarded && d.opts.MaxBytes > 0}
	if mode == existing {
		// Without this the last connection to close deletes the log, instead of emptying it, and the next one to open
		// makes a new one.
		if _, err := c.raw.FileControlPersistWAL("main", 1); err != nil {
			c.destroy()
			return nil, err
		}
	}
	if guarded {
		if err := errors.Join(d.guard(c), limitValues(c.raw, d.opts.MaxValue)); err != nil {
			c.destroy()
			return nil, err
		}
	}
	return c, nil
}

// checkVersion refuses a SQLite that can corrupt a log two connections use (the "WAL reset" bug of
// 3.7.0 to 3.51.2).
func checkVersion(ctx context.Context, c *conn) error {
	v, err := c.text(ctx, "SELECT sqlite_version()")
	if err != nil {
		return err
	}
	var major, minor, patch int
	if _, err := fmt.Sscanf(v, "%d.%d.%d", &major, &minor, &patch); err != nil || major*1e6+minor*1e3+patch < 3_051_003 {
		return fmt.Errorf("%w: SQLite %s is older than 3.51.3", tenantdb.ErrUnsafe, v)
	}
	return nil
}
