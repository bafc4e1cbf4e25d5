package rows

import (
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// What is refused.
var (
	// ErrAmbiguous: several people go by what the person is known by, and no key says which it is.
	ErrAmbiguous = errors.New("rows: more than one person goes by that")
	// ErrKey: the key of a person, or another value, is none that the column can hold.
	ErrKey = errors.New("rows: not a key of the table")
)

// Rows knows how the rows of a map's tables are found. It is safe for concurrent use.
type Rows struct {
	c       *dsar.Compiled
	dialect schema.Dialect
	tables  map[string]*table
	kinds   []dsar.Subject
}

// New returns the Rows of a map in a kind of database.
func New(c *dsar.Compiled, d tenantdb.Dialect) (*Rows, error) {
	if c == nil {
		return nil, errors.New("rows: no map")
	}
	r := &Rows{c: c, dialect: schema.Dialect(d), tables: map[string]*table{}, kinds: c.Subjects()}
	if r.dialect != schema.Postgres && r.dialect != schema.SQLite {
		return nil, fmt.Errorf("rows: no SQL for %q", d)
	}
	return r, r.read()
}

// Compiled returns the map.
func (r *Rows) Compiled() *dsar.Compiled { return r.c }

// SQL returns the name of a table or view, quoted, as statements have it.
func (r *Rows) SQL(table string) string {
	return (&schema.Database{Dialect: r.dialect}).SQL(table)
}
