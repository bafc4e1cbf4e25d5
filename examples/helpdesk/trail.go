package main

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/rbac"
)

// What happens at the desk, beside what the doors record themselves.
var (
	conversationRead     = audit.Define("conversation.read", audit.Read)
	conversationAnswered = audit.Define("conversation.answered", audit.Update)
	conversationNoted    = audit.Define("conversation.noted", audit.Update)
	conversationMoved    = audit.Define("conversation.status_set", audit.Update)
	signedInOnce         = audit.Define("session.began", audit.Create)
	factorAdded          = audit.Define("second_factor.added", audit.Create)
	retentionConfirmed   = audit.Define("retention.confirmed", audit.Delete)
)

// record records what the request's principal does, in the transaction that ctx carries: neither happens without the other.
func (d *desk) record(ctx context.Context, what audit.Action, data map[string]any, on ...audit.Party) error {
	return d.trail.Record(ctx, audit.Event{Action: what, Actor: actor(ctx), Targets: on, Data: data})
}

// actor is who ctx's request is from, as a party.
func actor(ctx context.Context) audit.Party {
	p := rbac.From(ctx)
	if t := p.TokenID(); t != "" {
		return audit.Party{Type: "token", ID: t}
	}
	return user(p.Subject().ID)
}

// user is a person as a party: what identifies them can be erased.
func user(id string) audit.Party { return audit.Party{Type: "user", ID: id, Person: true} }
