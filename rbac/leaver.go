package rbac

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Left is what went with a member, and what stayed.
type Left struct {
	Tokens      int       // of theirs, revoked
	Invitations int       // that they had sent, withdrawn
	Machines    []Subject // that they answered for: these go on, and need another owner
}

// leftReason is why the tokens of a leaver were revoked.
const leftReason = "left"

// Remove takes a member out of ctx's tenant: with their tokens and the invitations they sent, in one transaction. An invitation to
// them from before is void. The machines they answered for go on: see [Authorizer.SetOwner]. It needs [ManageMembers], and what the
// member has must be within what by holds; whoever is let in may leave. The last owner stays. One who has gone already is no error.
func (a *Authorizer) Remove(ctx context.Context, by Principal, who Subject) (left Left, err error) {
	err = a.act(ctx, by, func(ctx context.Context, c *change) error {
		leaves := who == by.Subject() && by.via == nil && len(by.s.cuts) == 0 // and is not somebody who acts for them
		if !leaves {
			if err := c.require(ManageMembers); err != nil {
				return err
			}
		}
		m, err := a.store.Member(ctx, who)
		if err != nil {
			return err
		}
		if !leaves {
			if err := c.above(c.worth(m.Kind, m.Roles)); err != nil {
				return err
			}
		}
		left, err = c.remove(ctx, m, memberRemoved)
		return err
	})
	if err != nil {
		return Left{}, err
	}
	return left, nil
}

// remove takes m out, and what must go with them. One who has gone already left nothing.
func (c *change) remove(ctx context.Context, m MemberRow, act audit.Action) (Left, error) {
	if m.Status == Removed {
		return Left{}, nil
	}
	m.Status, m.Roles, m.Expires = Removed, nil, c.now // when it ended: see [change.accept]
	pending, err := c.a.store.Invitations(ctx)
	if err != nil {
		return Left{}, err
	}
	for _, i := range pending { // all of them are from before, also if the clock went back since
		if i.Created.After(m.Expires) {
			m.Expires = i.Created
		}
	}
	if err := c.put(ctx, m); err != nil {
		return Left{}, err
	}
	left, err := c.sweep(ctx, m.Subject)
	if err != nil {
		return left, err
	}
	return left, c.record(ctx, act, left.data(), m.party())
}

// sweep takes away what a leaver had.
func (c *change) sweep(ctx context.Context, who Subject) (out Left, err error) {
	if out.Tokens, err = c.revoke(ctx, func(t *TokenRow) bool { return t.Member == who }, leftReason); err != nil {
		return out, err
	}
	if out.Invitations, err = c.withdraw(ctx, true, func(i InvitationRow) bool { return i.InvitedBy == who }); err != nil {
		return out, err
	}
	if who.Kind == Person {
		c.rules.machines.all(func(id string, s *standing) {
			if s.owner == who.ID {
				out.Machines = append(out.Machines, Service(id))
			}
		})
	}
	slices.SortFunc(out.Machines, Subject.compare)
	return out, nil
}

func (l Left) data() map[string]any {
	return map[string]any{"tokens": l.Tokens, "invitations": l.Invitations, "machines": len(l.Machines)}
}

func (s Subject) compare(t Subject) int {
	return cmp.Or(-cmp.Compare(s.Kind, t.Kind), cmp.Compare(s.ID, t.ID)) // people first
}

// OffboardReport is what [Authorizer.Offboard] did.
type OffboardReport struct {
	Person  Subject
	Tenants []Offboarded // in the order of their ids
}

// Offboarded is what was done in one tenant.
type Offboarded struct {
	Tenant tenancy.ID
	Left
	Member     bool  // they were one, until now
	NeedsOwner bool  // they were the last owner, and are suspended: make somebody else owner, and call again
	Err        error // nothing was done
}

// Offboard takes a person out of all tenants, as [Authorizer.Remove] out of one. It is the application's own act: who works for whom is for
// no tenant to say. reason is recorded in each.
//
// Each tenant is a transaction, and ctx must carry none. One tenant's error does not keep the others from being done; the errors are
// joined. Whatever stopped it, call it again: what is done stays done.
//
// Where the person is the last owner, they lose their access all the same: left to them, a tenant would be in the hands of somebody
// who has gone. Their membership is not removed but suspended, their tokens and invitations go, and the tenant is
// reported to need an owner: [Authorizer.Add] or [Authorizer.SetRoles] by [Authorizer.System] makes one.
func (a *Authorizer) Offboard(ctx context.Context, u Subject, reason string) (OffboardReport, error) {
	report := OffboardReport{Person: u}
	switch {
	case u.Kind != Person || !u.valid():
		return report, ErrSubject
	case reason == "":
		return report, errReason
	case a.closed.Load():
		return report, ErrClosed
	case a.store.InTx(ctx):
		return report, errors.New("rbac: Offboard takes a transaction of its own in each tenant")
	}
	homes, err := a.store.Homes(ctx, HomeOfPerson, u.ID)
	if err != nil {
		return report, err
	}
	var errs []error
	for _, id := range homes {
		if err := ctx.Err(); err != nil {
			errs = append(errs, err)
			break
		}
		o := Offboarded{Tenant: id}
		if err := a.offboard(tenancy.Switch(ctx, id), u, reason, &o); err != nil {
			o = Offboarded{Tenant: id, Err: err}
			errs = append(errs, fmt.Errorf("rbac: off-boarding from tenant %s: %w", id, err))
		}
		report.Tenants = append(report.Tenants, o)
	}
	return report, errors.Join(errs...)
}

func (a *Authorizer) offboard(ctx context.Context, u Subject, reason string, o *Offboarded) error {
	by, err := a.System(ctx, reason)
	if err != nil {
		return err
	}
	err = a.change(ctx, by, ManageMembers, func(ctx context.Context, c *change) error {
		*o = Offboarded{Tenant: o.Tenant}
		m, err := a.store.Member(ctx, u)
		if err != nil {
			return err
		}
		o.Member = m.Status == Active
		if m.Status == Removed || !c.rules.onlyOwner(m) {
			o.Left, err = c.remove(ctx, m, memberOffboard)
			return err
		}
		was := m.Status
		m.Status = Suspended
		if was != m.Status {
			if err := c.write(ctx, m); err != nil { // not put: that keeps the last owner in
				return err
			}
		}
		o.NeedsOwner = true
		if o.Left, err = c.sweep(ctx, u); err != nil || was == m.Status && o.Tokens+o.Invitations == 0 {
			return err
		}
		data := o.data()
		data["needs_owner"] = true
		return c.record(ctx, memberOffboard, data, u.party())
	})
	if errors.Is(err, ErrNotFound) || errors.Is(err, tenancy.ErrPurged) { // a home that nobody came to, or that is no more
		return nil
	}
	return err
}
