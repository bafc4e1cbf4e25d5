package dsar

import (
	"strings"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Column is one column that says something of somebody, or is secret.
type Column struct {
	Name    string // with its type: "email text not null"; a name with a space is quoted: `"e mail" text`
	Class   redact.Class
	Purpose string   // of [Map.Purposes]; "" is the table's
	Erase   Strategy // when the row is masked: see Mask
	// Others says that the value is about other people than the row's owner: exports for the owner mask it (Art. 15(4)).
	Others bool
	// Inside are members of a JSON column: the Name of each is its path, such as "author.email" or "to[].name".
	Inside []Column
}

// split returns the name and the types of "name type | type".
func split(s string) (name string, types []string) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, `"`) { // as SQL quotes a name with a space
		for i := 1; i < len(s); i++ {
			if s[i] != '"' {
				continue
			}
			if i+1 < len(s) && s[i+1] == '"' {
				i++
				continue
			}
			name, s = strings.ReplaceAll(s[1:i], `""`, `"`), s[i+1:]
			break
		}
	} else {
		name, s, _ = strings.Cut(s, " ")
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
