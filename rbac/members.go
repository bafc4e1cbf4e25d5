package rbac

import (
	"hash/maphash"
	"maps"
)

// members finds the standing of a member by id. It never changes: what comes next shares all parts but those of who changed, so
// that one who leaves a tenant of a hundred thousand costs what one part does.
type members struct {
	parts []map[string]*standing // by the hash of the id; a power of two of them
	count int
}

// perPart is how many members a part has, about.
const perPart = 256

var partSeed = maphash.MakeSeed()

func (m *members) part(id string) int {
	if len(m.parts) == 1 {
		return 0
	}
	return int(maphash.String(partSeed, id)) & (len(m.parts) - 1)
}

// get returns the standing of a member, or nil.
func (m *members) get(id string) *standing {
	if len(m.parts) == 0 {
		return nil
	}
	return m.parts[m.part(id)][id]
}

func (m *members) all(f func(id string, s *standing)) {
	for _, p := range m.parts {
		for id, s := range p {
			f(id, s)
		}
	}
}

// mapped returns m with each standing as f says.
func (m members) mapped(f func(*standing) *standing) members {
	out := members{make([]map[string]*standing, len(m.parts)), m.count}
	for i, p := range m.parts {
		out.parts[i] = maps.Clone(p)
		for id, s := range p {
			out.parts[i][id] = f(s)
		}
	}
	return out
}

// with returns m with rows put in; those who were removed are not in it.
func (m members) with(rows []MemberRow, stand *standings) members {
	if len(rows) == 0 {
		return m
	}
	out := members{append([]map[string]*standing(nil), m.parts...), m.count}
	if n := m.count + len(rows); n > 2*perPart*len(out.parts) {
		out = m.spread(n)
	}
	mine := map[int]bool{} // parts that nobody else sees
	if len(m.parts) != len(out.parts) {
		mine = nil // all of them
	}
	for i := range rows {
		r := &rows[i]
		n := out.part(r.ID)
		if mine != nil && !mine[n] {
			out.parts[n] = maps.Clone(out.parts[n])
			mine[n] = true
		}
		p := out.parts[n]
		_, was := p[r.ID]
		switch {
		case r.Status == Removed && was:
			delete(p, r.ID)
			out.count--
		case r.Status == Removed:
		default:
			if p == nil {
				p = map[string]*standing{}
				out.parts[n] = p
			}
			p[r.ID] = stand.of(r)
			if !was {
				out.count++
			}
		}
	}
	return out
}

// spread returns m with parts for n members.
func (m members) spread(n int) members {
	parts := 1
	for perPart*parts < n {
		parts *= 2
	}
	out := members{make([]map[string]*standing, parts), m.count}
	per := max(n, m.count)/parts + 1
	for i := range out.parts {
		out.parts[i] = make(map[string]*standing, per)
	}
	m.all(func(id string, s *standing) { out.parts[out.part(id)][id] = s })
	return out
}
