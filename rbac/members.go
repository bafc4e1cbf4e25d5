package rbac

import (
	"hash/maphash"
	"slices"
)

// members finds the standing of a member by id. It never changes: what comes next shares all parts but those of who changed, so
// that one who leaves a tenant of a hundred thousand costs what one part does.
//
// A part is a table of its own and no map of Go's: it is found, and in it the seat, in a few steps from one place in
// memory to the next, and each of them may be one that the processor has to wait for.
type members struct {
	parts []part // by the low bits of the hash of the id; a power of two of them
	count int
}

// part has its seats by the high bits of the hash, a fifth of them empty, and each that is taken behind no empty one.
type part []seat

// seat is a member's. One without a hash is empty, and one without a standing that of a member who was removed.
type seat struct {
	hash uint64
	id   string
	s    *standing
}

// perPart is how many members a part has, about.
const perPart = 256

var partSeed = maphash.MakeSeed()

func hashOf(id string) uint64 { return maphash.String(partSeed, id) | 1<<63 }

// at returns the seat of that id, or the empty one that it would have.
func (p part) at(hash uint64, id string) *seat {
	for i := hash >> 32 & (1<<31 - 1) * uint64(len(p)) >> 31; ; i++ {
		if i == uint64(len(p)) {
			i = 0
		}
		if s := &p[i]; s.hash == hash && s.id == id || s.hash == 0 {
			return s
		}
	}
}

func (p part) taken() (n int) {
	for i := range p {
		if p[i].s != nil {
			n++
		}
	}
	return n
}

// with returns p with news put in, of which a later one counts more.
func (p part) with(news []seat) part {
	out := make(part, (p.taken()+len(news))*5/4+2)
	for i := len(news) - 1; i >= 0; i-- {
		if s := out.at(news[i].hash, news[i].id); s.hash == 0 {
			*s = news[i]
		}
	}
	for i := range p {
		if p[i].s == nil {
			continue
		}
		if s := out.at(p[i].hash, p[i].id); s.hash == 0 {
			*s = p[i]
		}
	}
	return out
}

// get returns the standing of a member, or nil.
func (m *members) get(id string) *standing {
	if len(m.parts) == 0 {
		return nil
	}
	h := hashOf(id)
	return m.parts[h&uint64(len(m.parts)-1)].at(h, id).s
}

func (m *members) all(f func(id string, s *standing)) {
	for _, p := range m.parts {
		for i := range p {
			if p[i].s != nil {
				f(p[i].id, p[i].s)
			}
		}
	}
}

// mapped returns m with each standing as f says.
func (m members) mapped(f func(*standing) *standing) members {
	out := members{make([]part, len(m.parts)), m.count}
	for i, p := range m.parts {
		out.parts[i] = slices.Clone(p)
		for k := range p {
			if p[k].s != nil {
				out.parts[i][k].s = f(p[k].s)
			}
		}
	}
	return out
}

// with returns m with rows put in; those who were removed are not in it.
func (m members) with(rows []MemberRow, stand *standings) members {
	if len(rows) == 0 {
		return m
	}
	out := members{slices.Clone(m.parts), m.count}
	if n := m.count + len(rows); n > 2*perPart*len(m.parts) {
		out = m.spread(n)
	}
	news := map[uint64][]seat{} // by part
	for i := range rows {
		s := seat{hash: hashOf(rows[i].ID), id: rows[i].ID}
		if rows[i].Status != Removed {
			s.s = stand.of(&rows[i])
		}
		n := s.hash & uint64(len(out.parts)-1)
		news[n] = append(news[n], s)
	}
	for n, seats := range news {
		out.count -= out.parts[n].taken()
		out.parts[n] = out.parts[n].with(seats)
		out.count += out.parts[n].taken()
	}
	return out
}

// spread returns m with parts for n members.
func (m members) spread(n int) members {
	parts := 1
	for perPart*parts < n {
		parts *= 2
	}
	all := make([][]seat, parts)
	for _, p := range m.parts {
		for _, s := range p {
			if s.s != nil {
				k := s.hash & uint64(parts-1)
				all[k] = append(all[k], s)
			}
		}
	}
	out := members{make([]part, parts), m.count}
	for i := range out.parts {
		out.parts[i] = part(nil).with(all[i])
	}
	return out
}
