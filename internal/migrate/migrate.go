// Package migrate brings the tables of one of the house's packages in a Postgres database up to date.
package migrate

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Schema is what a package keeps in a database.
type Schema struct {
	Steps    fs.FS  // migrations as pressly/goose reads them
	Versions string // the table that says which of them have run, with its schema if it has one
	Lock     int64  // held meanwhile: an advisory lock, so that there is one migrator at a time
	Before   string // runs first, and After last, every time; both must bear repeating
	After    string
	Newer    error // what to wrap when the tables are newer than Steps
}

// Folder returns the steps for one kind of database out of the embedded folder "migrations".
func Folder(embedded fs.FS, kind string) fs.FS {
	dir, err := fs.Sub(embedded, "migrations/"+kind)
	if err != nil {
		panic(err) // only for a kind that is no path
	}
	return dir
}

// Up runs the steps of s that have not run. owner is connected as the owner of the database, directly and not through
// a pooler. It may be repeated, and run by several processes at once.
func Up(ctx context.Context, owner *sql.DB, s Schema) error {
	held, err := owner.Conn(ctx)
	if err != nil {
		return err
	}
	defer held.Close()
	if _, err := held.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, s.Lock); err != nil {
		return err
	}
	defer func() { // the lock is the connection's, which may go back to a pool
		_, _ = held.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, s.Lock)
	}()
	if _, err := held.ExecContext(ctx, s.Before); err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, owner, s.Steps,
		goose.WithTableName(s.Versions), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return err
	}
	steps := p.ListSources()
	if known := steps[len(steps)-1].Version; have > known {
		return fmt.Errorf("%w: the tables have version %d, this code knows %d: use a newer release", s.Newer, have, known)
	}
	if _, err := p.Up(ctx); err != nil {
		return err
	}
	_, err = held.ExecContext(ctx, s.After)
	return err
}
