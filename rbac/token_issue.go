package rbac

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// TokenSpec is what an API token is to be good for.
type TokenSpec struct {
	Member      Subject // whose rights it narrows: a machine, or a person for themselves
	Integration string  // what it is for, 1 to 64 characters: tokens are listed and revoked by it
	// Scopes is what it may do, of what its member may. None: nothing.
	Scopes []Permission
	// For is how long it is good: 90 days if it is 0, and 365 at most.
	For time.Duration
	// Networks are where it is good from; none: everywhere. IPv4-mapped ones become IPv4.
	Networks []netip.Prefix
}

// How long a token is good, and how many a member has at once.
const (
	DefaultTokenLife = 90 * 24 * time.Hour
	MaxTokenLife     = 365 * 24 * time.Hour
	MaxOverlap       = 7 * 24 * time.Hour
	MaxTokens        = 100 // of a member at a time
	maxNetworks      = 64
)

// ErrToken is wrapped by the errors about a token that cannot be: they say what is wrong with the spec.
var ErrToken = errors.New("rbac: no such token can be issued")

// IssueToken issues an API token, and returns the secret, which nobody can get again. It needs [ManageTokens], or [OwnTokens] for
// one's own. Its scopes must be within what its member may do now and what by may give, and a machine must not be above by: else it
// is a [*Denied]. A person's tokens are issued by that person, as what works with them is taken for that person ([NotTheirs]).
//
// Whoever acts by a token issues none that is good for longer, from elsewhere or for more than that one: its networks are
// taken over where none are given, and its end where no time is.
//
// After an error of which it is not known whether the token was issued, nobody has its secret: issue another one.
func (a *Authorizer) IssueToken(ctx context.Context, by Principal, spec TokenSpec) (redact.Secret[string], TokenInfo, error) {
	row, err := a.draft(spec)
	if err != nil {
		return redact.Secret[string]{}, TokenInfo{}, err
	}
	return a.mint(ctx, by, func(ctx context.Context, c *change, t apitoken.Token) (*TokenRow, error) {
		if err := c.mayIssue(row.Member); err != nil {
			return nil, err
		}
		out := row
		if err := c.limits(&out, spec.For); err != nil {
			return nil, err
		}
		if err := c.issue(ctx, &out, t); err != nil {
			return nil, err
		}
		return &out, c.record(ctx, tokenIssued, out.data(), tokenParty(out.ID), out.Member.party())
	})
}

// mint runs f in a change, with a new token whose home is known by then.
func (a *Authorizer) mint(ctx context.Context, by Principal, f func(ctx context.Context, c *change, t apitoken.Token) (*TokenRow, error)) (redact.Secret[string], TokenInfo, error) {
	none := redact.Secret[string]{}
	tenant, err := a.acting(ctx, by)
	switch {
	case err != nil:
		return none, TokenInfo{}, err
	case a.o.Tokens == apitoken.Form{}:
		return none, TokenInfo{}, fmt.Errorf("%w: the application has no form of tokens", ErrToken)
	case !by.isSystem() && !by.Can(ManageTokens) && !by.Can(OwnTokens): // before anything is kept of it
		return none, TokenInfo{}, by.Require(ManageTokens)
	}
	t := a.o.Tokens.Mint()
	if err := a.store.AddHome(ctx, HomeOfToken, t.ID.String(), tenant); err != nil {
		return none, TokenInfo{}, err
	}
	var info TokenInfo
	err = a.act(ctx, by, func(ctx context.Context, c *change) error {
		row, err := f(ctx, c, t)
		if err != nil {
			return err
		}
		info = a.info(row, c.now, Use{})
		return nil
	})
	if err != nil {
		return none, TokenInfo{}, err
	}
	return t.Secret, info, nil
}

// draft is what spec says, if it can be.
func (a *Authorizer) draft(spec TokenSpec) (TokenRow, error) {
	row := TokenRow{Member: spec.Member, Integration: spec.Integration}
	switch {
	case !spec.Member.valid():
		return row, fmt.Errorf("%w: it needs a member", ErrToken)
	case !validLabel(spec.Integration):
		return row, fmt.Errorf("%w: its integration, what it is for, needs 1 to %d characters", ErrToken, maxNameLen)
	case spec.For < 0 || spec.For > MaxTokenLife:
		return row, fmt.Errorf("%w: it is good for %v at most", ErrToken, MaxTokenLife)
	}
	for _, x := range spec.Scopes {
		if !a.c.holds(x) {
			return row, fmt.Errorf("%w: a scope is no permission of this catalogue", ErrToken)
		}
		if !slices.Contains(row.Scopes, x.String()) {
			row.Scopes = append(row.Scopes, x.String())
		}
	}
	var err error
	row.Networks, err = networks(spec.Networks)
	return row, err
}

// validLabel reports whether s is a name that people give.
func validLabel(s string) bool {
	return s != "" && strings.TrimSpace(s) == s && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxNameLen &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// networks brings them into one form.
func networks(in []netip.Prefix) (out []netip.Prefix, err error) {
	if len(in) > maxNetworks {
		return nil, fmt.Errorf("%w: it has %d networks at most", ErrToken, maxNetworks)
	}
	for _, p := range in {
		if p.IsValid() && p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		switch {
		case !p.IsValid() || p.Addr().Zone() != "" || p.Addr().Is4In6():
			return nil, fmt.Errorf("%w: a network is none", ErrToken)
		case p.Masked() != p:
			return nil, fmt.Errorf("%w: a network has host bits set", ErrToken)
		case p.Bits() == 0 || p.Addr().IsUnspecified():
			return nil, fmt.Errorf("%w: a network of everybody is none: leave it out", ErrToken)
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out, nil
}

// mayIssue is nil if c.by may have tokens of that member made.
func (c *change) mayIssue(of Subject) error {
	if c.by.isSystem() {
		return nil
	}
	if err := c.mayManage(of); err != nil {
		return err
	}
	for _, cut := range c.by.s.cuts {
		if cut.reason == ByGrant { // a token would outlive what it was masked for
			return &Denied{ManageTokens.String(), ByGrant}
		}
	}
	if of.Kind == Person && of != c.by.Subject() {
		return &Denied{ManageTokens.String(), NotTheirs}
	}
	return nil
}

// mayManage is nil if tokens of that member are c.by's business.
func (c *change) mayManage(of Subject) error {
	if c.by.via == nil && of.Kind == Person && of == c.by.Subject() && c.holds.has(OwnTokens) {
		return nil
	}
	return c.require(ManageTokens)
}

// limits sets until when row is good, and from where.
func (c *change) limits(row *TokenRow, life time.Duration) error {
	asked := life
	if life == 0 {
		life = DefaultTokenLife
	}
	row.Expires = c.now.Add(life)
	id := c.by.TokenID()
	if id == "" {
		return nil
	}
	own := c.rules.tokens[id].row // which c.held found to be good
	end := own.Expires
	if !own.Revoked.IsZero() && own.Revoked.Before(end) {
		end = own.Revoked
	}
	if row.Expires.After(end) {
		if asked != 0 {
			return &Denied{ManageTokens.String(), NotAbove}
		}
		row.Expires = end
	}
	if row.Networks == nil {
		row.Networks = own.Networks
		return nil
	}
	for _, p := range row.Networks {
		if own.Networks != nil && !slices.ContainsFunc(own.Networks, func(o netip.Prefix) bool { return o.Bits() <= p.Bits() && o.Contains(p.Addr()) }) {
			return &Denied{ManageTokens.String(), NotAbove}
		}
	}
	return nil
}

// issue stores row as a token of its member, if its scopes may be given.
func (c *change) issue(ctx context.Context, row *TokenRow, t apitoken.Token) error {
	s := c.rules.member(row.Member)
	if err := c.admits(s); err != nil {
		return err
	}
	live := 0
	for _, o := range c.rules.tokens {
		if o.row.Member == row.Member && o.valid(c.now) {
			live++
		}
	}
	if live >= MaxTokens {
		return fmt.Errorf("%w: its member has %d", ErrToken, live)
	}
	scopes, _ := c.a.c.pick(row.Scopes)
	for x := range scopes.without(s.set.and(c.a.c.machines)).all() {
		return (&token{row: row, scopes: scopes}).lacks(s, c.a.c, x)
	}
	if err := c.gives(scopes); err != nil {
		return err
	}
	if row.Member != c.by.Subject() {
		if err := c.above(s.set); err != nil {
			return err
		}
	}
	row.ID, row.Hash, row.Last4 = t.ID.String(), t.Hash, t.Last4
	row.Version, row.Created, row.CreatedBy = c.version, c.now, c.by.createdBy()
	return c.a.store.PutToken(ctx, *row)
}

// lacks says why a token of s cannot have x.
func (t *token) lacks(s *standing, c *Catalog, x Permission) error {
	p := Principal{s: t.narrow(s, c)}
	why, _ := p.why(x)
	return &Denied{x.String(), why}
}
