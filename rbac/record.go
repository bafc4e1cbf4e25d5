package rbac

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// What is recorded of administration, in the log of the tenant.
var (
	roleSaved   = audit.Define("rbac.role.saved", audit.Update)
	roleRemoved = audit.Define("rbac.role.removed", audit.Delete)

	memberAdded     = audit.Define("rbac.member.added", audit.Create)
	memberRoles     = audit.Define("rbac.member.roles_set", audit.Update)
	memberExpiry    = audit.Define("rbac.member.expiry_set", audit.Update)
	memberSuspended = audit.Define("rbac.member.suspended", audit.Update)
	memberResumed   = audit.Define("rbac.member.resumed", audit.Update)
	memberRemoved   = audit.Define("rbac.member.removed", audit.Delete)
	memberOffboard  = audit.Define("rbac.member.offboarded", audit.Delete) // by the application, from all tenants
	machineOwner    = audit.Define("rbac.machine.owner_set", audit.Update)

	invitationMade      = audit.Define("rbac.invitation.made", audit.Create)
	invitationAccepted  = audit.Define("rbac.invitation.accepted", audit.Update)
	invitationRefused   = audit.Define("rbac.invitation.refused", audit.Update) // why, in the data
	invitationWithdrawn = audit.Define("rbac.invitation.withdrawn", audit.Delete)

	tokenIssued     = audit.Define("rbac.token.issued", audit.Create)
	tokenRotated    = audit.Define("rbac.token.rotated", audit.Update)
	tokenReduced    = audit.Define("rbac.token.reduced", audit.Update) // by an access review
	tokenRevoked    = audit.Define("rbac.token.revoked", audit.Delete)
	tokenRefused    = audit.Define("rbac.token.refused", audit.Read) // a right secret at the wrong time or place
	machinePassword = audit.Define("rbac.machine.password", audit.Create)

	surfaceRefused = audit.Define("rbac.surface.refused", audit.Read) // what a public surface asked for and does not have

	reviewOpened   = audit.Define("rbac.review.opened", audit.Create)
	reviewDecided  = audit.Define("rbac.review.decided", audit.Update)
	reviewOverdue  = audit.Define("rbac.review.overdue", audit.Update)
	reviewClosed   = audit.Define("rbac.review.closed", audit.Update)
	reviewReported = audit.Define("rbac.review.reported", audit.Read)
)

// record records that c.by did act to targets, in the change's transaction. If it fails, the change does not happen.
func (c *change) record(ctx context.Context, act audit.Action, data map[string]any, targets ...audit.Party) error {
	return c.a.record(ctx, c.by, act, audit.Success, data, targets...)
}

func (a *Authorizer) record(ctx context.Context, by Principal, act audit.Action, how audit.Outcome, data map[string]any, targets ...audit.Party) error {
	return a.recordOf(ctx, audit.Event{Action: act, Outcome: how, Actor: by.party(), Reason: by.reason(), Data: data, Targets: targets})
}

// recordOf records what is not a principal's act.
func (a *Authorizer) recordOf(ctx context.Context, e audit.Event) error {
	if a.recorder == nil {
		return nil
	}
	return a.recorder.Record(ctx, e)
}

// party is p in a record.
func (p Principal) party() audit.Party {
	switch {
	case p.via != nil && p.via.token != nil:
		return audit.Party{Type: "token", ID: p.via.token.ID}
	case p.via != nil && p.via.surface != "":
		return audit.Party{Type: "surface", ID: p.via.surface}
	case p.isSystem() || p.s == nil:
		return audit.Party{Type: "system"}
	}
	return p.Subject().party()
}

// reason is why the application itself acts.
func (p Principal) reason() string {
	if p.isSystem() {
		return p.via.system
	}
	return ""
}

func (s Subject) party() audit.Party {
	if s.Kind == Machine {
		return audit.Party{Type: "machine", ID: s.ID}
	}
	return audit.Party{Type: "user", ID: s.ID, Person: true}
}

// createdBy is p in a row.
func (p Principal) createdBy() string {
	switch {
	case p.via != nil && p.via.token != nil:
		return "token:" + p.via.token.ID
	case p.isSystem() || p.s == nil:
		return "system"
	}
	return string(p.s.kind) + ":" + p.id
}

func invitationParty(id string) audit.Party { return audit.Party{Type: "invitation", ID: id} }

func roleParty(id RoleID) audit.Party { return audit.Party{Type: "role", ID: string(id)} }
