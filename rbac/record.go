package rbac

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// What is recorded of administration, in the log of the tenant.
var (
	roleSaved   = audit.Define("rbac.role.saved", audit.Update)
	roleRemoved = audit.Define("rbac.role.removed", audit.Delete)
)

// record records that c.by did act to targets, in the change's transaction. If it fails, the change does not happen.
func (c *change) record(ctx context.Context, act audit.Action, data map[string]any, targets ...audit.Party) error {
	return c.a.record(ctx, c.by, act, audit.Success, data, targets...)
}

func (a *Authorizer) record(ctx context.Context, by Principal, act audit.Action, how audit.Outcome, data map[string]any, targets ...audit.Party) error {
	if a.recorder == nil {
		return nil
	}
	return a.recorder.Record(ctx, audit.Event{Action: act, Outcome: how, Actor: by.party(), Reason: by.reason(), Data: data, Targets: targets})
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

func roleParty(id RoleID) audit.Party { return audit.Party{Type: "role", ID: string(id)} }
