package proof

import (
	"cmp"
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

//go:embed postgres_columns.sql
var postgresColumns string

func quote(name string) string { return schema.Quote(name) }

// column is a column of Postgres.
type column struct {
	Name            string
	SQL             string
	Kind            string
	Pages           int64
	Col             string
	Type            string
	Category        string
	Element         string
	ElementCategory string `db:"element_category"`
	Readable        bool
}

// table is a table with its columns.
type table struct {
	name, sql, kind string
	pages           int64 // about as many as it has
	columns         []column
}

// copier is what the transactions of tenantdb/postgres can.
type copier interface {
	CopyOut(ctx context.Context, w io.Writer, query string) (int64, error)
}

func (l *look) scanPostgres(ctx context.Context) error {
	outer := ctx
	var blind []string
	err := l.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		l.anew()
		var seen string
		if err := tx.GetContext(ctx, &seen, snapshot); err != nil {
			return err
		}
		r := &readings{l: l, known: make(chan struct{})}
		return r.beside(outer, seen, func() (err error) {
			blind, err = l.first(ctx, tx, r)
			return err
		})
	}, tenantdb.Isolation(sql.LevelRepeatableRead))
	if err != nil {
		return err
	}
	slices.Sort(blind)
	if err := l.asOwner(ctx, blind); err != nil {
		return err
	}
	if err := l.statistics(ctx); err != nil {
		return err
	}
	l.residual("the write-ahead log of the server, until it is recycled; its archive and replicas, as long as they keep it")
	if l.o.Owner == nil || l.o.KeepFiles {
		l.residual("the space of removed rows in tables and indexes, until VACUUM has been there and it is used again")
	}
	return nil
}

// first looks through what a second connection has not taken, and returns the tables that may not be read.
func (l *look) first(ctx context.Context, tx *sqlx.Tx, r *readings) (blind []string, err error) {
	if err := tx.GetContext(ctx, &l.proof.At, "SELECT clock_timestamp()"); err != nil {
		return nil, err
	}
	l.proof.At = l.proof.At.UTC().Truncate(time.Microsecond)
	tables, err := tablesOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	var all []reading
	for _, t := range tables {
		what, names, unread := l.selects(t)
		if unread {
			blind = append(blind, t.name)
		}
		if len(what) > 0 { // else no value can be in it, or none of it may be read
			all = append(all, reading{t, what, names})
		}
	}
	slices.SortStableFunc(all, func(a, b reading) int { return cmp.Compare(b.pages, a.pages) }) // so that two end at the same time
	n := len(all)
	r.begin(all)
	for {
		x, ok := r.next(true)
		if !ok {
			break
		}
		if x.kind != "f" {
			if err := r.read(ctx, x); err != nil {
				return nil, err
			}
			continue
		}
		// The other server may not be there.
		if err := l.db.Savepoint(ctx, func(ctx context.Context, _ *sqlx.Tx) error { return r.read(ctx, x) }); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			blind, n = append(blind, x.name), n-1
		}
	}
	l.looked("%d tables and materialised views, with all columns that can hold one of the values, of whatever type", n)
	return blind, nil
}

// tablesOf reads which tables there are.
func tablesOf(ctx context.Context, q sqlx.QueryerContext) (out []table, err error) {
	var all []column
	if err := sqlx.SelectContext(ctx, q, &all, postgresColumns); err != nil {
		return nil, fmt.Errorf("proof: reading the catalogue: %w", err)
	}
	for _, c := range all {
		if len(out) == 0 || out[len(out)-1].sql != c.SQL {
			out = append(out, table{name: c.Name, sql: c.SQL, kind: c.Kind, pages: c.Pages})
		}
		t := &out[len(out)-1]
		t.columns = append(t.columns, c)
	}
	return out, nil
}

// selects returns what is to be read of a table, the columns that are in each row, and whether there are some that may not be read.
func (l *look) selects(t table) (what, names []string, unread bool) {
	m, _ := l.c.Table(t.name)
	for _, c := range t.columns {
		e := l.expression(c)
		switch {
		case e == "" || c.Col == m.TenantColumn: // the tenant is nobody
		case !c.Readable:
			unread = true
		default:
			what, names = append(what, e), append(names, c.Col)
		}
	}
	return what, names, unread
}

// expression is how a column is read: as its bytes are where these hold texts as they are, as text else; "" if no value can be in it.
func (l *look) expression(c column) string {
	q := quote(c.Col)
	switch kind := kindOf(c.Type, c.Category); {
	case kind == texts:
		return q
	case kind == numbers:
		if len(l.whole) == 0 {
			return ""
		}
		return "CASE WHEN CAST(" + q + " AS numeric) IN (" + strings.Join(l.whole, ", ") + ") THEN CAST(" + q + " AS text) END"
	case kind == nothing:
		return ""
	case c.Category == "A":
		// Elements stand between control characters: in an array's own forms a length or a quotation mark is beside them.
		switch kindOf(c.Element, c.ElementCategory) {
		case texts:
			switch c.Element {
			case "bytea":
				return `(SELECT string_agg(e, '\x01') FROM unnest(` + q + `) AS e)`
			case "uuid":
			default:
				return "array_to_string(" + q + ", chr(1))"
			}
		case numbers:
			if len(l.whole) == 0 {
				return ""
			}
		case nothing:
			return ""
		}
	}
	return "CAST(" + q + " AS text)"
}

type valueKind uint8

const (
	otherKind valueKind = iota // looked at as text
	texts                      // the bytes hold what was written
	numbers                    // whole ones
	nothing                    // no value of a person that is looked for
)

func kindOf(typ, category string) valueKind {
	switch typ {
	case "text", "varchar", "bpchar", "char", "name", "citext", "json", "jsonb", "xml", "bytea", "uuid":
		return texts
	case "int2", "int4", "int8", "numeric":
		return numbers
	case "float4", "float8", "money", "oid", "xid", "xid8", "cid", "tid", "pg_lsn", "date", "time", "timetz", "timestamp", "timestamptz", "interval", "bool", "bit", "varbit",
		"point", "line", "lseg", "box", "path", "polygon", "circle":
		return nothing
	}
	if category == "E" {
		return texts
	}
	return otherKind
}

// asOwner looks through what the application's role may not read, and through large objects.
func (l *look) asOwner(ctx context.Context, blind []string) error {
	var large int64
	if err := l.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &large, "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata")
	}); err != nil {
		return err
	}
	if l.o.Owner != nil {
		left, done, err := l.ownerTables(ctx, blind)
		if err != nil {
			return err
		}
		if done > 0 {
			l.looked("%d of these as the owner of the database, over all tenants", done)
		}
		blind = left
		if large > 0 {
			switch err := l.largeObjects(ctx); {
			case err == nil:
				l.looked("large objects")
				large = 0
			case ctx.Err() != nil:
				return ctx.Err()
			}
		}
	}
	for _, name := range blind {
		if t, ok := l.c.Table(name); ok && t.NotPersonal == "" {
			return fmt.Errorf("%w: %s", ErrBlind, name)
		}
	}
	if len(blind) > 0 {
		l.residual("tables that may not be read: %s", strings.Join(blind, ", "))
	}
	if large > 0 {
		l.residual("%d large objects that may not be read", large)
	}
	return nil
}

// ownerTables reads tables by database/sql. Those on which row-level security holds for the owner, too, are left.
func (l *look) ownerTables(ctx context.Context, names []string) (left []string, done int, err error) {
	if len(names) == 0 {
		return nil, 0, nil
	}
	tx, err := sqlx.NewDb(l.o.Owner, "pgx").BeginTxx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, 0, fmt.Errorf("proof: as the owner: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	// What a policy would hide is an error, and not no row.
	if _, err := tx.ExecContext(ctx, "SET LOCAL row_security = off"); err != nil {
		return nil, 0, fmt.Errorf("proof: as the owner: %w", err)
	}
	tables, err := tablesOf(ctx, tx)
	if err != nil {
		return nil, 0, err
	}
	for _, t := range tables {
		if !slices.Contains(names, t.name) {
			continue
		}
		if _, err := tx.ExecContext(ctx, "SAVEPOINT a"); err != nil {
			return nil, 0, err
		}
		if l.ownerTable(ctx, tx, t) != nil {
			if ctx.Err() != nil {
				return nil, 0, ctx.Err()
			}
			left = append(left, t.name)
			if _, err := tx.ExecContext(ctx, "ROLLBACK TO a"); err != nil {
				return nil, 0, err
			}
			continue
		}
		done++
	}
	return left, done, nil
}

func (l *look) ownerTable(ctx context.Context, tx *sqlx.Tx, t table) error {
	what, names, unread := l.selects(t)
	if unread {
		return ErrBlind
	}
	if len(what) == 0 {
		return nil
	}
	for i := range what {
		if c := t.columns[slices.IndexFunc(t.columns, func(c column) bool { return c.Col == names[i] })]; c.Type != "bytea" {
			what[i] = "CAST(" + what[i] + " AS text)"
		}
	}
	rows, err := tx.QueryContext(ctx, "SELECT "+strings.Join(what, ", ")+" FROM "+t.sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	values, dest := make([]sql.RawBytes, len(what)), make([]any, len(what))
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		l.proof.Rows++
		for i, v := range values {
			l.value(t.name, names[i], v)
		}
	}
	return rows.Err()
}

// largeObjects reads them page by page. A value may go over the end of a page.
func (l *look) largeObjects(ctx context.Context) error {
	rows, err := l.o.Owner.QueryContext(ctx, "SELECT loid, data FROM pg_catalog.pg_largeobject ORDER BY loid, pageno")
	if err != nil {
		return err
	}
	defer rows.Close()
	s := stream{m: l.m, hit: func(f int, alone bool) {
		l.live[l.m.forms[f].value] = true
		if alone {
			l.hit[l.m.forms[f].value] = true
			l.tally[place{"pg_largeobject", "data", l.m.forms[f].name}]++
		}
	}}
	var of int64 = -1
	for rows.Next() {
		var id int64
		var data sql.RawBytes
		if err := rows.Scan(&id, &data); err != nil {
			return err
		}
		if id != of {
			s.end()
			of = id
		}
		s.write(data)
	}
	s.end()
	return rows.Err()
}
