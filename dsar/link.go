package dsar

import (
	"iter"
	"slices"
)

// Link says that rows of a table belong to rows of another, and in the end to a person. It is a foreign key, declared in the
// database or not: the columns of this table hold the key of a row of To.
//
//	{Columns: []string{"user_id"}, To: "users"}                                                  // owned
//	{Columns: []string{"tenant_id", "author_id"}, To: "member", ToColumns: []string{"tenant_id", "id"}}
//	{Columns: []string{"owner_id"}, To: "users", When: []When{{"owner_type", "User"}}}           // or a team
//	{Columns: []string{"email"}, Identifier: "email"}                                            // by value
//	{Columns: []string{"payload"}, Path: "actor.id", To: "users", Role: dsar.Mentioned}          // in JSON
//	{Columns: []string{"id"}, To: "users", ToColumns: []string{"address_id"}, Inverse: true}     // users points here
//	{Columns: []string{"parent_id"}, To: "comment", Role: dsar.Reference, Then: dsar.Null}       // no ownership at all
type Link struct {
	Columns   []string
	To        string   // a table, its own name for a link to itself
	ToColumns []string // nil: the primary key of To
	// Identifier is that of a [Subject], in place of To: the column holds the value itself. It is matched against all values
	// that the person is and was known by.
	Identifier string
	Role       Role
	// When are values other columns must have for the link to hold: the type of a polymorphic owner. Of several for one column, it has one of
	// them.
	When []When
	// Path is where in a JSON column or an array the value is: "actor.id", "to[].id", "[]".
	Path string
	// Inverse says that the foreign key is the other table's: ToColumns of To refer to Columns.
	Inverse bool
	// Undeclared says that no foreign key backs the link; Verify then looks whether values point at rows. Links with
	// Identifier, When or Path have none anyway.
	Undeclared bool
	// Then is what the columns hold once the row they point at is erased and this one stays: Null, a Constant, or Pseudonym for
	// a stand-in of that person's own. The zero value means that this row does not stay.
	Then Strategy
	// Decide says what a person has to decide about the link: discover writes it, whoever decides deletes it.
	Decide string
}

// Role says what somebody is to a row.
type Role uint8

// The roles. Owned rows are exported and erased. The rows of a co-owner are exported, and erased as the table's [Sharing]
// says. To whom only an accessor or mentioned person is linked, that row is somebody else's: the link is exported and cut, the
// row stays. A Reference is nobody's: it is there for the order of erasure.
//
// Where links of one row can lead to two people, call them CoOwner and say Then: the map is asked for it. Of two that are called
// Owner and say no Then, nothing is cut while the row stays with the other person: a foreign key then refuses the erasure, or the
// proof finds the value, and the request does not end before the map is mended.
const (
	Owner Role = iota
	CoOwner
	Accessor  // created_by, approved_by, last editor
	Mentioned // named in it
	Reference
)

var roleNames = [...]string{"owner", "co-owner", "accessor", "mentioned", "reference"}

// String returns "owner", "co-owner", "accessor", "mentioned" or "reference".
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return "?"
}

// When is a value that a column has.
type When struct{ Column, Value string }

// Conditions yields the columns of When, each once, with the values of which a row has one.
func (l *Link) Conditions() iter.Seq2[string, []string] { return conditions(l.When) }

func conditions(when []When) iter.Seq2[string, []string] {
	return func(yield func(string, []string) bool) {
		for i, w := range when {
			if slices.ContainsFunc(when[:i], func(x When) bool { return x.Column == w.Column }) {
				continue
			}
			var values []string
			for _, x := range when[i:] {
				if x.Column == w.Column {
					values = append(values, x.Value)
				}
			}
			if !yield(w.Column, values) {
				return
			}
		}
	}
}

// backed reports whether a foreign key can and should back the link.
func (l *Link) backed() bool {
	return l.Identifier == "" && len(l.When) == 0 && l.Path == "" && !l.Undeclared
}
