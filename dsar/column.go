package dsar

import (
	"strings"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Column is one column that says something of somebody, or is secret.
type Column struct {
	Name    string // with its type: "email text not null"
	Class   redact.Class
	Purpose string   // of [Map.Purposes]; "" is the table's
	Erase   Strategy // when the row stays: see Mask
	// Others says that the value is about other people than the row's owner: exports for the owner mask it (Art. 15(4)).
	Others bool
	// Inside are members of a JSON column: the Name of each is its path, such as "author.email" or "to[].name".
	Inside []Column
}

// split returns the name and the types of "name type | type".
func split(s string) (name string, types []string) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, `"`) { // a name with spaces
		if end := strings.Index(s[1:], `"`); end >= 0 {
			name, s = s[1:1+end], s[end+2:]
		}
	} else {
		var rest string
		name, rest, _ = strings.Cut(s, " ")
		s = rest
	}
	for t := range strings.SplitSeq(s, "|") {
		if t = strings.Join(strings.Fields(strings.ToLower(t)), " "); t != "" {
			types = append(types, t)
		}
	}
	return name, types
}

// personal reports whether the class is about a person.
func personal(c redact.Class) bool {
	switch c {
	case redact.Class{}, redact.ClassSecret, redact.ClassSystem, redact.ClassOperations, redact.ClassOrganization:
		return false
	}
	return true
}
