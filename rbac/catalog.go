package rbac

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Catalog holds the permissions and roles that an application declares, once, as package variables. Its roles are the same
// in every tenant, and change with the application. [New] freezes it: what is declared later panics.
//
//	var (
//		access   = rbac.NewCatalog("helpdesk")
//		ReadChat = access.Permission("chat.read")
//		Reply    = access.Permission("chat.reply")
//		Admin    = access.Role("admin", rbac.Everything, rbac.Owner)
//		Agent    = access.Role("agent", ReadChat, Reply)
//	)
type Catalog struct {
	name string

	mu          sync.Mutex
	permissions []permission // those of administration first
	byName      map[string]uint16
	roles       []*role
	byRole      map[RoleID]*role
	surfaces    map[string]*Surface
	frozen      bool

	// What follows is there once it is frozen.
	people, machines *set // what each kind can hold
	fixed, sensitive *set
	flat             map[RoleID]*set
	stand            *standings // of members who have roles of the catalogue only
}

// maxPermissions is what a set of one catalogue can hold.
const maxPermissions = 1 << 16

// NewCatalog returns an empty catalogue. It panics on a malformed name, as the other declarations do.
func NewCatalog(name string) *Catalog {
	if !validName(name) {
		panic(fmt.Sprintf("rbac: %q is no name: a-z, 0-9 and . : _ -, at most %d, a letter first", name, maxNameLen))
	}
	c := &Catalog{name: name, byName: map[string]uint16{}, byRole: map[RoleID]*role{}, surfaces: map[string]*Surface{}}
	c.stand = &standings{c: c, made: map[string]*standing{}}
	c.permissions = slices.Clone(administration.permissions)
	for i, p := range c.permissions {
		c.byName[p.name] = uint16(i)
	}
	return c
}

// Permission declares one. Names are stored, and never change their meaning; those that begin with "rbac." are this package's.
func (c *Catalog) Permission(name string, o ...PermissionOption) Permission {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, taken := c.byName[name]
	switch {
	case c.frozen:
		panic(fmt.Sprintf("rbac: permission %q is declared after the catalogue went into use", name))
	case !validName(name) || len(name) > 5 && name[:5] == "rbac.":
		panic(fmt.Sprintf("rbac: %q is no name for a permission: a-z, 0-9 and . : _ -, at most %d, a letter first, not rbac.", name, maxNameLen))
	case taken:
		panic(fmt.Sprintf("rbac: permission %q is declared twice", name))
	case len(c.permissions) == maxPermissions:
		panic("rbac: too many permissions")
	}
	p := permission{name: name}
	for _, o := range o {
		o(&p)
	}
	if p.peopleOnly && p.machinesOnly {
		panic(fmt.Sprintf("rbac: permission %q can be held by nobody", name))
	}
	c.permissions = append(c.permissions, p)
	n := uint16(len(c.permissions) - 1)
	c.byName[name] = n
	return Permission{c, n}
}

// Lookup returns the permission of that name, for names that come from outside: a form, a stored scope.
func (c *Catalog) Lookup(name string) (Permission, bool) {
	c.mu.Lock()
	n, ok := c.byName[name]
	c.mu.Unlock()
	if !ok {
		return Permission{}, false
	}
	return c.at(n), true
}

// at is the permission at n, as it was declared.
func (c *Catalog) at(n uint16) Permission {
	if c.permissions[n].own {
		return Permission{administration, n}
	}
	return Permission{c, n}
}

func (c *Catalog) size() int { return len(c.permissions) }

// holds reports whether x was declared in c, or belongs to every catalogue.
func (c *Catalog) holds(x Permission) bool { return x.c == c || x.c == administration }

// freeze ends the declarations, and flattens the roles.
func (c *Catalog) freeze() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		return nil
	}
	if len(c.roles) == 0 {
		return errors.New("rbac: the catalogue has no roles")
	}
	c.people, c.machines, c.fixed, c.sensitive = newSet(c), newSet(c), newSet(c), newSet(c)
	for i, p := range c.permissions {
		if !p.machinesOnly {
			c.people.add(uint16(i))
		}
		if !p.peopleOnly {
			c.machines.add(uint16(i))
		}
		if p.fixed {
			c.fixed.add(uint16(i))
		}
		if p.sensitive {
			c.sensitive.add(uint16(i))
		}
	}
	c.flat = map[RoleID]*set{}
	for _, r := range c.roles { // a role is declared after those it builds on
		s := newSet(c)
		for _, n := range r.permissions {
			s.add(n)
		}
		for _, p := range r.parents {
			s.addAll(c.flat[p])
		}
		if r.everything {
			for i, p := range c.permissions {
				if !p.machinesOnly {
					s.add(uint16(i))
				}
			}
		}
		c.flat[r.id] = s
	}
	for _, s := range c.surfaces {
		s.freeze()
	}
	c.frozen = true
	return nil
}

// hasOwner reports whether there is a role that is [Owner].
func (c *Catalog) hasOwner() bool {
	return slices.ContainsFunc(c.roles, func(r *role) bool { return r.owner })
}

// kind returns what members of a kind can hold.
func (c *Catalog) kind(k Kind) *set {
	if k == Machine {
		return c.machines
	}
	return c.people
}

// pick returns the set of names, and those that the catalogue does not know, which grant nothing.
func (c *Catalog) pick(names []string) (s *set, unknown []string) {
	s = newSet(c)
	for _, name := range names {
		if n, ok := c.byName[name]; ok { // nobody writes to a frozen catalogue
			s.add(n)
		} else {
			unknown = append(unknown, name)
		}
	}
	return s, unknown
}
