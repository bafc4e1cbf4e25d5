package rbac

import "slices"

// Explanation says why somebody may do something, or may not.
type Explanation struct {
	Permission string
	Reason     Reason     // Granted, or what takes it away first
	Name       string     // of what takes it away, if it has one: the surface, the mask
	By         [][]RoleID // how it is granted: at most 16 paths from the member's roles to those that have it themselves
}

// Allowed reports whether it may.
func (e Explanation) Allowed() bool { return e.Reason == Granted }

// Explain says why p may do x, or may not: it was never granted, or it was and something took it away. The roles in it are
// for administrators; clients get [Denied].
func (p Principal) Explain(x Permission) Explanation {
	e := Explanation{Permission: x.String()}
	e.Reason, e.Name = p.why(x)
	if p.s != nil && p.s.paths != nil && p.s.granted.has(x) {
		e.By = p.s.paths.to(p.s, x)
	}
	return e
}

// why is the reason and the name in an explanation.
func (p Principal) why(x Permission) (Reason, string) {
	switch {
	case p.s == nil:
		return Nobody, ""
	case !p.s.granted.has(x) && p.via != nil && p.via.surface != "":
		return BySurface, p.via.surface
	case !p.s.granted.has(x):
		return NotGranted, ""
	case !p.s.set.c.kind(p.s.kind).has(x):
		return ByKind, ""
	}
	for _, c := range p.s.cuts {
		if !c.set.has(x) {
			return c.reason, c.name
		}
	}
	return Granted, ""
}

// maxPaths bounds what is told: roles that inherit crosswise have more paths than anyone reads.
const maxPaths = 16

// to returns the paths by which s is granted x. What is walked leads to one at least, so that the bound is one on the time too.
func (m *standings) to(s *standing, x Permission) (out [][]RoleID) {
	var walk func(path []RoleID, id RoleID)
	walk = func(path []RoleID, id RoleID) {
		if len(out) == maxPaths {
			return
		}
		path = append(path, id)
		if r := m.c.byRole[id]; r != nil {
			if !m.c.flat[id].has(x) {
				return
			}
			if r.has(x) {
				out = append(out, slices.Clone(path))
			}
			for _, p := range r.parents {
				walk(path, p)
			}
			return
		}
		if r := m.roles[id]; r != nil && r.set.has(x) { // and so in no cycle
			if r.own.has(x) {
				out = append(out, slices.Clone(path))
			}
			for _, p := range r.parents {
				walk(path, p)
			}
		}
	}
	for _, id := range s.roles {
		if m.role(s.kind, id) != nil {
			walk(nil, id)
		}
	}
	return out
}

// has reports whether r has x itself, and not by what it inherits.
func (r *role) has(x Permission) bool {
	if r.everything && !r.c.permissions[x.n].machinesOnly {
		return true
	}
	for _, n := range r.permissions {
		if n == x.n {
			return true
		}
	}
	return false
}
