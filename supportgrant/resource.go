package supportgrant

// Resource is what can be read of one table under a grant: one entry of the registry that [New] is given.
type Resource struct {
	Name     string   // 1 to 64 of a-z, 0-9, "_", "." and "-": it is what readers ask for, and what the log says
	Category Category // a grant must have it
	Table    string   // or view: "posts" or "app.posts"; letters, digits and "_"
	Key      []string // the columns that identify a row and that no two rows share, of Columns; they order pages
	// Columns are all that can be read, whoever asks: an allow list. A column of JSON is read by path, "profile.city", and never whole.
	Columns []string
	Where   []Condition // all rows that can be read fulfil these: those that are visible and not deleted
	// Care is a column of true and false: rows for which it is not false, NULL too, are to be handled with care and are read under
	// grants with care only. "" if there are none, and "*" if all are.
	Care string
}

// Condition is a condition on a column of a row.
type Condition struct {
	Column string
	Op     Op
	Value  any // of Equal: a string, bool, int64, float64, []byte or time.Time
}

// Op is what a [Condition] compares by.
type Op uint8

// The comparisons.
const (
	Equal Op = iota + 1 // NULL is equal to nothing
	Null
	NotNull
)

// Is is the condition that a column has that value.
func Is(column string, value any) Condition { return Condition{column, Equal, value} }

// IsNull is the condition that a column is NULL.
func IsNull(column string) Condition { return Condition{column, Null, nil} }

// IsNotNull is the condition that a column is not NULL.
func IsNotNull(column string) Condition { return Condition{column, NotNull, nil} }
