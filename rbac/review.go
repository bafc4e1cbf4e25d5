package rbac

// Decision is what a review says of one item.
type Decision string

const (
	Undecided Decision = ""
	Keep      Decision = "keep"
	Reduce    Decision = "reduce"
	Remove    Decision = "remove"
)

// OverduePolicy is what happens to what nobody has decided on when a review is overdue.
type OverduePolicy string

const (
	OverdueKeep    OverduePolicy = "keep"
	OverdueSuspend OverduePolicy = "suspend"
)
