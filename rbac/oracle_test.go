package rbac

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// The oracle says with maps of names and no other code what the package says with bits, versions and snapshots.

type names map[string]bool

func (n names) has(more names) bool {
	for x := range more {
		if !n[x] {
			return false
		}
	}
	return true
}

type oracleRole struct {
	permissions       []string
	parents           []RoleID
	machine, own, off bool
}

type oracleMember struct {
	roles   []RoleID
	status  Status
	end     time.Time
	removed int // the step
}

type oracleInvitation struct {
	secret  redact.Secret[string]
	address string
	roles   []RoleID
	by      Subject
	step    int
	user    string // who accepted it
	over    bool
}

type oracle struct {
	roles       map[RoleID]*oracleRole
	members     map[Subject]*oracleMember
	invitations []*oracleInvitation
	all         names
	step        int
}

func newOracle() *oracle {
	o := &oracle{members: map[Subject]*oracleMember{}, all: names{}, roles: map[RoleID]*oracleRole{
		"viewer":  {permissions: []string{"page.read"}},
		"editor":  {permissions: []string{"page.write"}, parents: []RoleID{"viewer"}},
		"payer":   {permissions: []string{"bill.pay"}},
		"manager": {permissions: []string{"page.sign", "rbac.members.manage", "rbac.roles.manage", "rbac.tokens.manage", "rbac.access.view"}, parents: []RoleID{"editor"}},
		"sealer":  {permissions: []string{"page.seal"}},
		"bot":     {permissions: []string{"page.read", "page.ingest"}, machine: true},
		"robot":   {permissions: []string{"page.read", "page.write", "rbac.members.manage", "rbac.access.view"}, machine: true},
		"admin":   {},
	}}
	for _, p := range office.permissions {
		o.all[p.name] = true
		if p.name != "page.ingest" {
			o.roles["admin"].permissions = append(o.roles["admin"].permissions, p.name)
		}
	}
	return o
}

func (o *oracle) flat(id RoleID, into names) {
	r := o.roles[id]
	if r == nil || r.off {
		return
	}
	for _, x := range r.permissions {
		into[x] = true
	}
	for _, p := range r.parents {
		o.flat(p, into)
	}
}

func (o *oracle) reaches(from, to RoleID) bool {
	return from == to || o.roles[from] != nil && slices.ContainsFunc(o.roles[from].parents, func(p RoleID) bool { return o.reaches(p, to) })
}

// worth is what roles give to members of a kind.
func (o *oracle) worth(k Kind, roles []RoleID) names {
	out := names{}
	for _, id := range roles {
		if r := o.roles[id]; r != nil && r.machine == (k == Machine) {
			o.flat(id, out)
		}
	}
	maps.DeleteFunc(out, func(x string, _ bool) bool { return !fits(k, x) })
	return out
}

func fits(k Kind, x string) bool {
	if k == Machine {
		return !slices.Contains([]string{"page.sign", "rbac.access.review", "rbac.everything", "rbac.tokens.own"}, x)
	}
	return x != "page.ingest"
}

func (o *oracle) in(who Subject) bool {
	m := o.members[who]
	return m != nil && m.status == Active && (m.end.IsZero() || m.end == far)
}

func (o *oracle) may(who Subject) names {
	if !o.in(who) {
		return names{}
	}
	return o.worth(who.Kind, o.members[who].roles)
}

func (o *oracle) owners(but Subject) (n int) {
	for who, m := range o.members {
		if who != but && who.Kind == Person && m.status == Active && m.end.IsZero() && slices.Contains(m.roles, "admin") {
			n++
		}
	}
	return n
}

var past, far = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// actor is who acts, by what.
type actor struct {
	Principal
	who     Subject
	limit   names // what the principal had when it was made; nil: the application
	plain   bool  // a member at a keyboard
	revoked bool
}

func (o *oracle) holds(a *actor) names {
	if a.limit == nil {
		return o.all
	}
	out := o.may(a.who)
	maps.DeleteFunc(out, func(x string, _ bool) bool { return !a.limit[x] || a.revoked })
	return out
}

func (o *oracle) acts(a *actor, need string) bool {
	return a.limit == nil || o.in(a.who) && !a.revoked && (need == "" || o.holds(a)[need])
}

func (o *oracle) above(a *actor, s names) bool {
	h := o.holds(a)
	return a.limit == nil || h.has(s) || h["rbac.everything"] && h.has(minus(s, names{"page.ingest": true}))
}

func (o *oracle) gives(a *actor, s names) bool {
	return a.limit == nil || !s["page.seal"] && o.above(a, s)
}

func minus(a, b names) names {
	out := maps.Clone(a)
	maps.DeleteFunc(out, func(x string, _ bool) bool { return b[x] })
	return out
}

func (o *oracle) valid(k Kind, roles []RoleID) bool {
	for i, id := range roles {
		if r := o.roles[id]; r == nil || r.off || r.machine != (k == Machine) || slices.Contains(roles[:i], id) {
			return false
		}
	}
	return true
}

// keeps puts m, unless the last owner would go.
func (o *oracle) keeps(who Subject, m oracleMember) bool {
	old, before := o.members[who], o.owners(Subject{})
	o.members[who] = &m
	if before > 0 && o.owners(Subject{}) == 0 {
		o.members[who] = old
		if old == nil {
			delete(o.members, who)
		}
		return false
	}
	return true
}

// trial is a world and its oracle.
type trial struct {
	*world
	*oracle
	r      *rand.Rand
	actors []*actor
	tokens map[string]*actor
	was    map[Subject]names // what everybody could do before the step
}

var (
	oraclePeople   = []Subject{olga, User("a"), User("b"), User("c"), User("d")}
	oracleMachines = []Subject{Service("a"), Service("m")}
	oracleAll      = append(slices.Clone(oraclePeople), oracleMachines...)
)

func (t *trial) pick() Subject { return oracleAll[t.r.IntN(len(oracleAll))] }

func (t *trial) some(k Kind) (out []RoleID) {
	var ids []RoleID
	for id, r := range t.roles {
		if !r.off && (r.machine == (k == Machine) || t.r.IntN(20) == 0) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for range t.r.IntN(3) {
		out = append(out, ids[t.r.IntN(len(ids))])
	}
	if k == Person && t.r.IntN(4) == 0 {
		out = []RoleID{"admin"}
	}
	return out
}

func (t *trial) permissions() (out []Permission) {
	for range t.r.IntN(4) {
		out = append(out, office.at(uint16(t.r.IntN(len(office.permissions)))))
	}
	return out
}

// someone is who acts next: as they are now, as they were some steps ago, by a mask, by a token, or the application.
func (t *trial) someone() *actor {
	if n := t.r.IntN(12); n == 0 {
		return &actor{Principal: t.system()}
	} else if n < 4 && len(t.actors) > 0 {
		return t.actors[t.r.IntN(len(t.actors))]
	}
	who := t.pick()
	p, err := t.Member(t.ctx, who)
	if err != nil {
		who = olga
		if p, err = t.Member(t.ctx, who); err != nil {
			return &actor{Principal: t.system()}
		}
	}
	a := &actor{Principal: p, who: who, limit: t.may(who), plain: true}
	if t.r.IntN(4) == 0 {
		xs := t.permissions()
		a.Principal, a.plain = p.Within("mask", append(xs, ManageMembers)...), false
		mask := names{"rbac.members.manage": true}
		for _, x := range xs {
			mask[x.String()] = true
		}
		maps.DeleteFunc(a.limit, func(x string, _ bool) bool { return !mask[x] })
	}
	if t.actors = append(t.actors, a); len(t.actors) > 10 {
		t.actors = slices.Delete(t.actors, 0, 1)
	}
	return a
}

// may of a trial is the oracle's.
func (t *trial) may(who Subject) names { return t.oracle.may(who) }

// now is what everybody can do, by the package.
func (t *trial) now() map[Subject]names {
	v, err := t.tenants.refreshed(t.ctx, t.id)
	require.NoError(t.t, err)
	out := map[Subject]names{}
	for _, who := range oracleAll {
		out[who] = names{}
		if s := v.rules.member(who); v.admits(t.Authorizer, s) == nil {
			for x := range s.set.all() {
				out[who][x.String()] = true
			}
		}
	}
	return out
}

// one does one step, and returns what it was and how it ended, by the package and by the oracle; by whom, and of whom it was an
// invitation.
func (t *trial) one() (name string, want bool, by *actor, from *Subject, err error) {
	by = t.someone()
	ctx, who, o := t.ctx, t.pick(), t.oracle
	m := o.members[who]
	there := m != nil && m.status != Removed
	var had names
	if there {
		had = o.worth(who.Kind, m.roles)
	}
	reach := there && o.acts(by, "rbac.members.manage") && o.above(by, had)
	switch t.r.IntN(14) {
	case 0, 1:
		roles := t.some(who.Kind)
		err = t.SetRoles(ctx, by.Principal, who, roles...)
		want = reach && o.valid(who.Kind, roles) && o.gives(by, minus(o.worth(who.Kind, roles), had)) && (slices.Equal(roles, m.roles) || o.keeps(who, oracleMember{roles, m.status, m.end, 0}))
		return fmt.Sprint("set roles ", who, roles), want, by, nil, err
	case 2:
		end := []time.Time{{}, past, far}[t.r.IntN(3)]
		err = t.SetExpiry(ctx, by.Principal, who, end)
		want = reach
		if longer := there && !m.end.IsZero() && !end.Equal(m.end) && (end.IsZero() || end.After(m.end)); want && longer {
			want = who != by.who && o.gives(by, had)
		}
		want = want && (end.Equal(m.end) || o.keeps(who, oracleMember{m.roles, m.status, end, 0}))
		return fmt.Sprint("expire ", who, end), want, by, nil, err
	case 3:
		err = t.Suspend(ctx, by.Principal, who)
		want = reach && o.keeps(who, oracleMember{m.roles, Suspended, m.end, 0})
		return fmt.Sprint("suspend ", who), want, by, nil, err
	case 4, 5:
		err = t.Resume(ctx, by.Principal, who)
		want = reach && (m.status == Active || o.gives(by, had)) && o.keeps(who, oracleMember{m.roles, Active, m.end, 0})
		return fmt.Sprint("resume ", who), want, by, nil, err
	case 6:
		err = ignore(t.Remove(ctx, by.Principal, who))
		leaves := by.plain && who == by.who && o.acts(by, "")
		want = m != nil && (leaves || o.acts(by, "rbac.members.manage") && o.above(by, had))
		if want && there {
			if want = o.keeps(who, oracleMember{status: Removed, removed: o.step}); want {
				t.left(who)
			}
		}
		return fmt.Sprint("remove ", who), want, by, nil, err
	case 7:
		if t.r.IntN(4) != 0 {
			return t.one()
		}
		by = &actor{Principal: t.system()}
		who = oraclePeople[t.r.IntN(len(oraclePeople))]
		m = o.members[who]
		var report OffboardReport
		report, err = t.Offboard(context.Background(), who, "left")
		needs := false
		if m != nil && m.status != Removed {
			if needs = m.end.IsZero() && slices.Contains(m.roles, "admin") && o.owners(who) == 0; needs {
				m.status = Suspended
			} else {
				o.members[who] = &oracleMember{status: Removed, removed: o.step}
			}
			t.left(who)
		}
		require.Equal(t.t, needs, len(report.Tenants) == 1 && report.Tenants[0].NeedsOwner)
		return fmt.Sprint("offboard ", who), true, by, nil, err
	case 8:
		roles, address := t.some(Person), string(rune('a'+t.r.IntN(3)))+"@example.com"
		secret, _, e := t.Invite(ctx, by.Principal, Invitation{Address: address, Roles: roles})
		want = o.acts(by, "rbac.members.manage") && o.valid(Person, roles) && o.gives(by, o.worth(Person, roles))
		var before []*oracleInvitation
		for _, i := range o.invitations {
			if !i.over && i.address == address {
				before = append(before, i)
				want = want && (i.by == by.who || o.above(by, o.worth(Person, i.roles)))
			}
		}
		if want {
			for _, i := range before {
				i.over = true
			}
			o.invitations = append(o.invitations, &oracleInvitation{secret: secret, address: address, roles: roles, by: by.who, step: o.step})
		}
		return fmt.Sprint("invite ", address, roles), want, by, nil, e
	case 9, 10:
		if len(o.invitations) == 0 {
			return t.one()
		}
		i := o.invitations[max(0, len(o.invitations)-1-t.r.IntN(4))]
		who = oraclePeople[t.r.IntN(len(oraclePeople))]
		m = o.members[who]
		address := i.address
		if t.r.IntN(10) == 0 {
			address = "z@example.com"
		}
		err = t.Accept(ctx, i.secret, Acceptance{who, address})
		if i.user == who.ID && m != nil && m.status != Removed {
			return "accept again", true, nil, nil, err
		}
		from := &actor{who: i.by, limit: o.may(i.by)}
		want = !i.over && address == i.address && (m == nil || m.status == Removed && m.removed < i.step) && o.valid(Person, i.roles) &&
			(i.by == Subject{} || o.acts(from, "rbac.members.manage") && o.gives(from, o.worth(Person, i.roles)))
		if want {
			o.members[who] = &oracleMember{roles: i.roles, status: Active}
			i.over, i.user = true, who.ID
		}
		return fmt.Sprint("accept ", who, i.roles), want, nil, &i.by, err
	case 11:
		var id RoleID
		machine := t.r.IntN(3) == 0
		var own []RoleID
		for k, r := range o.roles {
			if r.own && !r.off {
				own = append(own, k)
			}
		}
		slices.Sort(own)
		if len(own) > 0 && (len(own) > 4 || t.r.IntN(2) == 0) {
			id = own[t.r.IntN(len(own))]
			machine = o.roles[id].machine
			if t.r.IntN(4) == 0 {
				err = t.RemoveRole(ctx, by.Principal, id)
				flat := names{}
				o.flat(id, flat)
				want = o.acts(by, "rbac.roles.manage") && o.above(by, flat)
				if want {
					o.roles[id].off = true
				}
				return fmt.Sprint("remove role ", id), want, by, nil, err
			}
		}
		xs, parents := t.permissions(), t.some(Person)
		role := &oracleRole{parents: parents, machine: machine, own: true}
		for _, x := range xs {
			role.permissions = append(role.permissions, x.String())
		}
		made, e := t.SaveRole(ctx, by.Principal, RoleSpec{ID: id, Name: fmt.Sprint("role ", o.step), ForMachines: machine, Permissions: xs, Inherits: parents})
		want = o.acts(by, "rbac.roles.manage")
		for i, p := range parents {
			want = want && o.roles[p] != nil && !o.roles[p].off && !slices.Contains(parents[:i], p)
			want = want && (id == "" || !o.reaches(p, id))
		}
		if id != "" {
			flat := names{}
			o.flat(id, flat)
			want = want && o.above(by, flat)
		}
		flat := names{}
		for _, x := range role.permissions {
			flat[x] = true
		}
		for _, p := range parents {
			if id == "" || !o.reaches(p, id) {
				o.flat(p, flat)
			}
		}
		if want = want && o.gives(by, flat); want {
			if id == "" {
				id = made
			}
			o.roles[id] = role
		}
		return fmt.Sprint("save role ", id, xs, parents), want, by, nil, e
	case 12:
		who = oracleMachines[t.r.IntN(len(oracleMachines))]
		m = o.members[who]
		roles := t.some(Machine)
		err = t.AddMachine(ctx, by.Principal, who.ID, olga, roles...)
		want = o.acts(by, "rbac.members.manage") && o.in(olga) && o.valid(Machine, roles) && o.gives(by, o.worth(Machine, roles))
		same := m != nil && m.status == Active && slices.Equal(m.roles, roles)
		want = want && (same || m == nil || m.status == Removed)
		if want && !same {
			o.members[who] = &oracleMember{roles: roles, status: Active}
		}
		return fmt.Sprint("add machine ", who, roles), want, by, nil, err
	}
	return t.token(by, who)
}

// token issues a token and acts by it from then on; what it may do is held against who had it issued.
func (t *trial) token(by *actor, who Subject) (string, bool, *actor, *Subject, error) {
	xs := t.permissions()
	secret, _, err := t.IssueToken(t.ctx, by.Principal, TokenSpec{Member: who, Integration: "oracle", Scopes: xs})
	if err != nil {
		return "token", true, by, nil, nil
	}
	if p, err := t.Token(t.ctx, secret.Reveal(), netip.Addr{}); err == nil {
		a := &actor{Principal: p, who: who, limit: names{}}
		for x := range p.Permissions() { // what its member gets later is not in this principal
			a.limit[x.String()] = true
			require.Contains(t.t, xs, x)
			require.True(t.t, fits(Machine, x.String()))
			require.True(t.t, t.was[who][x.String()], "a token has what its member has not")
			require.True(t.t, by.limit == nil || t.holds(by)[x.String()] || t.holds(by)["rbac.everything"], "a token has what who issued it has not")
		}
		t.actors = append(t.actors, a)
		t.tokens[p.TokenID()] = a
	}
	return "token", true, by, nil, nil
}

// left is what goes with who leaves.
func (t *trial) left(who Subject) {
	for _, a := range t.tokens {
		a.revoked = a.revoked || a.who == who
	}
	for _, i := range t.invitations {
		i.over = i.over || i.by == who
	}
}

func TestNoHistoryOfActsGivesWhatNobodyHeld(t *testing.T) {
	t.Parallel()
	form, err := apitoken.New("office", "test")
	require.NoError(t, err)
	const perWorld = 1000
	var did, refusals int
	for range soak(6, 1000) {
		seed := rand.Uint64()
		s := NewMemory()
		w := &world{t: t, store: s, id: tenancy.NewID(), Authorizer: newAuthorizer(t, office, s, Options{Tokens: form})}
		w.ctx = tenancy.With(context.Background(), w.id)
		require.NoError(t, w.Found(w.ctx, w.system(), olga, admin.ID()))
		x := &trial{world: w, oracle: newOracle(), r: rand.New(rand.NewPCG(seed, 0)), tokens: map[string]*actor{}}
		x.members[olga] = &oracleMember{roles: []RoleID{"admin"}, status: Active}
		x.was = x.now()
		for range perWorld {
			x.step++
			name, want, by, from, err := x.one()
			at := fmt.Sprintf("seed %d, step %d: %s: %v", seed, x.step, name, err)
			require.Equal(t, want, err == nil, at)
			for _, who := range oracleAll { // also of those who are not let in
				m := oracleMember{status: Removed}
				if x.members[who] != nil {
					m = *x.members[who]
				}
				row, err := s.Member(w.ctx, who)
				if m.status == Removed {
					require.True(t, errors.Is(err, ErrNotFound) || row.Status == Removed, at)
					continue
				}
				require.NoError(t, err, at)
				require.Equal(t, m.status, row.Status, at)
				require.True(t, slices.Equal(m.roles, row.Roles), at)
			}
			if err == nil {
				did++
			} else {
				refusals++
				require.True(t, errors.Is(err, ErrDenied) || errors.Is(err, ErrRole) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrExists) || errors.Is(err, ErrCycle) || errors.Is(err, ErrSubject), at)
			}
			now := x.now()
			for _, who := range oracleAll {
				require.Equal(t, x.may(who), now[who], at)
				for p := range now[who] {
					if x.was[who][p] {
						continue
					}
					// It was not there before: who gave it?
					giver := Subject{}
					switch {
					case from != nil:
						giver = *from
					case by != nil && by.limit != nil:
						giver = by.who
						require.True(t, by.Can(must(office.Lookup(p))) || by.Can(everything) && p == "page.ingest", at)
					}
					held := giver == Subject{} || x.was[giver][p] || p == "page.ingest" && x.was[giver]["rbac.everything"]
					require.True(t, held, at+": "+p)
					require.True(t, giver == Subject{} || p != "page.seal", at)
				}
			}
			x.was = now
		}
		require.NoError(t, w.Close())
	}
	t.Log(did, "acts,", refusals, "refusals")
	require.Greater(t, did, refusals/5)
}

func must(x Permission, ok bool) Permission {
	if !ok {
		panic("no such permission")
	}
	return x
}
