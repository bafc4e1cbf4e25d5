package rbac

import (
	"fmt"
	"slices"
	"strings"
)

// Rule says who may use a route of a [Mux]: a [Permission] who may do that, [AnyMember], [AnyPerson], [Public], [AllOf], [AnyOf], or
// what [Surface.Needs] returns. String is how reports show it.
type Rule interface {
	fmt.Stringer
	rule(c *Catalog) error // what is wrong with it as a rule over c
	allows(p Principal) error
}

// open is a rule about no permission. Its values are constants: nobody can change what Public means.
type open uint8

const (
	// Public is for everyone. Nobody is asked who they are: [From] returns nobody.
	Public open = iota + 1
	// AnyMember is for all members of the tenant, and for their tokens, whatever they may do.
	AnyMember
	// AnyPerson is for members who are people and come themselves, and not by a token.
	AnyPerson
)

func (o open) String() string {
	switch o {
	case Public:
		return "public"
	case AnyMember:
		return "any member"
	case AnyPerson:
		return "any person"
	}
	return "no rule"
}

func (o open) rule(*Catalog) error {
	if o < Public || o > AnyPerson {
		return fmt.Errorf("rbac: there is no such rule")
	}
	return nil
}

func (o open) allows(p Principal) error {
	switch {
	case o == Public:
		return nil
	case p.IsZero() || o == 0:
		return denied(Nobody)
	case p.Subject() == Subject{}: // a surface, or the application
		return denied(NotMember)
	case o == AnyPerson && (p.s.kind != Person || p.via != nil):
		return denied(ByKind)
	}
	return nil
}

func (x Permission) rule(c *Catalog) error {
	if !c.holds(x) {
		return fmt.Errorf("rbac: %s of this catalogue", map[bool]string{true: "the zero Permission is none", false: "a permission is none"}[x.c == nil])
	}
	return nil
}

func (x Permission) allows(p Principal) error { return p.Require(x) }

// permissions is a rule of several.
type permissions struct {
	xs  []Permission
	any bool
}

// AllOf is for who may do all of xs.
func AllOf(xs ...Permission) Rule { return permissions{slices.Clone(xs), false} }

// AnyOf is for who may do one of xs: lists that show all rows to some and their own to others. The handler asks
// [Principal.Reach] which.
func AnyOf(xs ...Permission) Rule { return permissions{slices.Clone(xs), true} }

func (r permissions) String() string {
	names := make([]string, len(r.xs))
	for i, x := range r.xs {
		names[i] = x.String()
	}
	how := "all of "
	if r.any {
		how = "any of "
	}
	return how + strings.Join(names, ", ")
}

func (r permissions) rule(c *Catalog) error {
	if len(r.xs) == 0 {
		return fmt.Errorf("rbac: a rule of no permissions")
	}
	for _, x := range r.xs {
		if err := x.rule(c); err != nil {
			return err
		}
	}
	return nil
}

func (r permissions) allows(p Principal) error {
	if r.any && slices.ContainsFunc(r.xs, p.Can) {
		return nil
	}
	for _, x := range r.xs {
		if err := p.Require(x); err != nil {
			return err
		}
	}
	return nil
}

// onSurface is a rule for the public, by a surface.
type onSurface struct {
	s *Surface
	x Permission
}

// Needs is for the public that uses s, where s has x. It panics if it has not.
func (s *Surface) Needs(x Permission) Rule {
	if !slices.Contains(s.xs, x) {
		panic(fmt.Sprintf("rbac: surface %q does not have %s", s.name, x))
	}
	return onSurface{s, x}
}

func (r onSurface) String() string { return "surface " + r.s.name + ": " + r.x.String() }

func (r onSurface) rule(c *Catalog) error {
	if r.s.c != c {
		return fmt.Errorf("rbac: a surface of another catalogue")
	}
	return nil
}

func (r onSurface) allows(p Principal) error { return p.Require(r.x) }
