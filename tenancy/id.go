package tenancy

import (
	"database/sql/driver"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// MaxIDLen is the longest tenant id, in bytes: one DNS label, so that every id can be a subdomain.
const MaxIDLen = 63

// ID identifies one tenant. Its zero value identifies none, and the only ways to any other
// value are [ParseID], [MustParseID], [NewID] and decoding, all of which check it: a malformed
// ID cannot exist, and a request parameter cannot be converted into one by accident. IDs are
// comparable and may be map keys.
type ID struct{ s string }

// ParseID returns the ID written as s: 1 to 63 of a-z, 0-9, '-' and '_', beginning with a letter
// or digit, or a UUID in its 36-character form (upper case is folded). Words that databases,
// routers and people use for "none" or "everyone" are refused. The error wraps [ErrMalformedID]
// and does not repeat s.
func ParseID(s string) (ID, error) {
	if len(s) == 36 && isUUID(s) {
		s = strings.ToLower(s)
	}
	switch {
	case s == "":
		return ID{}, fmt.Errorf("%w: it is empty", ErrMalformedID)
	case len(s) > MaxIDLen:
		return ID{}, fmt.Errorf("%w: %d bytes, more than %d", ErrMalformedID, len(s), MaxIDLen)
	case s[0] == '-' || s[0] == '_':
		return ID{}, fmt.Errorf("%w: it does not begin with a letter or digit", ErrMalformedID)
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return ID{}, fmt.Errorf("%w: byte %d is not one of a-z 0-9 - _", ErrMalformedID, i)
		}
	}
	if reserved[s] {
		return ID{}, fmt.Errorf("%w: it is a reserved word", ErrMalformedID)
	}
	return ID{s}, nil
}

// MustParseID is [ParseID] for ids written in source code. It panics if s is not one.
func MustParseID(s string) ID {
	id, err := ParseID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// NewID returns a new, random, time-ordered id: a UUID version 7 (RFC 9562).
func NewID() ID { return ID{uuid.Must(uuid.NewV7()).String()} }

// String returns the id as text, and "" for the zero ID.
func (id ID) String() string { return id.s }

// IsZero reports whether id identifies no tenant.
func (id ID) IsZero() bool { return id.s == "" }

// MarshalText implements [encoding.TextMarshaler]. The zero ID is an error: a record for nobody
// is a bug at its writer, not at its reader.
func (id ID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return nil, ErrNoTenant
	}
	return []byte(id.s), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler] by [ParseID].
func (id *ID) UnmarshalText(b []byte) error {
	p, err := ParseID(string(b))
	if err != nil {
		return err
	}
	*id = p
	return nil
}

// Value implements [driver.Valuer]; the zero ID is [ErrNoTenant], never NULL.
func (id ID) Value() (driver.Value, error) {
	if id.IsZero() {
		return nil, ErrNoTenant
	}
	return id.s, nil
}

// Scan implements [database/sql.Scanner] for text and UUID columns.
func (id *ID) Scan(src any) error {
	switch v := src.(type) {
	case string:
		return id.UnmarshalText([]byte(v))
	case []byte:
		return id.UnmarshalText(v)
	case [16]byte:
		return id.UnmarshalText([]byte(uuid.UUID(v).String()))
	}
	return fmt.Errorf("%w: cannot be read from %T", ErrMalformedID, src)
}

func isUUID(s string) bool {
	_, err := uuid.Parse(s)
	return err == nil
}

// reserved are the words that mean "no tenant" or "all tenants" somewhere in a stack.
var reserved = map[string]bool{
	"all": true, "any": true, "default": true, "false": true, "global": true, "nan": true,
	"nil": true, "none": true, "null": true, "postgres": true, "public": true, "root": true,
	"system": true, "tenancy": true, "true": true, "undefined": true,
	"00000000-0000-0000-0000-000000000000": true, "ffffffff-ffff-ffff-ffff-ffffffffffff": true,
}
