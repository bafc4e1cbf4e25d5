package consentsql_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

var (
	// SQLite reads a table from one end if it stops at the first row, or comes to the end by the key.
	scanned = regexp.MustCompile(`^SCAN (e|consent_\w+)`)
	first   = regexp.MustCompile(`max\(seq\)|ORDER BY seq DESC LIMIT 1`)
)

// No statement reads a table from its beginning.
func TestStatementsFindTheirRowsByAnIndex(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx, s := w.Tenant(t), storeIn(t, w)
		for range 3 {
			filled(t, ctx, s, 1000)
		}
		if w.PG != nil {
			_, err := door.OpenSQL(t, w.PG.Owner.DSN).ExecContext(t.Context(), `ANALYZE consent_entry; ANALYZE consent_state; ANALYZE consent_text`)
			require.NoError(t, err)
		}
		for text, args := range consentsql.Statements(w.PG != nil) {
			plan := explain(t, ctx, w, s.SQL(text), args)
			require.NotContains(t, plan, "Seq Scan on consent_", "%s: %s", text, plan)
			for _, line := range strings.Split(plan, "\n") {
				require.False(t, scanned.MatchString(line) && !first.MatchString(s.SQL(text)), "%s: %s", text, plan)
			}
			if w.PG != nil && strings.Contains(text, "?") { // by more than the tenant, which row-level security adds
				require.Regexp(t, `Index Cond: .*\b(seq|key|subject|who|hash)\b`, plan, text)
			}
		}
	})
}

func explain(t *testing.T, ctx context.Context, w *door.World, text string, args []any) string {
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
	}))
	return strings.Join(out, "\n")
}
