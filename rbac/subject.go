package rbac

import "unicode/utf8"

// Kind tells people from machines. Their ids never meet: a machine named like a person is another member.
type Kind string

const (
	Person  Kind = "person"
	Machine Kind = "machine"
)

// Subject is who a member is: a person by the id that your application knows them by, or a machine by a name of yours.
// The zero Subject is nobody. Subjects are comparable.
type Subject struct {
	Kind Kind
	ID   string
}

// User returns the person with that id.
func User(id string) Subject { return Subject{Person, id} }

// Service returns the machine of that name: an integration, a job.
func Service(name string) Subject { return Subject{Machine, name} }

// maxIDLen bounds the ids of subjects, in bytes.
const maxIDLen = 256

// valid reports whether s can be a member. Nothing else is asked of an id: it is a parameter and a key, and is never joined
// with another to one.
func (s Subject) valid() bool {
	if s.Kind != Person && s.Kind != Machine || s.ID == "" || len(s.ID) > maxIDLen {
		return false
	}
	for i := range len(s.ID) {
		if s.ID[i] == 0 { // Postgres has no text with it
			return false
		}
	}
	return utf8.ValidString(s.ID)
}
