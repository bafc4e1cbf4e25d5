package apitoken

// ID is the public part of a token, which finds what is kept of it: 12 letters (ASCII) and digits, drawn at random. It is no
// secret. IDs are comparable; the zero ID is no token's.
type ID [idLen]byte

// ParseID returns the ID that was written as s, or [ErrMalformed].
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != idLen {
		return ID{}, ErrMalformed
	}
	for i := range id {
		if digit[s[i]] == noDigit {
			return ID{}, ErrMalformed
		}
		id[i] = s[i]
	}
	return id, nil
}

// String returns the ID as it stands in the token; the zero ID is "".
func (id ID) String() string {
	if id == (ID{}) {
		return ""
	}
	return string(id[:])
}

// MarshalText returns what [ID.String] does.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText takes what MarshalText wrote, or returns [ErrMalformed] and leaves id as it was.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = ID{}
		return nil
	}
	got, err := ParseID(string(text))
	if err == nil {
		*id = got
	}
	return err
}
