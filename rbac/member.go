package rbac

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// ErrSubject: an id that no member can have, a machine where only a person can be, or an owner of a machine who is no active
// person of the tenant.
var ErrSubject = errors.New("rbac: no such subject")

// Found makes u the first member of ctx's tenant, with roles of the catalogue. It is for by from [Authorizer.System] alone. A
// tenant that has a member already is ErrExists, so that of two who found it at once one does; for the same u and roles
// once more is no error. If the catalogue has a role that is [Owner], u must have one.
func (a *Authorizer) Found(ctx context.Context, by Principal, u Subject, roles ...RoleID) error {
	return a.add(ctx, by, u, roles, true)
}

// Add makes u a member of ctx's tenant without an invitation, as a directory that is synchronised does. It is for by from
// [Authorizer.System] alone. One who is a member already is ErrExists; with the same roles it is no error.
func (a *Authorizer) Add(ctx context.Context, by Principal, u Subject, roles ...RoleID) error {
	return a.add(ctx, by, u, roles, false)
}

func (a *Authorizer) add(ctx context.Context, by Principal, u Subject, roles []RoleID, first bool) error {
	tenant, err := a.acting(ctx, by)
	switch {
	case err != nil:
		return err
	case !by.isSystem():
		return denied(NotAbove)
	case u.Kind != Person || !u.valid():
		return ErrSubject
	}
	if err := a.store.AddHome(ctx, HomeOfPerson, u.ID, tenant); err != nil {
		return err
	}
	return a.change(ctx, by, ManageMembers, func(ctx context.Context, c *change) error {
		if s := c.rules.member(u); s != nil && s.status == Active && s.expires == 0 && slices.Equal(s.roles, roles) && (!first || c.rules.count() == 1) {
			return nil
		}
		if first && c.rules.count() > 0 {
			return ErrExists
		}
		if err := c.join(ctx, MemberRow{Subject: u, Roles: roles, CreatedBy: by.createdBy()}); err != nil {
			return err
		}
		if first && a.c.hasOwner() && c.rules.owners() == 0 {
			return denied(LastOwner)
		}
		return c.record(ctx, memberAdded, map[string]any{"roles": stringsOf(roles)}, u.party())
	})
}

// AddMachine makes a machine a member: an integration, a job. It needs [ManageMembers]. owner is the active person of the tenant who
// answers for it, and the roles are such for machines, within what by may give: [Everything] lets one give what
// only machines can hold. A name that is taken is ErrExists; with the same owner and roles it is no error.
func (a *Authorizer) AddMachine(ctx context.Context, by Principal, name string, owner Subject, roles ...RoleID) error {
	m := MemberRow{Subject: Service(name), Roles: roles, Owner: owner.ID, CreatedBy: by.createdBy()}
	return a.change(ctx, by, ManageMembers, func(ctx context.Context, c *change) error {
		if !m.Subject.valid() || !c.present(owner) {
			return ErrSubject
		}
		worth, err := c.roles(Machine, roles)
		if err != nil {
			return err
		}
		if err := c.gives(worth); err != nil {
			return err
		}
		if s := c.rules.member(m.Subject); s != nil && s.status == Active && s.owner == owner.ID && slices.Equal(s.roles, roles) {
			return nil
		}
		if err := c.join(ctx, m); err != nil {
			return err
		}
		return c.record(ctx, memberAdded, map[string]any{"roles": stringsOf(roles)}, m.party(), owner.party())
	})
}

// join puts a member who was none.
func (c *change) join(ctx context.Context, m MemberRow) error {
	if c.rules.member(m.Subject) != nil {
		return ErrExists
	}
	if _, err := c.roles(m.Kind, m.Roles); err != nil {
		return err
	}
	m.Status, m.Created = Active, c.now
	return c.put(ctx, m)
}

// present reports whether s is a person who is let in.
func (c *change) present(s Subject) bool {
	return s.Kind == Person && c.admits(c.rules.member(s)) == nil
}

// SetRoles gives a member these roles instead of those they have. It needs [ManageMembers]; both what the member had and what is
// new must be within what by holds, and what is new must be such that by may give it.
func (a *Authorizer) SetRoles(ctx context.Context, by Principal, who Subject, roles ...RoleID) error {
	return a.amend(ctx, by, who, memberRoles, func(c *change, m *MemberRow, had *set) (map[string]any, error) {
		worth, err := c.roles(who.Kind, roles)
		if err != nil {
			return nil, err
		}
		if err := c.gives(worth.without(had)); err != nil {
			return nil, err
		}
		if slices.Equal(m.Roles, roles) {
			return nil, errSame
		}
		data := map[string]any{"before": stringsOf(m.Roles), "roles": stringsOf(roles)}
		m.Roles = roles
		return data, nil
	})
}

// SetExpiry says when a membership ends, by the store's clock and without anybody's doing; the zero time: never. It needs
// [ManageMembers]. Whoever lets it last longer gives what the member has; nobody does so for themselves.
func (a *Authorizer) SetExpiry(ctx context.Context, by Principal, who Subject, end time.Time) error {
	return a.amend(ctx, by, who, memberExpiry, func(c *change, m *MemberRow, had *set) (map[string]any, error) {
		if !end.IsZero() {
			end = endOf(end)
		}
		switch {
		case end.Equal(m.Expires):
			return nil, errSame
		case m.Expires.IsZero() || !end.IsZero() && end.Before(m.Expires):
		case who == c.by.Subject():
			return nil, denied(NotSelf)
		default:
			if err := c.gives(had); err != nil {
				return nil, err
			}
		}
		m.Expires = end
		if end.IsZero() {
			return nil, nil
		}
		return map[string]any{"expires": end}, nil
	})
}

// Suspend keeps a member out until [Authorizer.Resume], and with them their tokens. It needs [ManageMembers].
func (a *Authorizer) Suspend(ctx context.Context, by Principal, who Subject) error {
	return a.amend(ctx, by, who, memberSuspended, func(c *change, m *MemberRow, had *set) (map[string]any, error) {
		if m.Status == Suspended {
			return nil, errSame
		}
		m.Status = Suspended
		return nil, nil
	})
}

// Resume lets a member in again who was suspended. It needs [ManageMembers], and gives what the member has.
func (a *Authorizer) Resume(ctx context.Context, by Principal, who Subject) error {
	return a.amend(ctx, by, who, memberResumed, func(c *change, m *MemberRow, had *set) (map[string]any, error) {
		if m.Status == Active {
			return nil, errSame
		}
		m.Status = Active
		return nil, c.gives(had)
	})
}

// SetOwner makes another person answer for a machine. It needs [ManageMembers].
func (a *Authorizer) SetOwner(ctx context.Context, by Principal, machine, owner Subject) error {
	return a.amend(ctx, by, machine, machineOwner, func(c *change, m *MemberRow, had *set) (map[string]any, error) {
		switch {
		case m.Kind != Machine || !c.present(owner):
			return nil, ErrSubject
		case m.Owner == owner.ID:
			return nil, errSame
		}
		m.Owner = owner.ID
		return nil, nil
	}, owner.party())
}

// errSame: there is nothing to do.
var errSame = errors.New("rbac: it is so already")

// amend changes the row of a member as f says. What the member had must be within what by holds. f returns what to record.
func (a *Authorizer) amend(ctx context.Context, by Principal, who Subject, act audit.Action, f func(c *change, m *MemberRow, had *set) (map[string]any, error), more ...audit.Party) error {
	return a.change(ctx, by, ManageMembers, func(ctx context.Context, c *change) error {
		m, err := a.store.Member(ctx, who)
		switch {
		case err != nil:
			return err
		case m.Status == Removed:
			return ErrNotFound
		}
		had := c.worth(m.Kind, m.Roles)
		if err := c.above(had); err != nil {
			return err
		}
		data, err := f(c, &m, had)
		switch {
		case errors.Is(err, errSame):
			return nil
		case err != nil:
			return err
		}
		if err := c.put(ctx, m); err != nil {
			return err
		}
		return c.record(ctx, act, data, append([]audit.Party{who.party()}, more...)...)
	})
}
