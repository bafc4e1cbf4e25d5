package rows

// Part is a part of a table's rows: what a person is to them.
type Part uint8

// The parts. Owned to Mentioned have no row in common.
const (
	Owned     Part = iota // the person is their owner
	CoOwned               // one of their owners
	Accessed              // somebody else's or nobody's, whom the person had to do with
	Mentioned             // somebody else's or nobody's, in which the person is named
	Mine                  // Owned or CoOwned
	Shared                // Mine, and another person is owner or co-owner as well
	Erased                // what goes, or is masked, with the person: Mine, without Stays
	Stays                 // Shared, under LastOwnerWins or RedactMine
	Linked                // Accessed or Mentioned
	All                   // Mine or Linked
)

var partNames = [...]string{"owned", "co-owned", "accessed", "mentioned", "mine", "shared", "erased", "stays", "linked", "all"}

// String returns the name in small letters.
func (p Part) String() string {
	if int(p) < len(partNames) {
		return partNames[p]
	}
	return "?"
}
