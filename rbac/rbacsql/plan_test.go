package rbacsql_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/stretchr/testify/require"
)

// No statement that runs often reads a table from its beginning.
func TestHotStatementsFindTheirRowsByAnIndex(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx, s := w.Tenant(t), storeIn(t, w)
		require.NoError(t, s.Tx(ctx, func(ctx context.Context) error {
			for i := range 100 {
				v, _, err := s.Advance(ctx)
				require.NoError(t, err)
				require.NoError(t, s.PutMember(ctx, member(v, fmt.Sprint(i), rbac.Active)))
				require.NoError(t, s.PutToken(ctx, token(v, fmt.Sprint(i))))
				require.NoError(t, s.PutRole(ctx, rbac.RoleRow{ID: rbac.RoleID(fmt.Sprint(i)), Version: v, Created: long}))
			}
			return nil
		}))
		statements := map[string][]any{
			s.ChangesSQL(): {99, 99, 99},
			`SELECT coalesce((SELECT version FROM rbac_version), 0)`:               nil,
			`SELECT version FROM rbac_member WHERE kind = ? AND id = ?`:            {"person", "1"},
			rbacsql.InvitationSQL + `WHERE id = ?`:                                 {"i"},
			rbacsql.InvitationSQL + `WHERE state = 'pending' ORDER BY created, id`: nil,
			rbacsql.ItemSQL + `> ? ORDER BY key LIMIT ?`:                           {"q", "k", 10},
			rbacsql.ItemSQL + `= ?`:                                                {"q", "k"},
			`UPDATE rbac_member SET version = ? WHERE kind = 'person' AND id = ?`:  {100, "1"},
			`UPDATE rbac_use SET at = ? WHERE kind = 'person' AND id = ?`:          {1, "1"},
		}
		if w.PG != nil {
			_, err := door.OpenSQL(t, w.PG.Owner.DSN).ExecContext(t.Context(), `ANALYZE rbac_member; ANALYZE rbac_token; ANALYZE rbac_role; ANALYZE rbac_invitation; ANALYZE rbac_item`)
			require.NoError(t, err)
		}
		for text, args := range statements {
			plan := w.Explain(t, ctx, s.SQL(text), args...)
			require.NotContains(t, plan, "Seq Scan on rbac_", text)
			require.NotContains(t, plan, "Sort", text)
			require.NotContains(t, plan, "TEMP B-TREE", text)
			for _, line := range strings.Split(plan, "\n") {
				if scanned.MatchString(line) {
					require.Contains(t, line, "USING INDEX rbac_invitation_pending", "%s: %s", text, plan)
				}
			}
		}
	})
}

// scanned is how SQLite says that it reads a table, but for that of one row.
var scanned = regexp.MustCompile(`^SCAN rbac_(role|member|token|use|invitation|review|item)`)
