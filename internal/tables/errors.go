package tables

import (
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Errors are the sentinels that a door has for what a database says. One that is nil is not added.
type Errors struct {
	Schema      error  // tables are missing, older or newer
	Unavailable error  // the database cannot be asked
	Unknown     error  // whether the commit is in force is not known
	Conflict    error  // the database gave the transaction up for another's sake
	Refused     error  // a trigger or a constraint of the tables said no
	State       string // the SQLSTATE that the door's triggers on Postgres raise
}

// Named adds the sentinel that says what err means for the door's caller.
func (t *Tables) Named(err error) error {
	e := &t.door.Errors
	add := func(name error) error {
		if name == nil || errors.Is(err, name) {
			return err
		}
		return fmt.Errorf("%w: %w", name, err)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, tenantdb.ErrOutcomeUnknown):
		return add(e.Unknown)
	case errors.Is(err, tenantdb.ErrUnavailable), errors.Is(err, tenantdb.ErrPoolFull), errors.Is(err, tenantdb.ErrNoSystem):
		return add(e.Unavailable)
	case errors.Is(err, tenantdb.ErrConflict):
		return add(e.Conflict)
	case migrate.IsMissing(err):
		return add(e.Schema)
	case e.Refused != nil && e.refuses(err):
		return add(e.Refused)
	}
	return err
}

// refuses reports whether a trigger or a constraint of the tables said no.
func (e *Errors) refuses(err error) bool {
	var pg interface{ SQLState() string }
	if errors.As(err, &pg) {
		switch pg.SQLState() {
		case e.State, "23514", "23502", "22P02": // the door's own, a check, NULL, no JSON
			return true
		}
		return false
	}
	var lite interface{ Code() int }
	if errors.As(err, &lite) {
		switch lite.Code() {
		case 1811, 275, 1299, 3091: // SQLITE_CONSTRAINT_TRIGGER, _CHECK, _NOTNULL, _DATATYPE
			return true
		}
	}
	return false
}
