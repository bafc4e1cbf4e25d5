package rbac

// Decision is what a review says of one item.
type Decision string

const (
	Undecided Decision = ""
	Keep      Decision = "keep"
	Reduce    Decision = "reduce"
	Remove    Decision = "remove"
	// What is recorded where nobody decided.
	NotReviewed Decision = "not reviewed" // in time, or there was nobody who could have
	Suspend     Decision = "suspend"      // by the policy for overdue reviews
	Gone        Decision = "gone"         // it went before anybody decided on it
)

func (d Decision) known() bool {
	switch d {
	case Undecided, Keep, Reduce, Remove, NotReviewed, Suspend, Gone:
		return true
	}
	return false
}

// ItemKind says what an item of a review is about.
type ItemKind string

const (
	ItemPerson     ItemKind = "person"
	ItemMachine    ItemKind = "machine"
	ItemToken      ItemKind = "token"
	ItemInvitation ItemKind = "invitation"
)

func (k ItemKind) known() bool {
	return k == ItemPerson || k == ItemMachine || k == ItemToken || k == ItemInvitation
}

// OverduePolicy is what happens to what nobody has decided on when a review is overdue.
type OverduePolicy string

const (
	OverdueKeep    OverduePolicy = "keep"
	OverdueSuspend OverduePolicy = "suspend"
)
