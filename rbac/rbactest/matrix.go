package rbactest

import (
	"slices"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac"
)

// Matrix fails t if the roles and permissions that c declares are not those of a file: a line a role with what it is, and a line a
// permission with how it was declared and which roles have it, by themselves or by those they build on. It freezes c.
func Matrix(t testing.TB, c *rbac.Catalog, file string) {
	t.Helper()
	m, err := c.Matrix()
	if err != nil {
		t.Fatalf("rbactest: %v", err)
	}
	var lines []string
	for _, r := range m.Roles {
		is := []string{"people"}
		if r.ForMachines {
			is[0] = "machines"
		}
		if r.Owner {
			is = append(is, "owner")
		}
		line := "role " + r.Name + ": for " + strings.Join(is, ", ")
		if len(r.Inherits) > 0 {
			var names []string
			for _, id := range r.Inherits {
				names = append(names, string(id))
			}
			slices.Sort(names)
			line += "; builds on " + strings.Join(names, ", ")
		}
		lines = append(lines, line)
	}
	for _, x := range m.Permissions {
		var who []string
		for _, r := range m.Roles {
			if slices.Contains(r.Permissions, x) {
				who = append(who, r.Name)
			}
		}
		slices.Sort(who)
		if who == nil {
			who = []string{"nobody"}
		}
		lines = append(lines, "permission "+x.String()+marks(x.Info())+": "+strings.Join(who, ", "))
	}
	golden(t, file, "Which roles there are, and which role has which permission.", lines)
}

// marks says what restricts a permission.
func marks(i rbac.PermissionInfo) string {
	var out []string
	for _, m := range []struct {
		is   bool
		name string
	}{{i.PeopleOnly, "people only"}, {i.MachinesOnly, "machines only"}, {i.NonDelegable, "not to be given"}, {i.Sensitive, "sensitive"}} {
		if m.is {
			out = append(out, m.name)
		}
	}
	if out == nil {
		return ""
	}
	return " (" + strings.Join(out, ", ") + ")"
}
