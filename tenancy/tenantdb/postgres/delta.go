package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// copyTable streams a tenant's rows of one table from src to dst.
func copyTable(ctx context.Context, id tenancy.ID, t *table, src, dst pgx.Tx) (rows int64, err error) {
	r, w := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		_, err := src.Conn().PgConn().CopyTo(ctx, w, fmt.Sprintf("COPY (SELECT %s FROM %s WHERE %s) TO STDOUT (FORMAT binary)",
			list(t.columns, name), t.name, t.where(id)))
		w.CloseWithError(err)
		sent <- err
	}()
	tag, err := dst.Conn().PgConn().CopyFrom(ctx, r, fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT binary)", t.name, list(t.columns, name)))
	r.CloseWithError(err)
	return tag.RowsAffected(), errors.Join(err, <-sent)
}

// deltaBatch is how many changed rows travel at a time.
const deltaBatch = 2000

// delta is what changed in one table of a tenant since a snapshot: rows written since, as text, and
// keys deleted since. Whether a row was written since is told by its xmin, which is no older than the
// oldest transaction the snapshot could not see; a few rows more than changed may be among them.
type delta struct {
	t       *table
	written [][]*string // a row is its columns in order
	deleted [][]*string // a key is its columns in order
}

func (d *delta) size() int { return len(d.written) + len(d.deleted) }

func text(c column) string { return c.name + "::text" }

func texts(ctx context.Context, tx pgx.Tx, sql string, args ...any) (out [][]*string, err error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) ([]*string, error) {
		row := make([]*string, len(r.FieldDescriptions()))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		return row, r.Scan(into...)
	})
}

// changes compares the tenant's rows in t on both sides. since is the xmin of the snapshot that dst is
// a copy of.
func changes(ctx context.Context, id tenancy.ID, t *table, since uint32, src, dst pgx.Tx) (*delta, error) {
	d := &delta{t: t}
	var err error
	newer := fmt.Sprintf("%s AND age(xmin) <= age('%d'::xid)", t.where(id), since)
	if d.written, err = texts(ctx, src, fmt.Sprintf("SELECT %s FROM %s WHERE %s", list(t.columns, text), t.name, newer)); err != nil {
		return nil, err
	}
	// Rows were deleted if there are fewer here than there would be there after the writes.
	var here, there, known int64
	if err := src.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s", t.name, t.where(id))).Scan(&here); err != nil {
		return nil, err
	}
	if err := dst.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s", t.name, t.where(id))).Scan(&there); err != nil {
		return nil, err
	}
	if len(t.key) == 0 {
		if here != there || len(d.written) > 0 {
			return nil, fmt.Errorf("tenantdb/postgres: %s changes while it is moved and has no primary key: %w", t.name, errRecopy)
		}
		return d, nil
	}
	for rows := range chunks(d.written) {
		var n int64
		err := dst.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM %s JOIN unnest(%s) AS k(%s) ON (%s) WHERE %s.%s", t.name,
			params(t.key), list(t.key, name), matches(t), t.name, t.where(id)), columnsOf(t, t.key, rows)...).Scan(&n)
		if err != nil {
			return nil, err
		}
		known += n
	}
	if here == there+int64(len(d.written))-known {
		return d, nil
	}
	d.deleted, err = deleted(ctx, id, t, src, dst)
	return d, err
}

// deleted returns the keys that dst has and src has not. Both sides are read in the same order.
func deleted(ctx context.Context, id tenancy.ID, t *table, src, dst pgx.Tx) ([][]*string, error) {
	keys := fmt.Sprintf("SELECT %s FROM %s WHERE %s", list(t.key, text), t.name, t.where(id))
	here, err := texts(ctx, src, keys)
	if err != nil {
		return nil, err
	}
	kept := make(map[string]bool, len(here))
	for _, k := range here {
		kept[flat(k)] = true
	}
	there, err := texts(ctx, dst, keys)
	if err != nil {
		return nil, err
	}
	var gone [][]*string
	for _, k := range there {
		if !kept[flat(k)] {
			gone = append(gone, k)
		}
	}
	return gone, nil
}

// apply makes the changes on dst: what was deleted, children first, then what was written, parents
// first.
//
// A key that another tenant has there is left alone, for the comparison to find: keys without the tenant can collide.
func apply(ctx context.Context, id tenancy.ID, ds []*delta, dst pgx.Tx) error {
	for i := len(ds) - 1; i >= 0; i-- {
		t := ds[i].t
		for keys := range chunks(ds[i].deleted) {
			sql := fmt.Sprintf("DELETE FROM %s USING unnest(%s) AS k(%s) WHERE %s AND %s.%s", t.name, params(t.key), list(t.key, name), matches(t),
				t.name, t.where(id))
			if _, err := dst.Exec(ctx, sql, columnsOf(t, nil, keys)...); err != nil {
				return err
			}
		}
	}
	for _, d := range ds {
		t := d.t
		do := "NOTHING"
		if set := list(t.mutable(), func(c column) string { return c.name + " = excluded." + c.name }); set != "" {
			do = fmt.Sprintf("UPDATE SET %s WHERE %s.%s", set, t.name, t.where(id))
		}
		for rows := range chunks(d.written) {
			sql := fmt.Sprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM unnest(%s) AS r(%s) ON CONFLICT (%s) DO %s",
				t.name, list(t.columns, name), list(t.columns, func(c column) string { return c.name + "::" + c.typ }),
				params(t.columns), list(t.columns, name), list(t.key, name), do)
			if _, err := dst.Exec(ctx, sql, columnsOf(t, nil, rows)...); err != nil {
				return changedHands(err)
			}
		}
	}
	return nil
}

// changedHands makes a new copy of a unique value that went from one row to another: row by row, one of them
// comes too early.
func changedHands(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "23505" || pg.Code == "23P01") {
		return fmt.Errorf("%w: a value that is unique changed hands: %w", errRecopy, err)
	}
	return err
}

// mutable returns the columns that an update may set.
func (t *table) mutable() []column {
	return slices.DeleteFunc(slices.Clone(t.columns), func(c column) bool { return c.fixed || slices.Contains(t.key, c) })
}

// matches compares the key columns of t with those of k, as their own types.
func matches(t *table) string {
	conds := make([]string, len(t.key))
	for i, c := range t.key {
		conds[i] = fmt.Sprintf("%s.%s = k.%s::%s", t.name, c.name, c.name, c.typ)
	}
	return strings.Join(conds, " AND ")
}

// params is one text array parameter for each column.
func params(cs []column) string {
	out := make([]string, len(cs))
	for i := range cs {
		out[i] = fmt.Sprintf("$%d::text[]", i+1)
	}
	return strings.Join(out, ", ")
}

// columnsOf turns rows into one array a column: all of them, or of rows of t those of pick.
func columnsOf(t *table, pick []column, rows [][]*string) []any {
	var at []int
	if pick == nil {
		for i := range rows[0] {
			at = append(at, i)
		}
	}
	for _, p := range pick {
		for i, c := range t.columns {
			if c == p {
				at = append(at, i)
			}
		}
	}
	out := make([]any, len(at))
	for i, j := range at {
		col := make([]*string, len(rows))
		for r := range rows {
			col[r] = rows[r][j]
		}
		out[i] = col
	}
	return out
}

func chunks(rows [][]*string) func(func([][]*string) bool) {
	return func(yield func([][]*string) bool) {
		for len(rows) > 0 {
			n := min(deltaBatch, len(rows))
			if !yield(rows[:n]) {
				return
			}
			rows = rows[n:]
		}
	}
}

// flat is a key as one string; key columns are never NULL.
func flat(key []*string) string {
	var b strings.Builder
	for _, s := range key {
		fmt.Fprintf(&b, "%d:%s", len(*s), *s)
	}
	return b.String()
}
