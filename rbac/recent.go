package rbac

import (
	"sync"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
)

// recent remembers something of the tokens that were put or asked for last, and no more of them than it was told.
type recent[V any] struct{ parts [16]recentPart[V] }

type recentPart[V any] struct {
	mu       sync.RWMutex
	new, old map[apitoken.ID]V
	most     int
	_        [64]byte
}

func (r *recent[V]) init(most int) {
	for i := range r.parts {
		r.parts[i].most = max(1, most/(2*len(r.parts)))
		r.parts[i].new = map[apitoken.ID]V{}
	}
}

func (r *recent[V]) part(id apitoken.ID) *recentPart[V] {
	return &r.parts[(id[0]^id[1]<<2^id[2]<<1)&15] // who makes up ids for one part fills that one
}

func (r *recent[V]) get(id apitoken.ID) (V, bool) {
	p := r.part(id)
	p.mu.RLock()
	v, ok := p.new[id]
	if !ok {
		v, ok = p.old[id]
		p.mu.RUnlock()
		if ok {
			r.put(id, v)
		}
		return v, ok
	}
	p.mu.RUnlock()
	return v, true
}

// put remembers v. When half is full, what was not asked for since it last was goes.
func (r *recent[V]) put(id apitoken.ID, v V) {
	p := r.part(id)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.new) >= p.most {
		p.old, p.new = p.new, map[apitoken.ID]V{}
	}
	p.new[id] = v
}
