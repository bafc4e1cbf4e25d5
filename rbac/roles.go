package rbac

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
)

// RoleSpec is what a tenant's own role is made of.
type RoleSpec struct {
	ID          RoleID // of the role to change; "": a new one
	Name        string // unique among those of the tenant; at most 64 characters, all of which can be seen
	ForMachines bool   // cannot be changed
	Permissions []Permission
	Inherits    []RoleID
}

// Errors of [Authorizer.SaveRole].
var (
	ErrCycle    = errors.New("rbac: the role would inherit from itself")
	ErrRoleName = errors.New("rbac: a role needs a name of 1 to 64 characters that no other role has")
)

// SaveRole makes a role of the tenant's own, or changes one, and returns its ID. It needs [ManageRoles]. What the role has, and what
// it had before, must be within what by may give: else it is a [*Denied] with [NotAbove].
func (a *Authorizer) SaveRole(ctx context.Context, by Principal, spec RoleSpec) (RoleID, error) {
	if !validLabel(spec.Name) {
		return "", ErrRoleName
	}
	for _, x := range spec.Permissions {
		if !a.c.holds(x) {
			return "", errors.New("rbac: a permission of another catalogue")
		}
	}
	id := spec.ID
	if id == "" {
		id = RoleID("~" + rand.Text())
	}
	err := a.change(ctx, by, ManageRoles, func(ctx context.Context, c *change) error { return c.saveRole(ctx, id, spec) })
	if err != nil {
		return "", err
	}
	return id, nil
}

func (c *change) saveRole(ctx context.Context, id RoleID, spec RoleSpec) error {
	row := RoleRow{ID: id, Version: c.version, Name: spec.Name, Machine: spec.ForMachines, Parents: spec.Inherits, CreatedBy: c.by.createdBy(), Created: c.now}
	if old := c.rules.rows[id]; old != nil && !old.Removed {
		if old.Machine != spec.ForMachines {
			return ErrRole
		}
		if err := c.above(c.rules.stand.roles[id].worth()); err != nil {
			return err
		}
		row.CreatedBy, row.Created = old.CreatedBy, old.Created
	} else if spec.ID != "" {
		return ErrRole
	}
	for _, r := range c.rules.rows {
		if r.ID != id && !r.Removed && strings.EqualFold(r.Name, row.Name) {
			return ErrRoleName
		}
	}
	if c.a.c.byRole[RoleID(strings.ToLower(row.Name))] != nil {
		return ErrRoleName
	}
	for i, p := range row.Parents {
		_, own := c.rules.rows[p]
		if c.a.c.byRole[p] == nil && (!own || c.rules.rows[p].Removed) || slices.Contains(row.Parents[:i], p) {
			return ErrRole
		}
	}
	own := newSet(c.a.c) // each once, however often a form names it
	for _, x := range spec.Permissions {
		own.add(x.n)
	}
	row.Permissions = own.names()
	after := c.rules.apply(&Changes{Version: c.version, Roles: []RoleRow{row}})
	made := after.stand.roles[id]
	if made.cyclic {
		return ErrCycle
	}
	if err := c.gives(made.worth()); err != nil {
		return err
	}
	if err := c.wakes(after); err != nil {
		return err
	}
	if err := c.a.store.PutRole(ctx, row); err != nil {
		return err
	}
	c.rules = after
	return c.record(ctx, roleSaved, map[string]any{"name": row.Name, "permissions": made.set.names()}, roleParty(id))
}

// wakes is nil if c.by may give what roles have after a change and had not before: those that inherit the one that changes, and those of
// a cycle that is one no more.
func (c *change) wakes(after *rules) error {
	for id, before := range c.rules.stand.roles {
		if err := c.gives(after.stand.roles[id].worth().without(before.worth())); err != nil {
			return err
		}
	}
	return nil
}

// RemoveRole removes a role of the tenant's own. It needs [ManageRoles], and what the role has must be within what by holds. Members and
// roles that have it have nothing by it from then on.
func (a *Authorizer) RemoveRole(ctx context.Context, by Principal, id RoleID) error {
	return a.change(ctx, by, ManageRoles, func(ctx context.Context, c *change) error {
		old := c.rules.rows[id]
		if old == nil || old.Removed {
			return ErrRole
		}
		if err := c.above(c.rules.stand.roles[id].worth()); err != nil {
			return err
		}
		row := *old
		row.Version, row.Removed = c.version, true
		if err := c.a.store.PutRole(ctx, row); err != nil {
			return err
		}
		return c.record(ctx, roleRemoved, map[string]any{"name": row.Name}, roleParty(id))
	})
}
