package rbac

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Members are a map of ids to standings, whatever comes and goes, and what was before a change stays as it was.
func TestMembersAreAMapThatKeepsItsPast(t *testing.T) {
	t.Parallel()
	c := NewCatalog("members")
	c.Role("owner", Everything, Owner)
	require.NoError(t, c.freeze())
	rapid.Check(t, func(t *rapid.T) {
		stand := &standings{c: c, made: map[string]*standing{}}
		var m members
		model := map[string]Status{}
		type past struct {
			m     members
			model map[string]Status
		}
		var before []past
		ids := rapid.SampledFrom([]int{3, 40, 2000}).Draw(t, "ids")
		check := func(p past) {
			seen := 0
			p.m.all(func(id string, s *standing) {
				seen++
				require.Equal(t, p.model[id], s.status)
			})
			require.Equal(t, len(p.model), seen)
			require.Equal(t, len(p.model), p.m.count)
			for i := range ids + 2 {
				id := fmt.Sprint("user-", i)
				s := p.m.get(id)
				status, ok := p.model[id]
				require.Equal(t, ok, s != nil, id)
				if ok {
					require.Equal(t, status, s.status)
				}
			}
		}
		for range rapid.IntRange(0, 12).Draw(t, "changes") {
			var rows []MemberRow
			for range rapid.IntRange(0, ids).Draw(t, "rows") {
				r := MemberRow{Subject: User(fmt.Sprint("user-", rapid.IntRange(0, ids-1).Draw(t, "id"))), Roles: []RoleID{"owner"},
					Status: rapid.SampledFrom([]Status{Active, Active, Suspended, Removed}).Draw(t, "status")}
				rows = append(rows, r)
			}
			old := map[string]Status{}
			for id, s := range model {
				old[id] = s
			}
			before = append(before, past{m, old})
			m = m.with(rows, stand)
			for _, r := range rows {
				if delete(model, r.ID); r.Status != Removed {
					model[r.ID] = r.Status
				}
			}
			if rapid.Bool().Draw(t, "roles changed") {
				m = m.mapped(stand.again)
			}
			check(past{m, model})
		}
		for _, p := range before {
			check(p)
		}
		for _, p := range m.parts {
			require.LessOrEqual(t, len(p), 2*(2*perPart+ids)*5/4+2, "room that is not needed")
		}
	})
}
