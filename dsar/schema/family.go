package schema

import "strings"

// Family is a kind of values, whatever width or precision a type gives them.
type Family string

// The families. Any is that of a column of SQLite without a type, which takes any value.
const (
	Int    Family = "int"
	Number Family = "number"
	Text   Family = "text"
	UUID   Family = "uuid"
	Bool   Family = "bool"
	Time   Family = "time"
	JSON   Family = "json"
	Bytes  Family = "bytes"
	Enum   Family = "enum"
	Array  Family = "array"
	Other  Family = "other"
	Any    Family = "any"
)

// FamilyOf returns the family of a type as a CREATE TABLE names it, in either dialect; a name that it does not know is
// [Other].
func FamilyOf(typ string) Family {
	typ = strings.ToLower(strings.TrimSpace(typ))
	if typ == "" {
		return Any
	}
	if strings.HasSuffix(typ, "[]") {
		return Array
	}
	word, _, _ := strings.Cut(typ, "(")
	word = strings.TrimSpace(word)
	switch word {
	case "point", "interval", "tsvector", "inet", "cidr", "macaddr", "money", "xml", "hstore":
		return Other
	case "numeric", "decimal":
		if strings.HasSuffix(strings.ReplaceAll(typ, " ", ""), ",0)") {
			return Int
		}
		return Number
	case "oid", "year":
		return Int
	case "bit":
		return Bool
	case "tinyint":
		if strings.HasSuffix(typ, "(1)") {
			return Bool
		}
	}
	if strings.HasSuffix(word, "range") {
		return Other
	}
	for _, f := range []struct {
		part string
		is   Family
	}{
		{"bool", Bool}, {"enum", Enum}, {"json", JSON}, {"uuid", UUID}, {"guid", UUID}, {"uniqueidentifier", UUID},
		{"serial", Int}, {"int", Int}, {"char", Text}, {"text", Text}, {"clob", Text}, {"string", Text}, {"name", Text},
		{"bytea", Bytes}, {"blob", Bytes}, {"binary", Bytes}, {"date", Time}, {"time", Time},
		{"real", Number}, {"floa", Number}, {"doub", Number}, {"num", Number}, {"dec", Number},
	} {
		if strings.Contains(word, f.part) {
			return f.is
		}
	}
	return Other
}
