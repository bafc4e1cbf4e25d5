package rbac

import (
	"maps"
	"slices"
	"sync/atomic"
)

// rules are the roles, members and tokens of a tenant at one version. They never change: what comes next is made of
// them and shares what stayed.
type rules struct {
	c        *Catalog
	version  int64
	rows     map[RoleID]*RoleRow // the tenant's own roles, removed ones too
	stand    *standings
	people   members
	machines members
	tokens   map[string]*token
	words    int // about what the names in roles and tokens take
	bytes    int // about what all of it takes
}

// noRules are a tenant's before the first change. Tenants that have no roles of their own share the standings of their members: to ask
// about another tenant is then to look at what was looked at before.
func noRules(c *Catalog) *rules {
	return &rules{c: c, stand: c.stand}
}

// apply returns r with what changed since.
func (r *rules) apply(ch *Changes) *rules {
	out := *r
	out.version = ch.Version
	if len(ch.Roles) > 0 {
		out.rows = maps.Clone(r.rows)
		if out.rows == nil {
			out.rows = make(map[RoleID]*RoleRow, len(ch.Roles))
		}
		for i := range ch.Roles {
			row := &ch.Roles[i]
			if old := out.rows[row.ID]; old != nil {
				out.words -= wordsOf(old.Permissions) + wordsOf(old.Parents)
			}
			out.words += wordsOf(row.Permissions) + wordsOf(row.Parents)
			out.rows[row.ID] = row
		}
		out.stand = &standings{c: r.c, roles: flatten(r.c, out.rows), made: map[string]*standing{}}
		again := func(s *standing) *standing { return out.stand.again(s) }
		out.people, out.machines = r.people.mapped(again), r.machines.mapped(again)
	}
	var people, machines []MemberRow
	for _, m := range ch.Members {
		if m.Kind == Machine {
			machines = append(machines, m)
		} else {
			people = append(people, m)
		}
	}
	out.people = out.people.with(people, out.stand)
	out.machines = out.machines.with(machines, out.stand)
	if len(ch.Tokens) > 0 {
		out.tokens = maps.Clone(r.tokens)
		if out.tokens == nil {
			out.tokens = make(map[string]*token, len(ch.Tokens))
		}
		for i := range ch.Tokens {
			row := &ch.Tokens[i]
			if old := out.tokens[row.ID]; old != nil {
				out.words -= wordsOf(old.row.Scopes)
			}
			out.words += wordsOf(row.Scopes)
			out.tokens[row.ID] = newToken(row, r.c)
		}
	}
	set := 48 + r.c.size()/8
	out.bytes = 512 + 64*(out.people.count+out.machines.count) + out.machines.count*2*set + len(out.tokens)*(512+3*set) + len(out.rows)*(512+2*set) + out.words
	if out.stand != r.c.stand { // which is all tenants'
		out.bytes += out.stand.count() * (192 + 2*set)
	}
	return &out
}

// wordsOf is about what a list of names takes.
func wordsOf[T ~string](names []T) (n int) {
	for _, s := range names {
		n += 16 + len(s)
	}
	return n
}

// member returns the standing of a member, or nil if there is none.
func (r *rules) member(s Subject) *standing {
	switch s.Kind {
	case Person:
		return r.people.get(s.ID)
	case Machine:
		return r.machines.get(s.ID)
	}
	return nil
}

// all calls f for every member.
func (r *rules) all(f func(Subject, *standing)) {
	r.people.all(func(id string, s *standing) { f(User(id), s) })
	r.machines.all(func(id string, s *standing) { f(Service(id), s) })
}

// owners counts those without whom the tenant would have no owner.
func (r *rules) owners() (n int) {
	r.people.all(func(_ string, s *standing) {
		if s.owns(r.c) {
			n++
		}
	})
	return n
}

// onlyOwner reports whether m is an owner, or was before they were suspended, and nobody else is.
func (r *rules) onlyOwner(m MemberRow) bool {
	s := *r.stand.of(&m)
	others := r.owners()
	if s.owns(r.c) {
		others--
	}
	s.status = Active
	return s.owns(r.c) && others == 0
}

func (r *rules) count() int { return r.people.count + r.machines.count }

// owns reports whether s is that of an active person without an end who has a role that is [Owner].
func (s *standing) owns(c *Catalog) bool {
	return s != nil && s.kind == Person && s.status == Active && s.expires == 0 &&
		slices.ContainsFunc(s.roles, func(id RoleID) bool { r := c.byRole[id]; return r != nil && r.owner })
}

// token is an API token and what it may do.
type token struct {
	row              *TokenRow
	scopes           *set
	via              *credential
	expires, revoked int64 // microseconds since 1970; revoked 0: it is not, 1: it is
	last             atomic.Pointer[narrowedBy]
	noted            atomic.Int64 // when it was noted that it was used, on the authorizer's clock
}

func newToken(t *TokenRow, c *Catalog) *token {
	out := &token{row: t, via: &credential{token: t}, expires: t.Expires.UnixMicro()}
	out.scopes, _ = c.pick(t.Scopes)
	if !t.Revoked.IsZero() {
		out.revoked = max(1, t.Revoked.UnixMicro())
		if t.Reason != overlaps { // whatever the clock says now
			out.revoked = 1
		}
	}
	return out
}

type narrowedBy struct{ of, to *standing }

// narrow returns what is left of its member's standing: what is in the scopes too, and what machines can hold, for whoever
// has a token is no person at a keyboard.
func (t *token) narrow(of *standing, c *Catalog) *standing {
	if n := t.last.Load(); n != nil && n.of == of {
		return n.to
	}
	to := of.narrowed(cut{ByScope, "", t.scopes}).narrowed(cut{ByKind, "", c.machines})
	t.last.Store(&narrowedBy{of, to})
	return to
}
