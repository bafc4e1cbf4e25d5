package rbac

import (
	"strconv"
	"sync"
	"time"
)

// Ends lie between these: before the first there is 0, which stands for none, and after the last there is no JSON.
var firstEnd, lastEnd = time.UnixMicro(1).UTC(), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// endOf is the end that t stands for.
func endOf(t time.Time) time.Time {
	switch {
	case t.Before(firstEnd):
		return firstEnd
	case t.After(lastEnd):
		return lastEnd
	}
	return kept(t)
}

// standing is what a member may do, and until when. Members who have the same roles share one. It never changes.
type standing struct {
	kind    Kind
	roles   []RoleID
	granted *set // by the roles
	set     *set // of that, what the kind can hold, and what no cut takes away
	cuts    []cut
	status  Status
	expires int64  // microseconds since 1970; 0: never
	owner   string // the person who answers for a machine
	paths   *standings
}

// cut takes away from a standing what is not in its set.
type cut struct {
	reason Reason
	name   string
	set    *set
}

// narrowed returns s without what is not in c's set. Nothing a cut does can give.
func (s *standing) narrowed(c cut) *standing {
	out := *s
	out.set = s.set.and(c.set)
	out.cuts = append(s.cuts[:len(s.cuts):len(s.cuts)], c)
	return &out
}

// standings makes standings of one state of the roles.
type standings struct {
	c     *Catalog
	roles map[RoleID]*flatRole // the tenant's own
	mu    sync.Mutex
	made  map[string]*standing
}

// maxMade bounds what is kept to be shared: lists of roles that somebody had once are many.
const maxMade = 1 << 12

// of returns the standing of a member. A role that there is not, that was removed, or that is for the other kind, grants nothing.
func (m *standings) of(r *MemberRow) *standing {
	if r.Expires.IsZero() && r.Owner == "" {
		key := string(r.Kind) + "," + string(r.Status)
		for _, id := range r.Roles { // the length keeps two lists apart, whatever is in them
			key += "," + strconv.Itoa(len(id)) + ":" + string(id)
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if s := m.made[key]; s != nil {
			return s
		}
		if len(m.made) >= maxMade { // those who share one share it still
			clear(m.made)
		}
		s := m.make(r)
		m.made[key] = s
		return s
	}
	return m.make(r)
}

// count is how many there are to be shared.
func (m *standings) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.made)
}

func (m *standings) make(r *MemberRow) *standing {
	s := &standing{kind: r.Kind, status: r.Status, owner: r.Owner, roles: r.Roles, granted: m.granted(r.Kind, r.Roles), paths: m}
	if !r.Expires.IsZero() {
		s.expires = endOf(r.Expires).UnixMicro()
	}
	s.set = s.granted.and(m.c.kind(r.Kind))
	return s
}

// granted is what the roles give to a kind, before what the kind cannot hold is taken away.
func (m *standings) granted(k Kind, roles []RoleID) *set {
	out := newSet(m.c)
	for _, id := range roles {
		if s := m.role(k, id); s != nil {
			out.addAll(s)
		}
	}
	return out
}

// role returns what a role gives to a kind; nil: there is no such role for it.
func (m *standings) role(k Kind, id RoleID) *set {
	if r := m.c.byRole[id]; r != nil {
		if r.machine != (k == Machine) {
			return nil
		}
		return m.c.flat[id]
	}
	r := m.roles[id]
	if r == nil || r.machine != (k == Machine) {
		return nil
	}
	return r.set
}

// again returns s as it is in another state of the roles.
func (m *standings) again(s *standing) *standing {
	r := MemberRow{Subject: Subject{Kind: s.kind}, Roles: s.roles, Status: s.status, Owner: s.owner}
	if s.expires != 0 {
		r.Expires = time.UnixMicro(s.expires)
	}
	return m.of(&r)
}
