package archive

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Kind says how the values of a column come, and how they are written.
type Kind uint8

// The kinds. A value that is not what its kind says, as SQLite allows, is written as a text. What JSON cannot say is written as
// documented here, in JSON Lines, which is the authoritative form; CSV and HTML are for people and their spreadsheets.
const (
	// Text is a string. One that is not UTF-8 is an object {"base64": "..."}.
	Text Kind = iota
	// Integer is a number, as long as a double holds it exactly (up to 2^53), and a string beyond.
	Integer
	// Decimal is a number of up to 15 digits, and a string beyond. "NaN" and "Infinity" are strings.
	Decimal
	// Float is a number; "NaN", "Infinity" and "-Infinity" are strings.
	Float
	// Bool is true or false: t, true and 1, f, false and 0.
	Bool
	// JSON is a value, written as it is.
	JSON
	// Blob are bytes, written as base64.
	Blob
	// Hex are bytes that come as Postgres writes them, \x and hex digits, and are written as base64.
	Hex
	// Time is a date, a time or both, written as the string it comes as; "infinity" and "-infinity" too.
	Time
	// Array is a list that comes as Postgres writes it, {a,"b c",NULL}, and is written as a list of strings and nulls, or of such lists.
	Array
)

var kindNames = []string{"text", "integer", "decimal", "float", "bool", "json", "base64", "base64", "time", "list"}

// String returns the name that stands in the manifest; Blob and Hex are both "base64", as they are written.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "?"
}

// MarshalJSON is the name.
func (k Kind) MarshalJSON() ([]byte, error) { return json.Marshal(k.String()) }

// UnmarshalJSON takes a name.
func (k *Kind) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	i := slices.Index(kindNames, s)
	if i < 0 {
		return fmt.Errorf("archive: there is no such kind of value")
	}
	*k = Kind(i)
	return nil
}
