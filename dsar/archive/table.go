package archive

import (
	"encoding/json"
	"fmt"
)

// Table is one table of an archive.
type Table struct {
	Name    string   `json:"name"`           // unique in the archive; any text
	Note    string   `json:"note,omitempty"` // what the rows are, for people
	Columns []Column `json:"columns"`
	// Withheld are columns whose values are not in the archive.
	Withheld []Withheld `json:"withheld,omitempty"`
}

// Withheld is a column that is left out, and why.
type Withheld struct {
	Column string `json:"column"`
	Why    string `json:"why"` // "about other people"
}

// Column is a column of a table.
type Column struct {
	Name string `json:"name"` // unique in the table; any text
	Kind Kind   `json:"kind"`
	Type string `json:"type,omitempty"` // as the database calls it
	Note string `json:"note,omitempty"` // "of somebody else: masked"
}

// open is the table that rows are being written of.
type open struct {
	Table
	n       int // from 1
	columns []column
	rows    int64
	data    cut // of JSON Lines and CSV, which are cut at the same rows
	pages   cut
}

// cut counts what is in the file that is being written.
type cut struct {
	part int // 0: none yet
	rows int64
	on   bool // a file is open
}

// column is a Column with what is written before each of its values.
type column struct {
	kind Kind
	key  []byte // JSON: {"name": or ,"name":
}

func (t *Table) check() error {
	if t.Name == "" || len(t.Columns) == 0 {
		return fmt.Errorf("%w: it needs a name and columns", ErrTable)
	}
	seen := map[string]bool{}
	for _, c := range t.Columns {
		if c.Name == "" || seen[c.Name] || c.Kind > Array {
			return fmt.Errorf("%w: a column without a name, or a kind, or one that is there twice", ErrTable)
		}
		seen[c.Name] = true
	}
	return nil
}

func columnsOf(t *Table) []column {
	out := make([]column, len(t.Columns))
	for i, c := range t.Columns {
		out[i].kind = c.Kind
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		name, err := json.Marshal(c.Name)
		if err != nil {
			panic("archive: a name cannot be written: " + err.Error())
		}
		out[i].key = append(append([]byte{before}, name...), ':')
	}
	return out
}
