package sqlite

import (
	"database/sql/driver"
	"fmt"
	"unsafe"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	lib "modernc.org/sqlite/lib"
)

// maxLength is what SQLite was compiled to allow, in bytes.
const maxLength = lib.SQLITE_MAX_LENGTH

// limitValues makes a connection of the driver refuse to make, take or read a value or row of more than n bytes. SQL
// text alone could else ask for a gigabyte with one zeroblob(), in the memory that all tenants share.
//
// The driver does this only for connections that it gave to database/sql itself, which ours are not.
func limitValues(raw driver.Conn, n int) error {
	db, err := handleOf(raw)
	if err != nil {
		return err
	}
	if tls := tlsOf(raw); tls != nil {
		limit(lib.Xsqlite3_limit, tls, db, int32(n))
		if limit(lib.Xsqlite3_limit, tls, db, -1) == int32(n) {
			return nil
		}
	}
	return fmt.Errorf("%w: values cannot be limited with this version of modernc.org/sqlite: use the one in go.mod", tenantdb.ErrUnsafe)
}

// limit sets the limit, if n is not negative, and returns the one before. Only the driver can name the type of the
// function's first parameter.
func limit[T any](f func(*T, uintptr, int32, int32) int32, tls unsafe.Pointer, db uintptr, n int32) int32 {
	return f((*T)(tls), db, lib.SQLITE_LIMIT_LENGTH, n)
}
