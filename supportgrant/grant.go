package supportgrant

import (
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Grant is a request for access, and what became of it. It says how things stood when it was read: reads under it ask anew.
type Grant struct {
	ID     GrantID
	Tenant tenancy.ID
	State  State
	Staff  Person
	Ticket string // plain text: escape it where it is shown
	Reason string // plain text: escape it where it is shown
	Scope  Scope
	Care   bool // rows to be handled with care too: two people approve

	Asked        time.Duration // the life that was asked for
	Requested    time.Time
	PendingUntil time.Time // when it lapses without an answer

	Life     time.Duration // that was approved, at most Asked; 0: it was not
	Approved time.Time     // zero: it was not
	Expires  time.Time     // Life after Approved

	Ended     time.Time // zero: it is open
	EndedBy   Person    // "": the application or the clock
	EndReason string    // plain text

	version int64
	known   bool // every name of the scope
}

// Live reports whether reads under g were allowed when it was read.
func (g Grant) Live() bool { return g.State == Approved }

// standing is the state of a row at a time: what lapsed or expired has, whether or not anybody has noted it.
func (g *GrantRow) standing(now time.Time) State {
	switch {
	case g.State == Requested && !now.Before(g.PendingUntil):
		return Lapsed
	case g.State == Approved && !now.Before(g.Expires):
		return Expired
	}
	return g.State
}

// grantOf is a row as it stands at a time.
func grantOf(tenant tenancy.ID, r *GrantRow, now time.Time) Grant {
	g := Grant{
		ID: r.ID, Tenant: tenant, State: r.standing(now), Staff: r.Staff, Ticket: r.Ticket, Reason: r.Reason, Care: r.Care,
		Asked: r.Asked, Requested: r.Requested, PendingUntil: r.PendingUntil, Life: r.Life, Approved: r.Approved, Expires: r.Expires,
		Ended: r.Ended, EndedBy: r.EndedBy, EndReason: r.EndReason, version: r.Version,
	}
	g.Scope, g.known = ParseScope(r.Scope)
	switch {
	case g.State == r.State:
	case g.State == Lapsed:
		g.Ended = r.PendingUntil
	case g.State == Expired:
		g.Ended = r.Expires
	}
	return g
}

// intent is what an approver of g is shown.
func (g *Grant) intent(by Person, life time.Duration, nonce [32]byte) Intent {
	return Intent{Grant: g.ID, Tenant: g.Tenant, Staff: g.Staff, Approver: by, Ticket: g.Ticket, Reason: g.Reason, Scope: g.Scope,
		Life: life, Care: g.Care, Nonce: nonce}
}
