package dsar

// State is where a request stands.
type State string

// The states. Until Working a request can be taken back; what is Closed never changes.
const (
	Open     State = "open"     // nobody knows yet who asks
	Verified State = "verified" // it is known; of an erasure: its plan waits to be approved
	Approved State = "approved" // an erasure: the person is hidden, and the time in which it can be undone runs
	Working  State = "working"  // it is being done
	Ending   State = "ending"   // how it ends is certain; the person is told, and their identifiers are shredded
	Closed   State = "closed"
)

// States are all of them, in the order above.
func States() []State { return []State{Open, Verified, Approved, Working, Ending, Closed} }

// May reports whether a request of that kind in state s may come to be in state to. Stores refuse all else, whoever asks. Back to
// Verified goes an erasure whose plan is no longer what would be done, before anything was erased.
func (s State) May(k Kind, to State) bool {
	switch s {
	case Open:
		return to == Verified || to == Ending
	case Verified:
		return to == Ending || to == Approved && k == Erasure || to == Working && k != Erasure
	case Approved:
		return to == Verified || to == Working || to == Ending
	case Working:
		return to == Ending || to == Verified && k == Erasure
	case Ending:
		return to == Closed
	}
	return false
}

// Outcome is how a request ended.
type Outcome string

// The outcomes.
const (
	Done      Outcome = "done"      // what was asked for
	Nobody    Outcome = "nobody"    // there is nothing about the person
	Refused   Outcome = "refused"   // for a [Ground]
	Withdrawn Outcome = "withdrawn" // by who asked
	Joined    Outcome = "joined"    // to one of the same kind by the same person that was open already
)

// Outcomes are all of them, in the order above.
func Outcomes() []Outcome { return []Outcome{Done, Nobody, Refused, Withdrawn, Joined} }

// Ground is why a request is refused, in whole or as it was made.
type Ground string

// The grounds.
const (
	Unidentified  Ground = "unidentified"     // who asks could not be identified: Art. 11(2), 12(2) and 12(6) GDPR
	Impersonation Ground = "impersonation"    // who asks is somebody else
	Unfounded     Ground = "unfounded"        // manifestly unfounded: Art. 12(5)
	Excessive     Ground = "excessive"        // in particular repetitive: Art. 12(5)
	Expression    Ground = "expression"       // freedom of expression and information: Art. 17(3)(a)
	Obligation    Ground = "legal obligation" // a law demands the processing: Art. 17(3)(b)
	Health        Ground = "public health"    // Art. 17(3)(c)
	Archiving     Ground = "archiving"        // archives, research and statistics: Art. 17(3)(d)
	Claims        Ground = "legal claims"     // Art. 17(3)(e)
	RightsOthers  Ground = "rights of others" // Art. 15(4) and 20(4)
	AlreadyErased Ground = "erased"           // an erasure has begun, or was done: there is nothing to be handed out
	OtherLaw      Ground = "other law"        // a ground of a law that is not the GDPR: the text says which
)

// Grounds are all of them, in the order above.
func Grounds() []Ground {
	return []Ground{Unidentified, Impersonation, Unfounded, Excessive, Expression, Obligation, Health, Archiving, Claims, RightsOthers, AlreadyErased, OtherLaw}
}
