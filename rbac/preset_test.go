package rbac_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/stretchr/testify/require"
)

// grants returns what each role of c has of xs.
func grants(t *testing.T, c *rbac.Catalog, xs ...rbac.Permission) map[rbac.RoleID][]rbac.Permission {
	t.Helper()
	m, err := c.Matrix()
	require.NoError(t, err)
	out := map[rbac.RoleID][]rbac.Permission{}
	for _, id := range []rbac.RoleID{"admin", "editor", "viewer", "manager", "reporting", "machine"} {
		for _, x := range xs {
			if m.Has(id, x) {
				out[id] = append(out[id], x)
			}
		}
	}
	return out
}

func TestTheTeamPresetGivesEachRoleItsOwnAndWhatIsBelow(t *testing.T) {
	t.Parallel()
	c := rbac.NewCatalog("team")
	view, edit, later := c.Permission("view"), c.Permission("edit"), c.Permission("neither")
	rbac.TeamOf(c, rbac.Permissions{view}, rbac.Permissions{edit})
	require.Equal(t, map[rbac.RoleID][]rbac.Permission{
		"viewer": {view}, "editor": {view, edit}, "admin": {view, edit, later, rbac.ManageMembers},
	}, grants(t, c, view, edit, later, rbac.ManageMembers))
}

func TestTheDataPresetKeepsMachinesToTheirOwnGroup(t *testing.T) {
	t.Parallel()
	c := rbac.NewCatalog("data")
	report, manage, bring := c.Permission("report"), c.Permission("manage"), c.Permission("bring", rbac.MachinesOnly)
	rbac.DataOf(c, rbac.Permissions{report}, rbac.Permissions{manage}, rbac.Permissions{bring})
	require.Equal(t, map[rbac.RoleID][]rbac.Permission{
		"reporting": {report}, "manager": {report, manage}, "machine": {bring}, "admin": {report, manage, rbac.ManageMembers},
	}, grants(t, c, report, manage, bring, rbac.ManageMembers))
}
