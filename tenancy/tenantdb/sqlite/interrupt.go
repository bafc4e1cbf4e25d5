package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"reflect"
	"sync"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	lib "modernc.org/sqlite/lib"
)

// watch interrupts a query whose context ends while SQLite looks for its next row. The driver does so until
// the first row is found and not after it: a query could run on for as long as it liked, and with it
// whoever waits for the tenant.
type watch struct {
	ctx      context.Context
	db       uintptr
	stop     func() bool
	mu       sync.Mutex
	stepping bool
}

// newWatch returns the watch of a query on raw, and nil if its context never ends.
func newWatch(ctx context.Context, raw driver.Conn) *watch {
	db, err := handleOf(raw)
	if ctx.Done() == nil || err != nil {
		return nil
	}
	w := &watch{ctx: ctx, db: db}
	w.stop = context.AfterFunc(ctx, w.interrupt)
	return w
}

// begin is called before each step, and end after it. A query whose context has ended takes none.
func (w *watch) begin() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.ctx.Err()
	w.stepping = err == nil
	return err
}

func (w *watch) end() {
	w.mu.Lock()
	w.stepping = false
	w.mu.Unlock()
}

// interrupt runs on another goroutine than the query, which has the connection for as long as it is stepping.
func (w *watch) interrupt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stepping {
		lib.Xsqlite3_interrupt(nil, w.db) // one atomic store
	}
}

// handleOf returns the sqlite3* of a connection of the driver, which does not export it.
func handleOf(raw driver.Conn) (uintptr, error) {
	f := reflect.Indirect(reflect.ValueOf(raw)).FieldByName("db")
	if !f.IsValid() || f.Kind() != reflect.Uintptr {
		return 0, fmt.Errorf("%w: queries of this version of modernc.org/sqlite cannot be interrupted: use the one in go.mod", tenantdb.ErrUnsafe)
	}
	return uintptr(f.Uint()), nil
}
