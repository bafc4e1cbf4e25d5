package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// copyRows is how many rows travel in one INSERT: enough to make its cost vanish, and little enough to hold twice in
// memory.
const copyRows = 10_000

// copyFrom inserts src's rows, from one array a column, each of the column's own type.
func copyFrom(ctx context.Context, t *tx, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	if len(columns) == 0 {
		return 0, fmt.Errorf("tenantdb/postgres: CopyFrom without columns")
	}
	types, err := columnTypes(ctx, t, table, columns)
	if err != nil {
		return 0, err
	}
	sql := copySQL(table, columns, types)
	var total int64
	cols := make([][]any, len(columns))
	flush := func() error {
		if len(cols[0]) == 0 {
			return nil
		}
		args := make([]any, len(cols))
		for i := range cols {
			args[i] = cols[i]
		}
		tag, err := t.Exec(ctx, sql, args...)
		total += tag.RowsAffected()
		for i := range cols {
			cols[i] = cols[i][:0]
		}
		return err
	}
	for src.Next() {
		values, err := src.Values()
		if err != nil {
			return 0, err
		}
		if len(values) != len(columns) {
			return 0, fmt.Errorf("tenantdb/postgres: a row of %d values for %d columns", len(values), len(columns))
		}
		for i, v := range values {
			cols[i] = append(cols[i], v)
		}
		if len(cols[0]) == copyRows {
			if err := flush(); err != nil {
				return 0, err
			}
		}
	}
	if err := src.Err(); err != nil {
		return 0, err
	}
	return total, flush()
}

// columnTypes asks for the types of the columns, as text that a cast takes. An array column cannot travel in an
// array of its own type, because Postgres's arrays do not nest: it travels as text.
func columnTypes(ctx context.Context, t *tx, table pgx.Identifier, columns []string) ([]columnType, error) {
	rows, err := t.Query(ctx, `SELECT a.attname::text, format_type(a.atttypid, NULL), ty.typelem <> 0 AND ty.typlen = -1
		FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type ty ON ty.oid = a.atttypid
		WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY ($2)`,
		table.Sanitize(), columns)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]columnType, len(columns))
	var c columnType
	var name string
	if _, err := pgx.ForEachRow(rows, []any{&name, &c.name, &c.array}, func() error { byName[name] = c; return nil }); err != nil {
		return nil, err
	}
	types := make([]columnType, len(columns))
	for i, col := range columns {
		var ok bool
		if types[i], ok = byName[col]; !ok {
			return nil, fmt.Errorf("tenantdb/postgres: CopyFrom: no column %q", col)
		}
	}
	return types, nil
}

type columnType struct {
	name  string
	array bool
}

func copySQL(table pgx.Identifier, columns []string, types []columnType) string {
	var into, params, sel strings.Builder
	for i, c := range columns {
		if i > 0 {
			into.WriteString(", ")
			params.WriteString(", ")
			sel.WriteString(", ")
		}
		into.WriteString(quote(c))
		n := strconv.Itoa(i + 1)
		if types[i].array {
			params.WriteString("$" + n + "::text[]")
			sel.WriteString("u.c" + n + "::" + types[i].name)
		} else {
			params.WriteString("$" + n + "::" + types[i].name + "[]")
			sel.WriteString("u.c" + n)
		}
	}
	names := make([]string, len(columns))
	for i := range names {
		names[i] = "c" + strconv.Itoa(i+1)
	}
	return "INSERT INTO " + table.Sanitize() + " (" + into.String() + ") SELECT " + sel.String() +
		" FROM unnest(" + params.String() + ") AS u(" + strings.Join(names, ", ") + ")"
}
