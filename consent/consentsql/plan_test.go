package consentsql_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
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
			plan := w.Explain(t, ctx, s.SQL(text), args...)
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
