package rbac

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// ReviewItem is one line of an access review.
type ReviewItem struct {
	Key  string // orders the items: what is sensitive and dormant first, then what is dormant, orphaned, or a machine's token, then what is sensitive
	Kind ItemKind
	ID   string // of the member, token or invitation

	// As it was when the review was opened.
	Subject   Subject // the member; of a token, whose rights it narrows; of an invitation, who invited, if a member did
	CreatedBy string
	Created   time.Time
	LastUse   time.Time    // zero: never
	LastNet   netip.Prefix // from where; the zero Prefix: not known
	Dormant   bool         // nothing was heard of it for [Options].DormantAfter
	Before    Access

	Present *Access // now; nil: it is gone
	Changed bool    // Present is not Before
	Address string  // of an invitation that is pending. It is not in the snapshot: that outlives it

	Decision Decision
	Note     string
	By       string // "person:" and an id, or "system" for the application
	At       time.Time
	After    *Access // what it was decided to be; nil: nothing is left, or it is undecided

	// ETag stands for what is above that can change. A [Verdict] with it is on that and on nothing else.
	ETag string
}

// Access is what an item gives.
type Access struct {
	Status   Status         `json:"status,omitempty"` // of a member
	Roles    []RoleID       `json:"roles,omitempty"`
	Scopes   []string       `json:"scopes,omitempty"`   // of a token
	Networks []netip.Prefix `json:"networks,omitempty"` // of a token; none: any
	Expires  time.Time      `json:"expires,omitzero"`
	Owner    string         `json:"owner,omitempty"`    // the person who answers for the machine
	Orphaned bool           `json:"orphaned,omitempty"` // who answers for it, or invited, is no active member
	// What may be done with it: how many permissions, those that are Sensitive, and of the names of all of them the SHA-256 (half of it, in hexadecimal).
	Permissions int      `json:"permissions"`
	Sensitive   []string `json:"sensitive,omitempty"`
	Digest      string   `json:"digest"`
}

// snapshot is ItemRow.Snapshot.
type snapshot struct {
	Subject   Subject      `json:"subject,omitzero"`
	CreatedBy string       `json:"created_by,omitempty"`
	Created   time.Time    `json:"created"`
	LastUse   time.Time    `json:"last_use,omitzero"`
	LastNet   netip.Prefix `json:"last_net,omitzero"`
	Dormant   bool         `json:"dormant,omitempty"`
	Access    Access       `json:"access"`
}

// outcome is ItemRow.Outcome: what it was when it was decided on, and after that.
type outcome struct {
	On    *Access `json:"on"`
	After *Access `json:"after"`
}

// item is r as others see it, with what it is about as it is now.
func (c *change) item(ctx context.Context, r *ItemRow) (i ReviewItem, err error) {
	var s snapshot
	var o outcome
	if json.Unmarshal(r.Snapshot, &s) != nil || len(r.Outcome) > 0 && json.Unmarshal(r.Outcome, &o) != nil {
		return i, fmt.Errorf("%w: an item cannot be read", ErrAltered)
	}
	i = ReviewItem{Key: r.Key, Kind: r.Kind, ID: r.ID, Subject: s.Subject, CreatedBy: s.CreatedBy, Created: s.Created, LastUse: s.LastUse, LastNet: s.LastNet,
		Dormant: s.Dormant, Before: s.Access, Decision: r.Decision, Note: r.Note, By: r.By, At: r.At, After: o.After}
	if c == nil { // in a report
		return i, nil
	}
	if i.Present, i.Address, err = c.current(ctx, r.Kind, r.ID); err != nil {
		return i, err
	}
	present, before := i.Present.json(), i.Before.json()
	i.Changed = !bytes.Equal(present, before)
	h := sha256.New()
	sumFields(h, r.Review, r.Key, string(present), string(r.Decision), r.Note, r.By, rfc3339(r.At))
	i.ETag = hex.EncodeToString(h.Sum(nil)[:16])
	return i, nil
}

func (a *Access) json() []byte {
	b, err := json.Marshal(a)
	if err != nil {
		panic("rbac: " + err.Error()) // of such fields there is none
	}
	return b
}

// current returns what an item is about as it is now, or nil if it is gone.
func (c *change) current(ctx context.Context, kind ItemKind, id string) (*Access, string, error) {
	switch kind {
	case ItemPerson, ItemMachine:
		s := c.rules.member(Subject{Kind(kind), id})
		if s == nil {
			return nil, "", nil
		}
		return c.ofMember(s), "", nil
	case ItemToken:
		return c.ofToken(c.rules.tokens[id]), "", nil
	}
	i, err := c.a.store.Invitation(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, "", nil
	}
	if err != nil || i.State != Pending || !c.now.Before(i.Expires) {
		return nil, "", err
	}
	return c.ofInvitation(&i), i.Address, nil
}

func (c *change) ofMember(s *standing) *Access {
	out := c.may(s)
	out.Status, out.Roles, out.Owner = s.status, s.roles, s.owner
	if s.expires != 0 {
		out.Expires = time.UnixMicro(s.expires).UTC()
	}
	out.Orphaned = s.kind == Machine && !c.present(User(s.owner))
	return &out
}

// ofToken is nil for one that is good for nothing.
func (c *change) ofToken(t *token) *Access {
	if t == nil || !t.valid(c.now) {
		return nil
	}
	s := c.rules.member(t.row.Member)
	if s == nil {
		return nil
	}
	out := c.may(t.narrow(s, c.a.c))
	out.Scopes, out.Networks, out.Expires = t.row.Scopes, t.row.Networks, endOf(t.row.Expires)
	if r := t.row.Revoked; !r.IsZero() && r.Before(out.Expires) {
		out.Expires = endOf(r)
	}
	if s.kind == Machine {
		out.Owner, out.Orphaned = s.owner, !c.present(User(s.owner))
	}
	return &out
}

func (c *change) ofInvitation(i *InvitationRow) *Access {
	set := c.rules.stand.granted(Person, i.Roles).and(c.a.c.people)
	out := c.may(&standing{set: set})
	out.Roles, out.Expires = i.Roles, i.Expires.UTC()
	out.Orphaned = i.InvitedBy != Subject{} && c.admits(c.rules.member(i.InvitedBy)) != nil
	return &out
}

// may is what can be done with s.
func (c *change) may(s *standing) (out Access) {
	if a, ok := c.told[s]; ok {
		return a
	}
	names := s.set.names()
	slices.Sort(names) // the order of declaration is not what a permission is
	if some := s.set.and(c.a.c.sensitive).names(); len(some) > 0 {
		slices.Sort(some)
		out.Sensitive = some
	}
	out.Permissions = len(names)
	h := sha256.New()
	sumFields(h, names...)
	out.Digest = hex.EncodeToString(h.Sum(nil)[:16])
	if c.told == nil {
		c.told = map[*standing]Access{}
	}
	c.told[s] = out
	return out
}

// concerns reports whether an item is s's own: its membership, its token, a machine it answers for, or a token of that.
func (i *ReviewItem) concerns(s Subject) bool {
	if s.Kind != Person {
		return false
	}
	owns := i.Before.Owner == s.ID || i.Present != nil && i.Present.Owner == s.ID
	return owns || i.Kind != ItemInvitation && i.Subject == s
}

// needsNote reports whether keeping it has to be explained.
func (i *ReviewItem) needsNote() bool {
	return i.Dormant || len(i.Before.Sensitive) > 0 || i.Present != nil && len(i.Present.Sensitive) > 0
}

func (i *ReviewItem) party() audit.Party {
	switch i.Kind {
	case ItemPerson:
		return User(i.ID).party()
	case ItemMachine:
		return Service(i.ID).party()
	}
	return audit.Party{Type: string(i.Kind), ID: i.ID}
}
