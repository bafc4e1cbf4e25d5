package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Error is what every error of Postgres, or of the way to it, comes back as. Its text never holds a
// value of a row or of an argument; what it wraps may, so log the Error and not what [errors.As]
// takes out of it: a *pgconn.PgError's Message and Detail repeat values.
type Error struct {
	kind error  // the sentinel, or nil
	text string // safe to print
	err  error
}

// Error implements error.
func (e *Error) Error() string {
	if e.kind == nil {
		return "tenantdb/postgres: " + e.text
	}
	if e.text == "" {
		return e.kind.Error()
	}
	return e.kind.Error() + " (" + e.text + ")"
}

// Unwrap returns the sentinel, if there is one, and the cause.
func (e *Error) Unwrap() []error {
	if e.kind == nil {
		return []error{e.err}
	}
	return []error{e.kind, e.err}
}

// scopeErrors are the refusals of schema tenancy, by the constraint they name.
var scopeErrors = map[string]error{
	"tenancy_forged":     tenantdb.ErrForged,
	"tenancy_expired":    tenantdb.ErrExpired,
	"tenancy_unknown":    tenancy.ErrUnknownTenant,
	"tenancy_stale":      tenancy.ErrStaleEpoch,
	"tenancy_not_active": tenancy.ErrNotActive,
	"tenancy_purged":     tenancy.ErrPurged,
	"tenancy_read_only":  tenancy.ErrReadOnly,
	"tenancy_no_scope":   tenancy.ErrNoTenant,
	"tenancy_region":     tenancy.ErrWrongRegion,
}

// Translate implements [tenantdb.Backend].
func (db *DB) Translate(err error) error { return translate(err) }

// CommitError implements [tenantdb.Backend].
func (db *DB) CommitError(err error) error { return commitError(err) }

func translate(err error) error {
	if err == nil {
		return nil
	}
	var done *Error
	if errors.As(err, &done) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return &Error{kindOf(pg), textOf(pg), err}
	}
	switch {
	case errors.Is(err, pgx.ErrNoRows), errors.Is(err, pgx.ErrTxClosed):
		return err
	case errors.Is(err, pgx.ErrTxCommitRollback):
		return &Error{tenantdb.ErrDoomed, "COMMIT answered ROLLBACK", err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &Error{nil, ctxText(err), err}
	case isBroken(err):
		return &Error{tenantdb.ErrUnavailable, "connection failed", err}
	}
	// Errors about an argument that cannot be encoded, or a column that cannot be scanned, show the value.
	var scan pgx.ScanArgError
	switch s := err.Error(); {
	case strings.Contains(s, "to encode"):
		return &Error{nil, "an argument does not fit its parameter's type", err}
	case errors.As(err, &scan), strings.Contains(s, "sql: Scan error"):
		return &Error{nil, "a column does not fit its destination's type", err}
	}
	return err
}

func ctxText(err error) string {
	if errors.Is(err, context.Canceled) {
		return "context canceled"
	}
	return "context deadline exceeded"
}

// isBroken reports whether err is the connection's and not the server's. pgconn's own errors are those that
// know whether they are safe to retry.
func isBroken(err error) bool {
	var connect *pgconn.ConnectError
	var op *net.OpError
	var own interface{ SafeToRetry() bool }
	switch {
	case errors.As(err, &connect), errors.As(err, &op),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return true
	case errors.As(err, &own):
		return err.Error() != "conn busy" // two uses at once: the caller's mistake
	}
	return strings.Contains(err.Error(), "closed pool")
}

// kindOf names what the server refused.
func kindOf(pg *pgconn.PgError) error {
	if kind, ok := scopeErrors[pg.ConstraintName]; ok {
		return kind
	}
	switch pg.Code {
	case "40001", "40P01":
		return tenantdb.ErrConflict
	case "23505":
		return tenantdb.ErrUnique
	case "25006":
		return tenantdb.ErrReadOnly
	case "42501":
		// A policy, a privilege, or row_security=off: each is the door being shut.
		return tenantdb.ErrIsolation
	case "42P05", "26000":
		return errStatementCache
	case "53300", "53400":
		return tenantdb.ErrPoolFull
	case "57P01", "57P02", "57P03", "57P05", "25P03", "25P04":
		return tenantdb.ErrUnavailable
	}
	if strings.HasPrefix(pg.Code, "08") {
		return tenantdb.ErrUnavailable
	}
	return nil
}

// textOf describes pg without its values. The messages of the classes named here hold names of
// columns, constraints and functions only; those of the others, such as 22 (data exception), repeat
// the value.
func textOf(pg *pgconn.PgError) string {
	if _, ok := scopeErrors[pg.ConstraintName]; ok {
		return "" // the sentinel says it all
	}
	switch pg.Code[:min(2, len(pg.Code))] {
	case "08", "0A", "23", "25", "26", "28", "34", "3D", "40", "42", "53", "54", "55", "57":
		return pg.Error()
	}
	s := pg.Severity + ": SQLSTATE " + pg.Code
	for _, name := range []string{pg.ConstraintName, pg.ColumnName, pg.DataTypeName} {
		if name != "" {
			s += ", " + name
		}
	}
	return s + "; its message may hold a value"
}

// acquireError names why no connection came.
func acquireError(ctx context.Context, err error) error {
	var connect *pgconn.ConnectError
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &connect), errors.As(err, &pg):
		return translate(err)
	case ctx.Err() != nil:
		return &Error{tenantdb.ErrPoolFull, ctxText(ctx.Err()), errors.Join(err, ctx.Err())}
	}
	return &Error{tenantdb.ErrUnavailable, "connection failed", err}
}

// commitSent marks an error of a COMMIT that may have reached the server.
type commitSent struct{ err error }

func (e *commitSent) Error() string { return "COMMIT failed" }
func (e *commitSent) Unwrap() error { return e.err }

func commitError(err error) error {
	if err == nil {
		return nil
	}
	var sent *commitSent
	if !errors.As(err, &sent) {
		return translate(err)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.SeverityUnlocalized != "FATAL" && pg.SeverityUnlocalized != "PANIC" {
		return translate(sent.err) // the server answered: it rolled back
	}
	return fmt.Errorf("%w: %w", tenantdb.ErrOutcomeUnknown, translate(sent.err))
}

// unsafe is ErrUnsafe with all its reasons, or nil without any.
func unsafe(reasons []string) error {
	if len(reasons) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", tenantdb.ErrUnsafe, strings.Join(reasons, "; "))
}
