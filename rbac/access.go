package rbac

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// MemberInfo is a member as those who look after access see them.
type MemberInfo struct {
	Subject
	Roles     []RoleID
	Status    Status    // Active or Suspended
	Expires   time.Time // when access ends, or has ended; zero: never
	Expired   bool
	Owner     Subject   // the person who answers for a machine
	Orphaned  bool      // that is no active member any more
	Created   time.Time // since when they are a member
	CreatedBy string    // "person:" and an id, "machine:", "token:", or "system"
	LastUsed  time.Time // by themselves or one of their tokens; zero: not that anybody knows
	Dormant   bool      // they could, and have not for longer than [Options].DormantAfter
	Sensitive bool      // they may do something that is [Sensitive]
}

// looks returns what is known, if by may do x, in ctx's tenant.
func (a *Authorizer) looks(ctx context.Context, by Principal, x Permission) (*change, error) {
	tenant, err := a.acting(ctx, by)
	if err != nil {
		return nil, err
	}
	v, err := a.tenants.current(ctx, tenant)
	if err != nil {
		return nil, err
	}
	c := &change{a: a, version: v.rules.version, now: time.UnixMicro(v.time(a)).UTC(), rules: v.rules}
	if err := c.as(by); err != nil {
		return nil, err
	}
	return c, c.require(x)
}

// Members lists the members of ctx's tenant, people first, in the order of their ids. It asks the store. It needs [ViewAccess].
func (a *Authorizer) Members(ctx context.Context, by Principal) ([]MemberInfo, error) {
	if _, err := a.looks(ctx, by, ViewAccess); err != nil {
		return nil, err
	}
	ch, err := a.store.Changes(ctx, 0)
	if err != nil {
		return nil, err
	}
	uses, err := a.store.Uses(ctx)
	if err != nil {
		return nil, err
	}
	return a.members(ch, uses), nil
}

func (a *Authorizer) members(ch Changes, uses []Use) []MemberInfo {
	c := &change{a: a, now: ch.Now, rules: noRules(a.c).apply(&ch)}
	used := make(map[Subject]time.Time, len(uses))
	for _, u := range uses {
		who := Subject{Kind(u.Kind), u.ID}
		if u.Kind == UseOfToken {
			t := c.rules.tokens[u.ID]
			if t == nil {
				continue
			}
			who = t.row.Member
		}
		if u.At.After(used[who]) {
			used[who] = u.At
		}
	}
	out := make([]MemberInfo, 0, c.rules.count())
	for _, m := range ch.Members {
		if m.Status == Removed {
			continue
		}
		s := c.rules.member(m.Subject)
		i := MemberInfo{Subject: m.Subject, Roles: m.Roles, Status: m.Status, Expires: m.Expires, Created: m.Created, CreatedBy: m.CreatedBy, LastUsed: used[m.Subject]}
		i.Expired = s.expires != 0 && c.now.UnixMicro() >= s.expires
		i.Sensitive = !s.set.and(a.c.sensitive).empty()
		if m.Kind == Machine {
			i.Owner = User(m.Owner)
			i.Orphaned = !c.present(i.Owner)
		}
		last := i.LastUsed
		if last.Before(m.Created) {
			last = m.Created
		}
		i.Dormant = c.admits(s) == nil && c.now.Sub(last) > a.o.DormantAfter
		out = append(out, i)
	}
	slices.SortFunc(out, func(a, b MemberInfo) int { return a.Subject.compare(b.Subject) })
	return out
}

// Orphaned lists the machines that go on although who answers for them is no active member any more. It needs [ViewAccess].
func (a *Authorizer) Orphaned(ctx context.Context, by Principal) ([]Subject, error) {
	c, err := a.looks(ctx, by, ViewAccess)
	if err != nil {
		return nil, err
	}
	return c.those(func(_ Subject, s *standing) bool { return s.kind == Machine && !c.present(User(s.owner)) }), nil
}

// Holders lists who may do x now, people first, in the order of their ids. It needs [ViewAccess].
func (a *Authorizer) Holders(ctx context.Context, by Principal, x Permission) ([]Subject, error) {
	c, err := a.looks(ctx, by, ViewAccess)
	if err != nil {
		return nil, err
	}
	return c.those(func(_ Subject, s *standing) bool { return s.set.has(x) && c.admits(s) == nil }), nil
}

// those lists the members that f picks.
func (c *change) those(f func(Subject, *standing) bool) (out []Subject) {
	c.rules.all(func(who Subject, s *standing) {
		if f(who, s) {
			out = append(out, who)
		}
	})
	slices.SortFunc(out, Subject.compare)
	return out
}

// TenantsOf lists the tenants that let u in now, for an application in which one person works for several. What is not known
// for sure is an error. Tenants that are shut are not in it. It is the application's own question: ctx needs no tenant.
func (a *Authorizer) TenantsOf(ctx context.Context, u Subject) ([]tenancy.ID, error) {
	homes, err := a.store.Homes(ctx, HomeOfPerson, u.ID)
	if err != nil || u.Kind != Person {
		return nil, err
	}
	var out []tenancy.ID
	for _, id := range homes {
		_, err := a.Member(tenancy.Switch(ctx, id), u)
		switch {
		case err == nil:
			out = append(out, id)
		case !errors.Is(err, ErrDenied) && !shut(err):
			return nil, err
		}
	}
	return out, nil
}
