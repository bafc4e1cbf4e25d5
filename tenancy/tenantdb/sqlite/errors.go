package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"modernc.org/sqlite"
)

// SQLite's primary result codes (sqlite.org/rescode.html).
const (
	codePerm       = 3
	codeBusy       = 5
	codeLocked     = 6
	codeNoMem      = 7
	codeReadOnly   = 8
	codeInterrupt  = 9
	codeIOErr      = 10
	codeCorrupt    = 11
	codeFull       = 13
	codeCantOpen   = 14
	codeProtocol   = 15
	codeTooBig     = 18
	codeConstraint = 19
	codeUnique     = 2067
	codePrimaryKey = 1555
	codeRowID      = 2579
	codeAuth       = 23
	codeNotADB     = 26
)

// ErrCorrupt is a file that is not the database it should be: damaged, overwritten, or another
// tenant's. It is never repaired, overwritten or restored over here: move it away, with the -wal and -shm
// beside it, and put a snapshot in its place with [DB.Restore].
var ErrCorrupt = errors.New("sqlite: file is damaged or not this tenant's")

// ErrTooBig is a value, or a row, of more than Options.MaxValue bytes: given, made by a statement, or in the file.
var ErrTooBig = errors.New("sqlite: a value is too big")

// Error is an error of the database. Its text names what failed, and holds no value of a row or
// parameter and no path.
type Error struct {
	code int
	text string
	errs []error
}

func (e *Error) Error() string { return e.text }

// Code returns SQLite's extended result code (sqlite.org/rescode.html), such as 2067 for a violated
// unique constraint; 0 if the error is not SQLite's.
func (e *Error) Code() int { return e.code }

// Unwrap returns the sentinels that name the error and the error they were found in.
func (e *Error) Unwrap() []error { return e.errs }

// Translate implements [tenantdb.Backend].
func (d *DB) Translate(err error) error {
	var done *Error
	if err == nil || errors.As(err, &done) {
		return err
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return scanError(err)
	}
	names := sentinel(e.Code())
	if errors.Is(err, tenantdb.ErrQuota) {
		names = nil // it has its name
	}
	return wrap(err, e, names)
}

// CommitError implements [tenantdb.Backend]. A commit that SQLite refused is not in force, with
// three exceptions: an I/O error may have come after the commit reached the disk; a context that ended
// is reported in the words of a transaction that somebody else ended; and so is a caller's own commit.
func (d *DB) CommitError(err error) error {
	var e *sqlite.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		names := sentinel(e.Code())
		if c := e.Code() & 0xff; c == codeIOErr || c == codeNoMem || c == codeProtocol || c == codeCorrupt || c == codeInterrupt {
			names = append(names, tenantdb.ErrOutcomeUnknown)
		}
		return wrap(err, e, names)
	case errors.Is(err, errGone), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err // database/sql found the context ended before it asked us
	case errors.Is(err, sql.ErrTxDone):
		return fmt.Errorf("%w: %w", tenantdb.ErrOutcomeUnknown, err)
	}
	return fmt.Errorf("%w: %w", tenantdb.ErrOutcomeUnknown, err)
}

// sentinel returns the names of a result code.
func sentinel(code int) []error {
	if code == codeUnique || code == codePrimaryKey || code == codeRowID {
		return []error{tenantdb.ErrUnique}
	}
	switch code & 0xff {
	case codeBusy, codeLocked:
		return []error{tenantdb.ErrConflict}
	case codeFull, codeIOErr, codeCantOpen, codePerm, codeProtocol, codeNoMem, codeReadOnly:
		return []error{tenantdb.ErrUnavailable} // a transaction that may only read is stopped before SQLite is
	case codeTooBig:
		return []error{ErrTooBig}
	case codeCorrupt, codeNotADB:
		return []error{ErrCorrupt}
	case codeAuth:
		return []error{tenantdb.ErrIsolation}
	}
	return nil
}

// openError is for errors of a connection that could not be made.
func openError(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	return wrap(err, e, sentinel(e.Code()))
}

// wrap gives err the names, and its text with the driver's words replaced by harmless ones.
func wrap(err error, e *sqlite.Error, names []error) error {
	text := strings.ReplaceAll(err.Error(), e.Error(), harmless(e))
	for i := len(names) - 1; i >= 0; i-- {
		text = names[i].Error() + ": " + text
	}
	return &Error{code: e.Code(), text: text, errs: append(names, err)}
}

// unscanned is how database/sql begins to tell that a value does not fit where it was to go. The rest of its
// text names the column, which may be a literal, and holds the value.
var unscanned = regexp.MustCompile(`(?s)(sql: Scan error on column index \d+).*`)

func scanError(err error) error {
	if text := err.Error(); unscanned.MatchString(text) {
		return &Error{text: unscanned.ReplaceAllString(text, "$1: the value does not fit its destination"), errs: []error{err}}
	}
	return err
}

// searched is how a full-text index tells what is wrong with an expression that it was given to search for:
// with a piece of it, unquoted.
var searched = regexp.MustCompile(`(?s)(no such column|no such function|unknown special query|parse error in rank function): .*`)

// ran is told of the errors of a statement once it is compiled, which are about values and not about its text.
func (c *conn) ran(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && searched.MatchString(e.Error()) {
		return &Error{code: e.Code(), text: searched.ReplaceAllString(e.Error(), "$1: …"), errs: []error{err}}
	}
	return err
}

var (
	quoted  = regexp.MustCompile(`"[^"]*"?|'[^']*'?`)
	suggest = regexp.MustCompile(` - should this be a string literal.*$`)
)

// harmless is SQLite's message without the pieces of SQL text it quotes, which may be values that
// somebody wrote into a statement or searched for.
func harmless(e *sqlite.Error) string {
	text := suggest.ReplaceAllString(e.Error(), "")
	if e.Code()&0xff == codeConstraint {
		return text // names of tables, columns and constraints
	}
	return quoted.ReplaceAllString(text, "…")
}

// allowed returns the sentinel of a tenant that may not be worked with in state s.
func allowed(s tenancy.State, readOnly bool) error {
	if readOnly {
		return s.CanRead()
	}
	return s.CanWrite()
}
