package sqlite

import (
	"context"
	"database/sql/driver"
	"reflect"
	"unsafe"

	lib "modernc.org/sqlite/lib"
)

// step is one of our statements as SQLite itself runs it. The driver also looks for parameters and asks for
// the row count and the last row id, each under SQLite's locks, which costs as much again as a BEGIN does.
type step struct {
	tls  unsafe.Pointer // the connection's *libc.TLS
	stmt uintptr        // sqlite3_stmt*
}

// newStep returns the step of st, a statement of raw. It is the zero step if the driver keeps its fields
// elsewhere than it did.
func newStep(raw driver.Conn, st driver.Stmt) step {
	tls := tlsOf(raw)
	stmt := reflect.Indirect(reflect.ValueOf(st)).FieldByName("pstmt")
	if tls == nil || !stmt.IsValid() || stmt.Kind() != reflect.Uintptr {
		return step{}
	}
	return step{tls, uintptr(stmt.Uint())}
}

// tlsOf returns the *libc.TLS of a connection of the driver, which does not export it; nil if it is kept elsewhere
// than it was.
func tlsOf(raw driver.Conn) unsafe.Pointer {
	f := reflect.Indirect(reflect.ValueOf(raw)).FieldByName("tls")
	if !f.IsValid() || f.Type() != reflect.TypeOf(lib.Xsqlite3_step).In(0) {
		return nil
	}
	return f.UnsafePointer()
}

// run executes the statement and reports whether that is known to have succeeded.
func (s step) run() bool {
	if s.stmt == 0 || s.tls == nil {
		return false
	}
	done := call(lib.Xsqlite3_step, s.tls, s.stmt) == lib.SQLITE_DONE
	return call(lib.Xsqlite3_reset, s.tls, s.stmt) == lib.SQLITE_OK && done
}

// call calls f, the type of whose first parameter only the driver can name.
func call[T any](f func(*T, uintptr) int32, tls unsafe.Pointer, p uintptr) int32 {
	return f((*T)(tls), p)
}

// quick is run for the statements around a transaction that only reads. They wait for nobody, and if one fails it may
// be tried again: there is no outcome that could be in doubt.
func (c *conn) quick(query string, s *step) error {
	c.internal = true // SQLite compiles it again when it has to
	done := s.run()
	c.internal = false
	if done {
		return nil
	}
	err := c.run(context.Background(), query)
	if st := c.stmts.ours[query]; err == nil && st != nil {
		*s = newStep(c.raw, st)
	}
	return err
}
