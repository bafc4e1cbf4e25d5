package tenancy

import "slices"

// State is where a tenant is in its life.
type State string

// The states of a tenant. Databases enforce them: outside Active, Exporting and Moving nothing of
// the tenant can be read, and outside Active nothing can be written.
const (
	Provisioning State = "provisioning" // its database, file or rows are being made
	Active       State = "active"       // reads and writes
	Suspended    State = "suspended"    // nothing, until it is resumed
	Exporting    State = "exporting"    // reads only, while its data is copied out
	Moving       State = "moving"       // reads only, for the write pause of a move
	Purging      State = "purging"      // nothing; its data is being destroyed
	Purged       State = "purged"       // nothing, for ever; the id is never used again
)

// next is the life of a tenant. An active tenant cannot be purged: it has to be suspended or
// exported first, so that a slip costs a pause and not a customer's data.
var next = map[State][]State{
	Provisioning: {Active, Purging},
	Active:       {Suspended, Exporting, Moving},
	Suspended:    {Active, Exporting, Purging},
	Exporting:    {Active, Suspended, Purging},
	Moving:       {Active},
	Purging:      {Purged},
	Purged:       {},
}

// Valid reports whether s is one of the states.
func (s State) Valid() bool { _, ok := next[s]; return ok }

// CanBecome reports whether a tenant in state s may be put into state to.
func (s State) CanBecome(to State) bool { return slices.Contains(next[s], to) }

// CanRead returns nil if the data of a tenant in state s may be read, and else [ErrNotActive] or
// [ErrPurged]. A state it does not know is not active.
func (s State) CanRead() error {
	switch s {
	case Active, Exporting, Moving:
		return nil
	case Purging, Purged:
		return ErrPurged
	}
	return ErrNotActive
}

// CanWrite returns nil if the data of a tenant in state s may be changed, and else [ErrReadOnly] or
// what CanRead returns.
func (s State) CanWrite() error {
	if err := s.CanRead(); err != nil || s == Active {
		return err
	}
	return ErrReadOnly
}

// looser reports whether s lets more happen than t does.
func (s State) looser(t State) bool { return s.freedom() > t.freedom() }

func (s State) freedom() int {
	switch {
	case s.CanWrite() == nil:
		return 2
	case s.CanRead() == nil:
		return 1
	}
	return 0
}

// ServedBy returns nil if a server or database of region r may work for t. A tenant pinned to a
// region is served there only, so a server that does not know its own region serves none that is:
// [ErrWrongRegion].
func (t Tenant) ServedBy(r Region) error {
	if t.Region != "" && t.Region != r {
		return ErrWrongRegion
	}
	return nil
}
