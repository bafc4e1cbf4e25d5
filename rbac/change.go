package rbac

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// change is a change of a tenant's rules under way: a transaction in which nobody else changes them. What it decides by is what
// the database says now, and not what this process remembers.
type change struct {
	a       *Authorizer
	by      Principal
	holds   *set // what by may do, by what it was given as and by the rules now; of the application itself: all
	version int64
	now     time.Time
	rules   *rules
	told    map[*standing]Access // for reviews: what was made of a standing
}

// change runs f if by may do x, in ctx's tenant. f may be run more than once. When it returns, this process knows nothing older.
func (a *Authorizer) change(ctx context.Context, by Principal, x Permission, f func(ctx context.Context, c *change) error) error {
	return a.act(ctx, by, func(ctx context.Context, c *change) error {
		if err := c.require(x); err != nil {
			return err
		}
		return f(ctx, c)
	})
}

// act is change for what by needs no permission for, or decides on in f.
func (a *Authorizer) act(ctx context.Context, by Principal, f func(ctx context.Context, c *change) error) error {
	tenant, err := a.acting(ctx, by)
	if err != nil {
		return err
	}
	return a.locked(ctx, tenant, func(ctx context.Context, c *change) error {
		if err := c.as(by); err != nil {
			return err
		}
		return f(ctx, c)
	})
}

// locked is act of nobody: whoever it is that acts, f finds out.
func (a *Authorizer) locked(ctx context.Context, tenant tenancy.ID, f func(ctx context.Context, c *change) error) error {
	defer a.tenants.changed(tenant) // also where it is not known whether it was committed
	return a.store.Tx(ctx, func(ctx context.Context) error {
		c := &change{a: a, holds: newSet(a.c)}
		if err := c.begin(ctx, tenant); err != nil {
			return err
		}
		if err := f(ctx, c); err != nil {
			return err
		}
		a.store.Committed(ctx, func() { a.tenants.changed(tenant) })
		return nil
	})
}

// as makes by the one who acts, with what they may do now.
func (c *change) as(by Principal) (err error) {
	c.by = by
	c.holds, err = c.held()
	return err
}

// acting returns ctx's tenant, which must be the one that by acts in.
func (a *Authorizer) acting(ctx context.Context, by Principal) (tenancy.ID, error) {
	tenant, err := tenancy.From(ctx)
	switch {
	case err != nil:
		return tenant, err
	case by.s == nil:
		return tenant, denied(Nobody)
	case by.tenant != tenant:
		return tenant, denied(NotMember)
	case by.s.set.c != a.c:
		return tenant, errors.New("rbac: the principal is of another catalogue")
	case a.closed.Load():
		return tenant, ErrClosed
	}
	return tenant, nil
}

func (c *change) begin(ctx context.Context, tenant tenancy.ID) (err error) {
	if c.version, c.now, err = c.a.store.Advance(ctx); err != nil {
		return err
	}
	c.rules = noRules(c.a.c)
	if v := c.a.tenants.get(tenant).view.Load(); v != nil && v.rules.version < c.version {
		c.rules = v.rules // what was committed: the rest, and what this transaction did before, comes from the store
	}
	ch, err := c.a.store.Changes(ctx, c.rules.version)
	if err != nil {
		return err
	}
	c.rules = c.rules.apply(&ch)
	return nil
}

// held is what c.by may do still: it was given the right to ask some time ago.
func (c *change) held() (*set, error) {
	if c.by.isSystem() {
		out := newSet(c.a.c)
		for i := range out.bits {
			out.bits[i] = ^uint64(0)
		}
		return out, nil
	}
	s := c.rules.member(c.by.Subject())
	if err := c.admits(s); err != nil {
		return nil, err
	}
	if id := c.by.TokenID(); id != "" {
		t := c.rules.tokens[id]
		if t == nil || !t.valid(c.now) || t.row.Member != c.by.Subject() {
			return nil, denied(BadToken)
		}
		s = t.narrow(s, c.a.c)
	}
	return s.set.and(c.by.s.set), nil
}

// admits is nil if s is let in now.
func (c *change) admits(s *standing) error {
	switch {
	case s == nil:
		return denied(NotMember)
	case s.status != Active:
		return denied(NotActive)
	case s.expires != 0 && c.now.UnixMicro() >= s.expires:
		return denied(Expired)
	}
	return nil
}

// require is nil if c.by may do x.
func (c *change) require(x Permission) error {
	if c.holds.has(x) {
		return nil
	}
	if err := c.by.Require(x); err != nil {
		return err
	}
	return &Denied{x.String(), NotGranted} // any more
}

// gives is nil if c.by may give what is in s: it holds all of that, and all of that can be given.
func (c *change) gives(s *set) error { return c.covers(s, c.a.c.fixed) }

// above is nil if c.by may change one who may do what is in s: it holds all of that.
func (c *change) above(s *set) error { return c.covers(s, newSet(c.a.c)) }

// covers is nil if c.by holds what is in s, none of which is in but. Who has everything holds what only machines can too.
func (c *change) covers(s, but *set) error {
	if c.by.isSystem() {
		return nil
	}
	over := s.without(c.holds.without(but))
	if c.holds.has(everything) {
		over = over.and(c.a.c.people)
		over.addAll(s.and(but))
	}
	for x := range over.all() {
		return &Denied{x.String(), NotAbove}
	}
	return nil
}

// roles returns what one who gives roles to a kind must hold. It is an error if there is no such role, or it is for the other
// kind, or a list has one twice.
func (c *change) roles(k Kind, roles []RoleID) (*set, error) {
	for i, id := range roles {
		if c.rules.stand.role(k, id) == nil || slices.Contains(roles[:i], id) {
			return nil, ErrRole
		}
		if r := c.rules.rows[id]; r != nil && r.Removed {
			return nil, ErrRole
		}
	}
	return c.worth(k, roles), nil
}

// worth is what one holds who can give roles to a kind, or take them. Where there is something in a role that this version of
// the application does not know, that is everything: it may be more than anybody here can tell.
func (c *change) worth(k Kind, roles []RoleID) *set {
	s := c.rules.stand.granted(k, roles).and(c.a.c.kind(k))
	for _, id := range roles {
		if r := c.rules.stand.roles[id]; r != nil && r.dark {
			s.add(everything.n)
		}
	}
	return s
}

// ErrRole: a role that there is not in the tenant, or not for members of that kind, or that is named twice.
var ErrRole = errors.New("rbac: no such role for such a member")

// put stores m, as a part of the change, and refuses what would leave the tenant without an owner.
func (c *change) put(ctx context.Context, m MemberRow) error {
	after := c.rules.apply(&Changes{Version: c.version, Now: c.now, Members: []MemberRow{m}})
	if c.rules.owners() > 0 && after.owners() == 0 {
		return denied(LastOwner)
	}
	return c.write(ctx, m)
}

// write is put without that question.
func (c *change) write(ctx context.Context, m MemberRow) error {
	m.Version = c.version
	if err := c.a.store.PutMember(ctx, m); err != nil {
		return err
	}
	c.rules = c.rules.apply(&Changes{Version: c.version, Now: c.now, Members: []MemberRow{m}})
	return nil
}
