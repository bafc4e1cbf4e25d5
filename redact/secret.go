package redact

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
)

// Secret holds a value that prints as the label "[redacted:secret]" wherever it ends up: through every verb of fmt, in
// log/slog, JSON, XML, gob, templates and panics, alone or within a struct, slice, map or pointer, in exported and
// unexported fields. [Secret.Reveal] is the one way to the value, so that a search for that word finds every use of it.
//
// It is for the fields of configurations, requests and rows: it takes its value from JSON, from text, from a database. It
// gives it to none of them. Encoders write the label, and what reads a label back gets [ErrPlaceholder] instead of a
// secret that is now the word "redacted"; a database gets an error.
//
// The value sits where reflection cannot follow, so that printers that look into unexported fields see nothing either.
// What it does not do: it does not encrypt, does not wipe memory, and does not stop code that has the Secret from
// revealing it. A Secret cannot be compared with ==; reveal and compare in constant time.
//
// The zero Secret holds the zero value. A Secret is immutable but for the methods that decode into it.
type Secret[T any] struct {
	label  string   // for printers that walk over unexported fields
	reveal func() T // a closure, for reflection cannot see what one holds
}

const secretLabel = "[redacted:secret]"

var (
	// ErrPlaceholder is returned when a label is to be decoded into a [Secret]: what was printed has come back as if it
	// were the secret.
	ErrPlaceholder = errors.New("redact: a placeholder came back in the place of a secret")
	// ErrSecret is returned when a value cannot be decoded into a [Secret]. It says nothing of the value.
	ErrSecret = errors.New("redact: not a value of the secret's type")
	// ErrUnrevealed is returned when a [Secret] is given to a database without being revealed.
	ErrUnrevealed = errors.New("redact: a secret has to be revealed to be written to a database")
)

// NewSecret returns a Secret that holds v. Of what v points to it holds no copy.
func NewSecret[T any](v T) Secret[T] {
	return Secret[T]{label: secretLabel, reveal: func() T { return v }}
}

// Reveal returns the value.
func (s Secret[T]) Reveal() T {
	if s.reveal == nil {
		var zero T
		return zero
	}
	return s.reveal()
}

// IsZero reports whether nothing was put into s. It is what the JSON option omitzero asks.
func (s Secret[T]) IsZero() bool { return s.reveal == nil }

// String returns the label, as all methods of s that print do.
func (s Secret[T]) String() string { return secretLabel }

// Format writes the label whatever the verb.
func (s Secret[T]) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, secretLabel) }

// LogValue returns the label.
func (s Secret[T]) LogValue() slog.Value { return slog.StringValue(secretLabel) }

// MarshalJSON writes the label as a JSON string.
func (s Secret[T]) MarshalJSON() ([]byte, error) { return []byte(`"` + secretLabel + `"`), nil }

// MarshalText writes the label. encoding/xml and the usual encoders of YAML and TOML use it.
func (s Secret[T]) MarshalText() ([]byte, error) { return []byte(secretLabel), nil }

// MarshalBinary writes the label. encoding/gob uses it, and the usual encoders of CBOR and MessagePack.
func (s Secret[T]) MarshalBinary() ([]byte, error) { return []byte(secretLabel), nil }

// UnmarshalJSON takes a value from JSON; null makes the zero Secret. A string in it that is a label is refused with
// [ErrPlaceholder], and s stays as it was.
func (s *Secret[T]) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*s = Secret[T]{}
		return nil
	}
	for d := json.NewDecoder(bytes.NewReader(b)); ; {
		t, err := d.Token()
		if err != nil {
			break // the end, or an error that Unmarshal finds too
		}
		if text, ok := t.(string); ok && isPlaceholder(text) {
			return ErrPlaceholder
		}
	}
	var v T
	if json.Unmarshal(b, &v) != nil {
		return ErrSecret // the cause quotes the value
	}
	*s = NewSecret(v)
	return nil
}

// UnmarshalText takes a value from text: T is a string, []byte, or has an UnmarshalText of its own. A label is refused
// with [ErrPlaceholder], and s stays as it was.
func (s *Secret[T]) UnmarshalText(text []byte) error {
	if isPlaceholder(string(text)) {
		return ErrPlaceholder
	}
	var v T
	switch p := any(&v).(type) {
	case *string:
		*p = string(text)
	case *[]byte:
		*p = bytes.Clone(text)
	case encoding.TextUnmarshaler:
		if p.UnmarshalText(text) != nil {
			return ErrSecret
		}
	default:
		return ErrSecret
	}
	*s = NewSecret(v)
	return nil
}

// UnmarshalBinary refuses: what encoders write of a Secret is a label.
func (s *Secret[T]) UnmarshalBinary([]byte) error { return ErrPlaceholder }

// Scan takes a value from a database, as database/sql scans into a T; NULL makes the zero Secret. A label is refused with
// [ErrPlaceholder], and s stays as it was.
func (s *Secret[T]) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		*s = Secret[T]{}
		return nil
	case string:
		if isPlaceholder(src) {
			return ErrPlaceholder
		}
	case []byte:
		if isPlaceholder(string(src)) {
			return ErrPlaceholder
		}
	}
	var v sql.Null[T]
	if v.Scan(src) != nil {
		return ErrSecret // the cause quotes the value
	}
	*s = NewSecret(v.V)
	return nil
}

// Value returns [ErrUnrevealed]. Without it some drivers would write the label.
func (s Secret[T]) Value() (driver.Value, error) { return nil, ErrUnrevealed }

var secretPackage = reflect.TypeFor[walker]().PkgPath()

// isSecret reports whether a type is a [Secret], not one that embeds it.
func isSecret(t reflect.Type) bool {
	return t.PkgPath() == secretPackage && strings.HasPrefix(t.Name(), "Secret[")
}

// isPlaceholder reports whether s is a label, of any kind, and nothing else.
func isPlaceholder(s string) bool {
	b := bytes.TrimSpace([]byte(s))
	return string(b) == "[redacted]" || len(b) > 0 && b[len(b)-1] == ']' && isLabel(b) && bytes.IndexByte(b, ']') == len(b)-1
}
