package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // the plain driver
)

// An intruder has the database without the library: fir's file through SQLite's plain driver, or Postgres as a superuser.
type intruder struct {
	db   *sqlx.DB
	conn *sqlx.Conn
	pg   bool
	own  string // which rows are fir's
	kept []keptTable
}

func (d *desk) breakIn(ctx context.Context) (*intruder, error) {
	in := &intruder{pg: d.db.Dialect() == tenantdb.Postgres, own: "true"}
	var err error
	if in.pg {
		in.own = "tenant_id = 'fir'"
		in.db, err = sqlx.Open("pgx", d.pg.super)
	} else {
		files, ok := d.witness.(fileWitness)
		if !ok {
			return nil, errors.New("the witness knows no files")
		}
		path, failed := files.file(fir)
		if failed != nil {
			return nil, failed
		}
		// secure_delete: what is put back must not be in the file twice, where the witness will look for it later.
		in.db, err = sqlx.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(5000)&_pragma=secure_delete(1)&_pragma=temp_store(memory)")
	}
	if err != nil {
		return nil, err
	}
	if in.conn, err = in.db.Connx(ctx); err != nil {
		return nil, errors.Join(err, in.db.Close())
	}
	return in, nil
}

func (in *intruder) Close() error { return errors.Join(in.conn.Close(), in.db.Close()) }

// guards returns the statements that lift each trigger of the log's tables, and those that put it back.
func (in *intruder) guards(ctx context.Context, tx *sqlx.Tx) (off, on []string, err error) {
	query := `SELECT 'DROP TRIGGER ' || name AS off, sql AS "on" FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit\_%' ESCAPE '\'`
	if in.pg {
		query = `SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname) AS off,
			format('ALTER TABLE %s ENABLE %s TRIGGER %I', tgrelid::regclass, CASE tgenabled WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END, tgname) AS "on"
			FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE relname LIKE 'audit\_%' AND NOT tgisinternal AND tgenabled <> 'D'`
	}
	var guards []struct{ Off, On string }
	err = tx.SelectContext(ctx, &guards, query)
	for _, g := range guards {
		off, on = append(off, g.Off), append(on, g.On)
	}
	return off, on, err
}

// A change is a statement with its arguments. {own} in it says which rows are fir's.
type change struct {
	SQL  string
	Args []any
}

// change makes changes with the triggers lifted. When it is done they are there again, and nobody sees that they
// were not.
func (in *intruder) change(ctx context.Context, changes ...change) error {
	tx, err := in.conn.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	off, on, err := in.guards(ctx, tx)
	if err != nil {
		return err
	}
	for _, s := range off {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	for _, c := range changes {
		if _, err := tx.ExecContext(ctx, in.sql(c.SQL), c.Args...); err != nil {
			return fmt.Errorf("%s: %w", c.SQL, err)
		}
	}
	for _, s := range on {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (in *intruder) get(ctx context.Context, into any, query string, args ...any) error {
	return in.conn.GetContext(ctx, into, in.sql(query), args...)
}

func (in *intruder) sql(query string) string {
	return in.db.Rebind(strings.ReplaceAll(query, "{own}", in.own))
}

// A keptTable is one of a tenant's log that was copied; Columns are those that are not computed from others.
type keptTable struct{ Name, Columns string }

// keep makes a copy of fir's log, which goes with the connection. What waits for its place in the log is no part of it yet.
func (in *intruder) keep(ctx context.Context) error {
	query := `SELECT m.name AS name, group_concat(c.name, ', ') AS columns FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name LIKE 'audit\_%' ESCAPE '\' AND m.name NOT LIKE 'audit\_heads\_%' ESCAPE '\' GROUP BY m.name`
	if in.pg {
		query = `SELECT c.relname AS name, string_agg(quote_ident(a.attname), ', ') AS columns FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
			WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname LIKE 'audit\_%' AND c.relname <> 'audit_outbox'
			AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' GROUP BY c.relname`
	}
	if err := in.conn.SelectContext(ctx, &in.kept, query); err != nil {
		return err
	}
	for _, t := range in.kept {
		if _, err := in.conn.ExecContext(ctx, in.sql("CREATE TEMPORARY TABLE kept_"+t.Name+" AS SELECT "+t.Columns+" FROM "+t.Name+" WHERE {own}")); err != nil {
			return err
		}
	}
	return nil
}

// putBack makes fir's log what it was when it was kept.
func (in *intruder) putBack(ctx context.Context) error {
	var changes []change
	for _, t := range in.kept {
		changes = append(changes, change{SQL: "DELETE FROM " + t.Name + " WHERE {own}"},
			change{SQL: "INSERT INTO " + t.Name + " (" + t.Columns + ") SELECT " + t.Columns + " FROM kept_" + t.Name})
	}
	return in.change(ctx, changes...)
}

// putBackEvents makes the events and values that were kept what they were. What came later stays: it was signed.
func (in *intruder) putBackEvents(ctx context.Context) error {
	var changes []change
	for _, t := range in.kept {
		upTo, ok := map[string]string{"audit_event": "seq", "audit_open": "place"}[t.Name]
		if !ok {
			continue
		}
		changes = append(changes, change{SQL: "DELETE FROM " + t.Name + " WHERE {own} AND " + upTo + " <= (SELECT max(" + upTo + ") FROM kept_" + t.Name + ")"},
			change{SQL: "INSERT INTO " + t.Name + " (" + t.Columns + ") SELECT " + t.Columns + " FROM kept_" + t.Name})
	}
	return in.change(ctx, changes...)
}
