package rbacsql

import (
	"context"
	"database/sql"
	"errors"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Store is a [rbac.Store]. It is safe for concurrent use by many processes.
type Store struct {
	t       *tables.Tables
	changes string // the statement of Changes
}

var _ rbac.Store = (*Store)(nil)

// New returns the rules in db, whose tables are there already: see [Migrate] and [SQLite]. It asks the database nothing. The
// first call that uses the tables is refused with [rbac.ErrSchema] if they are not there, older or newer than this release.
func New(db *tenantdb.DB) (*Store, error) {
	t, err := tables.New(db, tables.Door{
		Known:  migrate.Known{Name: "rbac", Table: "rbac_version", Version: 1, Wrong: rbac.ErrSchema},
		SQLite: SQLite, SQLiteSystem: SQLiteSystem, Reason: "know the tenants of people, tokens and invitations",
		Words:  map[bool][]string{false: {"{home}", "rbac_home"}, true: {"{home}", "rbac_homes.home"}},
		Errors: tables.Errors{Schema: rbac.ErrSchema, Unavailable: rbac.ErrUnavailable, Refused: rbac.ErrRefused, State: "BWR01"},
	})
	if err != nil {
		return nil, err
	}
	return &Store{t: t, changes: changesOn(t.PG)}, nil
}

// Tx implements [rbac.Store].
func (s *Store) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return s.t.Tx(ctx, f)
}

// InTx implements [rbac.Store].
func (s *Store) InTx(ctx context.Context) bool { return s.t.DB.InTx(ctx) }

// Committed implements [rbac.Store].
func (s *Store) Committed(ctx context.Context, f func()) { s.t.DB.AfterCommit(ctx, f) }

// row is [tables.Tables.Look] for a row that may be missing: rbac.ErrNotFound.
func (s *Store) row(ctx context.Context, text string, args, dest []any) error {
	if err := s.t.Look(ctx, text, args, dest); !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return rbac.ErrNotFound
}
