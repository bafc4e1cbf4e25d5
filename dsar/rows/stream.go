package rows

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Query says which rows and columns [Selection.Stream] reads.
type Query struct {
	Table   string
	Part    Part
	Columns []string // nil: all of the map, in its order
	And     Cond     // a further condition on t; the zero Cond: none
}

// Row is one row that [Selection.Stream] has read. It is valid until the function that it was given to returns.
type Row struct {
	// Values are texts, in the order of the columns; nil is NULL. On Postgres they are what the server writes: t for true, {a,b} for an array,
	// \x and hex digits for bytes. On SQLite, numbers in decimal digits, and blobs as they are.
	Values [][]byte
	// Families are the kinds of the values. On Postgres they are those of the columns. On SQLite, where a column holds values of any kind, it
	// is the column's family if the value is such as it asks for, and otherwise what the value is: Int, Number, Text or Bytes.
	Families []schema.Family
}

// Snapshot runs fn in a transaction that only reads, and sees the database as it was at one moment (repeatable read). On Postgres, times
// are written in UTC and in ISO 8601 form until it ends, whatever the server's settings are. It cannot join a transaction that is less
// isolated. fn is not run again.
func Snapshot(ctx context.Context, db *tenantdb.DB, fn func(context.Context) error) error {
	return db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if db.Dialect() == tenantdb.Postgres {
			var set string
			if err := tx.QueryRowContext(ctx, `SELECT set_config('TimeZone', 'UTC', true) || set_config('DateStyle', 'ISO, YMD', true) || set_config('IntervalStyle', 'iso_8601', true)
				|| set_config('bytea_output', 'hex', true) || set_config('extra_float_digits', '1', true) || set_config('jit', 'off', true)`).Scan(&set); err != nil {
				return err
			}
		}
		return fn(ctx)
	}, tenantdb.Isolation(sql.LevelRepeatableRead))
}

// Stream reads rows one by one, in no order, in the transaction that ctx carries ([Snapshot] makes one in which no row is read twice or
// missed) or one of its own, which fn must not use meanwhile. It returns how many there were. An error of fn ends it and is returned.
func (s *Selection) Stream(ctx context.Context, db *tenantdb.DB, q Query, fn func(*Row) error) (n int64, err error) {
	if err := s.allowed(ctx); err != nil {
		return 0, err
	}
	t := s.r.tables[q.Table]
	if t == nil {
		return 0, errors.New("rows: the map has no table of that name")
	}
	columns := q.Columns
	if columns == nil {
		for _, f := range t.Fields {
			columns = append(columns, f.Name)
		}
	}
	families := make([]schema.Family, len(columns))
	for i, c := range columns {
		if _, ok := t.types[c]; !ok {
			return 0, errors.New("rows: the map has no column of that name")
		}
		families[i] = t.family(c)
	}
	where, ok := s.Where(q.Table, q.Part)
	if !ok {
		return 0, nil
	}
	where = where.And(q.And)
	err = db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		counted := func(r *Row) error { n++; return fn(r) }
		n = 0
		if err := s.r.NoJIT(ctx, tx); err != nil {
			return err
		}
		if tx := native(ctx, db); tx != nil && s.r.dialect == schema.Postgres {
			return streamNative(ctx, tx, "SELECT "+at("t").list(columns)+" FROM "+t.sql+" AS t WHERE "+where.SQL, where.Args, families, counted)
		}
		return s.r.stream(ctx, tx, t, columns, where, families, counted)
	})
	return n, err
}

// stream is the way by database/sql.
func (r *Rows) stream(ctx context.Context, tx *sqlx.Tx, t *table, columns []string, where Cond, families []schema.Family, fn func(*Row) error) error {
	what := make([]string, len(columns))
	for i, c := range columns {
		what[i] = "+" + at("t")(c) // without the type it was declared with, of which the driver makes something
		if r.dialect == schema.Postgres {
			what[i] = "CASE WHEN " + at("t")(c) + " IS NOT NULL THEN format('%s', " + at("t")(c) + ") END"
		}
	}
	rows, err := tx.QueryContext(ctx, tx.Rebind("SELECT "+strings.Join(what, ", ")+" FROM "+t.sql+" AS t WHERE "+where.SQL), where.Args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	raw, dest := make([]any, len(columns)), make([]any, len(columns))
	for i := range raw {
		dest[i] = &raw[i]
	}
	row := &Row{Values: make([][]byte, len(columns)), Families: make([]schema.Family, len(columns))}
	bufs := make([][]byte, len(columns))
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		for i, v := range raw {
			b, is := bufs[i][:0], families[i]
			switch v := v.(type) {
			case nil:
				row.Values[i], row.Families[i] = nil, is
				continue
			case string:
				b, is = append(b, v...), asked(families[i], schema.Text)
			case []byte:
				b, is = append(b, v...), asked(families[i], schema.Bytes)
			case int64:
				b, is = strconv.AppendInt(b, v, 10), asked(families[i], schema.Int)
			case float64:
				b, is = strconv.AppendFloat(b, v, 'g', -1, 64), asked(families[i], schema.Number)
			default:
				return fmt.Errorf("rows: the driver returned a %T", v)
			}
			if b == nil {
				b = []byte{}
			}
			bufs[i], row.Values[i], row.Families[i] = b, b, is
			if r.dialect == schema.Postgres {
				row.Families[i] = families[i]
			}
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// asked is the family of a value of SQLite in a column of another: the column's, if it is written so.
func asked(column, value schema.Family) schema.Family {
	switch column {
	case value, schema.Any, schema.Other:
		return value
	case schema.UUID, schema.JSON, schema.Enum:
		if value == schema.Text {
			return column
		}
	case schema.Time:
		if value != schema.Bytes {
			return column
		}
	case schema.Bool:
		if value == schema.Int {
			return column
		}
	case schema.Number:
		if value == schema.Int {
			return column
		}
	}
	return value
}
