package dsarsql

import (
	"errors"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// ErrRefused: the database's own rules say no to what would be written.
var ErrRefused = errors.New("dsarsql: refused")

// open returns the tables in db, which are looked at by the first call that uses them.
func open(db *tenantdb.DB) (*tables.Tables, error) {
	return tables.New(db, tables.Door{
		Known:  migrate.Known{Name: "dsar", Table: "dsar_breach", Version: version, Wrong: tenantdb.ErrSchema},
		SQLite: SQLite,
		Errors: tables.Errors{Schema: tenantdb.ErrSchema, Unavailable: tenantdb.ErrUnavailable, Unknown: tenantdb.ErrOutcomeUnknown, Refused: ErrRefused, State: "BWD01"},
	})
}
