package rbac

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// TokenSelector says which tokens of a tenant are meant. Exactly one field is set: none does not mean all.
type TokenSelector struct {
	ID          string
	Member      Subject
	Integration string
	All         bool
}

// ErrSelector: a selector of no tokens, or by two things.
var ErrSelector = errors.New("rbac: tokens are selected by one thing: an id, a member, an integration, or all")

func (sel TokenSelector) check() error {
	n := 0
	for _, set := range []bool{sel.ID != "", sel.Member != Subject{}, sel.Integration != "", sel.All} {
		if set {
			n++
		}
	}
	if n != 1 {
		return ErrSelector
	}
	return nil
}

func (sel TokenSelector) has(t *TokenRow) bool {
	switch {
	case sel.All:
		return true
	case sel.ID != "":
		return t.ID == sel.ID
	case sel.Integration != "":
		return t.Integration == sel.Integration
	}
	return t.Member == sel.Member
}

// RevokeTokens ends tokens at once, those too that are good for an overlap still, and returns how many. It needs [ManageTokens], and
// what they may do must be within what by may; none of them is revoked otherwise. For one's own tokens nothing is needed, and a
// token can revoke itself. reason says why, for the list and the log, in at most 200 characters: no personal values.
// What was revoked stays so: one call more revokes nothing.
func (a *Authorizer) RevokeTokens(ctx context.Context, by Principal, sel TokenSelector, reason string) (n int, err error) {
	if err := sel.check(); err != nil {
		return 0, err
	}
	if !utf8.ValidString(reason) || utf8.RuneCountInString(reason) > 200 || strings.ContainsRune(reason, 0) {
		return 0, fmt.Errorf("%w: a reason has at most 200 characters", ErrToken)
	}
	err = a.act(ctx, by, func(ctx context.Context, c *change) error {
		if !c.revokesOwn(sel) {
			if err := c.require(ManageTokens); err != nil {
				return err
			}
			for _, t := range c.rules.tokens {
				if !sel.has(t.row) || !t.valid(c.now) {
					continue
				}
				if s := c.rules.member(t.row.Member); s != nil {
					if err := c.above(t.narrow(s, c.a.c).set); err != nil {
						return err
					}
				}
			}
		}
		n, err = c.revoke(ctx, sel.has, reason)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// revokesOwn reports whether all that sel can select is c.by's own.
func (c *change) revokesOwn(sel TokenSelector) bool {
	me := c.by.Subject()
	if me == (Subject{}) {
		return false
	}
	if id := c.by.TokenID(); id != "" {
		return sel.ID == id
	}
	if len(c.by.s.cuts) > 0 { // somebody who acts for them
		return false
	}
	if t := c.rules.tokens[sel.ID]; t != nil {
		return t.row.Member == me
	}
	return sel.Member == me
}

// revoke ends the tokens that are meant, as a part of the change, whoever's they are.
func (c *change) revoke(ctx context.Context, meant func(*TokenRow) bool, reason string) (n int, err error) {
	out := Changes{Version: c.version, Now: c.now}
	if reason == overlaps { // which this is not
		reason = "revoked"
	}
	for _, t := range c.rules.tokens {
		if !meant(t.row) || !t.valid(c.now) {
			continue
		}
		row := *t.row
		row.Version, row.Revoked, row.Reason = c.version, c.now, reason
		if err := c.a.store.PutToken(ctx, row); err != nil {
			return 0, err
		}
		if err := c.record(ctx, tokenRevoked, map[string]any{"reason": reason, "integration": row.Integration}, tokenParty(row.ID), row.Member.party()); err != nil {
			return 0, err
		}
		out.Tokens = append(out.Tokens, row)
	}
	c.rules = c.rules.apply(&out)
	return len(out.Tokens), nil
}

func tokenParty(id string) audit.Party { return audit.Party{Type: "token", ID: id} }

// data is what is recorded of t.
func (t *TokenRow) data() map[string]any {
	return map[string]any{"integration": t.Integration, "scopes": t.Scopes, "expires": t.Expires, "networks": len(t.Networks)}
}
