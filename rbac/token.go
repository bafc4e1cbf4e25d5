package rbac

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Token returns what the bearer of an API token may do: what its member may now, of that what is in its scopes, and of that what
// machines can hold. addr is the client's, for tokens that are good from some networks only, and for the record of last uses.
//
// It is the token of ctx's tenant, and no other. Where ctx has no tenant it is the one that the token is of, see
// [Principal.Tenant]; to have ctx bound first, see [Authorizer.TokenTenant].
//
// It is a [*Denied]: with [BadToken] for what is malformed, unknown, wrong, another tenant's or revoked, which look
// alike; with [TokenExpired], [ByNetwork], [NotActive], [Expired] or [NotMember], of the token or its member, only for who has the token.
// What has not the form of a token is refused without a look at anything; made-up ones cost a question to the store
// now and then, and beyond that are a [tenancy.ErrBusy] for the clients of that network. It is [ErrStale] if nothing is known for sure.
func (a *Authorizer) Token(ctx context.Context, raw string, addr netip.Addr) (Principal, error) {
	id, err := a.o.Tokens.Parse(raw)
	if err != nil {
		return Principal{}, denied(BadToken)
	}
	tenant, err := tenancy.From(ctx)
	if err != nil {
		if !errors.Is(err, tenancy.ErrNoTenant) {
			return Principal{}, err
		}
		if tenant, err = a.homes.of(ctx, id, addr); err != nil {
			return Principal{}, err
		}
	}
	v, t, err := a.token(ctx, tenant, id, addr)
	if err != nil {
		return Principal{}, err
	}
	var hash [32]byte // no token's: one that is not known takes as long as one that is wrong
	if t != nil {
		hash = t.row.Hash
	}
	if !a.o.Tokens.Match(raw, hash) {
		return Principal{}, denied(BadToken)
	}
	now := v.time(a)
	s, err := t.stands(a, v, now, addr)
	if err != nil {
		a.notices.refused(tenant, t.row, err)
		return Principal{}, err
	}
	a.uses.token(a, tenant, t, now, addr)
	return Principal{s: s, tenant: tenant, id: t.row.Member.ID, via: t.via}, nil
}

// token finds what is kept of a token, or nil.
func (a *Authorizer) token(ctx context.Context, tenant tenancy.ID, id apitoken.ID, addr netip.Addr) (*view, *token, error) {
	if tenant.IsZero() {
		return nil, nil, nil
	}
	v, err := a.tenants.current(ctx, tenant)
	if err != nil {
		return nil, nil, err
	}
	if t := v.rules.tokens[string(id[:])]; t != nil {
		return v, t, nil
	}
	// It may have been issued in another process a moment ago: if it is known to be this tenant's, it is worth a question.
	home, err := a.homes.of(ctx, id, addr)
	if err != nil || home != tenant {
		return v, nil, err
	}
	if until, ok := a.homes.unknown.get(id); ok && a.now.Load() < until {
		return v, nil, nil
	}
	if v, err = a.tenants.fresh(ctx, tenant); err != nil {
		return nil, nil, err
	}
	t := v.rules.tokens[string(id[:])]
	if t == nil { // the home of a token that never came to be
		a.homes.unknown.put(id, a.now.Load()+int64(unknownFor))
	}
	return v, t, nil
}

// stands returns what t's bearer may do at that time, from that address.
func (t *token) stands(a *Authorizer, v *view, now int64, addr netip.Addr) (*standing, error) {
	switch {
	case t.revoked != 0 && now >= t.revoked:
		return nil, denied(BadToken)
	case now >= t.expires:
		return nil, denied(TokenExpired)
	case !t.from(addr):
		return nil, denied(ByNetwork)
	}
	s := v.rules.member(t.row.Member)
	if err := v.admits(a, s); err != nil {
		return nil, err
	}
	return t.narrow(s, a.c), nil
}

// from reports whether t is good from that address. An empty list that is not nil is one of no networks.
func (t *token) from(addr netip.Addr) bool {
	if t.row.Networks == nil {
		return true
	}
	addr = addr.Unmap().WithZone("")
	for _, p := range t.row.Networks {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// valid reports whether t is good at that time.
func (t *token) valid(now time.Time) bool {
	at := now.UnixMicro()
	return (t.revoked == 0 || at < t.revoked) && at < t.expires
}
