package dsar

// Map says where personal data is: every table and column of a database, how rows are a person's, what each column is
// about, why it is there, and what becomes of it when the person goes. It is written once, as a Go literal beside the
// migrations; package discover proposes a first one. [Verify] compares it with a live database, [Map.Compile] checks it by
// itself.
//
// Names of tables and columns are exact, without quotes: note, Note, Order line. A table outside of Postgres' schema public
// has its schema before a dot: app.note.
type Map struct {
	Application string
	Controller  Party  // who decides why and how: Art. 30(1)(a) GDPR
	Tenant      string // the tenant column of tables that do not name another; "" if the database has no tenants
	Subjects    []Subject
	Tables      []Table
	Purposes    []Purpose
	Processors  []Processor
	Measures    []string // technical and organisational measures, for the record: Art. 30(1)(g)
	Aside       []Aside  // tables that other software looks after
	Waive       []Waiver // findings of Verify that are known and accepted
}

// Subject is a kind of people the database knows: users, a customer's contacts, visitors.
type Subject struct {
	Kind        string       // "user"
	Table       string       // one row a person; "" if they are known by identifiers alone, such as the readers of a newsletter
	Identifiers []Identifier // what they are known by, elsewhere than in the table's key
}

// Identifier is a value by which rows, files and other systems know a person: an e-mail address, a phone number, the id at
// another service.
type Identifier struct {
	Name   string // "email"; unique in the map
	Column string // of the subject's table; "" for one that is asked of the person
	Form   Form   // how two spellings of it are compared
}

// Form says which spellings of an identifier are the same.
type Form uint8

// The forms.
const (
	Exact Form = iota // byte for byte
	Fold              // after Unicode normalisation, in small letters: user names
	Email             // like Fold; what follows a + before the @ does not count
	Phone             // digits only, with a leading +
)

// Table is one table of the database.
type Table struct {
	Name string
	// NotPersonal says why no row is about a person, for a table that has no links: "countries of the world".
	NotPersonal string
	// Derived says from what a materialised view or a full-text index is made. It is made again, not erased.
	Derived string
	Links   []Link
	// Columns are the columns that say something of somebody, or are secret; Plain the others: keys, counters, states, times.
	// Both have the column's type behind its name, as the database writes it, and "not null": "id bigint not null". A column
	// in neither is a finding, and so is one whose type is another. Of two databases: "id bigint not null | integer".
	Columns []Column
	Plain   []string
	// Purpose is that of columns which name no other.
	Purpose string
	// Erase says what becomes of a row when its owner is erased: Delete (the zero value), Mask or a Keep.
	Erase Strategy
	// Shared says what becomes of a row with several owners when one of them is erased.
	Shared Sharing
	// Retention says when a row goes though nobody asks.
	Retention *Retention
	Tenant    string   // its tenant column, if it is not Map.Tenant; "-" if it has none
	Key       []string // the primary key
	Triggers  []string // triggers and rules somebody has looked at: that they write no copy of what is erased
	// Decide says what a person has to decide about the table: discover writes it, whoever decides deletes it.
	Decide string
}

// Sharing says what becomes of a row with several owners when one of them is erased.
type Sharing uint8

// The ways of sharing.
const (
	LastOwnerWins Sharing = iota // it stays as it is until the last owner goes; the link of who goes is cut
	RedactMine                   // it stays, masked as its columns say, with the link cut
	DeleteForAll                 // it goes
)

// Aside is a table, or all tables of a schema ("audit.*"), that other software looks after: the log of package audit, the
// notes of a migration tool.
type Aside struct{ Name, Why string }
