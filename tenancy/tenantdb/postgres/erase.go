package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// eraseBatch bounds the rows of one transaction, so that neither locks nor WAL pile up.
const eraseBatch = 10_000

// erase deletes a tenant's rows, children before parents, in transactions of its own. done is called
// inside each, with the rows it deleted.
func erase(ctx context.Context, pool *pgxpool.Pool, id tenancy.ID, groups []group,
	done func(tx pgx.Tx, table string, rows int64) error) error {
	for _, g := range slices.Backward(groups) {
		for {
			var n int64
			err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) (err error) {
				n, err = eraseSome(ctx, tx, id, g, done)
				return err
			})
			if err != nil {
				return err
			}
			if n < eraseBatch || g.circular() {
				break
			}
		}
	}
	return nil
}

// eraseSome deletes a batch of a group. Foreign keys in a circle are checked at the end of a statement, so
// one statement deletes all the tenant's rows of a circular group.
func eraseSome(ctx context.Context, tx pgx.Tx, id tenancy.ID, g group, done func(pgx.Tx, string, int64) error) (int64, error) {
	if !g.circular() && !g[0].partitioned {
		t := g[0]
		// A ctid is unique in one file only: in a table that others inherit from, it also finds rows of other tenants.
		tag, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %[1]s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %[1]s WHERE %[2]s LIMIT %[3]d)) AND %[2]s",
			t.name, t.where(id), eraseBatch))
		if err != nil || tag.RowsAffected() == 0 {
			return 0, err
		}
		return tag.RowsAffected(), done(tx, t.name, tag.RowsAffected())
	}
	with, counts := make([]string, len(g)), make([]string, len(g))
	for i, t := range g {
		with[i] = fmt.Sprintf("d%d AS (DELETE FROM %s WHERE %s RETURNING 1)", i, t.name, t.where(id))
		counts[i] = fmt.Sprintf("(SELECT count(*) FROM d%d)", i)
	}
	rows := make([]int64, len(g))
	into := make([]any, len(g))
	for i := range rows {
		into[i] = &rows[i]
	}
	err := tx.QueryRow(ctx, "WITH "+strings.Join(with, ", ")+" SELECT "+strings.Join(counts, ", ")).Scan(into...)
	if err != nil {
		return 0, err
	}
	var all int64
	for i, t := range g {
		if rows[i] == 0 {
			continue
		}
		all += rows[i]
		if err := done(tx, t.name, rows[i]); err != nil {
			return 0, err
		}
	}
	return all, nil
}

// left counts a tenant's rows, in tables other than the library's own.
func left(ctx context.Context, q interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}, id tenancy.ID, groups []group) (rows int64, err error) {
	for _, g := range groups {
		for _, t := range g {
			var n int64
			if err := q.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s", t.name, t.where(id))).Scan(&n); err != nil {
				return 0, err
			}
			rows += n
		}
	}
	return rows, nil
}
