package rbac

import "strings"

// Permission is one thing that can be done in an application, declared once in Go with [Catalog.Permission]: one that is
// misspelt does not compile. The zero Permission is held by nobody. Permissions are comparable.
type Permission struct {
	c *Catalog
	n uint16
}

// String is the name that the permission was declared under, and is stored under.
func (x Permission) String() string {
	if x.c == nil {
		return "no permission"
	}
	return x.c.permissions[x.n].name
}

// PermissionInfo is how a permission was declared.
type PermissionInfo struct {
	Name, About                                       string
	PeopleOnly, MachinesOnly, NonDelegable, Sensitive bool
}

// Info says how x was declared.
func (x Permission) Info() PermissionInfo {
	if x.c == nil {
		return PermissionInfo{}
	}
	p := x.c.permissions[x.n]
	return PermissionInfo{p.name, p.about, p.peopleOnly, p.machinesOnly, p.fixed, p.sensitive}
}

// PermissionOption narrows who can hold a permission, or describes it.
type PermissionOption func(*permission)

// permission is what a catalogue knows of one.
type permission struct {
	name, about                                     string
	peopleOnly, machinesOnly, fixed, sensitive, own bool
}

// PeopleOnly keeps machines and API tokens from a permission, whatever their roles and scopes.
func PeopleOnly(p *permission) { p.peopleOnly = true }

// MachinesOnly keeps people from a permission.
func MachinesOnly(p *permission) { p.machinesOnly = true }

// NonDelegable is a permission that no member can give to another, not even one who holds it: only [Authorizer.System]
// can.
func NonDelegable(p *permission) { p.fixed = true }

// Sensitive marks a permission for those who review access: who holds it comes first.
func Sensitive(p *permission) { p.sensitive = true }

// About says what a permission is for, in the words of those who give it.
func About(text string) PermissionOption { return func(p *permission) { p.about = text } }

// administration has the permissions over this package's own work. They are part of every catalogue.
var administration = &Catalog{name: "rbac"}

// What is needed to administer a tenant. Nobody gives what they do not hold themselves: see the package comment.
var (
	// ManageMembers invites, and changes and removes members.
	ManageMembers = administration.own("rbac.members.manage", "Invite people, change their roles, remove them", Sensitive)
	// ManageRoles makes, changes and removes the tenant's own roles.
	ManageRoles = administration.own("rbac.roles.manage", "Make and change roles", Sensitive)
	// ManageTokens issues, rotates and revokes API tokens.
	ManageTokens = administration.own("rbac.tokens.manage", "Issue, rotate and revoke API tokens", Sensitive)
	// OwnTokens issues and rotates API tokens for oneself, with no more than one may do. It is in no role unless you put it there.
	OwnTokens = administration.own("rbac.tokens.own", "Issue API tokens for oneself", PeopleOnly)
	// ReviewAccess opens access reviews and decides in them.
	ReviewAccess = administration.own("rbac.access.review", "Review who has access", Sensitive, PeopleOnly)
	// ViewAccess lists members, roles, tokens and reviews.
	ViewAccess = administration.own("rbac.access.view", "See who has access")
	// everything is in every role that has Everything: what a later version of the application declares is given by nobody who
	// will not have it.
	everything = administration.own("rbac.everything", "Also what later versions of the application add", Sensitive, PeopleOnly)
)

func (c *Catalog) own(name, about string, o ...PermissionOption) Permission {
	p := permission{name: name, about: about, own: true}
	for _, o := range o {
		o(&p)
	}
	c.permissions = append(c.permissions, p)
	return Permission{c, uint16(len(c.permissions) - 1)}
}

const maxNameLen = 64

// validName reports whether s is a name for a permission, role or surface: of a-z, 0-9, '.', ':', '_' and '-', beginning with a letter.
func validName(s string) bool {
	if s == "" || len(s) > maxNameLen || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune(".:_-", rune(c)) {
			return false
		}
	}
	return true
}
