package rbac

import (
	"iter"
	"math/bits"
)

// set is a set of permissions of one catalogue. A set that somebody else can see is never changed.
type set struct {
	c    *Catalog
	bits []uint64
}

// newSet returns the empty set of a frozen catalogue.
func newSet(c *Catalog) *set { return &set{c, make([]uint64, (c.size()+63)/64)} }

// has reports whether x is in s; nil holds nothing. A catalogue begins with what administers it.
func (s *set) has(x Permission) bool {
	if s == nil || x.c != s.c && x.c != administration {
		return false
	}
	i := int(x.n >> 6)
	return i < len(s.bits) && s.bits[i]&(1<<(x.n&63)) != 0
}

func (s *set) add(n uint16) { s.bits[n>>6] |= 1 << (n & 63) }

func (s *set) addAll(t *set) {
	for i, b := range t.bits {
		s.bits[i] |= b
	}
}

// and returns what is in both.
func (s *set) and(t *set) *set {
	out := newSet(s.c)
	for i := range out.bits {
		out.bits[i] = s.bits[i] & t.bits[i]
	}
	return out
}

// without returns what is in s and not in t.
func (s *set) without(t *set) *set {
	out := newSet(s.c)
	for i := range out.bits {
		out.bits[i] = s.bits[i] &^ t.bits[i]
	}
	return out
}

// within reports whether all of s is in t.
func (s *set) within(t *set) bool {
	for i, b := range s.bits {
		if b&^t.bits[i] != 0 {
			return false
		}
	}
	return true
}

func (s *set) empty() bool {
	for _, b := range s.bits {
		if b != 0 {
			return false
		}
	}
	return true
}

// all goes through s in the order of declaration.
func (s *set) all() iter.Seq[Permission] {
	return func(yield func(Permission) bool) {
		if s == nil {
			return
		}
		for i, b := range s.bits {
			for ; b != 0; b &= b - 1 {
				if !yield(s.c.at(uint16(i<<6 + bits.TrailingZeros64(b)))) {
					return
				}
			}
		}
	}
}

// names returns the names of s, in the order of declaration.
func (s *set) names() []string {
	out := []string{}
	for x := range s.all() {
		out = append(out, x.String())
	}
	return out
}
