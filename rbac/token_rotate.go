package rbac

import (
	"context"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// overlaps is why a token was revoked that is good until then. All others are not good from when it is known.
const overlaps = "rotated"

// RotateToken issues a token in place of another one, which stays good for the overlap: 0, as after an incident, to 7 days. The new one
// is for the same and from the same networks, for as long as the old one was issued for, with those of its scopes that its
// member still has. It needs what [Authorizer.IssueToken] needs for that token. Of two who rotate one token at once, one gets
// the new token, and the other [ErrConflict], as for one that is not good any more. Who uses the old one after the overlap is
// refused, and an event says so; the new one is not touched by that.
func (a *Authorizer) RotateToken(ctx context.Context, by Principal, id string, overlap time.Duration) (redact.Secret[string], TokenInfo, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return redact.Secret[string]{}, TokenInfo{}, fmt.Errorf("%w: an overlap is %v at most", ErrToken, MaxOverlap)
	}
	return a.mint(ctx, by, func(ctx context.Context, c *change, t apitoken.Token) (*TokenRow, error) {
		old := c.rules.tokens[id]
		if old == nil {
			if err := c.mayManage(Subject{}); err != nil {
				return nil, err
			}
			return nil, ErrNotFound
		}
		if err := c.mayIssue(old.row.Member); err != nil {
			return nil, err
		}
		if old.revoked != 0 || !old.valid(c.now) {
			return nil, ErrConflict
		}
		return c.rotate(ctx, old, t, overlap)
	})
}

func (c *change) rotate(ctx context.Context, old *token, t apitoken.Token, overlap time.Duration) (*TokenRow, error) {
	row := TokenRow{Member: old.row.Member, Integration: old.row.Integration, Networks: old.row.Networks}
	s := c.rules.member(row.Member)
	if err := c.admits(s); err != nil {
		return nil, err
	}
	row.Scopes = old.narrow(s, c.a.c).set.names()
	life := min(old.row.Expires.Sub(old.row.Created), MaxTokenLife)
	if c.by.TokenID() != "" {
		life = 0 // it cannot give more than it has left
	}
	if err := c.limits(&row, life); err != nil {
		return nil, err
	}
	if err := c.issue(ctx, &row, t); err != nil {
		return nil, err
	}
	gone := *old.row
	gone.Version, gone.ReplacedBy, gone.Revoked, gone.Reason = c.version, row.ID, c.now.Add(overlap), overlaps
	if overlap == 0 {
		gone.Reason = "rotated at once"
	}
	if err := c.a.store.PutToken(ctx, gone); err != nil {
		return nil, err
	}
	data := row.data()
	data["overlap"] = overlap.String()
	return &row, c.record(ctx, tokenRotated, data, tokenParty(gone.ID), tokenParty(row.ID), row.Member.party())
}
