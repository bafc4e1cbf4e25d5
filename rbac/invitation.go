package rbac

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Invitation is to whom a place in a tenant is offered, and which.
type Invitation struct {
	Address string        // of e-mail, as a rule: see [Acceptance]
	Roles   []RoleID      // of people
	For     time.Duration // how long it is good; 0: 7 days; at most 30
}

// InvitationInfo is an invitation as it is shown to those who may see it.
type InvitationInfo struct {
	ID               string
	Address          string
	Roles            []RoleID
	InvitedBy        Subject // the zero Subject: the application
	Created, Expires time.Time
	Expired          bool
}

// Acceptance is who accepts an invitation. The application has authenticated User, and knows that Address is theirs: because the secret
// came to it, or it was confirmed. Addresses are compared without the spaces around them, and with A-Z as a-z; all else must be
// the same to the byte. No other letters are folded: what looks alike is not the same mailbox.
type Acceptance struct {
	User    Subject
	Address string
}

// ErrInvitation: an invitation to no address, or for longer than 30 days.
var ErrInvitation = errors.New("rbac: an invitation needs an address and ends within 30 days")

const (
	invitationLife, maxInvitationLife = 7 * 24 * time.Hour, 30 * 24 * time.Hour
	maxAddress                        = 254
	invitationLen                     = 3 * 26 // see [rand.Text]
)

// Invite offers somebody a place in ctx's tenant, and returns the secret that goes to the address and to nobody else. It needs
// [ManageMembers], and by must be one who may give the roles: now, and still when the invitation is accepted. It takes the place of one
// to the same address that is pending. If the answer was lost, invite again.
func (a *Authorizer) Invite(ctx context.Context, by Principal, in Invitation) (redact.Secret[string], InvitationInfo, error) {
	none := redact.Secret[string]{}
	tenant, err := a.acting(ctx, by)
	if err != nil {
		return none, InvitationInfo{}, err
	}
	if !by.isSystem() {
		if err := by.Require(ManageMembers); err != nil { // or anybody could fill the list of homes
			return none, InvitationInfo{}, err
		}
	}
	if in.For == 0 {
		in.For = invitationLife
	}
	address, ok := mailbox(in.Address)
	if !ok || in.For < 0 || in.For > maxInvitationLife {
		return none, InvitationInfo{}, ErrInvitation
	}
	id, secret := rand.Text(), rand.Text()+rand.Text() // 260 bits
	row := InvitationRow{ID: id, Hash: sha256.Sum256([]byte(id + secret)), Address: address, Roles: in.Roles, State: Pending, InvitedBy: by.Subject()}
	if err := a.store.AddHome(ctx, HomeOfInvitation, id, tenant); err != nil {
		return none, InvitationInfo{}, err
	}
	err = a.change(ctx, by, ManageMembers, func(ctx context.Context, c *change) error {
		worth, err := c.roles(Person, in.Roles)
		if err != nil {
			return err
		}
		if err := c.gives(worth); err != nil {
			return err
		}
		row.Created, row.Expires = c.now, c.now.Add(in.For)
		if _, err := c.withdraw(ctx, false, func(i InvitationRow) bool { return i.Address == address }); err != nil {
			return err
		}
		if err := a.store.PutInvitation(ctx, row); err != nil {
			return err
		}
		to := invitationParty(id)
		to.Email, to.Person = address, true
		return c.record(ctx, invitationMade, map[string]any{"roles": stringsOf(in.Roles), "expires": row.Expires}, to)
	})
	if err != nil {
		return none, InvitationInfo{}, err
	}
	return redact.NewSecret(id + secret), row.info(row.Created), nil
}

// mailbox is an address as it is compared and kept; not ok: it is none.
func mailbox(s string) (string, bool) {
	if !utf8.ValidString(s) {
		return "", false
	}
	s = strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, strings.TrimSpace(s))
	return s, s != "" && len(s) <= maxAddress && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// withdraw ends the pending invitations that f picks. One that is above c.by is not theirs to end, unless they sent it, or who
// sent it goes.
func (c *change) withdraw(ctx context.Context, goes bool, f func(InvitationRow) bool) (n int, err error) {
	pending, err := c.a.store.Invitations(ctx)
	if err != nil {
		return 0, err
	}
	for _, i := range pending {
		if !f(i) {
			continue
		}
		if !goes && i.InvitedBy != c.by.Subject() && c.now.Before(i.Expires) {
			if err := c.above(c.worth(Person, i.Roles)); err != nil {
				return 0, err
			}
		}
		i.State, i.Address = Withdrawn, ""
		if err := c.a.store.PutInvitation(ctx, i); err != nil {
			return 0, err
		}
		if err := c.record(ctx, invitationWithdrawn, nil, invitationParty(i.ID)); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// WithdrawInvitation makes an invitation void that is pending. It needs [ManageMembers], and the roles in it must be within what by
// holds, unless by sent it. One that was withdrawn already is no error; one that was accepted is ErrNotFound.
func (a *Authorizer) WithdrawInvitation(ctx context.Context, by Principal, id string) error {
	return a.change(ctx, by, ManageMembers, func(ctx context.Context, c *change) error {
		i, err := a.store.Invitation(ctx, id)
		switch {
		case err != nil:
			return err
		case i.State == Accepted:
			return ErrNotFound
		}
		_, err = c.withdraw(ctx, false, func(i InvitationRow) bool { return i.ID == id })
		return err
	})
}

// Invitations lists those that are pending, oldest first, the expired ones too. It needs [ViewAccess].
func (a *Authorizer) Invitations(ctx context.Context, by Principal) ([]InvitationInfo, error) {
	v, err := a.looks(ctx, by, ViewAccess)
	if err != nil {
		return nil, err
	}
	rows, err := a.store.Invitations(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]InvitationInfo, len(rows))
	for i, r := range rows {
		out[i] = r.info(v.now)
	}
	return out, nil
}

func (i InvitationRow) info(now time.Time) InvitationInfo {
	return InvitationInfo{ID: i.ID, Address: i.Address, Roles: i.Roles, InvitedBy: i.InvitedBy, Created: i.Created, Expires: i.Expires, Expired: !now.Before(i.Expires)}
}

// badInvitation is why an invitation is not accepted: for the record, and never for the one who tried.
type badInvitation string

func (e badInvitation) Error() string { return "rbac: invitation refused: " + string(e) }

// Accept makes the one who holds an invitation's secret a member of ctx's tenant, once. Whatever is wrong with secret, address or
// time, and also if the one who sent it may not give its roles any more, the answer is the same: a [*Denied] with
// [BadInvite]. Why is in the record alone. One who is a member already is ErrExists, and the invitation stays; one who
// accepted it before, and is still a member, gets no error again.
func (a *Authorizer) Accept(ctx context.Context, secret redact.Secret[string], by Acceptance) error {
	tenant, err := tenancy.From(ctx)
	switch {
	case err != nil:
		return err
	case a.closed.Load():
		return ErrClosed
	case by.User.Kind != Person || !by.User.valid():
		return ErrSubject
	}
	id, hash := invited(secret)
	err = a.accept(ctx, tenant, id, hash, by)
	var why badInvitation
	if !errors.As(err, &why) {
		return err
	}
	e := audit.Event{Action: invitationRefused, Outcome: audit.Denied, Actor: by.User.party(), Data: map[string]any{"why": string(why)}}
	if why != unknownInvitation {
		e.Targets = []audit.Party{invitationParty(id)}
	}
	if err := a.recordOf(ctx, e); err != nil {
		return err
	}
	return denied(BadInvite)
}

const unknownInvitation badInvitation = "unknown"

// invited takes a secret apart. What is none has the ID of no invitation.
func invited(secret redact.Secret[string]) (id string, hash [32]byte) {
	s := secret.Reveal()
	if len(s) != invitationLen {
		s = strings.Repeat("-", invitationLen)
	}
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			s = strings.Repeat("-", invitationLen)
			break
		}
	}
	return s[:26], sha256.Sum256([]byte(s))
}

// invitation returns the one of that ID and secret.
func (a *Authorizer) invitation(ctx context.Context, id string, hash [32]byte) (InvitationRow, error) {
	i, err := a.store.Invitation(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return i, err
	}
	same := subtle.ConstantTimeCompare(i.Hash[:], hash[:]) == 1 // the hash of nothing is nobody's
	switch {
	case err != nil:
		return i, unknownInvitation
	case !same:
		return i, badInvitation("wrong secret")
	}
	return i, nil
}

func (a *Authorizer) accept(ctx context.Context, tenant tenancy.ID, id string, hash [32]byte, by Acceptance) error {
	if _, err := a.invitation(ctx, id, hash); err != nil {
		return err // who has no secret waits for no lock, and makes nobody else wait; and comes to no home
	}
	if err := a.store.AddHome(ctx, HomeOfPerson, by.User.ID, tenant); err != nil {
		return err
	}
	return a.locked(ctx, tenant, func(ctx context.Context, c *change) error {
		i, err := a.invitation(ctx, id, hash)
		if err != nil {
			return err
		}
		return c.accept(ctx, i, by)
	})
}

func (c *change) accept(ctx context.Context, i InvitationRow, by Acceptance) error {
	was, err := c.a.store.Member(ctx, by.User)
	known := err == nil
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	address, _ := mailbox(by.Address)
	switch {
	case i.State == Accepted && i.Member == by.User.ID && known && was.Status != Removed:
		return nil
	case i.State == Accepted:
		return badInvitation("used")
	case i.State != Pending:
		return badInvitation("withdrawn")
	case !c.now.Before(i.Expires):
		return badInvitation("expired")
	case address != i.Address:
		return badInvitation("another address")
	case known && was.Status == Removed && !was.Expires.Before(i.Created):
		return badInvitation("removed since it was sent")
	}
	if why := c.offers(i); why != "" {
		return why
	}
	from := "system"
	if i.InvitedBy != (Subject{}) {
		from = string(i.InvitedBy.Kind) + ":" + i.InvitedBy.ID
	}
	if err := c.join(ctx, MemberRow{Subject: by.User, Roles: i.Roles, CreatedBy: from}); err != nil {
		return err
	}
	i.State, i.Address, i.Member = Accepted, "", by.User.ID
	if err := c.a.store.PutInvitation(ctx, i); err != nil {
		return err
	}
	return c.a.recordOf(ctx, audit.Event{Action: invitationAccepted, Actor: by.User.party(), Data: map[string]any{"roles": stringsOf(i.Roles)}, Targets: []audit.Party{invitationParty(i.ID)}})
}

// offers says why what i offers cannot be given any more; "": it can.
func (c *change) offers(i InvitationRow) badInvitation {
	worth, err := c.roles(Person, i.Roles)
	if err != nil {
		return "a role in it is gone"
	}
	if i.InvitedBy == (Subject{}) {
		return ""
	}
	s := c.rules.member(i.InvitedBy)
	if c.admits(s) != nil {
		return "who sent it is let in no more"
	}
	from := change{a: c.a, by: Principal{s: s, id: i.InvitedBy.ID}, holds: s.set, rules: c.rules}
	if from.require(ManageMembers) != nil || from.gives(worth) != nil {
		return "who sent it may not give that any more"
	}
	return ""
}

// InvitationTenant returns the tenant that an invitation is to, for an application whose links do not say. ctx needs no tenant. It
// tells nobody who does not have the secret: what is none is a [*Denied] with [BadInvite].
func (a *Authorizer) InvitationTenant(ctx context.Context, secret redact.Secret[string]) (tenancy.ID, error) {
	id, hash := invited(secret)
	homes, err := a.store.Homes(ctx, HomeOfInvitation, id)
	if err != nil {
		return tenancy.ID{}, err
	}
	for _, t := range homes {
		_, err := a.invitation(tenancy.Switch(ctx, t), id, hash)
		var why badInvitation
		switch {
		case err == nil:
			return t, nil
		case !errors.As(err, &why):
			return tenancy.ID{}, err
		}
	}
	return tenancy.ID{}, denied(BadInvite)
}
