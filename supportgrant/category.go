package supportgrant

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"
)

// Category is a kind of data that a grant can be asked for: one of those below, or the application's own by [Define].
// The zero Category is none, and no other value can be made. There is none for passwords, tokens, secrets, credentials,
// second factors, keys or means of payment, and Define makes none: what cannot be named cannot be granted.
type Category struct{ bit uint8 } // 1 to 64; 0: none

// The categories that every application has.
var (
	Account       = Category{1} // who the customer's users are: names, addresses, settings
	Organization  = Category{2} // the tenant itself: its name, plan, members and their roles
	Posts         = Category{3} // what was written and published
	MediaMetadata = Category{4} // what is visible of files: names, types, sizes, times; not their content
	Analytics     = Category{5} // figures as they are displayed
)

// categories are all names, by bit. It is written while programs start.
var categories = struct {
	sync.RWMutex
	names []string
}{names: []string{"", "account", "organization", "posts", "media_metadata", "analytics"}}

// Define defines the application's own category of that name, as a package variable of the program:
//
//	var Tickets = supportgrant.Define("tickets")
//
// A name is 3 to 32 characters of a-z, 0-9 and "_", and begins with a letter. Names are stored, and never change their
// meaning; at most 59 can be defined. Define panics on a bad name, on one that was defined before, and on one that
// [Excluded] tells to be of a family that is never granted.
func Define(name string) Category {
	if !isCategoryName(name) {
		panic(fmt.Sprintf("supportgrant: %q is no name for a category", name))
	}
	if family := Excluded(name); family != "" {
		panic(fmt.Sprintf("supportgrant: %q is of a family that no grant can give: %s", name, family))
	}
	categories.Lock()
	defer categories.Unlock()
	if slices.Contains(categories.names, name) {
		panic(fmt.Sprintf("supportgrant: category %q is defined twice", name))
	}
	if len(categories.names) > 64 {
		panic("supportgrant: no more than 59 categories can be defined")
	}
	categories.names = append(categories.names, name)
	return Category{uint8(len(categories.names) - 1)}
}

// Name returns the category's name, "" for the zero Category.
func (c Category) Name() string {
	categories.RLock()
	defer categories.RUnlock()
	return categories.names[c.bit]
}

// String is Name.
func (c Category) String() string { return c.Name() }

// IsZero reports whether c is no category.
func (c Category) IsZero() bool { return c.bit == 0 }

func isCategoryName(s string) bool {
	if len(s) < 3 || len(s) > 32 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// Scope is a set of categories. The zero Scope has none.
type Scope struct{ mask uint64 }

// ScopeOf returns the scope of those categories; a zero Category adds nothing.
func ScopeOf(c ...Category) Scope {
	var s Scope
	for _, c := range c {
		if c.bit != 0 {
			s.mask |= 1 << (c.bit - 1)
		}
	}
	return s
}

// ParseScope returns the scope of categories by name, as stores keep them, and false if this program does not define one of them:
// the scope then lacks it, so that it gives nothing.
func ParseScope(names []string) (Scope, bool) {
	categories.RLock()
	defer categories.RUnlock()
	var s Scope
	known := true
	for _, n := range names {
		if bit := slices.Index(categories.names, n); bit > 0 {
			s.mask |= 1 << (bit - 1)
		} else {
			known = false
		}
	}
	return s, known
}

// Has reports whether c is in s. The zero Category is in none.
func (s Scope) Has(c Category) bool { return c.bit != 0 && s.mask&(1<<(c.bit-1)) != 0 }

// IsZero reports whether s has no category.
func (s Scope) IsZero() bool { return s.mask == 0 }

// Names returns the names of s's categories in their order as text.
func (s Scope) Names() []string {
	categories.RLock()
	defer categories.RUnlock()
	names := make([]string, 0, bits.OnesCount64(s.mask))
	for m := s.mask; m != 0; m &= m - 1 {
		names = append(names, categories.names[bits.TrailingZeros64(m)+1])
	}
	slices.Sort(names)
	return names
}

// String returns the names in their order, with commas between.
func (s Scope) String() string { return strings.Join(s.Names(), ",") }
