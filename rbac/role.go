package rbac

import (
	"fmt"
	"slices"
)

// RoleID names a role within a tenant: a role of the catalogue by its name, and one that the tenant made itself by a
// random id, which no name of the catalogue can be.
type RoleID string

// Role is a role of a catalogue: see [Catalog.Role]. The zero Role is none.
type Role struct{ r *role }

// ID is what the role is stored under.
func (r Role) ID() RoleID {
	if r.r == nil {
		return ""
	}
	return r.r.id
}

// String is the role's name.
func (r Role) String() string { return string(r.ID()) }

// role is what a catalogue knows of one.
type role struct {
	c                          *Catalog
	id                         RoleID
	about                      string
	permissions                []uint16
	parents                    []RoleID
	everything, owner, machine bool
}

// RolePart is what a role is made of: permissions, other roles, whose permissions it has too, and the marks below.
type RolePart interface{ part(*role) }

func (x Permission) part(r *role) {
	if x.c == nil || !r.c.holds(x) {
		panic(fmt.Sprintf("rbac: role %q has a permission of another catalogue", r.id))
	}
	r.permissions = append(r.permissions, x.n)
}

func (x Role) part(r *role) {
	if x.r == nil || x.r.c != r.c {
		panic(fmt.Sprintf("rbac: role %q builds on a role of another catalogue", r.id))
	}
	r.parents = append(r.parents, x.r.id)
}

type mark func(*role)

func (m mark) part(r *role) { m(r) }

// Permissions is a group of permissions, as a part of roles.
type Permissions []Permission

func (g Permissions) part(r *role) {
	for _, x := range g {
		x.part(r)
	}
}

var (
	// Everything is all permissions of the catalogue that people can hold, also those declared later.
	Everything RolePart = mark(func(r *role) { r.everything = true })
	// Owner is for the role that a tenant must never be without: the last active person who has it, and for whom no end
	// is set, can neither be removed, suspended, limited in time nor given another role.
	Owner RolePart = mark(func(r *role) { r.owner = true })
	// ForMachines is for roles of machines. All others are for people.
	ForMachines RolePart = mark(func(r *role) { r.machine = true })
)

// Describe says what a role is for, in the words of those who give it.
func Describe(text string) RolePart { return mark(func(r *role) { r.about = text }) }

// Role declares a role that exists in every tenant.
func (c *Catalog) Role(name string, parts ...RolePart) Role {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.frozen:
		panic(fmt.Sprintf("rbac: role %q is declared after the catalogue went into use", name))
	case !validName(name):
		panic(fmt.Sprintf("rbac: %q is no name for a role: a-z, 0-9 and . : _ -, at most %d, a letter first", name, maxNameLen))
	case c.byRole[RoleID(name)] != nil:
		panic(fmt.Sprintf("rbac: role %q is declared twice", name))
	}
	r := &role{c: c, id: RoleID(name)}
	for _, p := range parts {
		if p == nil {
			panic(fmt.Sprintf("rbac: role %q has a part that is nil", name))
		}
		p.part(r)
	}
	if r.owner && r.machine {
		panic(fmt.Sprintf("rbac: role %q makes a machine the owner", name))
	}
	slices.Sort(r.permissions)
	c.roles = append(c.roles, r)
	c.byRole[r.id] = r
	return Role{r}
}
