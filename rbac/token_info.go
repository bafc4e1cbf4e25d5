package rbac

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
)

// TokenInfo is what a list shows of a token: never its secret.
type TokenInfo struct {
	ID          string
	Display     string // its beginning, as it may be shown
	Last4       string
	Member      Subject
	Integration string
	Scopes      []string // it may do what is in them and what its member may at the time
	Networks    []netip.Prefix
	CreatedBy   string
	Created     time.Time
	Expires     time.Time
	Revoked     time.Time // zero: it is not; in the future: it is good until then
	Reason      string    // why it was revoked
	ReplacedBy  string    // the ID of the token that it was rotated to

	Good     bool         // it is neither expired nor revoked
	LastUsed time.Time    // to about a minute; zero: never
	LastNet  netip.Prefix // from where, a /24 or /48
	Dormant  bool         // it is good, and nothing was heard of it for Options.DormantAfter
	Due      bool         // for rotation: the last sixth of its time has begun
}

// Tokens lists tokens, the oldest first, with those that are not good any more. It needs [ViewAccess] or [ManageTokens]; one's own
// tokens everyone can list, by [TokenSelector].Member.
func (a *Authorizer) Tokens(ctx context.Context, by Principal, sel TokenSelector) ([]TokenInfo, error) {
	if err := sel.check(); err != nil {
		return nil, err
	}
	c, err := a.reads(ctx, by)
	if err != nil {
		return nil, err
	}
	own := by.via == nil && len(by.s.cuts) == 0 && sel.Member != (Subject{}) && sel.Member == by.Subject()
	if !own && !c.holds.has(ManageTokens) {
		if err := c.require(ViewAccess); err != nil {
			return nil, err
		}
	}
	noted, err := a.store.Uses(ctx)
	if err != nil {
		return nil, err
	}
	uses := map[string]Use{}
	for _, u := range noted {
		if u.Kind == UseOfToken {
			uses[u.ID] = u
		}
	}
	var out []TokenInfo
	for id, t := range c.rules.tokens {
		if sel.has(t.row) {
			out = append(out, a.info(t.row, c.now, uses[id]))
		}
	}
	slices.SortFunc(out, func(x, y TokenInfo) int { return cmp.Or(x.Created.Compare(y.Created), cmp.Compare(x.ID, y.ID)) })
	return out, nil
}

// reads returns the rules of ctx's tenant, as its transaction has them, and what by may do by them.
func (a *Authorizer) reads(ctx context.Context, by Principal) (*change, error) {
	tenant, err := a.acting(ctx, by)
	if err != nil {
		return nil, err
	}
	v, err := a.tenants.current(ctx, tenant)
	if err != nil {
		return nil, err
	}
	ch, err := a.store.Changes(ctx, v.rules.version)
	if err != nil {
		return nil, err
	}
	c := &change{a: a, version: ch.Version, now: ch.Now, rules: v.rules.apply(&ch)}
	return c, c.as(by)
}

// info is row as a list shows it.
func (a *Authorizer) info(row *TokenRow, now time.Time, use Use) TokenInfo {
	out := TokenInfo{ID: row.ID, Last4: row.Last4, Member: row.Member, Integration: row.Integration, Scopes: slices.Clone(row.Scopes),
		Networks: slices.Clone(row.Networks), CreatedBy: row.CreatedBy, Created: row.Created, Expires: row.Expires, Revoked: row.Revoked,
		Reason: row.Reason, ReplacedBy: row.ReplacedBy, LastUsed: use.At, LastNet: use.Net}
	if id, err := apitoken.ParseID(row.ID); err == nil {
		out.Display = a.o.Tokens.Display(id)
	}
	out.Good = newToken(row, a.c).valid(now)
	if out.Good {
		heard := row.Created
		if use.At.After(heard) {
			heard = use.At
		}
		out.Dormant = now.Sub(heard) >= a.o.DormantAfter
		out.Due = row.Revoked.IsZero() && row.Expires.Sub(now) <= row.Expires.Sub(row.Created)/6
	}
	return out
}
