package rbac

import (
	"context"
	"fmt"
	"slices"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Surface is a part of an application that the public uses without signing in, such as a widget on a customer's page. It has
// the permissions it was declared with and no others: nobody can give it a role, nor more. See [Catalog.Surface].
type Surface struct {
	c     *Catalog
	name  string
	xs    []Permission
	stand *standing // once the catalogue is frozen
}

// Surface declares one. It has no permission of administration, and none that is for people or machines only.
func (c *Catalog) Surface(name string, xs ...Permission) *Surface {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.frozen:
		panic(fmt.Sprintf("rbac: surface %q is declared after the catalogue went into use", name))
	case !validName(name):
		panic(fmt.Sprintf("rbac: %q is no name for a surface: a-z, 0-9 and . : _ -, at most %d, a letter first", name, maxNameLen))
	case c.surfaces[name] != nil:
		panic(fmt.Sprintf("rbac: surface %q is declared twice", name))
	}
	for _, x := range xs {
		if x.c != c {
			panic(fmt.Sprintf("rbac: surface %q has a permission of another catalogue, or of administration", name))
		}
		if p := c.permissions[x.n]; p.peopleOnly || p.machinesOnly || p.sensitive {
			panic(fmt.Sprintf("rbac: surface %q has the permission %q, which is not for the public", name, p.name))
		}
	}
	s := &Surface{c: c, name: name, xs: slices.Clone(xs)}
	c.surfaces[name] = s
	return s
}

// freeze makes s's standing. The catalogue is locked.
func (s *Surface) freeze() {
	set := newSet(s.c)
	for _, x := range s.xs {
		set.add(x.n)
	}
	s.stand = &standing{granted: set, set: set, status: Active}
}

// String is the surface's name.
func (s *Surface) String() string { return s.name }

// Permissions returns what s was declared with.
func (s *Surface) Permissions() []Permission { return slices.Clone(s.xs) }

// Surface returns the principal of a public surface in ctx's tenant. It is no member, whoever sits before it. What it requires and
// does not have is refused with [BySurface], and an event in the tenant's log says so within a minute or so: it is a mistake
// of the application, or somebody is trying what else there is.
func (a *Authorizer) Surface(ctx context.Context, s *Surface) (Principal, error) {
	tenant, err := tenancy.From(ctx)
	switch {
	case err != nil:
		return Principal{}, err
	case s == nil || s.c != a.c:
		return Principal{}, fmt.Errorf("rbac: the surface is not of this catalogue")
	case a.closed.Load():
		return Principal{}, ErrClosed
	}
	return Principal{s: s.stand, tenant: tenant, via: &credential{surface: s.name, a: a}}, nil
}

// asked notes that a surface was refused x.
func (p Principal) asked(what string) {
	if p.via == nil || p.via.surface == "" || p.via.a.closed.Load() {
		return
	}
	p.via.a.notices.add(noticeKey{p.tenant, surfaceRefused, audit.Party{Type: "surface", ID: p.via.surface}, what})
}
