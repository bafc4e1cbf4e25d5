package supportgrant

// State is where a grant stands.
type State string

// The states. A grant is asked for, and approved or ended; what has ended never comes back.
const (
	Requested State = "requested" // the customer has not answered
	Approved  State = "approved"  // it gives what it says until it expires
	Denied    State = "denied"    // by the customer
	Cancelled State = "cancelled" // before it was answered, by who asked
	Lapsed    State = "lapsed"    // nobody answered in time
	Withdrawn State = "withdrawn" // after it was approved
	Expired   State = "expired"   // its time is over
)

// States are all of them, in the order above.
func States() []State {
	return []State{Requested, Approved, Denied, Cancelled, Lapsed, Withdrawn, Expired}
}

// May reports whether a grant in state s may come to be in state to. Stores refuse all else, whoever asks.
func (s State) May(to State) bool {
	switch s {
	case Requested:
		return to == Approved || to == Denied || to == Cancelled || to == Lapsed
	case Approved:
		return to == Withdrawn || to == Expired
	}
	return false
}

// Ended reports whether s is for good.
func (s State) Ended() bool { return s != Requested && s != Approved }
