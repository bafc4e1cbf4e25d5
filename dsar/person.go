package dsar

import (
	"fmt"
	"io"
	"log/slog"
)

// Person is somebody whose data is looked for. It holds personal values, and prints as nothing but its kind.
type Person struct {
	Kind string // of a [Subject]
	// Key is that of their row in the subject's table, as text, in the order of the map's Key: of ("tenant_id", "id"), as on Postgres, the
	// tenant comes first. Nil: they have no row, and are known by identifiers alone.
	Key []string
	// Known are all values they are and were known by, by the name of the [Identifier]. What their row has now is added by who looks
	// for their data; what they were called before, nobody but the caller knows.
	Known map[string][]string
}

// Format writes the kind, whatever the verb.
func (p Person) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "dsar.Person("+p.Kind+")") }

// LogValue is the kind.
func (p Person) LogValue() slog.Value { return slog.StringValue("dsar.Person(" + p.Kind + ")") }

// MarshalText is an error: a person is not written down by accident.
func (p Person) MarshalText() ([]byte, error) { return nil, fmt.Errorf("dsar: a person is not text") }
