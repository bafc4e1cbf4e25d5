package door

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// Statement is one that is looked at, with the parameters that it may have.
type Statement struct {
	SQL  string
	Args []any
	// Whole is what SQLite may say of a table that is read from one end and not to the other.
	Whole *regexp.Regexp
}

// FindByIndex fails if a statement reads a table from its beginning, or sorts. The tables have been filled.
func (k Kept) FindByIndex(t *testing.T, ctx context.Context, w *World, all ...Statement) {
	t.Helper()
	if w.PG != nil {
		_, err := OpenSQL(t, w.PG.Owner.DSN).ExecContext(t.Context(), `ANALYZE `+strings.Join(k.names(), `, `))
		require.NoError(t, err)
	}
	for _, s := range all {
		plan := w.Explain(t, ctx, s.SQL, s.Args...)
		for _, line := range strings.Split(plan, "\n") {
			if s.Whole != nil && s.Whole.MatchString(line) {
				continue
			}
			for _, table := range k.names() {
				require.NotContains(t, line, "Seq Scan on "+table, "%s\n%s", s.SQL, plan)
				require.NotRegexp(t, `^SCAN `+table+`\b`, line, "%s\n%s", s.SQL, plan)
			}
			require.NotRegexp(t, `\bSort\b|TEMP B-TREE FOR ORDER`, line, "%s\n%s", s.SQL, plan)
			// By more than the tenant, which row-level security adds.
			require.NotRegexp(t, `Index Cond: \(tenant_id = \S+\)$`, line, "%s\n%s", s.SQL, plan)
		}
	}
}

// Explain is the plan of a statement.
func (w *World) Explain(t testing.TB, ctx context.Context, text string, args ...any) string {
	t.Helper()
	var out []string
	require.NoError(t, w.DB.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if w.PG != nil { // of few rows a table is cheaper to read whole
			for _, kind := range []string{"seqscan", "bitmapscan"} {
				if _, err := tx.ExecContext(ctx, `SET LOCAL enable_`+kind+` = off`); err != nil {
					return err
				}
			}
			return tx.SelectContext(ctx, &out, `EXPLAIN `+text, args...)
		}
		rows, err := tx.QueryxContext(ctx, `EXPLAIN QUERY PLAN `+text, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			cols, err := rows.SliceScan()
			if err != nil {
				return err
			}
			out = append(out, cols[3].(string))
		}
		return rows.Err()
	}), text)
	return strings.Join(out, "\n")
}
