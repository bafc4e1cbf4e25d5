package consent

import (
	"iter"
	"math/bits"
	"strconv"
)

// A Category is one switch: what a person says yes or no to, with one answer. There are 16. The zero value is [Essential].
type Category uint8

// The categories that every application has. 4 to 15 are the application's own, named in [Policy].Categories.
const (
	// Essential is what the service that was asked for cannot work without. It is always on, and nobody is asked.
	Essential Category = iota
	// Functional is comfort: drafts, preferences, a media cache.
	Functional
	// Analytics is measuring: visits, errors, session replay, conversions, also first-party ones.
	Analytics
	// Marketing is advertising and profiles. An opt-out signal takes it away.
	Marketing
	// FirstOwn is the first category that an application may define.
	FirstOwn
)

// maxCategories is how many there are: a Set has so many bits, and so has the cookie.
const maxCategories = 16

var builtinKeys = [FirstOwn]string{"essential", "functional", "analytics", "marketing"}

// String returns the key of a built-in category, and "category 7" for an application's own: the [Registry] knows its key.
func (c Category) String() string {
	if c < FirstOwn {
		return builtinKeys[c]
	}
	return "category " + strconv.Itoa(int(c))
}

// A Set is a set of categories. The zero value is empty.
type Set uint16

// Of returns the set of cs. What is no category is left out.
func Of(cs ...Category) (s Set) {
	for _, c := range cs {
		s |= c.bit()
	}
	return s
}

// Has reports whether c is in s.
func (s Set) Has(c Category) bool { return s&c.bit() != 0 }

// Len returns how many categories are in s.
func (s Set) Len() int { return bits.OnesCount16(uint16(s)) }

// All returns the categories of s in ascending order.
func (s Set) All() iter.Seq[Category] {
	return func(yield func(Category) bool) {
		for s != 0 {
			c := Category(bits.TrailingZeros16(uint16(s)))
			if !yield(c) {
				return
			}
			s &^= c.bit()
		}
	}
}

func (c Category) bit() Set {
	if c >= maxCategories {
		return 0
	}
	return 1 << c
}
