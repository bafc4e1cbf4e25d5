package rows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar/rows"
)

const forumRows = `
	INSERT INTO users (tenant_id, id, email, phone, invited_by, address_id, code) VALUES ({tenant}, 1, 'Ada@Example.com', '+49 151 1', NULL, 1, '00000000-0000-0000-0000-00000000000a'), ({tenant}, 2, 'bob@example.com', NULL, 1, 2, '00000000-0000-0000-0000-00000000000b')
	INSERT INTO address (tenant_id, id) VALUES ({tenant}, 1), ({tenant}, 2), ({tenant}, 3)
	INSERT INTO ticket (tenant_id, id, user_id, agent_id) VALUES ({tenant}, 1, 1, 2), ({tenant}, 2, 2, 1), ({tenant}, 3, 2, NULL), ({tenant}, 4, NULL, 1)
	INSERT INTO message (tenant_id, id, ticket_id, meta) VALUES ({tenant}, 1, 1, NULL), ({tenant}, 2, 2, '{"mentions": [{"id": 1}, {"id": 9}]}'), ({tenant}, 3, 3, '{"mentions": [{"id": "1"}]}'), ({tenant}, 4, 2, '{"mentions": {"id": 1}}'), ({tenant}, 5, 2, '[]')
	INSERT INTO note (tenant_id, id, owner_id, owner_type) VALUES ({tenant}, 1, 1, 'User'), ({tenant}, 2, 1, 'Team'), ({tenant}, 3, 2, 'User')
	INSERT INTO invitation (tenant_id, id, email) VALUES ({tenant}, 1, 'ADA@example.com'), ({tenant}, 2, 'ada+news@example.com'), ({tenant}, 3, 'bob@example.com'), ({tenant}, 4, NULL), ({tenant}, 5, 'ada@example.community')
	INSERT INTO comment (tenant_id, id, user_id, parent_id) VALUES ({tenant}, 1, 1, NULL), ({tenant}, 2, NULL, 1), ({tenant}, 3, NULL, 2), ({tenant}, 4, 2, 1), ({tenant}, 5, NULL, 4), ({tenant}, 6, 2, NULL), ({tenant}, 7, 1, 6)
	INSERT INTO doc (tenant_id, id) VALUES ({tenant}, 1), ({tenant}, 2), ({tenant}, 3)
	INSERT INTO member (tenant_id, id, doc_id, user_id) VALUES ({tenant}, 1, 1, 1), ({tenant}, 2, 2, 1), ({tenant}, 3, 2, 2), ({tenant}, 4, 3, 2)
	INSERT INTO page (tenant_id, id, doc_id) VALUES ({tenant}, 1, 1), ({tenant}, 2, 2), ({tenant}, 3, 3)
	INSERT INTO event (tenant_id, id, data, seen) VALUES ({tenant}, 1, '{"actor": {"email": "ada@EXAMPLE.com"}}', NULL), ({tenant}, 2, '{"actor": {"email": "bob@example.com"}}', NULL), ({tenant}, 3, '{}', NULL)
	INSERT INTO chat (tenant_id, id, a, b) VALUES ({tenant}, 1, 1, 2), ({tenant}, 2, 2, 1), ({tenant}, 3, 1, NULL), ({tenant}, 4, NULL, 1), ({tenant}, 5, 2, NULL), ({tenant}, 6, 1, 1)
`

func TestEachRowIsInThePartThatItsWaysMakeIt(t *testing.T) {
	onBoth(t, forum(), func(t *testing.T, h *house) {
		h.fill(t, forumRows)
		table := `"crm.Order line"`
		seen := "'[1, 2]'"
		if h.PG != nil {
			table, seen = `crm."Order line"`, "'{1,2}'"
		}
		h.fill(t, `INSERT INTO `+table+` (tenant_id, id, "user code") VALUES ({tenant}, 1, '00000000-0000-0000-0000-00000000000a'), ({tenant}, 2, 'nonsense')
			UPDATE event SET seen = `+seen+` WHERE id = 2`)
		s := h.resolve(t, user("1"))
		for table, want := range map[string]map[rows.Part]string{
			"users":          {rows.Owned: "1", rows.CoOwned: "", rows.Accessed: "2", rows.Mine: "1", rows.Erased: "1", rows.Shared: "", rows.All: "1 2"},
			"address":        {rows.Owned: "1", rows.Erased: "1", rows.All: "1"},
			"ticket":         {rows.Owned: "1", rows.Accessed: "2 4", rows.Linked: "2 4", rows.All: "1 2 4"},
			"message":        {rows.Owned: "1", rows.Accessed: "2 4 5", rows.Mentioned: "3"},
			"note":           {rows.Owned: "1"},
			"invitation":     {rows.Owned: "1 2", rows.Erased: "1 2"},
			"comment":        {rows.Owned: "1 2 3 4 5 7", rows.Shared: "4 5 7", rows.Erased: "1 2 3", rows.Stays: "4 5 7"},
			"doc":            {rows.Owned: "", rows.CoOwned: "1 2", rows.Mine: "1 2", rows.Shared: "2", rows.Erased: "1", rows.Stays: "2"},
			"member":         {rows.Owned: "1 2", rows.Erased: "1 2", rows.Shared: ""},
			"page":           {rows.CoOwned: "1 2", rows.Shared: "2", rows.Erased: "1"},
			"event":          {rows.Owned: "1", rows.Mentioned: "2"},
			"crm.Order line": {rows.Owned: "1"},
			"chat":           {rows.Owned: "1 3 6", rows.CoOwned: "2 4", rows.Shared: "1 2", rows.Erased: "3 4 6", rows.Mine: "1 2 3 4 6"},
		} {
			for p, ids := range want {
				require.Equal(t, ids, h.ids(t, s, table, p), "%s %s", table, p)
			}
		}
		for i, want := range []string{"1 2", "1 3"} {
			c, ok := s.Points("message", i, rows.All)
			require.True(t, ok)
			_ = want
			t.Log(h.where(t, "message", c))
		}
	})
}
