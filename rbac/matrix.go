package rbac

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// RoleInfo is a role as those who give it see it.
type RoleInfo struct {
	ID          RoleID
	Name        string
	About       string
	Own         bool         // the tenant made it, and can change it
	ForMachines bool         //
	Owner       bool         // a tenant is never without somebody who has it
	Permissions []Permission // with those it inherits
	Inherits    []RoleID
	Unknown     []string // permissions that this version of the application does not know: they grant nothing
	Cyclic      bool     // it inherits from itself, which no call of this package makes: it grants nothing
	Members     int      // who have it, let in or not
}

// Matrix says which role has which permission.
type Matrix struct {
	Permissions []Permission // in the order of declaration
	Roles       []RoleInfo   // of the catalogue, in the order of declaration; then the tenant's own, by name
}

// Has reports whether a role has a permission.
func (m Matrix) Has(role RoleID, x Permission) bool {
	return slices.ContainsFunc(m.Roles, func(r RoleInfo) bool { return r.ID == role && slices.Contains(r.Permissions, x) })
}

// String writes m as a table: for a test that keeps it in a file, so that a change of who may do what shows.
func (m Matrix) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := []string{"permission"}
	for _, r := range m.Roles {
		line = append(line, r.Name)
	}
	fmt.Fprintln(w, strings.Join(line, "\t"))
	for _, x := range m.Permissions {
		line = []string{x.String()}
		for _, r := range m.Roles {
			line = append(line, map[bool]string{true: "x", false: "-"}[slices.Contains(r.Permissions, x)])
		}
		fmt.Fprintln(w, strings.Join(line, "\t"))
	}
	_ = w.Flush()
	return b.String()
}

// Matrix is that of the roles that c declares. It freezes c.
func (c *Catalog) Matrix() (Matrix, error) {
	if err := c.freeze(); err != nil {
		return Matrix{}, err
	}
	return noRules(c).matrix(), nil
}

// Matrix is that of the roles that there are in ctx's tenant. It needs [ViewAccess].
func (a *Authorizer) Matrix(ctx context.Context, by Principal) (Matrix, error) {
	c, err := a.looks(ctx, by, ViewAccess)
	if err != nil {
		return Matrix{}, err
	}
	return c.rules.matrix(), nil
}

// Roles lists the roles that there are in ctx's tenant, as [Matrix] has them. It needs [ViewAccess].
func (a *Authorizer) Roles(ctx context.Context, by Principal) ([]RoleInfo, error) {
	m, err := a.Matrix(ctx, by)
	return m.Roles, err
}

func (r *rules) matrix() Matrix {
	var m Matrix
	for i := range r.c.permissions {
		m.Permissions = append(m.Permissions, r.c.at(uint16(i)))
	}
	for _, d := range r.c.roles {
		kind := Person
		if d.machine {
			kind = Machine
		}
		m.Roles = append(m.Roles, RoleInfo{ID: d.id, Name: string(d.id), About: d.about, ForMachines: d.machine, Owner: d.owner, Inherits: d.parents,
			Permissions: slices.Collect(r.c.flat[d.id].and(r.c.kind(kind)).all())})
	}
	n := len(m.Roles)
	for id, d := range r.stand.roles {
		if r.rows[id].Removed {
			continue
		}
		kind := Person
		if d.machine {
			kind = Machine
		}
		m.Roles = append(m.Roles, RoleInfo{ID: id, Name: d.name, Own: true, ForMachines: d.machine, Inherits: r.rows[id].Parents, Unknown: d.unknown, Cyclic: d.cyclic,
			Permissions: slices.Collect(d.set.and(r.c.kind(kind)).all())})
	}
	slices.SortFunc(m.Roles[n:], func(a, b RoleInfo) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	has := map[RoleID]int{}
	r.all(func(_ Subject, s *standing) {
		for _, id := range s.roles {
			has[id]++
		}
	})
	for i := range m.Roles {
		m.Roles[i].Members = has[m.Roles[i].ID]
	}
	return m
}
