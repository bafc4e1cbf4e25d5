package vault

import (
	"bytes"
	"database/sql/driver"
	"errors"
)

// Sealed is a column of sealed values. It moves them between the database and the program as they are, and opens none: a
// value is bound to its record, of which a column knows nothing. NULL is nil.
type Sealed []byte

var errSealed = errors.New("vault: a column of sealed values needs bytes")

// Scan takes a copy of a value.
func (s *Sealed) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		*s = nil
	case []byte:
		if _, err := parseHeader(src); err != nil { // what is not sealed is not taken for it
			return err
		}
		*s = bytes.Clone(src)
	default:
		return errSealed
	}
	return nil
}

// Value refuses what is not sealed: plaintext does not get into such a column by mistake.
func (s Sealed) Value() (driver.Value, error) {
	if s == nil {
		return nil, nil
	}
	if _, err := parseHeader(s); err != nil {
		return nil, err
	}
	return []byte(s), nil
}
