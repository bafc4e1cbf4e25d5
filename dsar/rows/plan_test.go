package rows_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
)

// indexed are what DSR020 asks for.
const indexed = `
	CREATE INDEX ticket_user ON ticket (user_id); CREATE INDEX ticket_agent ON ticket (agent_id); CREATE INDEX message_ticket ON message (ticket_id);
	CREATE INDEX note_owner ON note (owner_id, owner_type); CREATE INDEX invitation_email ON invitation (email); CREATE INDEX comment_user ON comment (user_id);
	CREATE INDEX comment_parent ON comment (parent_id); CREATE INDEX member_user ON member (user_id); CREATE INDEX member_doc ON member (doc_id);
	CREATE INDEX page_doc ON page (doc_id); CREATE INDEX chat_a ON chat (a); CREATE INDEX chat_b ON chat (b);`

func TestConditionsUseTheIndexesOfTheirLinks(t *testing.T) {
	m := forum()
	a := made(m)
	a.Postgres, a.SQLite = a.Postgres+indexed, a.SQLite+indexed
	a.OnBoth(t, func(t *testing.T, w *door.World) {
		h := in(t, m, w)
		h.fill(t, forumRows)
		h.analyze(t)
		s := h.resolve(t, user("1"))
		require.NoError(t, h.DB.Read(h.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			if h.PG != nil { // tables of a few rows are read as a whole, unless that is forbidden
				_, err := tx.Exec("SET LOCAL enable_seqscan = off")
				require.NoError(t, err)
			}
			for _, table := range []string{"ticket", "message", "note", "invitation", "comment", "member", "page", "chat", "doc", "users"} {
				for _, p := range []rows.Part{rows.Owned, rows.Mine} {
					c, ok := s.Where(table, p)
					if !ok {
						continue
					}
					q := "SELECT t.id FROM " + h.rows.SQL(table) + " AS t WHERE " + c.SQL
					explain := "EXPLAIN "
					if h.PG == nil {
						explain = "EXPLAIN QUERY PLAN "
					}
					plan := strings.Join(h.lines(t, ctx, tx, explain+q, c.Args), "\n")
					require.NotContains(t, plan, "Seq Scan", "%s %s\n%s\n%s", table, p, q, plan)
					require.NotContains(t, plan, "(tenant_id=?)", "%s %s\n%s\n%s", table, p, q, plan)
					require.NotContains(t, plan, "SCAN t\n", "%s %s\n%s\n%s", table, p, q, plan)
					require.NotContains(t, plan, "SCAN x", "%s %s\n%s\n%s", table, p, q, plan)
				}
			}
			return nil
		}))
	})
}

func (h *house) lines(t testing.TB, ctx context.Context, tx *sqlx.Tx, q string, args []any) (out []string) {
	rows, err := tx.QueryxContext(ctx, tx.Rebind(q), args...)
	require.NoError(t, err, q)
	defer rows.Close()
	for rows.Next() {
		vs, err := rows.SliceScan()
		require.NoError(t, err)
		out = append(out, strings.TrimSpace(strings.Join(strings.Fields(fmt.Sprint(vs[len(vs)-1])), " "))+"\n")
	}
	require.NoError(t, rows.Err())
	return out
}
