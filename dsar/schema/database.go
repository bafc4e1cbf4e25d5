package schema

import (
	"slices"
	"strings"
)

// Dialect is the kind of a database.
type Dialect string

// The dialects.
const (
	Postgres Dialect = "postgres"
	SQLite   Dialect = "sqlite"
)

// Database is what a database is made of. Tables of the system and of extensions are not in it, nor what a session made for
// itself.
type Database struct {
	Dialect Dialect
	Name    string   // of the database; main on SQLite
	Tables  []*Table // by name
	// LargeObjects says that there are large objects of Postgres, which belong to no table.
	LargeObjects bool
}

// Kind is the kind of a table.
type Kind string

// The kinds of tables. Views hold no rows and are left out; so are partitions, whose rows are those of their table, and
// the tables in which SQLite keeps a virtual one.
const (
	Ordinary     Kind = "table"
	Materialized Kind = "materialized view"
	Foreign      Kind = "foreign table"
	Virtual      Kind = "virtual table" // of SQLite, such as a full-text index
)

// Table is one table.
type Table struct {
	// Name is exact, without quotes: note, Note, Order line. A table outside of the schema public has its schema before a dot:
	// app.note; and so has one whose own name holds a dot.
	Name     string
	Kind     Kind
	Columns  []*Column
	Key      []string // the columns of the primary key
	Unique   [][]string
	Foreign  []ForeignKey
	Indexes  []Index
	Triggers []string // by name
}

// Column is one column.
type Column struct {
	Name      string
	Type      string // as the database writes it: "character varying(40)"; on SQLite as declared, in lower case, or ""
	Family    Family
	Element   Family // of an array
	NotNull   bool
	Default   bool // it has one
	Generated bool // it is computed from others and cannot be set
}

// ForeignKey is a declared reference. Columns and To are paired by position.
type ForeignKey struct {
	Name     string
	Columns  []string
	To       string // the name of a table
	ToCols   []string
	OnDelete Action
}

// Covers reports whether rows that point by the foreign key point by a link from columns to targets of a table, too: it is the link's, or has the
// tenant column beside it, which the map of two databases does not know.
func (f ForeignKey) Covers(to string, columns, targets []string) bool {
	for i := range columns {
		at := slices.Index(f.Columns, columns[i])
		if at < 0 || f.ToCols[at] != targets[i] {
			return false
		}
	}
	return f.To == to
}

// Action is what a foreign key does to the rows that refer to a row which goes.
type Action string

// The actions.
const (
	NoAction   Action = "no action"
	Restrict   Action = "restrict"
	Cascade    Action = "cascade"
	SetNull    Action = "set null"
	SetDefault Action = "set default"
)

// Index is one index that is in use. A key that is an expression is "".
type Index struct {
	Name    string
	Columns []string
	Unique  bool
	Partial bool
}

// Table returns the table of the name, or nil.
func (d *Database) Table(name string) *Table {
	i, ok := slices.BinarySearchFunc(d.Tables, name, func(t *Table, n string) int { return strings.Compare(t.Name, n) })
	if !ok {
		return nil
	}
	return d.Tables[i]
}

// Column returns the column of the name, or nil.
func (t *Table) Column(name string) *Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// IsUnique reports whether no two rows have the same values in the columns: they hold the primary key or a unique index that is
// not partial.
func (t *Table) IsUnique(columns []string) bool {
	within := func(key []string) bool {
		return len(key) > 0 && !slices.ContainsFunc(key, func(c string) bool { return !slices.Contains(columns, c) })
	}
	return within(t.Key) || slices.ContainsFunc(t.Unique, within)
}

// Finds reports whether an index that is not partial begins with the columns, in any order, so that rows are found by
// them without looking at all.
func (t *Table) Finds(columns []string) bool {
	return slices.ContainsFunc(t.Indexes, func(x Index) bool {
		if x.Partial || len(x.Columns) < len(columns) {
			return false
		}
		return !slices.ContainsFunc(x.Columns[:len(columns)], func(c string) bool { return !slices.Contains(columns, c) })
	})
}

// Quote returns the name of a table or column as SQL has it, for the table's schema and its own name.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Columns returns names as SQL has them, with commas between, each behind the alias if there is one.
func Columns(alias string, names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		if out[i] = Quote(name); alias != "" {
			out[i] = alias + "." + out[i]
		}
	}
	return strings.Join(out, ", ")
}

// SQL returns the name of the table, quoted.
func (d *Database) SQL(table string) string {
	if d.Dialect == SQLite {
		return Quote(table)
	}
	if s, n, ok := strings.Cut(table, "."); ok {
		return Quote(s) + "." + Quote(n)
	}
	return Quote("public") + "." + Quote(table)
}
